"""Pieces of pages from the templates of a package, and files that a page carries in itself."""

from __future__ import annotations

import base64

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

STYLES = 7
"""Colours that there are; then they come again with another pattern of dashes."""


def fragment(package: str, template: str, **values: object) -> str:
    """A template filled in; whatever it is given is escaped.

    Args:
        package: name of the package whose folder `templates` it is in.
        template: its name; it may import `chart` and `swatch` from `charts.html`.
        values: what it is to show.
    """
    return environment(package).get_template(template).render(values)


def environment(package: str) -> Environment:
    """What reads the templates of a package, and `charts.html`."""
    loaders = [PackageLoader(name) for name in (package, "sequence_tutor.drawing")]
    found = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters["look"] = look
    return found


def look(style: int) -> str:
    """The classes of a line of that place in the list of models."""
    again, colour = divmod(style, STYLES)
    return f"s{colour} d{again % 4}"


def data_uri(content: bytes, kind: str) -> str:
    """The address of a file that is in the page itself.

    Args:
        content: of the file.
        kind: its media type.
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
