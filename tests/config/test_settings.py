from __future__ import annotations

import pytest
from pydantic import ValidationError

from sequence_tutor.config.settings import Settings, first_difference, nearest


class Window(Settings):
    steps: int = 8


def test_an_unknown_name_is_answered_by_the_nearest() -> None:
    assert nearest("tonik", ["key", "tonic"]) == "did you mean 'tonic'?"
    assert nearest("zzz", ["key", "tonic"]) == "expected one of key, tonic"


def test_the_beginning_of_a_name_is_near() -> None:
    names = ["qed", "celecoxib_rediscovery", "isomers_c9"]
    assert nearest("celecoxb", names) == "did you mean 'celecoxib_rediscovery'?"
    assert nearest("iso", names) == f"expected one of {', '.join(names)}"


def test_settings_answer_an_unknown_name_by_the_nearest() -> None:
    with pytest.raises(ValidationError, match="unknown name 'step': did you mean 'steps'"):
        Window.model_validate({"step": 4})


def test_settings_are_frozen_and_hashable() -> None:
    assert hash(Window(steps=4)) == hash(Window.model_validate({"steps": 4}))
    with pytest.raises(ValidationError, match="frozen"):
        Window().steps = 3  # type: ignore[misc] # the point of the test


def test_the_first_difference_is_named() -> None:
    begun = {"weights": {"qed": 1.0, "logp": 2.0}, "cache": 5}
    assert first_difference("reward", begun, begun | {"cache": 5}) is None
    asked = {"weights": {"qed": 1.0, "sa": 2.0}, "cache": 6}
    assert first_difference("reward", begun, asked) == "reward.weights.logp 2.0, not None"
    assert first_difference("length", 32, 16) == "length 32, not 16"


@pytest.mark.parametrize(
    ("name", "nearby"),
    [
        ("B♭", "Bb"),
        ("c♯", "C#"),
        ("bb", "Bb"),
        ("TONIC", "tonic"),
        ("rl_only", "rl-only"),
        ("rl–only", "rl-only"),  # noqa: RUF001
        ("Ｃ", "C"),  # noqa: RUF001
    ],
)
def test_what_is_only_spelt_differently_is_the_nearest(name: str, nearby: str) -> None:
    names = ["C", "C#", "B", "Bb", "tonic", "rl-only"]
    assert nearest(name, names) == f"did you mean {nearby!r}?"


def test_the_known_names_are_listed_in_their_order() -> None:
    assert nearest("xyz" * 10_000, ["psi", "g", "q"]) == "expected one of psi, g, q"
