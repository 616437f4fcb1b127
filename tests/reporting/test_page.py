"""The whole page as text: what is in it, and that nothing else is needed."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sequence_tutor.drawing.fragments import look
from sequence_tutor.errors import UserError
from sequence_tutor.reporting import page as page_module
from sequence_tutor.reporting.instrument import SCRIPTS
from sequence_tutor.verbs.report import report

OWN = ("report.js", "gallery.js", "browse.js")
"""Scripts of every report; those of the instrument are in pages that have one."""


class Elements(HTMLParser):
    """Every element of a page, and whether all are closed in order."""

    VOID = frozenset({"meta", "link", "img", "input", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.found if found == tag]


def written(runs: Sequence[Path], tmp_path: Path) -> str:
    return report(runs, tmp_path / "report.html", samples=50, quiet=True).read_text()


def test_everything_is_in_the_page(page_file: Path) -> None:
    text = page_file.read_text()
    elements = Elements(text)
    assert not elements.open
    players = elements.all("audio")
    assert len(players) == 2 * 12
    for attributes in players:
        assert (attributes["src"] or "").startswith("data:audio/wav;base64,")
        assert attributes["aria-label"]
    downloads = [one for one in elements.all("a") if "download" in one and "aria-label" in one]
    assert len({one["aria-label"] for one in downloads}) == 3 * len(players)
    scores = [one for one in elements.all("img") if one.get("class") == "score"]
    assert len(scores) == len(players)
    assert len(elements.all("image")) == 2  # the maps of figure 4
    charts = [one for one in elements.all("svg") if one.get("role") == "img"]
    assert all(one["aria-label"] for one in charts)
    for heading in ("Play", "Listen", "Statistics", "Training", "Settings"):
        assert f">{heading}</h2>" in text
    assert "Note RNN *" in text


def test_nothing_comes_from_elsewhere(page_file: Path) -> None:
    text = page_file.read_text()
    assert not re.search(r"https?://", text)
    assert not re.search(r"\son\w+=|\sstyle=", text)  # the policy would not let them work
    for _, attributes in Elements(text).found:
        for name in ("src", "href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:"))


def test_the_policy_names_the_script_and_the_style(page_file: Path) -> None:
    text = page_file.read_text()
    (policy,) = [
        one["content"] or ""
        for one in Elements(text).all("meta")
        if one.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for tag, count in (("script", len(OWN) + len(SCRIPTS)), ("style", 1)):
        contents = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert len(contents) == count
        allowed = re.findall(r"'sha256-(.*?)'", policy.split(f"{tag}-src")[1].split(";")[0])
        digests = [hashlib.sha256(content.encode()).digest() for content in contents]
        assert allowed == [base64.b64encode(digest).decode() for digest in digests]


def test_a_name_is_a_name_and_no_markup(
    runs: Callable[[Sequence[str]], list[Path]], tmp_path: Path
) -> None:
    text = written(runs(["<script>alert(1)<", "\"'&"]), tmp_path)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;" in text
    assert len(Elements(text).all("script")) == len(OWN) + len(SCRIPTS) + 1  # and the networks


@pytest.mark.long
def test_runs_of_one_name_are_told_apart(
    runs: Callable[[Sequence[str]], list[Path]], tmp_path: Path
) -> None:
    text = written(runs(["one/psi", "two/psi"]), tmp_path)
    assert "sampled with seed 0" in text
    assert "each of prior, one/psi and two/psi" in text


def test_too_large_a_page_is_refused(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "MOST_BYTES", 1_000_000)
    with pytest.raises(UserError, match="MB, expected 1 at most; report on fewer runs"):
        written([run], tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_more_models_than_colours_have_other_dashes() -> None:
    looks = [look(place) for place in range(28)]
    assert looks[0] == "s0 d0"
    assert len(set(looks)) == 28
