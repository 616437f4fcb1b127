"""`tune molecule` as a chemist uses it: seeds, a beginning, stages, what was found."""

from __future__ import annotations

import csv
import json
import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
from rdkit import Chem

from kit import kill_fork_once_there, sentence
from sequence_tutor.cli import main
from sequence_tutor.molecule.designing.part import Part
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.prior.store import load_prior
from sequence_tutor.storage.checkpoints import load_checkpoint
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.loop import STATE_FILE

SMALL = """
[tune]
steps = 6
batch = 4
collect = 4
collect_every = 1
evaluate_every = 3
evaluate_samples = 8
[tune.replay]
capacity = 64
[reward]
workers = 0
"""
EVERYTHING = """
[tune]
n_steps = 1
paths = "every"
batch = 8
collect = 8
collect_every = 1
evaluate_every = 5
evaluate_samples = 16
[tune.replay]
capacity = 64
priority = "step"
[reward]
workers = 1
cache = 50
[reward.weights]
valid = 1.0
qed = 1.0
[reward.diversity]
repeat = 0.2
scaffold = 0.2
bucket = 2
similar = 0.2
[output]
sdf = false
[[stages]]
c = 0.5
steps = 50
[[stages]]
c = 0.2
steps = 30
[stages.weights]
qed = 3.0
"""


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


def command(*arguments: object) -> list[str]:
    return ["tune", "molecule", *map(str, arguments), "--threads", "1", "--quiet"]


def tuned(prior: Path, settings: Path, out: Path, option: str, molecules: Path) -> Path:
    """A run that was given molecules."""
    given = ("--prior", prior, "--config", settings, option, molecules, "--out", out)
    assert main(command(*given)) == 0
    return out


def found(run: Path) -> list[dict[str, str]]:
    with (run / "found.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_seeds_stand_in_replay_and_not_among_what_was_found(
    molecule_prior: Path, settings: Path, tmp_path: Path
) -> None:
    seeds = tmp_path / "seeds.smi"
    seeds.write_text("NCCCCCCCO first\nOCCCCCCCO second\n")
    out = tuned(molecule_prior, settings, tmp_path / "run", "--seeds", seeds)
    tensors, _ = load_checkpoint(out / STATE_FILE)
    vocabulary = Vocabulary.from_card(load_prior(molecule_prior).card)
    stored = [vocabulary.decode(row) for row in tensors["replay.tokens"].tolist()]
    assert stored[:2] == ["NCCCCCCCO", "OCCCCCCCO"]
    assert read_log(out / LOG_FILE)[-1]["scored_sequences"] == 2 + 6 * 4
    assert "NCCCCCCCO" not in {row["smiles"] for row in found(out)}


def test_every_molecule_goes_on_from_a_fragment(
    molecule_prior: Path, settings: Path, tmp_path: Path
) -> None:
    prime = tmp_path / "prime.smi"
    prime.write_text("NCC\n")
    out = tuned(molecule_prior, settings, tmp_path / "run", "--prime", prime)
    rows = found(out)
    assert rows
    assert all(row["smiles"].startswith("NCC") for row in rows)
    # and so it does when sampled
    folder = tmp_path / "samples"
    assert main(["sample", str(out), "-n", "5", "--out", str(folder), "--quiet"]) == 0
    smiles = [line.partition(",")[0] for line in (folder / "molecules.csv").read_text().split()]
    assert len(smiles) == 6
    assert all(one.startswith("NCC") for one in smiles[1:])


