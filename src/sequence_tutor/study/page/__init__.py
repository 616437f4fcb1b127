"""The page that listeners see: served in parts, or exported as one file."""

from __future__ import annotations

import base64
import html
import json
from importlib.resources import files
from pathlib import Path
from string import Template

from sequence_tutor.drawing.fragments import content_policy
from sequence_tutor.study.design import Study, schedule
from sequence_tutor.study.folder import clip_path

ORDERS = 64
"""Schedules that the page alone chooses from by chance."""


def page_parts(study: Study) -> dict[str, tuple[str, str]]:
    """The parts that the service serves: path -> content and media type."""
    scripts = "".join(f'<script src="/{name}"></script>\n' for name in ("served.js", "page.js"))
    page = _page(study, '<link rel="stylesheet" href="/page.css">', scripts)
    return {
        "/": (page, "text/html"),
        "/page.css": (_read("page.css"), "text/css"),
        "/page.js": (_read("page.js"), "text/javascript"),
        "/served.js": (_read("served.js"), "text/javascript"),
    }


def page_alone(folder: Path, study: Study) -> str:
    """The study as one HTML file that needs no server and saves the answers as a file.

    It does not say which model wrote which clip. Its policy allows only its own scripts and no
    network access.
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
