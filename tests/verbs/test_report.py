"""`report`: runs in, one file out, and one sentence for whatever cannot be used."""

from __future__ import annotations

import json
import re
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sequence_tutor.cli import main
from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import prior_of
from sequence_tutor.verbs.report import report
from sequence_tutor.verbs.tune import tune


@pytest.fixture
def run(melody_run: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "likes-c"
    shutil.copytree(melody_run, folder)
    (folder / "training.jsonl").write_text('{"step": 0, "reward_per_sequence": 1}\n')
    return folder


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one sentence of a command that ends with status 2."""
    assert main(["report", *map(str, arguments), "--threads", "1"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (sentence,) = captured.err.splitlines()
    return sentence.removeprefix("sequence-tutor: ")


def test_the_page_is_written_and_named(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "report.html"
    assert main(["report", str(run), "--out", str(out), "--samples", "50", "--threads", "1"]) == 0
    assert f"{out} has everything in it" in capsys.readouterr().out.replace("\n", "")
    assert out.read_text().startswith("<!doctype html>")
    assert [path.name for path in out.parent.iterdir()] == ["report.html"]


@pytest.mark.long
def test_the_same_call_writes_the_same_page(run: Path, tmp_path: Path) -> None:
    pages = [report([run], tmp_path / name, samples=50, quiet=True) for name in ("a", "b")]
    assert pages[0].read_bytes() == pages[1].read_bytes()


@pytest.mark.long
def test_a_saved_evaluation_is_shown_as_it_is(run: Path, tmp_path: Path) -> None:
    model = load_model(run)
    table = tmp_path / "table.json"
    table.write_text(json.dumps(evaluate([prior_of(model), model], 123, 7, particles=8).to_json()))
    text = report([run], tmp_path / "report.html", table=table, quiet=True).read_text()
    assert "123 melodies of each of prior and likes-c were sampled with seed 7" in text


@pytest.mark.long
def test_runs_of_several_domains_are_parts_of_one_page(run: Path, tmp_path: Path) -> None:
    steps: dict[str, Any] = {"tune": {"steps": 2, "evaluate_every": 1, "evaluate_samples": 4}}
    toy = tmp_path / "toy"
    tune("toy", toy, overrides=steps, threads=1, quiet=True)
    text = report([run, toy], tmp_path / "report.html", samples=50, quiet=True).read_text()
    titles = re.findall(r"<h1[^>]*>(.*?)</h1>", text)
    assert titles == ["Melodies, before and after tuning", "Toy, before and after tuning"]
    identifiers = re.findall(r'\sid="([^"]+)"', text)
    assert len(set(identifiers)) == len(identifiers)


def test_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sentence = refused(capsys, "--out", tmp_path / "report.html")
    assert sentence.startswith("no run was given to report on, expected at least one folder")


def test_runs_that_cannot_be_used(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ("--out", tmp_path / "report.html")
    assert "given 2 times" in refused(capsys, run, run, *out)
    assert "no run of this program there" in refused(capsys, tmp_path, *out)
    (run / "training.jsonl").write_text("")
    assert "training.jsonl: no evaluation in it" in refused(capsys, run, *out)
    weights = (run / "policy.safetensors").read_bytes()
    (run / "policy.safetensors").write_bytes(weights[:-10])
    assert "policy.safetensors: damaged" in refused(capsys, run, *out)
    (run / "policy.safetensors").unlink()
    assert "this run is not finished" in refused(capsys, run, *out)
    spec = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**spec, "format": 99}))
    assert "run.json: not a run of this version" in refused(capsys, run, *out)
    assert not (tmp_path / "report.html").exists()


def test_other_files_that_cannot_be_used(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ("--out", tmp_path / "report.html")
    assert "a folder is there" in refused(capsys, run, "--out", tmp_path)
    assert "No such file" in refused(capsys, run, "--table", tmp_path / "none.json", *out)
    assert "no table of this program" in refused(capsys, run, "--table", run / "run.json", *out)
    assert "no frontier" in refused(capsys, run, "--frontier", run / "run.json", *out)
    model = evaluate([load_model(run)], 10).to_json()
    model["models"][0]["domain"] = "molecule"
    (tmp_path / "table.json").write_text(json.dumps(model))
    sentence = refused(capsys, run, "--table", tmp_path / "table.json", *out)
    assert "an evaluation of 'molecule', expected one of melody" in sentence
    assert "samples is 1" in refused(capsys, run, "--samples", 1, "--quiet", *out)
    assert not (tmp_path / "report.html").exists()


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Every file ends at this size: the system's own refusal at the write call."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_page_that_was_there(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pages" / "report.html"
    out.parent.mkdir()
    out.write_text("the old page")
    with full_disk(100_000):
        sentence = refused(capsys, run, "--samples", 50, "--quiet", "--out", out)
    assert sentence.startswith(f"{out}: ")
    assert out.read_text() == "the old page"
    assert list(out.parent.iterdir()) == [out]
