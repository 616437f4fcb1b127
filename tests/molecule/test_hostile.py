"""A small flood of hostile strings; `benchmarks/hostile_molecules.py` has the whole one."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from itertools import islice
from pathlib import Path
from types import ModuleType

import pytest

from sequence_tutor.molecule.chemistry import parse

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "hostile_molecules.py"


@pytest.fixture(scope="module")
def hostile() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hostile_molecules", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.long
def test_a_flood_leaves_nothing_behind(hostile: ModuleType) -> None:
    reports: list[dict[str, int]] = []
    figures = hostile.run(2000, seed=1, workers=1, timeout=20.0, report=reports.append)
    assert figures["strings"] == 2000
    assert 100 < figures["valid"] < 1000
    assert (figures["timeouts"], figures["failures"], figures["workers_replaced"]) == (0, 0, 0)
    assert figures["stderr_lines"] == 0
    assert len(reports) == 10
    grown = figures["worker_mib"] - reports[0]["worker_mib"]
    assert grown < 20


def test_complaints_are_counted_wherever_they_come_from(hostile: ModuleType) -> None:
    with hostile.counted_complaints() as complaints:
        os.write(2, b"one\n")
        subprocess.run(["sh", "-c", "echo two >&2; echo three >&2"], check=True)
        assert complaints() == 3


def test_the_strings_are_what_they_are_said_to_be(hostile: ModuleType) -> None:
    assert all(parse(smiles) for smiles in hostile.WELL_KNOWN)
    strings = list(islice(hostile.hostile_strings(0), 3000))
    assert strings == list(islice(hostile.hostile_strings(0), 3000))
    assert "" in strings
    assert any("\0" in string for string in strings)
    assert any("C(C(C(C(C(C(C(C(C(C(C(" in string for string in strings)
    assert max(map(len, strings)) >= 99_000
    assert len(set(strings)) > 2000
