"""The directive `settings`: the settings of a table of a settings file, as the program knows them.

In a page::

    ```{settings} tuner.settings TuneSettings
    ```

The arguments are a module of the package and a class of settings in it. Tables within the table are
left out; they have a place of their own on the page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Literal, get_args, get_origin

from docutils import nodes
from pydantic.fields import FieldInfo
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from sequence_tutor.config.settings import Settings


def find_settings(module: str, name: str) -> type[Settings]:
    """A class of settings.

    Raises:
        ValueError: there is none of that name.
    """
    try:
        found = getattr(import_module(f"sequence_tutor.{module}"), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(str(error)) from error
    if not (isinstance(found, type) and issubclass(found, Settings)):
        raise ValueError(f"{name} of {module} is no class of settings")
    return found


def rows(settings: type[Settings]) -> list[tuple[str, str, str]]:
    """(name, usual value, meaning) of each setting that is no table itself."""
    return [
        (name, _usual(field), _meaning(field))
        for name, field in settings.model_fields.items()
        if not any(is_table(part) for part in parts(field.annotation))
    ]


def parts(kind: Any) -> Iterator[Any]:  # what annotations are made of has no common type
    """A type and, of a union or a container, those that it is made of."""
    yield kind
    if get_origin(kind) is not Literal:
        for part in get_args(kind):
            yield from parts(part)


def is_table(kind: Any) -> bool:
    """Whether a type is a table of settings."""
    return isinstance(kind, type) and issubclass(kind, Settings)


def _usual(field: FieldInfo) -> str:
    """The default, written as in TOML."""
    if field.is_required():
        return "has to be given"
    value = field.get_default(call_default_factory=True)
    return "none" if value is None or value in ((), {}) else f"`{_in_toml(value)}`"


def _in_toml(value: object) -> str:
    if isinstance(value, bool | str):
        return json.dumps(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(_in_toml, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _meaning(field: FieldInfo) -> str:
    """The description, and the words to choose from where nothing else may be given."""
    text = "".join(f"\\{sign}" if sign in "*_[]<>|" else sign for sign in field.description or "")
    kinds = [part for part in parts(field.annotation) if part is not type(None)]
    words = [word for part in kinds if get_origin(part) is Literal for word in get_args(part)]
    if len(words) < 2 or any(part in (int, float, str) for part in kinds):
        return text
    return f"{text}; one of {', '.join(f'`{_in_toml(word)}`' for word in words)}"


class SettingsTable(SphinxDirective):
    """A table with a row for each setting."""

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        """The table."""
        try:
            found = rows(find_settings(*self.arguments))
        except ValueError as error:
            raise self.error(str(error)) from error
        lines = ["| setting | default | meaning |", "|---|---|---|"]
        lines += [f"| `{name}` | {usual} | {meaning} |" for name, usual, meaning in found]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directive known."""
    app.add_directive("settings", SettingsTable)
    return {"parallel_read_safe": True}
