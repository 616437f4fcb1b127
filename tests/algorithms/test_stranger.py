"""An algorithm of somebody else's package trains, is compared, reported, evaluated and verified."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from sequence_tutor import compare, evaluate, load_model, report, tune, verify
from sequence_tutor.algorithms import algorithm_names, find_algorithm
from sequence_tutor.config.presets import build
from sequence_tutor.config.toml_files import read_toml
from sequence_tutor.errors import UserError
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.verbs.results import COLUMNS, columns

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "contrast"
SHORT = {"batch": 16, "collect": 16, "evaluate_every": 8, "evaluate_samples": 32}


def offer(site: Path, name: str, points: dict[str, str]) -> None:
    """What `pip install` leaves of a package that offers algorithms."""
    folder = site / f"{name}-0.1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    lines = [f"{one} = {value}\n" for one, value in points.items()]
    (folder / "entry_points.txt").write_text(f"[sequence_tutor.algorithms]\n{''.join(lines)}")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "site"
    project = read_toml(EXAMPLE / "pyproject.toml")["project"]
    offer(folder, "sequence_tutor_contrast", project["entry-points"]["sequence_tutor.algorithms"])
    shutil.copy(EXAMPLE / "contrast.py", folder)
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    sys.modules.pop("contrast", None)


@pytest.mark.usefixtures("site")
def test_the_example_by_hand() -> None:
    from contrast import contrast  # type: ignore[import-not-found]

    reward = torch.tensor([[1.0, 2.0], [4.0, torch.nan], [0.0, 0.0]])
    log_prior = torch.full((3, 2), -1.0)
    log_policy = torch.tensor([[-2.0, -1.0], [-1.0, 0.0], [-1.0, -3.0]])
    # surpluses: (1 - 1 + 2) + (2 - 1 + 1) = 4; 4 - 1 + 1 = 4; 0 + (-1 + 3) = 2
    missed = contrast(reward, log_prior, log_policy, reward.isfinite())
    assert missed.tolist() == [2.0, 0.0, -2.0]


@pytest.mark.usefixtures("site")
def test_it_trains_and_its_run_is_loaded_and_goes_on(tmp_path: Path) -> None:
    overrides = {"tune": {**SHORT, "steps": 8, "algorithm": "contrast"}}
    tune("toy", tmp_path / "run", overrides=overrides, threads=1, quiet=True)
    model = load_model(tmp_path / "run")
    assert model.tune is not None
    assert model.tune.algorithm == "contrast"
    (column,) = evaluate([model], samples=64).columns
    assert column.statistics["kl_to_prior_per_token"].value > 0
    tune("toy", tmp_path / "run", overrides=overrides, threads=1, quiet=True)
    page = report(tmp_path / "run", tmp_path / "page.html", samples=64, quiet=True)
    assert "contrast" in page.read_text(encoding="utf-8")


@pytest.mark.usefixtures("site", "few_particles")
def test_it_is_a_method_beside_ours(tmp_path: Path) -> None:
    compared = compare(
        "toy",
        tmp_path / "compared",
        ["contrast", "psi"],
        budget=64,
        seeds=1,
        samples=64,
        threads=1,
        quiet=True,
        overrides={"tune": SHORT},
    )
    assert [run.name for run in compared.runs] == ["contrast", "psi"]
    assert "| contrast |" in (tmp_path / "compared" / "table.md").read_text(encoding="utf-8")


@pytest.mark.long
@pytest.mark.usefixtures("site")
def test_it_comes_to_its_optimum() -> None:
    (found,) = verify(names=["contrast"], threads=1, quiet=True)["algorithms"]
    assert found["kl_to_optimum"] < 0.1
    assert found["value_error"] is None


@pytest.mark.usefixtures("site")
def test_what_it_does_not_read_is_refused() -> None:
    with pytest.raises(UserError, match="paths is 'first' but plays no part: contrast"):
        build(TuneSettings, {"algorithm": "contrast", "paths": "first"}, "settings")
    assert not build(TuneSettings, {"algorithm": "contrast"}, "settings").learns_soft_values


def test_a_run_of_an_algorithm_that_is_not_installed_says_so() -> None:
    assert "contrast" not in algorithm_names()
    with pytest.raises(UserError, match="settings: algorithm is 'contrast': expected one of psi"):
        build(TuneSettings, {"algorithm": "contrast"}, "settings")
    with pytest.raises(UserError, match="did you mean 'actor-critic'"):
        find_algorithm("actor_critic")


def test_a_broken_promise_is_one_sentence(site: Path) -> None:
    offer(site, "broken", {"mine": "contrast:Contrast", "yours": "json:loads", "psi": "json:loads"})
    for name in ("mine", "yours"):
        with pytest.raises(UserError, match=f"algorithm is '{name}': .* expected a class that"):
            find_algorithm(name)
    assert find_algorithm("psi").name == "psi"  # ours are not replaced


@pytest.mark.usefixtures("site")
def test_it_is_a_column_of_the_tables() -> None:
    assert columns()["contrast"] == ("weights", "contrast")
    assert list(columns())[:-1] == list(COLUMNS)
