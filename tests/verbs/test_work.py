"""Shards: the same bytes whoever computes them, in whichever order, however often killed."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from kit import program, run, sentence
from sequence_tutor import tune
from sequence_tutor.errors import UserError
from sequence_tutor.prior.store import load_prior, save_prior
from sequence_tutor.storage.row_files import LINES, read_columns
from sequence_tutor.storage.shards import Shards
from sequence_tutor.verbs import work as verb
from sequence_tutor.verbs.shard_kinds import computing
from sequence_tutor.verbs.work import sample_shards, score_shards, slurm_script, status, work

SMALL = {"steps": 2, "batch": 8, "collect": 8, "evaluate_every": 2, "evaluate_samples": 16}
COLUMNS = ("tokens", "log_policy", "reward", "hash")


@pytest.fixture(scope="module")
def toy_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "toy"
    tune("toy", out, overrides={"tune": SMALL}, threads=1, quiet=True)
    return out


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of all files but the leases."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "leases" not in path.parts
    }


def rows(folder: Path) -> list[tuple[object, ...]]:
    found = []
    for path in Shards.opened(folder).paths():
        for block in read_columns(path, COLUMNS):
            found += list(zip(*(map(str, block[name]) for name in COLUMNS), strict=True))
    return found


def test_a_folder_is_whole_and_the_same_in_whichever_order(toy_run: Path, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    found = sample_shards(str(toy_run), 1_000, 7, one, quiet=True)
    assert found is not None
    assert found.rows == len(rows(one)) == 1_000
    assert found.distinct == len({row[0] for row in rows(one)})  # few enough to be exact
    assert found.distinct_error == 0
    rewards = [float(row[2]) for row in rows(one)]  # type: ignore[arg-type]
    assert found.mean_total == pytest.approx(sum(rewards) / 1_000)
    assert json.loads((one / "summary.json").read_text()) == vars(found)

    begun = {name: json.loads((one / "work.json").read_text())[name] for name in ("shards",)}
    assert begun == {"shards": 7}
    other.mkdir()
    (other / "work.json").write_bytes((one / "work.json").read_bytes())
    shards = Shards.opened(other)
    compute = computing(shards.what, other, trust=False)
    for number in (5, 2, 6):
        compute(number, shards.path(number))
    assert work(other, quiet=True) == found
    assert contents(one) == contents(other)
    # other seeds and other shards are other sequences
    again = sample_shards(str(toy_run), 1_000, 7, tmp_path / "seed", seed=1, quiet=True)
    assert again is not None
    assert rows(tmp_path / "seed") != rows(one)
    assert len({tuple(rows(one)[i : i + 100]) for i in range(0, 700, 143)}) > 4


def test_who_meets_a_lease_passes_over(toy_run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    sample_shards(str(toy_run), 40, 4, folder, quiet=True)
    for path in Shards.opened(folder).paths()[1:]:
        path.unlink()
    mine, theirs = Shards.opened(folder), Shards.opened(folder)
    first = mine.free(0)
    assert next(first) == 1
    assert list(theirs.free(2)) == [2, 3]  # nobody wrote them, so they are free again
    assert theirs.progress().running == 1
    mine.path(1).touch()
    assert next(first) == 2
    first.close()
    assert theirs.progress().running == 0
    found = status(folder)
    assert (found.shards, found.done) == (4, 2)


@pytest.mark.long
def test_an_executor_computes_shards_side_by_side(toy_run: Path, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    found = sample_shards(str(toy_run), 400, 8, one, quiet=True)
    assert sample_shards(str(toy_run), 400, 8, other, executor="local", quiet=True) == found
    assert contents(one) == contents(other)
    for path in Shards.opened(other).paths()[3:5]:
        path.unlink()
    assert run("work", other, "--executor", "local", "--quiet") == 0
    assert contents(one) == contents(other)


def test_json_lines_where_there_is_no_pyarrow(
    toy_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verb, "usual_suffix", lambda: LINES)
    assert sample_shards(str(toy_run), 50, 2, tmp_path / "lines", quiet=True) is not None
    monkeypatch.undo()
    assert sample_shards(str(toy_run), 50, 2, tmp_path / "parquet", quiet=True) is not None
    assert rows(tmp_path / "lines") == rows(tmp_path / "parquet")
    assert (
        len((tmp_path / "lines" / "shards" / "00" / "000000.jsonl").read_text().split("\n")) == 26
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("suffix", "/../../../outside.jsonl"),  # a name of a file outside
        ("shards", 0),
        ("shards", 10**12),
        ("shards", "7"),
        ("kind", "else"),
        ("model", 3),
    ],
)
def test_a_description_that_was_changed_is_refused(
    toy_run: Path, tmp_path: Path, name: str, value: object
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    described = {"format": 1, "kind": "sample", "model": str(toy_run), "digest": None}
    described |= {"domain": "toy", "count": 9, "temperature": 1.0, "length": 6, "seed": 0}
    described |= {"shards": 2, "suffix": LINES}
    (out / "work.json").write_text(json.dumps({**described, name: value}))
    with pytest.raises(UserError, match=r"work\.json: damaged, or not a description of work"):
        work(out, quiet=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "work.json"]


def test_a_prior_that_was_replaced_is_refused(
    melody_prior: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(melody_prior, "prior")
    assert sample_shards("prior", 20, 2, "out", quiet=True) is not None
    shards = Shards.opened(Path("out"))
    shards.path(1).unlink()
    monkeypatch.chdir(melody_prior)  # a process elsewhere
    assert work(tmp_path / "out", quiet=True) is not None
    stored = load_prior(tmp_path / "prior")
    with torch.no_grad():
        next(iter(stored.network.parameters())).add_(1.0)
    save_prior(tmp_path / "prior", stored)
    (tmp_path / "out" / "shards" / "00" / shards.path(1).name).unlink()
    with pytest.raises(UserError, match=r"prior\.safetensors: not there, or changed since"):
        work(tmp_path / "out", quiet=True)


def test_a_shipped_prior_is_found_beside_a_folder_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("melody").mkdir()
    assert sample_shards("melody", 4, 1, "out", quiet=True) is not None


def test_molecules_of_a_file_are_scored_once_each(tmp_path: Path) -> None:
    file = tmp_path / "mine.smi"
    file.write_text("CCO\nOCC\nc1ccccc1\nnonsense\nCN\nCCC\nCCCC\n")
    found = score_shards("molecule", file, 3, tmp_path / "scores", quiet=True)
    assert found is not None
    assert (found.rows, found.distinct) == (7, 5)  # ethanol twice, one is no molecule
    table: dict[int, tuple[object, object]] = {}
    for path in Shards.opened(tmp_path / "scores").paths():
        for block in read_columns(path, ("place", "smiles", "total")):
            pairs = zip(block["smiles"], block["total"], strict=True)
            table |= dict(zip(block["place"], pairs, strict=True))
    numbers = tmp_path / "scores.jsonl"
    assert run("score", "molecule", file, "--json", numbers, "--quiet") == 0
    lines = [json.loads(line) for line in numbers.read_text().splitlines()]
    assert [table[place] for place in range(7)] == [(one["smiles"], one["total"]) for one in lines]
    file.write_text("CCO\n")
    (tmp_path / "scores" / "shards" / "00" / "000001.parquet").unlink()
    with pytest.raises(UserError, match="changed since the work was begun"):
        work(tmp_path / "scores", quiet=True)


def test_the_column_that_shards_read_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("product_smiles,reactant_smiles\nCCO,CC\n")
    assert run("score", "molecule", file, "--shards", "1", "--out", tmp_path / "scores") == 0
    told = capsys.readouterr()
    assert "SMILES are those of column 'product_smiles', not of" in told.out + told.err


def test_commands(toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "a folder"
    begin = ("sample", toy_run, "-n", 60, "--shards", 6, "--out", folder)
    assert run(*begin, "--quiet") == 0
    assert run("work", folder, "--quiet") == 0  # nothing is left
    capsys.readouterr()
    assert run(*begin) == 0
    assert "holds 60 sequences" in capsys.readouterr().out
    assert run("work", folder, "--status") == 0
    assert "0 min 0 s" in capsys.readouterr().out
    assert run("work", folder, "--slurm", "--jobs", 4) == 0
    script = capsys.readouterr().out
    assert script == slurm_script(folder, 4)
    assert "--array=1-4" in script
    assert f"srun sequence-tutor work '{folder}' --quiet" in script
    for arguments, said in (
        ((*begin[:-2], "--seed", 3, "--out", folder), "holds work whose 'seed' is 0, not 3"),
        ((*begin, "--repeats"), "--repeats does not go with --shards"),
        ((*begin, "--keep", "1"), "--keep does not go with --shards"),
        ((*begin, "--from", "a.abc"), "--from does not go with --shards"),
        ((*begin, "--near", "CCO"), "--near does not go with --shards"),
        (("sample", toy_run, "-n", 0, "--shards", 1, "--out", folder), "count is 0, expected at"),
        (("sample", toy_run, "-n", 5, "--shards", 6, "--out", folder), "expected 1 to the 5"),
        (("work", toy_run), "no work there, expected a file work.json"),
        (("score", "melody", "x.mid", "--shards", 2, "--out", folder), "not scored in shards"),
    ):
        assert run(*arguments) == 2
        assert said in sentence(capsys)


def test_the_script_runs_where_srun_is_there(toy_run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    sample_shards(str(toy_run), 20, 2, folder, quiet=True)
    binary = tmp_path / "bin"
    binary.mkdir()
    for name, text in (("srun", '"$@"'), ("sequence-tutor", f'echo "$@" >> {tmp_path}/called')):
        (binary / name).write_text(f"#!/bin/sh\n{text}\n")
        (binary / name).chmod(0o755)
    (tmp_path / "array.sbatch").write_text(slurm_script(folder))
    subprocess.run(
        ["bash", tmp_path / "array.sbatch"], env={"PATH": f"{binary}:/usr/bin:/bin"}, check=True
    )
    assert (tmp_path / "called").read_text() == f"work {folder} --quiet\n"


@pytest.fixture
def begun(toy_run: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A folder of 40 shards that is finished, and another for the same work."""
    whole, other = tmp_path / "whole", tmp_path / "other"
    sample_shards(str(toy_run), 80_000, 40, whole, quiet=True)
    other.mkdir()
    (other / "work.json").write_bytes((whole / "work.json").read_bytes())
    return whole, other


