"""Programs that are started for each batch, as wrappers for REINVENT 4 are."""

from __future__ import annotations

import shlex
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.execution.batch_program import BatchProgram
from sequence_tutor.execution.protocol import Lost

WRAPPER = """
import json
import sys

smilies = [line.strip() for line in sys.stdin]
print("a greeting of a library")
if "N" in smilies:
    sys.exit("this one fails")
lengths = [len(smiles) for smiles in smilies]
rings = [smiles.count("1") / 2 or None for smiles in smilies]
print(json.dumps({"version": 1, "payload": {"predictions": lengths, "rings": rings}}))
"""


def command(folder: Path, text: str) -> str:
    path = folder / f"{len(list(folder.iterdir()))}.py"
    path.write_text(text)
    return shlex.join([sys.executable, str(path)])


def test_a_wrapper_of_reinvent_runs_unchanged(tmp_path: Path) -> None:
    text = command(tmp_path, WRAPPER)
    told: dict[str, object] = {}
    asked = ["C", "CCO", "C1CC1"]
    with BatchProgram(text, processes=2, names=("value", "rings")) as program:
        answers = program.ask(asked, told.__setitem__)
        assert answers == [
            {"value": 1, "rings": None},
            {"value": 3, "rings": None},
            {"value": 5, "rings": 1.0},
        ]
        assert told == dict(zip(asked, answers, strict=True))
        assert program.ask([]) == []
        assert program(["CC"]) == [2.0]


def test_the_molecule_that_it_fails_for_is_found_by_halves(tmp_path: Path) -> None:
    with BatchProgram(command(tmp_path, WRAPPER)) as program:
        assert program.ask(["C", "CC", "N", "CCC", "CCCC"]) == [
            *({"value": 1, "rings": None}, {"value": 2, "rings": None}, Lost.DIED),
            *({"value": 3, "rings": None}, {"value": 4, "rings": None}),
        ]
        assert program.restarts == 3  # of five, of two or three, of one
    said = "3 times in a row; its last words: this one fails"
    broken = BatchProgram(command(tmp_path, WRAPPER), failures=3)
    with broken, pytest.raises(UserError, match=said):
        broken.ask(["N", "C", "CC", "CCC"])


def test_one_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    text = (
        "import sys, time\nif 'N' in sys.stdin.read(): time.sleep(100)\n"
        'print(\'{"payload": {"predictions": [1]}}\')'
    )
    begun = time.monotonic()
    with BatchProgram(command(tmp_path, text), timeout=0.3) as program:
        assert program.ask(["N"]) == [Lost.TIMED_OUT]
        assert program.ask(["C"]) == [{"value": 1}]
    assert time.monotonic() - begun < 20


def test_one_that_is_started_while_the_others_are_ended_is_ended_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "import sys, time\nif 'N' in sys.stdin.read(): time.sleep(100)\nprint('nothing')"
    program = BatchProgram(command(tmp_path, text), processes=2)
    closing = threading.Event()
    start, close = subprocess.Popen, program.close

    def start_late(*given: Any, **how: Any) -> Any:
        if threading.current_thread().name.endswith("_1"):  # the second half of the batch
            closing.wait(60)
        return start(*given, **how)

    def close_first() -> None:
        close()
        closing.set()

    monkeypatch.setattr(subprocess, "Popen", start_late)
    monkeypatch.setattr(program, "close", close_first)
    begun = time.monotonic()
    with pytest.raises(UserError, match="wrote 'nothing'"):
        program.ask(["C", "N"])
    assert time.monotonic() - begun < 50


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("nothing", "wrote 'nothing', expected JSON such as"),
        ('{"payload": {"predictions": [1]}}', "gave 1 predictions for 2 molecules"),
        ('{"payload": {"prediction": [1, 2]}}', "gave no list 'predictions': did you mean 'predi"),
        ('{"payload": {"predictions": [1, "2"]}}', "gave '2' among its predictions"),
    ],
)
def test_what_is_no_answer_is_refused(tmp_path: Path, printed: str, said: str) -> None:
    program = BatchProgram(command(tmp_path, f"print({printed!r})"))
    with program, pytest.raises(UserError) as caught:
        program.ask(["C", "CC"])
    assert said in str(caught.value)
