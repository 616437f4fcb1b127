"""The HTML page: templates, and a policy that allows no connection."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from sequence_tutor.drawing.fragments import content_policy, environment, style_with_palette
from sequence_tutor.errors import UserError
from sequence_tutor.reporting.account import listed
from sequence_tutor.reporting.instrument import SCRIPTS as INSTRUMENT
from sequence_tutor.reporting.part import DomainPart

MOST_BYTES = 20_000_000
"""Larger pages are slow to open and too large to send."""


def render(parts: Sequence[DomainPart]) -> str:
    """The whole page of a report, from one part for each domain.

    Raises:
        UserError: the page would be too large.
    """
    instrument = INSTRUMENT if any(part.instrument for part in parts) else ()
    page = fill("page.html", ["gallery.js", "browse.js", *instrument], parts=parts)
    size = len(page.encode(errors="backslashreplace"))
    if size > MOST_BYTES:
        raise UserError(
            f"the page would have {size / 1e6:.0f} MB, expected "
            f"{MOST_BYTES / 1e6:.0f} at most; report on fewer runs at a time"
        )
    return page


def fill(template: str, more_scripts: Sequence[str] = (), **values: object) -> str:
    """A self-contained page from a template that extends `base.html`.

    Its content security policy allows its own scripts and style, by their hashes, sounds and
    pictures inside the page, and no connection. All values are escaped by the templates.

    Args:
        template: its file name.
        more_scripts: file names of those that run after `report.js`.
        values: of the template.
    """
    style = style_with_palette(_read("report.css"))
    scripts = [_read(name) for name in ("report.js", *more_scripts)]
    policy = content_policy(scripts, style)
    pages = environment("sequence_tutor.reporting")
    pages.filters["listed"] = listed
    return pages.get_template(template).render(values, style=style, scripts=scripts, policy=policy)


def _read(name: str) -> str:
    folder = files("sequence_tutor.reporting") / "templates"
    return (folder / name).read_text(encoding="utf-8")
