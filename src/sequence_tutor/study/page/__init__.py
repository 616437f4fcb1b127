"""The page that listeners see: from a service in parts, or alone in one file."""

from __future__ import annotations

import base64
import html
import json
from importlib.resources import files
from pathlib import Path
from string import Template

from sequence_tutor.drawing.content_policy import content_policy
from sequence_tutor.study.design import Study
from sequence_tutor.study.folder import clip_path
from sequence_tutor.study.schedule import schedule

ORDERS = 64
"""Schedules that the page alone chooses from by chance."""


def page_parts(study: Study) -> dict[str, tuple[str, str]]:
    """What the service shows: path -> content and its kind."""
    scripts = "".join(f'<script src="/{name}"></script>\n' for name in ("served.js", "page.js"))
    page = _page(study, '<link rel="stylesheet" href="/page.css">', scripts)
    return {
        "/": (page, "text/html"),
        "/page.css": (_read("page.css"), "text/css"),
        "/page.js": (_read("page.js"), "text/javascript"),
        "/served.js": (_read("served.js"), "text/javascript"),
    }


def page_alone(folder: Path, study: Study) -> str:
    """The study as one HTML file that needs nothing else and saves answers as a file.

    Nothing in it says which model made which clip. Its policy lets only its own scripts run and
    lets them reach no network.
    """
    style, scripts = _read("page.css"), [_read("alone.js"), _read("page.js")]
    data = {
        "study": study.digest,
        "orders": [
            [pair.model_dump() for pair in schedule(study, listener)] for listener in range(ORDERS)
        ],
        "clips": {
            name: base64.b64encode(clip_path(folder, name).read_bytes()).decode()
            for name in study.clips
        },
    }
    policy = (
        f'<meta http-equiv="Content-Security-Policy" content="{content_policy(scripts, style)}">'
    )
    head = f"{policy}\n<style>{style}</style>"
    embedded = json.dumps(data).replace("<", "\\u003c")  # nothing in it can end the element
    foot = f'<script id="study" type="application/json">{embedded}</script>\n'
    return _page(study, head, foot + "".join(f"<script>{script}</script>\n" for script in scripts))


def _page(study: Study, head: str, foot: str) -> str:
    texts = {name: html.escape(text) for name, text in study.texts.model_dump().items()}
    return Template(_read("page.html")).substitute(texts, head=head, foot=foot)


def _read(name: str) -> str:
    return (files("sequence_tutor") / "study" / "page" / name).read_text(encoding="utf-8")
