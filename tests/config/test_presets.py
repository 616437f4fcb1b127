from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sequence_tutor.algorithms.registry import SHIPPED, find_algorithm
from sequence_tutor.config.presets import build, merged, preset_names, read_preset
from sequence_tutor.config.toml_files import read_toml
from sequence_tutor.domain import find_domain
from sequence_tutor.errors import UserError
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.tuner.given import Given, open_prior
from sequence_tutor.tuner.idle_settings import ASKED
from sequence_tutor.tuner.order import Order
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.settings_tables import read_layers
from sequence_tutor.verbs.pretrain import PretrainTables
from sequence_tutor.verbs.verify import form_tables

DOMAINS = ("melody", "molecule", "text", "toy")
RECIPES = Path(__file__).parents[2] / "recipes"


def shipped(verb: str) -> list[tuple[str, str]]:
    return [(domain, name) for domain in DOMAINS for name in preset_names(verb, domain)]


@pytest.mark.parametrize(("domain", "preset"), shipped("tune"))
@pytest.mark.parametrize("algorithm", SHIPPED)
def test_every_tune_preset_holds_for_every_algorithm(
    domain: str, preset: str, algorithm: str
) -> None:
    layers = read_layers(domain, preset, None, {"tune": {"algorithm": algorithm}})
    order = Order(find_domain(domain), _prior(domain, layers.prior), layers, Given(domain))
    method = find_algorithm(algorithm)
    if layers.preset.get("aims") and (not method.takes_aims or method.takes_given):
        with pytest.raises(UserError, match=f"aims.*{algorithm}.*(holds|learns from data|former)"):
            _ = order.spec
        return
    assert order.spec.tune.algorithm == algorithm


@cache
def _prior(domain: str, name: str | None) -> StoredPrior:
    """The prior that a preset names, whose card may be read; else one of which nothing is asked."""
    return open_prior(domain if name else "toy", name, "cpu", trust=False)[1]


@pytest.mark.parametrize("form", read_preset("verify", "toy", "default")["forms"])
def test_every_form_that_is_verified_is_built(form: str) -> None:
    named = read_preset("verify", "toy", "default")["forms"][form]["algorithm"]
    assert build(TuneSettings, form_tables(form), form, {ASKED: ()}).algorithm == named


@pytest.mark.parametrize(("domain", "preset"), shipped("pretrain"))
def test_every_pretrain_preset_is_built(domain: str, preset: str) -> None:
    tables = build(PretrainTables, read_preset("pretrain", domain, preset), preset)
    build(find_domain(domain).data_settings, tables.data, preset)


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*_prior*.toml")), ids=lambda path: path.stem)
def test_every_recipe_of_a_prior_is_built(path: Path) -> None:
    tables = build(PretrainTables, read_toml(path), str(path))
    build(find_domain(path.stem.split("_")[0]).data_settings, tables.data, str(path))


def test_tables_win_over_the_ones_below_value_by_value() -> None:
    below = {"tune": {"c": 1.0, "replay": {"fresh": 0.5}}, "length": 32}
    above = {"tune": {"replay": {"by_return": 0.0}}, "length": 16}
    assert merged(below, above) == {
        "tune": {"c": 1.0, "replay": {"fresh": 0.5, "by_return": 0.0}},
        "length": 16,
    }


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({"c": -1}, "c is -1, expected a number greater than 0"),
        ({"c": "x"}, "c is 'x', expected a number"),
        ({"c": float("nan")}, "c is nan, expected a finite number"),
        ({"steps": 2.5}, "steps is 2.5, expected a whole number"),
        ({"n_steps": "some"}, "n_steps is 'some', expected a whole number or 'all'"),
        ({"double": "maybe"}, "double is 'maybe', expected true or false"),
        ({"paths": "half"}, "paths is 'half', expected 'every', 'whole', 'both' or 'first'"),
        ({"replay": 3}, "replay is 3, expected a table"),
        (
            {"replay": {"fresh": 2}},
            "replay.fresh is 2, expected a number less than or equal to 1",
        ),
        ({"replay": {"frsh": 2}}, "replay: unknown name 'frsh': did you mean 'fresh'?"),
        ({"paths": "whole", "n_steps": 2}, "paths is 'whole' but n_steps is 2, expected n_steps"),
        ({"paths": "both", "n_steps": 1}, "paths is 'both' but n_steps is 1, expected 'all' or at"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(
    tables: dict[str, object], sentence: str
) -> None:
    with pytest.raises(UserError) as error:
        build(TuneSettings, tables, "mine.toml")
    assert str(error.value).startswith(f"mine.toml: {sentence}")


def test_a_wrong_value_is_named_with_its_table() -> None:
    where: dict[str, Any] = {"within": "tune", "beside": ("stages",)}
    for tables, sentence in (
        ({"c": -1}, "tune.c is -1, expected a number greater than 0"),
        ({"replay": {"capacity": "x"}}, "tune.replay.capacity is 'x', expected a whole number"),
        ({"algorithm": "psy"}, "tune: algorithm is 'psy': did you mean 'psi'?"),
        ({"stages": [{"c": -1}]}, "stages.0.c is -1, expected a number greater than 0"),
        ({"stages": 3}, "stages is 3, expected a list"),
    ):
        with pytest.raises(UserError) as error:
            build(TuneSettings, tables, "mine.toml", **where)
        assert str(error.value) == f"mine.toml: {sentence}"


def test_a_settings_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xef\xbb\xbf[tune]\nsteps = 3\n")  # as some editors write it
    assert read_toml(path) == {"tune": {"steps": 3}}


def test_nested_settings_of_a_prior_answer_a_wrong_name_too() -> None:
    with pytest.raises(UserError, match=r"train\.network: unknown name 'cel': did you mean 'cell'"):
        build(PretrainTables, {"train": {"network": {"cel": "gru"}}}, "mine.toml")


@pytest.mark.parametrize("name", ["default", "compare"])
def test_a_domain_from_elsewhere_begins_with_nothing(name: str) -> None:
    assert read_preset("tune", "elsewhere", name) == {}
    with pytest.raises(UserError, match="unknown preset 'paper' for tune elsewhere"):
        read_preset("tune", "elsewhere", "paper")


def test_without_a_problem_of_its_own_a_domain_compares_on_its_default() -> None:
    assert read_preset("tune", "molecule", "compare") == read_preset("tune", "molecule", "default")
    assert read_preset("tune", "melody", "compare") != read_preset("tune", "melody", "default")


def test_unknown_presets_are_answered_by_the_nearest() -> None:
    with pytest.raises(UserError, match="unknown preset 'papr' for tune melody: did you mean"):
        read_preset("tune", "melody", "papr")


def test_a_backslash_in_double_quotes_is_said_how_to_write(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('smiles = "F/C=C\\C"\n')
    with pytest.raises(UserError, match="a backslash stands in single quotes"):
        read_toml(path)
    path.write_text("smiles = 'F/C=C\\C'\n")
    assert read_toml(path) == {"smiles": "F/C=C\\C"}
