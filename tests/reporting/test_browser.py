"""The page in a real browser: it loads alone, plays, follows, and fits."""

from __future__ import annotations

import os
import re
import shutil
from functools import partial
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browsing import IS_HERE, Page
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.verbs.sample import sample

PAPER = 718  # pixels between the margins of A4, a centimetre each

pytestmark = pytest.mark.skipif(not IS_HERE, reason="chromium and chromedriver are not here")


@pytest.fixture
def page(browser: webdriver.Chrome, page_file: Path) -> Page:
    return Page(browser, page_file)


def cursor(page: Page) -> float:
    """How far the first cursor has moved."""
    moved = page.ask("return document.querySelector('.cursor').getAttribute('transform')") or "0"
    return float(re.findall(r"[\d.]+", moved)[0])


def test_it_loads_alone_and_the_cursor_follows_the_sound(page: Page) -> None:
    assert page.requests() == [page.report.as_uri()]
    page.until(
        lambda: page.ask(
            "return [...document.querySelectorAll('.round:not([hidden]) audio')]"
            ".every(audio => audio.duration > 0)"
        )
    )
    pairs = page.ask(
        "return [...document.querySelectorAll('.round:not([hidden]) .melody')]"
        ".map(melody => [melody.querySelector('audio').duration, +melody.dataset.duration])"
    )
    assert len(pairs) == 2
    for heard, said in pairs:
        assert heard == pytest.approx(said, abs=0.01)
        assert heard == pytest.approx(4.06, abs=0.01)  # two bars and a release
    width = float(page.ask("return document.querySelector('.melody').dataset.width"))
    page.ask("document.querySelector('audio').play()")
    page.until(lambda: cursor(page) > 0)
    before = cursor(page)
    page.until(lambda: cursor(page) > before)
    page.ask("const a = document.querySelector('audio'); a.pause(); a.currentTime = 2")
    page.until(lambda: abs(cursor(page) - width / 2) < 0.5)  # half of four seconds
    assert page.complaints() == []


@pytest.mark.slow
def test_only_one_melody_sounds(page: Page) -> None:
    script = "return [...document.querySelectorAll('audio')].map(audio => audio.paused)"

    def is_playing(place: int) -> bool:
        return not page.ask(script)[place]

    for place in (0, 1):
        page.ask("document.querySelectorAll('audio')[arguments[0]].play()", place)
        page.until(partial(is_playing, place))
    paused = page.ask(script)
    assert paused[0]
    assert not paused[1]


@pytest.mark.slow
def test_shuffling_shows_every_round_before_any_again(page: Page) -> None:
    button = page.driver.find_element(By.CSS_SELECTOR, ".shuffle")
    seen = set()
    for _ in range(12):
        shown = page.driver.find_elements(By.CSS_SELECTOR, ".round:not([hidden])")
        assert len(shown) == 1
        seen.add(page.driver.find_element(By.CSS_SELECTOR, ".which").text)
        button.send_keys(Keys.ENTER)
    assert seen == {f"Melodies {number} of 12" for number in range(1, 13)}
    assert page.driver.find_element(By.ID, "said").get_attribute("textContent") in seen
    assert page.complaints() == []


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1200, 900), (360, 740)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_follows_the_scheme(
    page: Page, width: int, height: int, scheme: str, tmp_path: Path
) -> None:
    page.emulate(width, height, scheme)
    needed, there = page.ask(
        "const e = document.documentElement; return [e.scrollWidth, e.clientWidth]"
    )
    assert needed <= there
    body = page.driver.find_element(By.TAG_NAME, "body")
    paper = re.findall(r"\d+", body.value_of_css_property("background-color"))[:3]
    assert (sum(map(int, paper)) > 3 * 128) == (scheme == "light")
    for control in page.driver.find_elements(By.CSS_SELECTOR, "button, audio, nav a, summary"):
        if control.is_displayed():
            assert control.size["height"] >= 44
            assert control.accessible_name
    tall = int(page.ask("return document.documentElement.scrollHeight"))
    page.emulate(width, min(tall, 9000), scheme)
    picture = tmp_path / "report.png"
    assert page.driver.save_screenshot(str(picture))
    if kept := os.environ.get("SCREENSHOTS"):  # to be looked at
        shutil.copy(picture, Path(kept) / f"report-{width}-{scheme}.png")
    assert page.complaints() == []


@pytest.mark.slow
def test_on_paper_there_is_nothing_to_press(page: Page) -> None:
    page.emulate(PAPER, 1000, "dark")
    dark = {"name": "prefers-color-scheme", "value": "dark"}
    page.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"media": "print", "features": [dark]}
    )
    assert page.ask("return document.documentElement.scrollWidth") <= PAPER
    ink = page.driver.find_element(By.TAG_NAME, "body").value_of_css_property("color")
    assert max(map(int, re.findall(r"\d+", ink)[:3])) < 64  # paper is white whatever the screen is
    for control in page.driver.find_elements(By.CSS_SELECTOR, "button, audio, nav, details"):
        assert not control.is_displayed()
    assert page.driver.find_element(By.CSS_SELECTOR, ".roll").is_displayed()


def test_in_a_notebook_samples_play_in_their_frame(
    browser: webdriver.Chrome, melody_run: Path, tmp_path: Path
) -> None:
    cell = tmp_path / "cell.html"
    shown = sample(load_model(melody_run), 2, quiet=True)._repr_html_()
    cell.write_text(f"<!doctype html><meta charset=utf-8><link rel=icon href=data:,>{shown}")
    page = Page(browser, cell)
    browser.switch_to.frame(0)
    page.until(
        lambda: (
            page.ask("return [...document.querySelectorAll('audio')].map(audio => audio.duration)")
            == [pytest.approx(4.06, abs=0.01)] * 2
        )
    )
    page.ask("document.querySelector('audio').play()")
    page.until(lambda: cursor(page) > 0)
    if kept := os.environ.get("SCREENSHOTS"):  # to be looked at
        browser.save_screenshot(str(Path(kept) / "notebook.png"))
    assert page.complaints() == []
    assert [url for url in page.requests() if url != "about:srcdoc"] == [cell.as_uri()]
