"""Every shipped settings file is run as it is, but for fewer updates and samples."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from sequence_tutor.config.presets import preset_names, read_preset
from sequence_tutor.config.toml_files import read_toml
from sequence_tutor.melody.midi import write_midi
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.verbs import verify as verify_module
from sequence_tutor.verbs.benchmark import benchmark
from sequence_tutor.verbs.pretrain import pretrain
from sequence_tutor.verbs.tune import tune
from sequence_tutor.verbs.verify import form_tables, verify

DOMAINS = ("melody", "molecule", "text", "toy")
RECIPES = Path(__file__).parents[2] / "recipes"
FEW = {"steps": 2, "evaluate_every": 1, "evaluate_samples": 8}
QUICK: dict[str, Any] = {"threads": 1, "quiet": True}


def shipped(verb: str) -> list[Any]:
    """Domains with their presets; those beside `default` are long."""
    return [
        pytest.param(domain, name, marks=[] if name == "default" else pytest.mark.long)
        for domain in DOMAINS
        for name in preset_names(verb, domain)
    ]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Something to learn from in every domain."""
    folder, numbers = tmp_path_factory.mktemp("data"), random.Random(0)
    tunes = folder / "tunes"
    tunes.mkdir()
    for number in range(60):
        notes = [numbers.randrange(2, 38) for _ in range(32)]
        write_midi(tunes / f"{number}.mid", [token for note in notes for token in (note, 1, 1, 1)])
    molecules = ["C" * n + end for n in range(1, 30) for end in ("O", "N", "Cl", "c1ccccc1")]
    lines = ["".join(numbers.choices("abc", k=6)) for _ in range(300)]
    sequences = [[numbers.randrange(4) for _ in range(6)] for _ in range(300)]
    for name, rows in (
        ("molecule.smi", molecules),
        ("text.txt", lines),
        ("toy.jsonl", [f'{{"tokens": {row}}}' for row in sequences]),
    ):
        (folder / name).write_text("".join(f"{row}\n" for row in rows))
    files = {name.partition(".")[0]: folder / name for name in ("molecule.smi", "text.txt")}
    return {**files, "toy": folder / "toy.jsonl", "melody": tunes}


@pytest.fixture(scope="module")
def priors(
    data: dict[str, Path],
    melody_prior: Path,
    molecule_prior: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Path | None]:
    out = tmp_path_factory.mktemp("priors") / "text"
    pretrain("text", [data["text"]], out, overrides={"train": {"steps": 2}}, **QUICK)
    return {"melody": melody_prior, "molecule": molecule_prior, "text": out, "toy": None}


def trained(data: dict[str, Path], domain: str, out: Path, **given: object) -> StoredPrior:
    few = {"steps": 2, "evaluate_every": 1, "probe_samples": 4, "final_samples": 8}
    return pretrain(
        domain,
        [data[domain]],
        out,
        overrides={"train": few, "data": {"validation": 0.2, "test": 0.2}},
        **QUICK,
        **given,  # type: ignore[arg-type]  # a preset's name or a file
    )


@pytest.mark.parametrize(("domain", "preset"), shipped("pretrain"))
def test_pretrain(domain: str, preset: str, data: dict[str, Path], tmp_path: Path) -> None:
    stored = trained(data, domain, tmp_path / "prior", preset=preset)
    assert stored.card["quality"]["best_step"] >= 1


@pytest.mark.parametrize("recipe", sorted(RECIPES.glob("*_prior.toml")), ids=lambda path: path.stem)
def test_recipes(recipe: Path, data: dict[str, Path], tmp_path: Path) -> None:
    domain = recipe.stem.removesuffix("_prior")
    stored = trained(data, domain, tmp_path / "prior", config=recipe)
    assert stored.card["corpora"] == read_toml(recipe)["card"]["corpora"]


@pytest.mark.parametrize(("domain", "preset"), shipped("tune"))
def test_tune(domain: str, preset: str, priors: dict[str, Path | None], tmp_path: Path) -> None:
    reward = {"workers": 0} if domain == "molecule" else {}
    prior = priors[domain]
    if "real" in read_preset("tune", domain, preset).get("aims", {}).values():
        prior = None  # the preset's own, whose card says what real sequences have
    tune(
        domain,
        tmp_path / "run",
        prior=str(prior) if prior else None,
        preset=preset,
        overrides={"tune": FEW, "reward": reward},
        **QUICK,
    )
    assert read_log(tmp_path / "run" / "training.jsonl")[-1]["step"] == 2


@pytest.mark.parametrize("preset", preset_names("benchmark", "molecule"))
def test_benchmark(preset: str, molecule_prior: Path, tmp_path: Path) -> None:
    found = benchmark(
        "pmo",
        tmp_path,
        tasks=["qed"],
        seeds=1,
        calls=100,
        prior=molecule_prior,
        preset=preset,
        overrides={"tune": {"steps": 2}},
        **QUICK,
    )
    calls = found.runs[0]["calls"]
    assert calls <= 100
    assert (calls > 0) == (preset != "fenced")  # the molecules of this prior are all too light


@pytest.mark.long
def test_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    forms = read_preset("verify", "toy", "default")["forms"]
    monkeypatch.setattr(verify_module, "form_tables", lambda name: {**form_tables(name), **FEW})
    found = verify(**QUICK)["algorithms"]
    assert [one["name"] for one in found] == list(forms)
    assert all(one["kl_to_optimum"] > 0 for one in found)
