"""Templates of pages, embedded files, and the content security policy of a page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

STYLES = 7
"""Number of colours; further lines repeat them with another dash pattern."""


def fragment(package: str, template: str, **values: object) -> str:
    """A template of a package's folder `templates`, filled in; all values are escaped.

    It may import `chart` and `swatch` from `charts.html`.
    """
    return environment(package).get_template(template).render(values)


def environment(package: str) -> Environment:
    """The Jinja environment for the templates of a package, with `charts.html`."""
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
    """The CSS classes of the line of a model, by its place in the list of models."""
    again, colour = divmod(style, STYLES)
    return f"s{colour} d{again % 4}"


def style_with_palette(style: str) -> str:
    """A style that uses the colours of all pages, with these colours, light and dark, before it."""
    palette = files("sequence_tutor.drawing") / "styles" / "palette.css"
    return palette.read_text(encoding="utf-8") + style


def data_uri(content: bytes, kind: str) -> str:
    """A data URI with the content of a file; `kind` is its media type."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def content_policy(scripts: Sequence[str], style: str) -> str:
    """A content security policy that allows these scripts and this style, by their hashes.

    Sounds and pictures must be in the page itself, and no connection is allowed.
    """
    return (
        f"default-src 'none'; script-src {' '.join(map(_source, scripts))}; "
        f"style-src {_source(style)}; media-src data:; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
