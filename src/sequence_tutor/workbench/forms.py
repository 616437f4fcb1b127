"""The named methods that are compared: forms of the tuner's algorithms, and baselines."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from sequence_tutor.algorithms.registry import algorithm_names
from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError


def read_forms() -> Mapping[str, Mapping[str, Any]]:
    """Method -> its tables, `tune` or `baseline`; each algorithm as it is, then other forms."""
    path = files("sequence_tutor") / "config" / "presets" / "forms.toml"
    plain = {name: {"tune": {"algorithm": name}} for name in algorithm_names()}
    return plain | tomllib.loads(path.read_text(encoding="utf-8"))


def chosen_forms(names: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """The tables of some methods, in the order asked for.

    Raises:
        UserError: no name, an unknown one, or one given twice.
    """
    forms = read_forms()
    if not names:
        raise UserError("no method was given, expected at least one")
    for name in names:
        if name not in forms:
            raise UserError(f"unknown method {name!r}: {nearest(name, forms)}")
        if names.count(name) > 1:
            raise UserError(f"method {name!r} is given twice, expected each once")
    return {name: forms[name] for name in names}
