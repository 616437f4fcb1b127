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
from sequence_tutor.execution.protocol import Lost

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
        assert dock.restarts == 0


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
        assert program.restarts == 0


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


@pytest.mark.long
def test_a_molecule_that_takes_too_long_is_given_up(programs: Programs) -> None:
    text = "time.sleep(1000 if smiles == 'N' else 0); print(number)"
    with ExternalProgram(programs.answering(text), timeout=1.0) as program:
        # the number begins anew, because the program does
        assert program.ask(["C", "C", "N", "O", "C"]) == [
            *({"value": 0}, {"value": 1}, Lost.TIMED_OUT),
            *({"value": 0}, {"value": 1}),
        ]
        assert program.restarts == 2  # it was asked once more, alone


@pytest.mark.long
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


def test_one_that_always_dies_is_told_with_its_last_words(programs: Programs) -> None:
    command = programs.answering("sys.exit('no licence\\nfor this machine')")
    assert complaint(command) == (
        f"{command!r} ended with status 1 before all was answered, the last time at 'CCO', 2 times "
        "in a row; its last words: no licence for this machine"
    )
    assert "ended with status -9" in complaint(programs.answering("os.kill(os.getpid(), 9)"))
    assert "its last words: too early" in complaint(programs("print('too early')"))
    assert "its last words: none" in complaint(programs(""))


DYING = "sys.exit('out of memory') if smiles[0] == 'N' else print(len(smiles))"


def test_what_it_dies_at_has_no_number_and_the_others_have(programs: Programs) -> None:
    asked = ["C", "N", "CC", "CCC", "NN", "CCCC"]
    for processes in (1, 3):
        told: dict[str, object] = {}
        with ExternalProgram(programs.answering(DYING), processes=processes) as program:
            program(["C"])
            program.ask(asked, told.__setitem__)
            assert program.restarts == 4
        lost = {"N": Lost.DIED, "NN": Lost.DIED}
        assert told == {**{one: {"value": len(one)} for one in asked}, **lost}


def test_too_many_failures_in_a_row_stop(programs: Programs) -> None:
    with ExternalProgram(programs.answering(DYING), failures=6) as program:
        assert program.ask(["C", "N", "N", "C", "N"]).count(Lost.DIED) == 3
        program(["C"])
        with pytest.raises(UserError, match="at 'NNN', 6 times in a row; its last words: out of"):
            program.ask(["N", "NN", "NNN"])


def test_a_death_that_is_no_molecules_fault_costs_nothing(programs: Programs) -> None:
    text = (
        "mark = sys.argv[0] + '.' + smiles\n"
        "    if smiles == 'CC' and not os.path.exists(mark):\n"
        "        open(mark, 'x'); os._exit(3)\n"
        "    print(len(smiles))"
    )
    with ExternalProgram(programs.answering(text)) as program:
        assert program(["C", "CC", "CCC"]) == [1.0, 2.0, 3.0]
        assert program.restarts == 1


def test_a_process_killed_between_calls_is_replaced(programs: Programs) -> None:
    with ExternalProgram(programs.answering("print(os.getpid())")) as program:
        (pid,) = program(["C"])
        os.kill(int(pid), 9)
        time.sleep(0.1)
        (other,) = program(["C"])
        assert other != pid
        assert program.restarts == 1


def test_processes_compute_side_by_side(programs: Programs) -> None:
    text = "time.sleep(0.5); print(os.getpid())"
    with ExternalProgram(programs.answering(text), processes=4) as program:
        program(["C"] * 4)
        begun = time.monotonic()
        assert len(set(program(["C"] * 8))) == 4
        assert time.monotonic() - begun < 3  # one alone takes four seconds


def test_several_numbers_and_what_else_it_says(programs: Programs) -> None:
    text = "print(json.dumps({'affinity': -9.1, 'strain': len(smiles), 'pose': smiles + '.sdf'}))"
    with ExternalProgram(programs.answering(text), names=("strain", "affinity")) as program:
        answers = program.ask(["CC", "C"])
        assert answers[0] == {"affinity": -9.1, "strain": 2, "pose": "CC.sdf"}
        assert program(["CCC"]) == [3.0]


def test_a_name_that_no_answer_has_is_refused_and_one_that_is_missing_once_is_no_number(
    programs: Programs,
) -> None:
    wrong = programs.answering("print(json.dumps({'afinity': 1}))")
    said = r"without 'affinity' \(did you mean 'afinity'\?\)"
    with (
        ExternalProgram(wrong, names=("affinity",)) as program,
        pytest.raises(UserError, match=said),
    ):
        program(["C"])
    text = "print(json.dumps({} if smiles == 'N' else {'error': 'x'} if smiles == 'O' else 1.5))"
    with ExternalProgram(programs.answering(text)) as program:
        assert [str(one) for one in program(["C", "N", "O"])] == ["1.5", "nan", "nan"]


def test_answers_may_come_in_any_order_if_they_say_of_what(programs: Programs) -> None:
    text = (
        "import json, sys\nheld = []\nfor line in sys.stdin:\n"
        "    asked = json.loads(line)\n    held.append(asked)\n"
        "    if len(held) == 2 or asked['smiles'] == 'last':\n"
        "        for one in reversed(held):\n"
        "            print(json.dumps({'id': one['id'], 'value': len(one['smiles'])}))\n"
        "        held = []\n"
    )
    with ExternalProgram(programs(text)) as program:
        program._seconds = 1e-3  # a fast one has several questions at a time
        asked = ["C" * n for n in (3, 1, 4, 1, 5, 9)]
        assert program([*asked, "last"]) == [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 4.0]
    wrong = programs.answering("print(json.dumps({'id': 99, 'value': 1}))")
    said = "whose id is none of the questions that it has: 0"
    with ExternalProgram(wrong) as program, pytest.raises(UserError, match=said):
        program(["C"])


def test_lines_that_are_no_json_are_last_words(programs: Programs) -> None:
    text = "print('Using random seed:', smiles); print(len(smiles)); print('WARNING')"
    with ExternalProgram(programs.answering(text)) as program:
        assert program(["CC", "C", "CCC"]) == [2.0, 1.0, 3.0]
    for answer in ("hello", "", "1 2", "\x00"):
        said = complaint(programs.answering(f"print({answer!r})"), timeout=0.5)
        assert "gave no answer to 'CCO' within 0.5 s" in said
        assert f"its last words: {answer or 'none'}" in said


@pytest.mark.parametrize("answer", ["[1]", '{"score": 1}', '"1"', "true", '{"value": [1]}'])
def test_nonsense_stops(programs: Programs, answer: str) -> None:
    said = complaint(programs.answering(f"print({answer!r})"))
    assert f"answered {answer!r} to 'CCO'" in said
    assert 'expected a line such as {"value": 1.5}, 1.5 or null' in said


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
