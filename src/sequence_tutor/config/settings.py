"""The base of everything a user may set: ranges checked at once, a wrong name answered."""

from __future__ import annotations

from collections.abc import Iterable
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


AnySettings = TypeVar("AnySettings", bound=Settings)


def of_kind(kind: type[AnySettings], settings: Settings) -> AnySettings:
    """Settings that must be of one kind, such as those that a domain gave itself."""
    if not isinstance(settings, kind):
        raise TypeError(f"expected {kind.__name__}, got {type(settings).__name__}")
    return settings
