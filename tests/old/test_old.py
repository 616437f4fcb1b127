"""Folders made by an earlier version of the program are read, and gone on with, as by that one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import sequence_tutor as st
from old.calls import CONTINUED, answer, differences, facts
from sequence_tutor.errors import Remark

HERE = Path(__file__).parent


def test_numbers_within_sentences_are_compared_as_numbers() -> None:
    told = "3.36e-07 nats at c = 1.77"
    assert differences("3.37e-07 nats at c = 1.77", told) == []
    for other in ("3.36e-07 nats at c = 1.78", "3.36e-07 bits at c = 1.77", "3.36e-07 nats at c"):
        assert differences(other, told) == [f": {other} for {told}"]


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folders, to be written in; runs name their prior from there."""
    monkeypatch.chdir(shutil.copytree(HERE, tmp_path / "old"))
    return Path()


@pytest.mark.parametrize("name", CONTINUED)
def test_what_was_interrupted_ends_as_if_it_never_was(name: str, old: Path) -> None:
    if name == "benchmark":
        pytest.importorskip("rdkit", reason="the extra molecule is not installed")
    begun = [path.read_text() for path in sorted((old / name).rglob("training.jsonl"))]
    assert begun, "nothing to go on from"
    results = {path: path.stat().st_mtime_ns for path in (old / name).rglob("result.json")}
    CONTINUED[name](Path(name), old)
    ended = [path.read_text() for path in sorted((old / name).rglob("training.jsonl"))]
    assert all(any(log.startswith(part) for log in ended) for part in begun)
    assert all(path.stat().st_mtime_ns == time for path, time in results.items())
    expected = json.loads((HERE / f"{name}.json").read_text())
    assert differences(facts(old / name), expected) == []


def test_a_finished_run_is_what_it_was(old: Path) -> None:
    expected = json.loads((HERE / "melody.json").read_text())
    assert differences(facts(old / "melody-run"), expected) == []
    model = st.load_model(old / "melody-run")
    assert len(st.sample(model, 4, quiet=True)) == 4
    (column,) = st.evaluate([model], 16, particles=0).columns
    assert set(column.statistics) > {"kl_to_prior_per_token", "notes_not_in_key"}
    page = old / "report.html"
    st.report([old / "melody-run"], page, samples=16, quiet=True)
    assert page.stat().st_size > 10_000


@pytest.mark.parametrize("name", ["melody-prior", "molecule-prior", "toy-prior"])
def test_a_prior_is_read(name: str) -> None:
    if name == "molecule-prior":
        pytest.importorskip("rdkit", reason="the extra molecule is not installed")
    assert len(st.sample(st.load_model(HERE / name), 4, quiet=True)) == 4


def test_listeners_go_on_where_they_were(old: Path) -> None:
    folder = old / "study"
    found = st.analyse_study(folder, allowed_failures=1)
    assert (found.attention.joined, found.attention.finished, found.ratings) == (2, 1, 2)
    answer(folder, 1)
    found = st.analyse_study(folder, allowed_failures=1)
    assert found.attention.finished == 2
    assert differences(found.to_json(), json.loads((HERE / "study.json").read_text())) == []
    st.export_study(folder, old / "page.html")
    assert (old / "page.html").stat().st_size > 10_000


def test_a_run_from_before_checksums_loads_with_one_remark() -> None:
    with pytest.warns(Remark, match="without checksums") as remarks:
        model = st.load_model(HERE / "without-checksums")
    assert len({str(one.message) for one in remarks}) == 1
    assert len(st.sample(model, 2, quiet=True)) == 2