@pytest.mark.slow
def test_kills_at_twenty_moments_leave_the_same_bytes(begun: tuple[Path, Path]) -> None:
    whole, killed = begun
    rng = random.Random(0)
    for turn in range(20):
        before = len(Shards.opened(killed).paths())
        process = subprocess.Popen(program("work", killed, "--quiet"))
        if turn % 2:  # while it computes, or writes
            while process.poll() is None and len(Shards.opened(killed).paths()) == before:
                time.sleep(0.002)
            time.sleep(rng.random() * 0.1)
        else:  # while it starts, or is at its first shard
            time.sleep(rng.random() * 4.0)
        process.kill()
        assert process.wait() in (-signal.SIGKILL, 0)
    assert len(Shards.opened(killed).paths()) > 0
    assert work(killed, quiet=True) is not None
    assert contents(killed) == contents(whole)


NOTING = """
import sys
from sequence_tutor.verbs import work as verb

computing = verb.computing


def noting(*given, **options):
    compute = computing(*given, **options)

    def noted(number, path):
        compute(number, path)
        with open(sys.argv[2], "a") as log:
            log.write(f"{number}\\n")

    return noted


verb.computing = noting
verb.work(sys.argv[1], quiet=True)
"""


@pytest.mark.slow
def test_five_workers_beside_one_another_compute_each_shard_once(
    begun: tuple[Path, Path], tmp_path: Path
) -> None:
    whole, shared = begun
    log = tmp_path / "computed"
    asked = [sys.executable, "-c", NOTING, str(shared), str(log)]
    workers = [subprocess.Popen(asked) for _ in range(5)]
    assert [one.wait() for one in workers] == [0] * 5
    assert sorted(map(int, log.read_text().split())) == list(range(40))
    assert contents(shared) == contents(whole)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 300 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ("-t", "tmpfs", "-o", "size=300k", "tmpfs", folder)
    if shutil.which("mount") is None or subprocess.run(["mount", *options], check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.slow
def test_a_disk_that_runs_full_is_one_sentence_and_loses_nothing(
    begun: tuple[Path, Path], small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, _ = begun
    full = small_disk / "work"
    full.mkdir()
    (full / "work.json").write_bytes((whole / "work.json").read_bytes())
    capsys.readouterr()
    assert run("work", full, "--quiet") == 2
    assert "No space left on device" in sentence(capsys)
    done = len(Shards.opened(full).paths())
    assert 0 < done < 40
    assert all(contents(whole)[name] == found for name, found in contents(full).items())
    subprocess.run(["mount", "-o", "remount,size=100m", small_disk], check=True)
    assert run("work", full, "--quiet") == 0
    assert contents(full) == contents(whole)
