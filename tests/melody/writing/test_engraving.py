"""Scores drawn by the real program, and what is said when it fails."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.melody.writing import engraver, engraving
from sequence_tutor.melody.writing.engraving import can_engrave, engrave
from sequence_tutor.melody.writing.notation import to_musicxml

SVG = "{http://www.w3.org/2000/svg}"
MELODY = [14, 1, 18, 1, 21, 1, 1, 0, *[1] * 8, 15, *[1] * 19]  # a sharp, rests, and a tie


def drawn(svg: str, kind: str) -> int:
    return sum(group.get("class") == kind for group in fromstring(svg).iter(f"{SVG}g"))


def test_every_sign_is_in_the_picture() -> None:
    (svg,) = engrave([to_musicxml(MELODY)])
    counts = {kind: drawn(svg, kind) for kind in ("measure", "note", "rest", "tie", "beam", "clef")}
    assert counts == {"measure": 3, "note": 5, "rest": 2, "tie": 1, "beam": 1, "clef": 1}
    assert "http" not in svg.replace("http://www.w3.org/", "")
    texts = ["".join(one.itertext()) for one in fromstring(svg).iter(f"{SVG}text")]
    words = [" ".join(text.split()) for text in texts if text.strip()]
    assert words == ["\N{QUARTER NOTE} = 120"]  # signs that every computer's own fonts have


def test_the_same_score_is_the_same_picture_and_order_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scores = [to_musicxml(MELODY), to_musicxml([14] * 16), to_musicxml(MELODY)]
    first, second, again = engrave(scores)
    assert first == again != second
    monkeypatch.setattr(engraving, "AT_ONCE", 2)
    assert list(engrave(scores)) == [first, second, again]


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import os; os.abort()", r"verovio ended with status -6"),
        ("import sys; sys.exit('no font')", r"verovio ended with status 1 \(no font\)"),
        ("import time; time.sleep(9)", "verovio did not end in time"),
    ],
)
def test_a_program_that_dies_is_one_sentence(
    program: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dies.py").write_text(program)
    monkeypatch.setattr(engraver, "__file__", str(tmp_path / "dies.py"))
    monkeypatch.setattr(engraving, "PATIENCE", 0.0)
    with pytest.raises(UserError, match=f"scores could not be drawn: {said}"):
        list(engrave(["<score/>"]))


def test_what_is_no_score_is_said() -> None:
    with pytest.raises(UserError, match=r"status 1 \(verovio cannot read a score\)"):
        list(engrave(["no score"]))


def test_without_verovio_nothing_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert can_engrave()
    monkeypatch.setitem(sys.modules, "verovio", None)
    assert not can_engrave()