@pytest.mark.long
def test_every_molecule_goes_on_from_a_part_with_a_point(
    molecule_prior: Path,
    settings: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "run"
    own = ("--prior", molecule_prior, "--config", settings)
    assert main(command(*own, "--out", out, "--scaffold", "NC([*])")) == 0
    assert {row["smiles"][:2] for row in found(out)} == {"NC"}
    part = Part("NC[*]")
    valid = [row["canonical"] for row in found(out) if row["canonical"]]
    long = [one for one in valid if len(one) > 2]
    assert len(long) > 4
    assert all(part.is_in(Chem.MolFromSmiles(one)) for one in long)
    prime = tmp_path / "prime.smi"
    prime.write_text("NC\n")
    for given, said in (
        (("--scaffold", "[*]NC[*]"), "has 2 attachment points, expected one: a tuned model"),
        (("--scaffold", "[*]c1ccccc1"), "token 'c' is unknown to this prior"),
        (("--scaffold", "[*]N", "--prime", prime), "both say how sequences begin"),
    ):
        capsys.readouterr()
        assert main(command(*own, "--out", tmp_path / "no", *given)) == 2
        assert said in sentence(capsys)
        assert not (tmp_path / "no").exists()


@pytest.mark.long
def test_near_is_an_aim_at_the_mean_similarity(
    molecule_prior: Path, settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    near = ("--near", "NCCO", "--similarity", "0.4..0.9", "--preset", "aims")
    given = ("--prior", molecule_prior, "--config", settings, "--out", out, *near)
    assert main(command(*given)) == 0
    capsys.readouterr()
    spec = json.loads((out / "run.json").read_text())
    aims = {one["row"]: (one["low"], one["high"]) for one in spec["tune"]["aims"]}
    assert aims == {"valid": (0.95, None), "mean similarity to NCCO": (0.4, 0.9)}
    measured = read_log(out / LOG_FILE)[-1]["aims"]
    assert any("mean similarity to NCCO" in name for name in measured)
    assert main(["tune", "melody", "--near", "CCO", "--out", str(tmp_path / "no")]) == 2
    assert "--near is of molecules, not of melody" in capsys.readouterr().err


@pytest.mark.long
def test_stages_of_a_settings_file_follow_each_other(
    molecule_prior: Path, settings: Path, tmp_path: Path
) -> None:
    weights = "valid = 1.0\nqed = 1.0\nsa = 0.0\nlogp = 0.0\nring = 0.0\n"
    text = f"{SMALL}[reward.weights]\n{weights}"
    first = '[[stages]]\nname = "easy"\nc = 2.0\nuntil_reward = 0.0\n'
    second = "[[stages]]\nc = 0.5\nsteps = 4\n[stages.weights]\nqed = 5.0\n"
    settings.write_text(text + first + second)
    out, numbers = tmp_path / "run", tmp_path / "last.json"
    given = ("--prior", molecule_prior, "--config", settings, "--out", out, "--json", numbers)
    assert main(command(*given)) == 0
    log = [(record["step"], record["stage"], record["c"]) for record in read_log(out / LOG_FILE)]
    assert log == [(0, "easy", 2.0), (3, "easy", 2.0), (6, "2", 0.5), (7, "2", 0.5)]
    last = json.loads(numbers.read_text())
    paid = last["reward_terms"]["valid"] + 5 * last["reward_terms"]["qed"]
    assert last["reward_per_sequence"] == pytest.approx(paid)
    assert main(["evaluate", str(out), "--samples", "20", "--particles", "0", "--quiet"]) == 0


@pytest.mark.parametrize(
    ("option", "text", "complaint"),
    [
        ("--seeds", None, "there is no such file of sequences"),
        ("--seeds", "\nCCBr\n", "of 1: token 'Br' is unknown to this prior (1, first line 2)"),
        ("--seeds", "", "mine.smi: no molecule in it that this prior can begin with, expected"),
        ("--seeds", "C1CC\nCC)(\n", "of 2: no valid molecule (2, first line 1)"),
        ("--seeds", "CCCCCCCCCCCC\n", "of 1: more than 10 tokens (1, first line 1)"),
        ("--seeds", "CCN\n" * 65, "mine.smi: 65 seeds, expected 1 to replay.capacity = 64"),
        ("--prime", "c1ccccc1\n", "token 'c' is unknown to this prior"),
        ("--prime", "CCCCCCCCCCC\n", "11 tokens to begin with, expected 1 to 10"),
        ("--prime", "\n", "expected one"),
        ("--prime", "CC)(\n", "mine.smi line 1: no molecule can begin with 'CC)('"),
        ("--prime", "[*:1]CC\n", "has an attachment point, expected the beginning of a SMILES"),
        (
            "--config",
            "[[stages]]\n[stages.weights]\nqde = 1.0\n",
            "weight for 'qde', which the reward does not score: did you mean 'qed'?",
        ),
        ("--config", "[[stages]]\nstep = 3\n", "stages.0: unknown name 'step': did you mean"),
        ("--config", "stages = 3\n", "stages is 3, expected"),
        ("--config", "[tune]\nstages = 'x'\n", "stages"),
        ("--config", "[output]\nparket = true\n", "unknown name 'parket': did you mean 'parquet'"),
        ("--config", "reward = 3\n", "reward is 3, expected a table"),
        (
            "--config",
            "[reward.weights]\nqde = 1.0\n",
            "mine.toml: reward: weight for unknown term 'qde': did you mean 'qed'?",
        ),
    ],
)
def test_what_cannot_be_begun_with_is_one_sentence_and_leaves_nothing(
    option: str,
    text: str | None,
    complaint: str,
    molecule_prior: Path,
    settings: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file, out = tmp_path / ("mine.toml" if option == "--config" else "mine.smi"), tmp_path / "run"
    if text is not None:
        file.write_text(text)
    config = () if option == "--config" else ("--config", settings)
    given = ("--prior", molecule_prior, *config, option, file, "--out", out)
    assert main(command(*given)) == 2
    assert complaint in sentence(capsys)
    assert not out.exists()


SIZES = (
    "import sys, json\nfor line in sys.stdin: print(len(json.loads(line)['smiles']), flush=True)"
)
NONSENSE = "for _ in __import__('sys').stdin: print('hello', flush=True)"
DIES = "import sys; print('licence expired', file=sys.stderr); sys.exit(3)"


def asks_program(settings: Path, tmp_path: Path, text: str, timeout: float = 60.0) -> None:
    """Settings with a term that a program of that text gives."""
    program = tmp_path / "dock.py"
    program.write_text(text)
    term = f"[reward.terms.dock]\nkind = 'program'\ncommand = '{sys.executable} {program}'\n"
    settings.write_text(f"{SMALL}{term}weight = 0.1\ntimeout = {timeout}\n")


def test_a_program_gives_a_term(molecule_prior: Path, settings: Path, tmp_path: Path) -> None:
    asks_program(settings, tmp_path, SIZES)
    out = tmp_path / "run"
    assert main(command("--prior", molecule_prior, "--config", settings, "--out", out)) == 0
    assert all(float(row["dock"]) == len(row["canonical"]) for row in found(out))
    assert main(["terms", "check", "molecule", "--config", str(settings)]) == 0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (NONSENSE, r"gave no answer to '\S+' within 1 s, expected a line of JSON .* words: hello"),
        (DIES, r"ended with status 3 before all was answered, .*; its last words: licence expired"),
    ],
    ids=["nonsense", "dies"],
)
def test_a_program_that_fails_is_heard_before_any_work(
    text: str,
    complaint: str,
    molecule_prior: Path,
    settings: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asks_program(settings, tmp_path, text, timeout=1.0)
    out = tmp_path / "run"
    assert main(command("--prior", molecule_prior, "--config", settings, "--out", out)) == 2
    assert re.search(complaint, sentence(capsys))
    assert not out.exists()
    for verb in (["check"], ["terms", "check"]):
        more = [] if len(verb) == 2 else ["--prior", str(molecule_prior)]
        assert main([*verb, "molecule", "--config", str(settings), *more]) == 2
        assert re.search(complaint, sentence(capsys))


def test_found_molecules_as_parquet(molecule_prior: Path, settings: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is an extra")
    settings.write_text(SMALL + "[output]\nparquet = true\n")
    out, samples = tmp_path / "run", tmp_path / "samples"
    assert main(command("--prior", molecule_prior, "--config", settings, "--out", out)) == 0
    table = parquet.read_table(out / "found.parquet")
    assert table.column("smiles").to_pylist() == [row["smiles"] for row in found(out)]
    given = ("--config", settings, "-n", 5, "--out", samples, "--quiet")
    assert main(["sample", str(out), *map(str, given)]) == 0
    assert parquet.read_table(samples / "molecules.parquet").num_rows == 5


def test_parquet_without_pyarrow_is_refused_before_any_work(
    molecule_prior: Path,
    settings: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    settings.write_text(SMALL + "[output]\nparquet = true\n")
    out = tmp_path / "run"
    assert main(command("--prior", molecule_prior, "--config", settings, "--out", out)) == 2
    assert "pip install 'sequence-tutor[parquet]'" in sentence(capsys)
    assert not out.exists()
    given = ("--config", settings, "-n", 5, "--out", out, "--quiet")
    assert main(["sample", str(molecule_prior), *map(str, given)]) == 2
    assert "pip install 'sequence-tutor[parquet]'" in sentence(capsys)
    assert not out.exists()


def test_how_samples_are_written_is_said_in_a_settings_file(
    molecule_prior: Path, settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same file that tunes; tables for others are left alone, but must be tables."""
    settings.write_text(SMALL + '[output]\nsdf = false\npictured = 2\nsort_by = "qed"\n')
    given = ["sample", str(molecule_prior), "-n", "5", "--config", str(settings), "--quiet"]
    assert main([*given, "--out", str(tmp_path / "out")]) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert "molecules.sdf" not in names
    assert "best.png" in names
    for text, complaint in (
        ("[output]\nsort_by = 'ged'\n", "sort_by is 'ged', expected one of"),
        ("[outptu]\nsdf = false\n", "unknown name 'outptu': did you mean 'output'?"),
        ("output = 3\n", "output is 3, expected a table"),
    ):
        settings.write_text(text)
        assert main([*given, "--out", str(tmp_path / "none")]) == 2
        assert complaint in sentence(capsys)
    assert not (tmp_path / "none").exists()


@pytest.mark.long
def test_killed_with_replay_priorities_memory_and_cache_it_ends_the_same(
    molecule_prior: Path, settings: Path, tmp_path: Path
) -> None:
    """Step priorities, seeds, a beginning, stages, three penalties that remember, a small cache."""
    settings.write_text(EVERYTHING)
    seeds, prime = tmp_path / "seeds.smi", tmp_path / "prime.smi"
    seeds.write_text("NCCCCO\nNOCCCO\n")
    prime.write_text("N\n")
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    given = ("--prior", molecule_prior, "--config", settings, "--seeds", seeds, "--prime", prime)
    kill_fork_once_there(killed / STATE_FILE, lambda: main(command(*given, "--out", killed)))
    assert 0 < read_log(killed / LOG_FILE)[-1]["step"] < 80
    with (killed / "found.csv").open("a") as table:  # as if it had found and not yet saved
        table.write("NCCC,NC")

    for folder in (killed, whole):
        assert main(command(*given, "--out", folder)) == 0
    states = [load_checkpoint(folder / STATE_FILE)[0] for folder in (killed, whole)]
    kept = {"sampler.priorities", "reward.molecules", "reward.scaffolds", "reward.fingerprints"}
    assert kept <= states[0].keys() == states[1].keys()
    assert all(states[0][name].equal(tensor) for name, tensor in states[1].items())
    assert (killed / "found.csv").read_bytes() == (whole / "found.csv").read_bytes()
    logs = [read_log(folder / LOG_FILE) for folder in (killed, whole)]
    for record in (*logs[0], *logs[1]):
        del record["seconds"]
    assert logs[0] == logs[1]
    for name in ("found_before", "crowded_scaffold", "similar_to_found"):
        assert logs[0][-1]["reward_terms"][name] < 0
    assert logs[0][-1]["reported"]["repeats"] > 0


def test_what_could_not_be_scored_and_what_was_found_is_said(
    molecule_prior: Path, settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By a function of a file given as --terms, which has no number for what starts with an N."""
    terms, out = tmp_path / "mine.py", tmp_path / "run"
    terms.write_text(
        "def mine(smiles):\n    return [None if s[0] == 'N' else 1.0 for s in smiles]\n"
    )
    settings.write_text(f"{SMALL}[reward.diversity]\nrepeat = 0.1\n")
    given = ("--prior", molecule_prior, "--config", settings, "--terms", terms, "--out", out)
    assert main(command(*given)) == 0
    begun, *_, last = (record["reported"] for record in read_log(out / LOG_FILE))
    assert 0 < begun["without_a_number"] < last["without_a_number"]
    assert (last["timeouts"], last["failures"]) == (0, 0)
    scored = sum(row["mine"] != "" for row in found(out))  # each distinct one once
    assert (begun["found"], last["found"]) == (0, scored)
    shown = capsys.readouterr().out
    assert f"without a number: {last['without_a_number']}" in shown
    assert f"found: {last['found']}" in shown


def test_what_molecules_are_worth_and_how_many_are_valid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, settings = tmp_path / "mine.smi", tmp_path / "reward.toml"
    lines.write_text("CCO\n" * 41 + "C1CC\n")  # more than are shown
    settings.write_text(
        "[reward]\nworkers = 0\n[reward.weights]\nTPSA = 2.0\n[reward.terms.TPSA.transform]\n"
        'kind = "clip"\nlow = 0\nhigh = 1\n'
    )
    assert main(["score", "molecule", str(lines), "--config", str(settings)]) == 0
    printed = capsys.readouterr().out
    header, cells = (printed.splitlines()[place].split() for place in (1, 3))
    assert header[3:] == ["smiles", "┃", "valid", "┃", "TPSA", "┃", "TPSA_score", "┃", "total", "┃"]
    assert cells[3:] == ["CCO", "│", "yes", "│", "20.2", "│", "1", "│", "2", "│"]
    assert printed.splitlines()[-2:] == ["... and 2 more", "41 of 42 valid"]
