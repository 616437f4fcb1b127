"""The base of everything a user may set: ranges checked at once, a wrong name answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, model_validator


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of an error sentence about an unknown name.

    ``nearest("tonik", ["key", "tonic"])`` gives ``"did you mean 'tonic'?"``; where nothing is
    near, all the known names are listed.
    """
    names = list(known)
    close = get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(names)}"


class Settings(BaseModel):
    """A frozen, hashable set of named values that maps one-to-one to a TOML table."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, given: Any) -> Any:  # whatever a user's file holds
        if isinstance(given, dict):
            for name in given:
                if name not in cls.model_fields:
                    raise ValueError(f"unknown name {name!r}: {nearest(name, cls.model_fields)}")
        return given


def first_difference(name: str, there: object, here: object) -> str | None:
    """The first value by its dotted name that differs, such as `tune.steps 20, not 25`.

    Args:
        name: of both.
        there: what was: a value, settings or tables of them.
        here: what is asked for.

    Returns:
        None where all is the same.
    """
    if isinstance(there, Settings) and isinstance(here, Settings):
        there, here = there.model_dump(), here.model_dump()
    if isinstance(there, Mapping) and isinstance(here, Mapping):
        found = (
            first_difference(f"{name}.{key}", there.get(key), here.get(key))
            for key in {**there, **here}
        )
        return next(filter(None, found), None)
    return None if there == here else f"{name} {there!r}, not {here!r}"


AnySettings = TypeVar("AnySettings", bound=Settings)


def of_kind(kind: type[AnySettings], settings: Settings) -> AnySettings:
    """Settings that must be of one kind, such as those that a domain gave itself."""
    if not isinstance(settings, kind):
        raise TypeError(f"expected {kind.__name__}, got {type(settings).__name__}")
    return settings
