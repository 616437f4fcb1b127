"""A domain in a package of its own is the equal of ours, with what is promised and no more."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

import sequence_tutor
from sequence_tutor import check_domain, domain, find_domain, load_model, pretrain, sample, tune
from sequence_tutor.cli import main
from sequence_tutor.config.presets import preset_names, read_preset

DNA = Path(__file__).parents[2] / "docs" / "examples" / "dna" / "dna"
TRAIN = {
    "steps": 2,
    "batch": 4,
    "evaluate_every": 2,
    "probe_samples": 0,
    "network": {"width": 8},
    "final_samples": 0,
}
TUNE = {
    "steps": 2,
    "batch": 8,
    "collect": 8,
    "evaluate_samples": 64,
    "evaluate_every": 1,
    "replay": {"capacity": 64},
}


@pytest.fixture
def run(dna: Path) -> Path:
    """The folder of a tuning of strands."""
    pretrain("dna", "strands.txt", "prior", overrides={"train": TRAIN}, threads=1, quiet=True)
    tune("dna", "run", prior="prior", overrides={"tune": TUNE}, threads=1, quiet=True)
    return dna / "run"


def called(*arguments: str | Path) -> None:
    assert main([*map(str, arguments), "--quiet"]) == 0


def test_it_imports_only_what_is_promised() -> None:
    promised = {
        "sequence_tutor": set(sequence_tutor.__all__),
        "sequence_tutor.domain": set(domain.__all__),
    }
    imported: dict[str, set[str]] = {}
    for file in DNA.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.Import) and "sequence_tutor" in ast.dump(node))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sequence_tut"):
                names = imported.setdefault(node.module or "", set())
                names |= {one.name for one in node.names}
    assert imported.keys() == {"sequence_tutor.domain"}
    for place, names in imported.items():
        assert names <= promised[place]


@pytest.mark.usefixtures("dna")
def test_it_keeps_its_promises_and_brings_its_presets() -> None:
    check_domain(find_domain("dna"))
    assert preset_names("tune", "dna") == ["default"]
    assert read_preset("tune", "dna", "compare") == {"tune": {"steps": 500, "c": 0.5}}
    assert read_preset("pretrain", "dna", "default") == {}


def test_a_report_shows_its_picture(run: Path) -> None:
    called("report", run, "--out", "page.html", "--samples", "64", "--threads", "1")
    text = Path("page.html").read_text(encoding="utf-8")
    assert "Strands, before and after tuning" in text
    assert "64 strands of each of prior and run were sampled" in text
    for name in ("prior", "run"):
        assert f'aria-label="Strands of {name}"' in text
    assert '<rect x="0" y="0" width="9" height="9" fill="' in text
    assert "gc share %" in text


def test_a_notebook_shows_its_picture(run: Path) -> None:
    samples = sample(load_model(run), 4, quiet=True)
    shown = samples._repr_html_()
    assert "4 strands of run" in shown
    assert "Strands of run" in shown


@pytest.mark.long
def test_methods_are_compared_and_models_evaluated(run: Path) -> None:
    small = ["--samples", "64", "--threads", "1"]
    sweep = ["--prior", "prior", "--methods", "psi", "--budget", "64", "--seeds", "1"]
    called("compare", "dna", *sweep, *small, "--out", "compared", "--json", "compared.json")
    assert json.loads(Path("compared.json").read_text())
    assert any(Path("compared").rglob("*.png"))
    called("evaluate", "prior", run, *small, "--particles", "0", "--json", "table.json")
    statistics = json.loads(Path("table.json").read_text())["models"][1]["statistics"]
    assert {"length", "gc_share", "reward_gc"} <= statistics.keys()


def test_it_is_checked_with_its_prior_and_reward(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "dna", "--prior", "prior"]) == 0
    assert "keep their promises" in capsys.readouterr().out
    assert run.is_dir()
