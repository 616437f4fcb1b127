"""The site: built without a warning, nothing from the network, every link leads somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
import wave
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

NEEDED = {"sphinx": "docs", "myst_parser": "docs", "furo": "docs", "rdkit": "molecule"}
for name, extra in NEEDED.items():  # the site is built by another process: nothing is imported here
    if find_spec(name) is None:
        pytest.skip(f"the extra [{extra}] is not installed", allow_module_level=True)

DOCS = Path(__file__).parents[2] / "docs"
LOADED = {"script", "link", "img", "audio", "source", "iframe", "video", "object", "use"}
"""Elements whose address a browser fetches by itself."""


class Page(HTMLParser):
    """The addresses and anchors of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            if name in ("href", "src", "data") and value:
                (self.loaded if tag in LOADED else self.links).append(value)


@pytest.mark.long
def test_the_site_is_whole_and_needs_no_network(tmp_path: Path) -> None:
    """One test, because building takes seconds; a warning, such as a dead link, fails it."""
    site = tmp_path / "html"
    options = ["-W", "--keep-going", "-n", "-q", "-d", str(tmp_path / "doctrees")]
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, DOCS, site],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    every_page_is_in(site)
    nothing_is_fetched_from_the_network(pages, site)
    every_link_leads_somewhere(pages, site)
    melodies_can_be_heard_and_seen(site)


def every_page_is_in(site: Path) -> None:
    written = {path.relative_to(DOCS).with_suffix(".html") for path in DOCS.rglob("*.md")}
    assert {str(page) for page in written if not (site / page).is_file()} == set()


def nothing_is_fetched_from_the_network(pages: dict[Path, Page], site: Path) -> None:
    for path, page in pages.items():
        remote = [address for address in page.loaded if _is_remote(address)]
        assert remote == [], path.relative_to(site)
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert "@import" not in text
        assert "url(http" not in text.replace('"', "").replace("'", "")


def every_link_leads_somewhere(pages: dict[Path, Page], site: Path) -> None:
    broken = []
    for path, page in pages.items():
        for address in page.links + page.loaded:
            parts = urlsplit(address)
            if _is_remote(address) or parts.scheme in ("mailto", "data"):
                continue
            target = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
            if not target.is_file():
                broken.append(f"{path.relative_to(site)}: {address}")
            elif parts.fragment and target.suffix == ".html":
                known = pages[target].anchors
                if unquote(parts.fragment) not in known:
                    broken.append(f"{path.relative_to(site)}: {address}")
    assert broken == []


def melodies_can_be_heard_and_seen(site: Path) -> None:
    page = (site / "rules.html").read_text(encoding="utf-8")
    sounds = sorted((site / "_melodies").glob("rules-*.wav"))
    assert len(sounds) == page.count("<audio") >= 18  # two of each rule
    for sound in sounds:
        with wave.open(str(sound)) as file:
            seconds = file.getnframes() / file.getframerate()
            loudest = max(file.readframes(file.getnframes())[1::2])
        # 8 to 40 sixteenths at 100 quarter notes a minute, and the last one's release
        assert 8 * 0.15 < seconds < 40 * 0.15 + 0.1
        assert loudest > 0
    assert page.count('class="note"') > 100
    assert page.count('class="earned"') > 20
    assert page.count('class="lost"') > 20
    recipes = (DOCS / "writing.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```\{recipe\}\n(.*?)```", recipes, flags=re.DOTALL)
    commands = [line for block in blocks for line in block.splitlines()]
    assert len(list((site / "_melodies").glob("writing-recipe-*.wav"))) == len(commands) >= 9


def _is_remote(address: str) -> bool:
    return address.startswith(("http:", "https:", "//"))
