"""The page: its files, by name, as they stood when the service started."""

from __future__ import annotations

from importlib.resources import files

KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
"""Endings of files that are served, and their media types."""

FIRST = "index.html"

FOLDERS = ("studio/page", "drawing/styles")
"""Folders of the package with files of the page; the second has the colours of all pages."""


def page_files() -> dict[str, tuple[bytes, str]]:
    """Path of the service -> content and media type; `/` is the page itself."""
    found: dict[str, tuple[bytes, str]] = {}
    for folder in FOLDERS:
        for entry in files("sequence_tutor").joinpath(folder).iterdir():
            ending = entry.name[entry.name.rfind(".") :]
            if ending in KINDS and entry.is_file():
                found[f"/page/{entry.name}"] = (entry.read_bytes(), KINDS[ending])
    found["/"] = found[f"/page/{FIRST}"]
    return found
