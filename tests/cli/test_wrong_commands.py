"""Wrong commands lose nothing and end with one sentence, before any work is done."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kit import run, sentence
from sequence_tutor.verbs.tune import tune

SHORT = {"steps": 2, "batch": 8, "collect": 8, "evaluate_every": 2, "evaluate_samples": 16}


@pytest.fixture(scope="module")
def toy_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "toy"
    small = {**SHORT, "replay": {"warm_start": 8, "capacity": 64}}
    tune("toy", out, overrides={"tune": small}, threads=1, quiet=True)
    return out


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("verify --seed 99999999999999999999999999", "--seed 99999999999999999999999999: expected"),
        ("verify --seed -1", "--seed -1: expected a number from 0 to 9,007,199,254,740,992"),
        ("tables --out new --samples 1", "samples is 1, expected at least 2"),
        ("demo --out new --samples 0", "samples is 0, expected at least 2"),
        ("compare toy --out new --methods ,", "--methods: ',' was given, expected names"),
        ("compare toy --out new/x --json new", "--out makes a folder there, expected a file"),
        ("score toy none --json broken/x", "--json broken/x: broken is a link that leads nowhere"),
        ("studio --workspace broken --no-browser", "--workspace broken: broken is a link that lea"),
        (
            "studio --port 0 --name https://a.org --no-browser",
            "--name 'https://a.org': expected",
        ),
        ("studio --port 0 --host= --no-browser", "--host: an empty name was given, expected"),
        ("terms import molecule broken --out edited", "--out edited: a folder is there, expected"),
        ("work edited", "edited/work.json: damaged, or not a description of work of this version"),
    ],
)
def test_what_can_be_known_is_said_at_once(
    command: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken").symlink_to("nowhere")
    Path("edited").mkdir()
    Path("edited/work.json").write_text('{"format": 1, "shards": 2, "suffix": ".jsonl", "che')
    before = sorted(tmp_path.rglob("*"))
    assert run(*command.split()) == 2
    assert said in sentence(capsys)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("compare toy --methods psi", ("compare.json", "table.md", "curves_by_time.png")),
        ("frontier toy --c 1,2", ("frontier.json", "frontier.csv", "frontier.png")),
        ("frontier melody --aim loops<=1,2%", ("price_curve.json", "price_curve.png")),
        ("tables", ("table.json", "next_tokens.png", "seeds.md")),
        ("demo", ("table.md", "report.html")),
    ],
)
def test_files_of_somebody_else_are_not_replaced(
    command: str, names: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, name in enumerate(names):
        own = tmp_path / str(number) / name
        own.parent.mkdir()
        own.write_text('{"mine": 1}')
        assert run(*command.split(), "--out", own.parent) == 2
        assert f"{own}: not written by this command, which would replace it" in sentence(capsys)
        assert [*own.parent.iterdir()] == [own]
        assert own.read_text() == '{"mine": 1}'


def test_work_that_was_edited_or_damaged_is_refused(
    toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = tmp_path / "whole"
    assert run("sample", toy_run, "-n", 6, "--shards", 2, "--out", whole, "--quiet") == 0
    what = json.loads((whole / "work.json").read_text())
    folder = shutil.copytree(whole, tmp_path / "work")
    for edit, more in (({"shards": 3}, ""), ({"count": 60}, "--status"), ({"seed": 1}, "--slurm")):
        (folder / "work.json").write_text(json.dumps({**what, **edit}))
        assert run("work", folder, *more.split()) == 2
        assert "changed after the work was begun" in sentence(capsys)
    del what["checksum"]  # as earlier versions wrote it
    (folder / "work.json").write_text(json.dumps(what))
    assert run("work", folder, "--quiet") == 0
    (folder / "work.json").write_text(json.dumps({**what, "kind": "../x"}))
    assert run("work", folder) == 2
    assert "kind '../x', expected sample or score" in sentence(capsys)
    shutil.copy(whole / "work.json", folder)
    (shard, *_) = sorted((folder / "shards").rglob("0*.*"))
    content = shard.read_bytes()
    shard.write_bytes(content[:20])
    assert run("work", folder) == 2
    assert f"{shard}: damaged, or not a shard of this version" in sentence(capsys)
    shard.unlink()
    assert run("work", folder, "--quiet") == 0
    assert shard.read_bytes() == content


def test_a_card_that_is_no_table_is_refused(
    toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(toy_run, tmp_path / "run")
    for content in ("[]", "{", "3"):
        (folder / "card.json").write_text(content)
        assert run("card", folder) == 2
        assert "card.json: damaged, or not the card of a prior" in sentence(capsys)
