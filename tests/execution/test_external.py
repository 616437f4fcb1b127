"""A real program at the other end of the pipe: a good one, and every way to be bad."""

from __future__ import annotations

import gc
import os
import shlex
import sys
import time
from pathlib import Path

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.execution.external import ExternalProgram

DOCKING = """
# An example: the "score" of a molecule is the number of its carbons, where it has any.
import json
import sys

for line in sys.stdin:
    smiles = json.loads(line)["smiles"]
    carbons = smiles.upper().count("C")
    print(json.dumps({"value": carbons / 2} if carbons else None))
"""


class Programs:
    """Writes programs and gives the commands that run them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, text: str) -> str:
        path = self._folder / f"program {len(list(self._folder.iterdir()))}.py"
        path.write_text(text)
        return shlex.join([sys.executable, str(path)])

    def answering(self, answer: str) -> str:
        """Reads a line, runs one statement that may use `smiles`, and so on."""
        return self(
            "import json, os, sys, time\n"
            "for number, line in enumerate(sys.stdin):\n"
            f"    smiles = json.loads(line)['smiles']\n    {answer}\n"
        )


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path)


def test_scores_in_order_for_as_long_as_it_is_open(programs: Programs) -> None:
    with ExternalProgram(programs(DOCKING)) as dock:
        assert dock(["CCO", "c1ccccc1", "C"]) == [1.0, 3.0, 0.5]
        assert dock([]) == []
        assert dock(["CC"]) == [1.0]
        assert dock.failures == 0


def test_it_is_started_once_and_ended(programs: Programs) -> None:
    with ExternalProgram(programs.answering("print(os.getpid())")) as program:
        pid, *others = {program(["C"])[0], program(["N"])[0]}
        assert not others
        os.kill(int(pid), 0)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_it_ends_with_the_last_who_knows_it(programs: Programs) -> None:
    program = ExternalProgram(programs.answering("print(os.getpid())"))
    (pid,) = program(["C"])
    del program
    gc.collect()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


@pytest.mark.parametrize(
    "answer", ["None", "float('nan')", "{'value': None}", "float('inf')", "{'value': -1e999}"]
)
def test_a_molecule_without_a_number_is_counted(programs: Programs, answer: str) -> None:
    text = f"print(json.dumps({answer} if smiles == 'N' else 1))"
    with ExternalProgram(programs.answering(text)) as program:
        assert [str(value) for value in program(["C", "N", "O"])] == ["1.0", "nan", "1.0"]
        assert (program.failures, program.timeouts) == (1, 0)


def test_a_batch_larger_than_any_pipe(programs: Programs) -> None:
    smiles = ["C" * 1000] * 2000
    talkative = "print(len(smiles)); sys.stderr.write(smiles); sys.stdout.flush()"
    with ExternalProgram(programs.answering(talkative)) as program:
        assert program(smiles) == [1000.0] * 2000


def test_strange_strings_arrive_as_they_are(programs: Programs) -> None:
    strange = ["\0", "\n", "é", "\ud800", '"', "碳"]
    text = "print([ord(one) for one in smiles][0])"
    with ExternalProgram(programs.answering(text)) as program:
        assert program(strange) == [float(ord(one)) for one in strange]


def test_a_molecule_that_takes_too_long_is_given_up(programs: Programs) -> None:
    text = "time.sleep(1000 if smiles == 'N' else 0); print(number)"
    with ExternalProgram(programs.answering(text), timeout=1.0) as program:
        # the number begins anew, because the program does
        assert [str(one) for one in program(["C", "C", "N", "O", "C"])] == [
            *("0.0", "1.0", "nan"),
            *("0.0", "1.0"),
        ]
        assert (program.failures, program.timeouts) == (1, 1)


def test_what_it_started_ends_with_it(programs: Programs) -> None:
    text = (
        "import subprocess; child = subprocess.Popen(['sleep', '1000']); print(child.pid)\n"
        "    time.sleep(1000)"
    )
    program = ExternalProgram(programs.answering(text))
    (child,) = program(["C"])
    program.close()
    stat = Path(f"/proc/{int(child)}/stat")
    for _ in range(100):
        if not stat.exists() or " Z " in stat.read_text():
            return
        time.sleep(0.02)
    pytest.fail("its child is still there")


def complaint(command: str, timeout: float = 10.0) -> str:
    """What is said of a program that is asked for two molecules, again and again."""
    with ExternalProgram(command, timeout) as program, pytest.raises(UserError) as caught:
        ask_repeatedly(program)
    return str(caught.value)


def ask_repeatedly(program: ExternalProgram) -> None:
    for _ in range(20):
        program(["CCO", "N"])
        time.sleep(0.1)  # what it says unasked arrives


def test_death_is_told_with_the_last_words(programs: Programs) -> None:
    text = "sys.exit('no licence\\nfor this machine') if number else print(1)"
    command = programs.answering(text)
    assert complaint(command) == (
        f"{command!r} ended with status 1 before all was answered; "
        "its last words: no licence for this machine"
    )
    assert "ended with status -9" in complaint(programs.answering("os.kill(os.getpid(), 9)"))
    assert "ended with status 0" in complaint(programs("print('too early')"))
    assert "its last words: none" in complaint(programs(""))


@pytest.mark.parametrize(
    "answer", ["hello", "", "[1]", '{"score": 1}', '"1"', "true", '{"value": [1]}', "1 2", "\x00"]
)
def test_nonsense_stops(programs: Programs, answer: str) -> None:
    said = complaint(programs.answering(f"print({answer!r})"))
    assert f"answered {answer!r} to 'CCO', expected a line such as" in said


def test_more_answers_than_questions_stop(programs: Programs) -> None:
    expected = "gave more answers than it was asked for, expected one line for each line it reads"
    assert expected in complaint(programs.answering("print(1); print(2)"))
    assert expected in complaint(
        programs.answering("print(1, flush=True); print(2) if number else 0")
    )


def test_one_that_never_answers_stops(programs: Programs) -> None:
    silent = "import sys; data = sys.stdin.read(); print(1)"
    said = complaint(programs(silent), timeout=0.5)
    assert "gave no answer to 'CCO' within 0.5 s" in said


def test_commands_that_are_none() -> None:
    with pytest.raises(UserError, match="'no-such-program --fast' cannot be started: No such file"):
        ExternalProgram("no-such-program --fast")(["C"])
    with pytest.raises(UserError, match="cannot be read: No closing quotation"):
        ExternalProgram("dock 'me")
    with pytest.raises(UserError, match="is empty"):
        ExternalProgram("  ")
