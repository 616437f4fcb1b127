"""Nested tables, such as settings, as one flat table."""

from __future__ import annotations

from collections.abc import Mapping


def flattened(table: Mapping[str, object], between: str = ".") -> dict[str, object]:
    """`{"tune": {"c": 2}}` as `{"tune.c": 2}`, in order; empty tables disappear."""
    flat: dict[str, object] = {}
    for name, value in table.items():
        if isinstance(value, Mapping):
            own = flattened(value, between).items()
            flat |= {f"{name}{between}{inner}": entry for inner, entry in own}
        else:
            flat[name] = value
    return flat
