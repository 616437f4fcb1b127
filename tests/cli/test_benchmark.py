import json
from pathlib import Path

import pytest

from kit import run

SETTINGS = """
[tune]
steps = 3
batch = 4
collect = 8
collect_every = 1
"""


@pytest.mark.parametrize("suite", ["pmo", "guacamol"])
def test_goals(
    molecule_prior: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], suite: str
) -> None:
    config, numbers, table = (tmp_path / name for name in ("c.toml", "n.json", "t.md"))
    config.write_text(SETTINGS)
    places = ("--out", tmp_path / "out", "--json", numbers, "--markdown", table)
    asked = ("--tasks", "median1,median2", "--seeds", 1, "--calls", 12, "--algorithm", "g")
    more = ("--prior", molecule_prior, "--config", config, "--threads", 1, "--quiet")
    assert run("benchmark", "molecule", suite, *asked, *more, *places) == 0
    found = json.loads(numbers.read_text())
    assert [run["task"] for run in found["runs"]] == ["median1", "median2"]
    assert {run["settings"]["algorithm"] for run in found["runs"]} == {"g"}
    assert {run["settings"]["batch"] for run in found["runs"]} == {4}
    shown = capsys.readouterr().out
    for name in ("median2", "Graph GA *", "sum", "as published"):
        assert name in shown
        assert name in table.read_text()


def test_moses(molecule_prior: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    held_out, numbers, table = (tmp_path / name for name in ("held_out.smi", "n.json", "t.md"))
    held_out.write_text("CCO\nCCN\nc1ccccc1\n")
    train = tmp_path / "train.csv"
    train.write_text("smiles_of_salt,smiles\nC,CCO\nC,C1CC\nC,\n")
    files = ("--reference", held_out, "--train", train, "--json", numbers)
    more = ("--prior", molecule_prior, "--samples", 50, "--threads", 1, "--quiet")
    assert run("benchmark", "molecule", "moses", *files, *more, "--markdown", table) == 0
    found = json.loads(numbers.read_text())
    statistics = found["statistics"]
    assert [remark.partition("train.csv: ")[2] for remark in found["remarks"]] == [
        "SMILES are those of column 'smiles', not of 'smiles_of_salt'; --column names another",
        "1 without a molecule, first line 4: no value in column 'smiles'",
        "1 of 2 SMILES are no valid molecule",
    ]
    assert 0 < statistics["valid"] <= 1
    assert 0 <= statistics["novelty"] <= 1
    assert statistics["unique@1k"] is None  # of 50 molecules
    assert "CharRNN of MOSES *" in capsys.readouterr().out
    assert f"| novelty | {statistics['novelty']:.4f} |" in table.read_text()


def test_a_wrong_reference_is_told_before_anything_is_sampled(
    molecule_prior: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = tmp_path / "held_out.smi"
    reference.write_text("C1CC\n")
    files = ("--prior", molecule_prior, "--reference", reference)
    assert run("benchmark", "molecule", "moses", *files, "--threads", 1) == 2
    assert "no valid molecule among the 1" in (said := capsys.readouterr().err)
    assert "sampling" not in said
    reference.write_text("CCO\n")
    train = tmp_path / "train.csv"
    for content in ("", "name,smiles\n", "name,smiles\nx,nothing here\n"):
        train.write_text(content)
        assert run("benchmark", "molecule", "moses", *files, "--train", train, "--threads", 1) == 2
        said = " ".join(capsys.readouterr().err.split())
        assert f"no valid molecule among the {content.count('x,')} of" in said
        assert "sampling" not in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("melody", "pmo"), "melody: has no benchmark, expected molecule"),
        (("molecule", "pmoo"), "unknown benchmark 'pmoo': did you mean 'pmo'?"),
        (("molecule", "moses"), "moses needs --reference FILE"),
        (("molecule", "pmo", "--train", "a.smi"), "--train: pmo reads no molecules, expected it"),
        (("molecule", "moses", "--tasks", "qed"), "--tasks: moses tunes nothing"),
        (
            ("molecule", "pmo", "--tasks", "qed,qed"),
            "task 'qed' is given twice, expected each once",
        ),
        (("molecule", "pmo", "--tasks", "ged"), "unknown task 'ged' of pmo: did you mean 'qed'?"),
    ],
)
def test_mistakes(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert run("benchmark", *arguments) == 2
    assert message in capsys.readouterr().err
