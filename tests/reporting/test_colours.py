"""Colours of both pages, light and dark, hold the contrast that WCAG 2.2 asks for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sequence_tutor

ROOT = Path(sequence_tutor.__file__).parent
TEXT, GRAPHICS = 4.5, 3.0
"""Least contrast: 1.4.3 of text, 1.4.11 of what else must be seen."""

REPORT = {
    "ink": TEXT,
    "quiet": TEXT,
    "accent": TEXT,
    "good": TEXT,
    "bad": TEXT,
    "earned": GRAPHICS,
    "lost": GRAPHICS,
    **{f"c{number}": GRAPHICS for number in range(7)},
}
STUDIO = {"kept": GRAPHICS, "alarm": TEXT, "edge": GRAPHICS}
STUDY = {"ink": TEXT, "quiet": TEXT, "accent": TEXT, "alarm": TEXT, "line": GRAPHICS}


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, as WCAG 2.2 defines it."""
    shares = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_by_hand() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("style", "needed"),
    [
        (["drawing/styles/palette.css"], REPORT),
        (["drawing/styles/palette.css", "studio/page/studio.css"], REPORT | STUDIO),
        (["study/page/page.css"], STUDY),
    ],
)
def test_everything_stands_out_from_what_it_is_on(
    style: list[str], needed: dict[str, float]
) -> None:
    schemes: list[dict[str, str]] = [{}, {}]  # light and dark
    for name in style:
        text = (ROOT / name).read_text(encoding="utf-8")
        for scheme, block in zip(schemes, blocks(text), strict=True):
            scheme.update(re.findall(r"--([\w-]+): (#\w{6});", block))
    for colours in schemes:
        for name, least in needed.items():
            for ground in ("paper", "card"):
                assert contrast(colours[name], colours[ground]) >= least, (name, ground)


def blocks(style: str) -> list[str]:
    return re.findall(r":root \{(.*?)\}", style, flags=re.DOTALL)
