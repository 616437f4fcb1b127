"""The page of the studio, in the parts that the service serves."""

from __future__ import annotations

from importlib.resources import files

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
"""Media type of each kind of part."""


def page_parts() -> dict[str, tuple[bytes, str]]:
    """The parts of the page: path -> content and media type.

    Its address is `/`, that of every other part `/page/NAME`. All of them come from the package;
    the page asks for nothing from elsewhere.
    """
    package = files("sequence_tutor")
    folders = (package / "studio" / "page", package / "drawing" / "styles")
    parts = {}
    for file in (file for folder in folders for file in folder.iterdir()):
        name = file.name
        kind = KINDS.get(name[name.rfind(".") :])
        if kind is not None:
            parts["/" if name == "index.html" else f"/page/{name}"] = (file.read_bytes(), kind)
    return parts
