"""A small flood of damaged files; `benchmarks/fuzz_readers.py` has the whole one."""

from __future__ import annotations

import importlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sequence_tutor.errors import UserError

SCRIPTS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPTS)
        return importlib.import_module("fuzz_readers")


@pytest.mark.parametrize("inputs", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_flood_of_damaged_files(inputs: int, fuzz: ModuleType, tmp_path: Path) -> None:
    kinds = fuzz.strangers_kinds()
    most = inputs * len(kinds)
    figures = fuzz.flood(kinds, tmp_path, seed=1, seconds=60, most=most)
    assert {name: row["inputs"] for name, row in figures.items()} == {
        kind.name: inputs for kind in kinds
    }
    reasons = [path.read_text(encoding="utf-8") for path in tmp_path.glob("*.reason")]
    assert not reasons, reasons[0]


@given(data=st.data())
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damage_that_hypothesis_finds(
    fuzz: ModuleType, tmp_path: Path, data: st.DataObject
) -> None:
    kinds = fuzz.strangers_kinds()
    kind = data.draw(st.sampled_from(kinds))
    rng = data.draw(st.randoms(use_true_random=False))
    path = tmp_path / kind.name
    path.write_bytes(fuzz.damaged(kind, rng, [other.content for other in kinds]))
    assert fuzz.trial(kind, path, 20.0)[1] == ""


def test_small_files_are_real(fuzz: ModuleType, tmp_path: Path) -> None:
    for kind in fuzz.strangers_kinds():
        path = tmp_path / kind.name
        path.write_bytes(kind.pack(kind.content))
        assert fuzz.trial(kind, path, 20.0) == (True, ""), kind.name


def test_what_escapes_is_kept_with_its_file(fuzz: ModuleType, tmp_path: Path) -> None:
    def broken(path: Path) -> None:
        if path.read_bytes() != b"whole":
            raise ZeroDivisionError

    def mumbling(_path: Path) -> None:
        raise UserError("something is wrong")

    def endless(_path: Path) -> None:
        while True:
            try:
                pass
            except Exception:
                continue

    for number, (reader, reason) in enumerate(
        ((broken, "ZeroDivisionError"), (mumbling, "another form"), (endless, "more than"))
    ):
        out = tmp_path / str(number)
        kind = fuzz.Kind("a.txt", b"text that is long enough to be changed", (reader,))
        figures = fuzz.flood([kind], out, seed=0, seconds=9, most=2, patience_s=0.1)
        assert figures["a.txt"]["escaped"] == 2
        assert reason in (out / "0-a.txt.reason").read_text()
        assert (out / "0-a.txt").exists()


def test_damage_is_that_of_a_seed(fuzz: ModuleType) -> None:
    kind = fuzz.strangers_kinds()[0]
    one, other = (fuzz.damaged(kind, random.Random(3), [b"other"]) for _ in range(2))
    assert one == other != kind.content


@pytest.mark.slow
def test_ten_minutes_of_damaged_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seconds = os.environ.get("FUZZ_SECONDS", "600")
    command = [sys.executable, str(SCRIPTS / "fuzz_readers.py"), "--seconds", seconds]
    done = subprocess.run(
        [*command, "--out", str(tmp_path)], capture_output=True, text=True, check=False
    )
    reasons = [path.read_text(encoding="utf-8") for path in tmp_path.glob("*.reason")]
    assert done.returncode == 0, reasons[:1] or done.stderr
    figures = json.loads(done.stdout)
    with capsys.disabled():
        print(f"\ndamaged files: {figures['all']}, at most {figures['peak_mib']} MiB")
    assert figures["all"]["inputs"] > 1000
    assert figures["peak_mib"] < 2000
