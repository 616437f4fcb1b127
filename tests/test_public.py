"""What users may rely on: every public name with its signature, as recorded beside this file.

A change that is meant is recorded by `python tests/test_public.py`; the difference of
`public.txt` then shows what users have to know.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from dataclasses import is_dataclass
from pathlib import Path

import sequence_tutor

RECORDED = Path(__file__).parent / "public.txt"


def signature(name: str, what: object) -> str:
    """One line: annotations without quotes, functions that are defaults without addresses."""
    if getattr(what, "_is_protocol", False):
        return f"{name}: protocol"
    try:
        said = str(inspect.signature(what))  # type: ignore[arg-type]  # what has none raises
    except (TypeError, ValueError):
        return f"{name}: {type(what).__name__}"
    said = re.sub(r"(: |-> )'([^']*)'", r"\1\2", said)
    return re.sub(r" at 0x[0-9a-f]+", "", f"{name}{said}")


def members(name: str, kind: type) -> list[str]:
    """What a class lets its users call and see; what stands in its signature is left out."""
    fields = {field.name for field in dataclasses.fields(kind)} if is_dataclass(kind) else set()
    lines = {}
    for above in reversed(kind.__mro__):
        if not above.__module__.startswith("sequence_tutor"):
            continue
        for attribute, said in inspect.get_annotations(above).items():
            lines[attribute] = f"{name}.{attribute}: {said}"
        for attribute, what in vars(above).items():
            inner = what.__func__ if isinstance(what, classmethod | staticmethod) else what
            if inspect.isfunction(inner):
                lines[attribute] = signature(f"{name}.{attribute}", inner)
            elif isinstance(inner, property):
                lines[attribute] = f"{name}.{attribute}: property"
    return [
        line
        for attribute, line in sorted(lines.items())
        if not attribute.startswith("_") and attribute not in fields
    ]


def surface() -> list[str]:
    """Every name of `__all__`, and what a class has."""
    lines = []
    for name in sorted(sequence_tutor.__all__):
        what = getattr(sequence_tutor, name)
        lines.append(signature(name, what))
        if inspect.isclass(what):
            lines += members(name, what)
    return lines


def test_the_public_surface_is_the_recorded_one() -> None:
    recorded = RECORDED.read_text(encoding="utf-8").splitlines()
    assert surface() == recorded, "record a change that is meant: python tests/test_public.py"


if __name__ == "__main__":
    RECORDED.write_text("".join(f"{line}\n" for line in surface()), encoding="utf-8")
