"""Settings files that no person wrote, and those of the wrong shape."""

from __future__ import annotations

from pathlib import Path

import pytest

from sequence_tutor.config.presets import merged
from sequence_tutor.config.toml_files import LARGEST, read_toml
from sequence_tutor.domain import find_domain
from sequence_tutor.errors import SettingsError, UserError
from sequence_tutor.tuner.given import Given
from sequence_tutor.tuner.order import open_order
from sequence_tutor.tuner.settings_tables import read_reward, read_tables
from sequence_tutor.verbs.pretrain import pretrain


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a = " + "[" * 2000 + "]" * 2000, "more than 16 deep"),
        ("a = " + "{a = " * 2000 + "1" + "}" * 2000, "more than 16 deep"),
        ("[a" + ".b" * 2000 + "]\nx = 1", "more than 16 deep"),
        ("a = " + "9" * 5000, "not a TOML file"),
        ("a = '" + "x" * LARGEST + "'", "larger than 1,048,576 bytes"),
        ("a = \0", "not a TOML file"),
    ],
    ids=["lists", "tables", "dots", "digits", "bytes", "nul"],
)
def test_what_no_person_wrote_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UserError) as error:
        read_toml(path)
    assert str(error.value).startswith(f"{path}: {sentence}") or sentence in str(error.value)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[tune]]\nc = 2.0", "tune is [{'c': 2.0}], expected a table"),
        ("tune = 3", "tune is 3, expected a table"),
        ("[[tune.replay]]\nfresh = 1", "tune.replay is [{'fresh': 1}], expected a table"),
        ("reward = 3", "reward is 3, expected a table"),
        ("[reward]\nweights = 3", "reward: weights is 3, expected a table"),
        ("output = []", "output is [], expected a table"),
        ("stages = 3", "stages is 3, expected a list"),
        ("[stages]\nc = 1", "stages is {'c': 1}, expected a list"),
        ("algorithms = 3", "algorithms is 3, expected a table"),
        ("[algorithms]\ng = 3", "algorithms.g is 3, expected a table"),
        ("[algorithms.g]\ntune = 3", "algorithms.g.tune is 3, expected a table"),
        # also what the algorithm asked for does not read
        ("[algorithms.gg.tune]\nc = 1", "algorithms: unknown name 'gg': did you mean 'g'?"),
        ("[algorithms.g.tune]\ncc = 1", "algorithms.g.tune: unknown name 'cc': did you mean 'c'?"),
        ("[algorithms.g]\ntun = 1", "algorithms.g: unknown name 'tun': did you mean 'tune'?"),
        ("[tune]\nc = 1e308", "tune.c is 1e+308, expected at most 1e+12 in size"),
        ("[tune]\nc = 1e-320", "tune.c is 9.99989e-321, expected 0, or at least 1e-12 in size"),
        ("[reward.weights]\ntonic = -1e308", "reward.weights.tonic is -1e+308, expected at most"),
        ("[tune]\nsteps = " + "9" * 4000, "tune.steps is a number of about 4000 digits, expected"),
        ("[tune]\npaths = '" + "x" * 400 + "'", "tune.paths is 'xxx"),
    ],
)
def test_another_shape_than_that_of_settings_is_never_ignored(
    tmp_path: Path, text: str, sentence: str
) -> None:
    path = written(tmp_path, text)
    overrides = {"tune": {"steps": 1}, "output": {}}  # what a command gives wins over the file
    with pytest.raises(UserError) as error:
        _ = open_order("melody", "default", path, overrides, Given()).spec
    assert str(error.value).startswith(f"{path}: {sentence}")
    assert len(str(error.value)) < len(str(path)) + 250


@pytest.mark.parametrize("text", ["tune = 3", "[tune]\nstepz = 3", "[[output]]\nkey = 'D'"])
def test_verbs_that_take_one_table_look_at_the_others_too(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match=r"expected a table|unknown name 'stepz'"):
        read_tables(written(tmp_path, text))


@pytest.mark.parametrize(
    "text", ["train = 3", "[[train]]\nsteps = 3", "data = 3", "[train]\nstepz = 3"]
)
def test_pretrain_looks_at_the_shape_before_the_command_wins(tmp_path: Path, text: str) -> None:
    overrides = {"train": {"steps": 1}, "data": {}}
    with pytest.raises(UserError, match=r"expected a table|unknown name 'stepz'"):
        pretrain(
            "melody",
            tmp_path,
            tmp_path / "out",
            config=written(tmp_path, text),
            overrides=overrides,
        )
    assert not (tmp_path / "out").exists()


def test_a_table_and_something_else_do_not_merge() -> None:
    for below, above in (({"a": {"b": 3}}, {"a": {"b": {}}}), ({"a": {"b": {}}}, {"a": {"b": 3}})):
        with pytest.raises(SettingsError, match=r"a\.b is 3, expected a table"):
            merged(below, above)
    assert merged({"a": None}, {"a": {"b": 1}}) == {"a": {"b": 1}}


def test_a_kind_that_is_called_as_a_name_is_no_part_of_the_place(tmp_path: Path) -> None:
    pytest.importorskip("rdkit")
    path = written(
        tmp_path,
        '[reward.terms.x]\nkind = "descriptor"\ndescriptor = "TPSA"\nweight = 1\n'
        'transform = {kind = "sigmoid", low = 90, high = 10}\n',
    )
    with pytest.raises(UserError, match=r"terms\.x\.transform: low is 90, expected less than"):
        read_reward(find_domain("molecule"), "default", path)
