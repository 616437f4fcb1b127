"""The studio in four sizes, light and dark; `SCREENSHOTS=FOLDER` keeps the pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from browsing import IS_HERE

from .browsing import Page, browser, fits, keep, named, served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not IS_HERE, reason="chromium and chromedriver are not here"),
]

CHORDS = ["C", "Am", "Dm7", "G7", "C", "Am", "Dm7 G7", "C"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("studio")) as (_, found):
        yield found


@pytest.fixture(scope="module")
def link(address: str) -> str:
    """A link to written candidates, one of them in the roll, some bars kept."""
    with browser() as page:
        page.open(address)
        for bar, chord in enumerate(CHORDS, start=1):
            page.ask(
                "const field = document.querySelector(`.chord[data-bar='${arguments[0]}']`);"
                "field.value = arguments[1]; field.dispatchEvent(new Event('change'))",
                bar,
                chord,
            )
        page.write()
        page.press(".candidate .use")
        for bar in (1, 2, 5, 5):
            page.press(f".bar-head[data-bar='{bar}']")
        page.press("#share")
        page.until(lambda: "#1." in page.driver.current_url)
        return page.driver.current_url


def uncovered(page: Page) -> None:
    """The sign that a candidate can be played, and what rules pay it, stand beside its notes."""
    covered = page.ask(
        "const box = (one) => one.getBoundingClientRect();"
        "return [...document.querySelectorAll('.candidate')].filter((card) => {"
        " const roll = box(card.querySelector('.mini'));"
        " const under = [...card.querySelectorAll('.account li')];"
        " return box(card.querySelector('.mini-icon')).bottom > roll.top"
        "  || under.some((row) => box(row.querySelector('.rule-said')).bottom"
        "   > box(row.querySelector('.strip')).top); }).length"
    )
    assert covered == 0


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1280, 900), (768, 1024), (360, 740)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_follows_the_scheme(
    link: str, width: int, height: int, scheme: str, tmp_path: Path
) -> None:
    with browser() as page:
        page.emulate(width, height, scheme)
        page.open(link)
        page.until(lambda: page.all("#candidates .account li"))
        page.until(lambda: page.all("#roll-account .account li"))
        fits(page, scheme)
        keep(page, tmp_path, f"studio-{width}-{scheme}")
        page.ask("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        page.emulate(width, int(page.ask("return document.documentElement.scrollHeight")), scheme)
        fits(page, scheme)
        assert page.small() == []
        uncovered(page)
        named(page, touched=width < 500)
        keep(page, tmp_path, f"studio-{width}-{scheme}-all")
        assert page.complaints() == []
