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

from browsing import IS_HERE, Report
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.verbs.sample import sample

PAPER = 718  # pixels between the margins of A4, a centimetre each

pytestmark = pytest.mark.skipif(not IS_HERE, reason="chromium and chromedriver are not here")


@pytest.fixture
def page(browser: webdriver.Chrome, page_file: Path) -> Report:
    return Report(browser, page_file)


def cursor(page: Report) -> float:
    """How far the first cursor has moved."""
    moved = (
        page.ask("return document.querySelector('.cursor[data-width]').getAttribute('transform')")
        or "0"
    )
    return float(re.findall(r"[\d.]+", moved)[0])


def test_it_loads_alone_and_the_cursor_follows_the_sound(page: Report) -> None:
    assert page.requests() == [page.report.as_uri()]
    page.until(
        lambda: page.ask(
            "const first = [...document.querySelectorAll('.take')][0];"
            "const own = [...first.querySelectorAll('audio')];"
            "for (const audio of own) audio.preload = 'metadata';"
            "return own.every(audio => audio.duration > 0)"
        )
    )
    pairs = page.ask(
        "return [...document.querySelector('.take').querySelectorAll('.melody')]"
        ".map(melody => [melody.querySelector('audio').duration, +melody.dataset.duration])"
    )
    assert len(pairs) == 2
    for heard, said in pairs:
        assert heard == pytest.approx(said, abs=0.01)
        assert heard == pytest.approx(4.06, abs=0.01)  # two bars and a release
    width = float(page.ask("return document.querySelector('.cursor[data-width]').dataset.width"))
    page.ask("document.querySelector('audio').play()")
    page.until(lambda: cursor(page) > 0)
    before = cursor(page)
    page.until(lambda: cursor(page) > before)
    page.ask("const a = document.querySelector('audio'); a.pause(); a.currentTime = 2")
    page.until(lambda: abs(cursor(page) - width / 2) < 0.5)  # half of four seconds
    assert page.complaints() == []


@pytest.mark.slow
def test_only_one_melody_sounds(page: Report) -> None:
    script = "return [...document.querySelectorAll('audio')].map(audio => audio.paused)"

    def is_playing(place: int) -> bool:
        return not page.ask(script)[place]

    for place in (0, 1):
        page.ask("document.querySelectorAll('audio')[arguments[0]].play()", place)
        page.until(partial(is_playing, place))
    paused = page.ask(script)
    assert paused[0]
    assert not paused[1]


SOUNDING = (
    "return [...document.querySelectorAll('.gallery .melody')]"
    ".findIndex(one => !one.querySelector('audio').paused)"
)


@pytest.mark.slow
def test_the_gallery_plays_one_after_the_other(page: Report) -> None:
    def press(name: str) -> None:
        page.driver.find_element(By.CSS_SELECTOR, f".gallery {name}").send_keys(Keys.ENTER)

    def is_at(place: int) -> bool:
        return bool(page.ask(SOUNDING) == place)

    def end_it() -> None:
        page.ask(
            "const a = [...document.querySelectorAll('.gallery audio')].find(a => !a.paused);"
            "a.currentTime = a.duration - 0.05"
        )

    assert len(page.driver.find_elements(By.CSS_SELECTOR, ".take")) == 12  # all at once
    press(".all")
    page.until(partial(is_at, 0))
    end_it()
    page.until(partial(is_at, 1))
    press(".next")
    page.until(partial(is_at, 2))
    press(".back")
    page.until(partial(is_at, 1))
    press(".all")  # stops
    page.until(partial(is_at, -1))
    press(".take:nth-child(3) .together")
    page.until(partial(is_at, 4))
    page.ask("document.querySelector('.loop').click()")
    end_it()
    page.until(partial(is_at, 5))
    end_it()
    page.until(partial(is_at, 4))  # the pair again
    press(".take:nth-child(3) .sound")
    page.until(partial(is_at, -1))
    assert page.complaints() == []


@pytest.mark.slow
def test_rules_and_scores_are_shown_where_asked_for(page: Report) -> None:
    rules, score, small = (
        page.driver.find_element(By.CSS_SELECTOR, f".take {name}")
        for name in (".rules-of .roll", ".score", ".small-roll")
    )
    assert (rules.is_displayed(), score.is_displayed(), small.is_displayed()) == (
        False,
        False,
        True,
    )
    page.ask("document.querySelector('.with-rules').click()")
    page.ask("document.querySelector('.with-scores').click()")
    assert [one.is_displayed() for one in (rules, score, small)] == [True, True, False]


@pytest.mark.slow
def test_on_a_phone_a_row_of_the_table_says_whose_figures_they_are(page: Report) -> None:
    page.emulate(360, 740, "light")
    for table in page.driver.find_elements(By.CSS_SELECTOR, ".stacked"):
        if table.is_displayed():
            needed, there = page.ask(
                "const e = arguments[0].parentElement; return [e.scrollWidth, e.clientWidth]", table
            )
            assert needed <= there  # nothing is cut off, nothing scrolls
    labels = page.ask(
        "const row = document.querySelector('.judged tbody tr:not(.group)');"
        "return [...row.querySelectorAll('td')].slice(0, 2).map("
        "cell => getComputedStyle(cell, '::before').content)"
    )
    assert labels == ['"prior"', '"likes-c"']


@pytest.mark.slow
def test_a_wide_screen_has_the_table_and_the_music_side_by_side(page: Report) -> None:
    page.emulate(1920, 1080, "light")
    table, play, takes = page.ask(
        "return ['.judged', '.instrument', '.takes'].map(name => {"
        "  const {left, right, top} = document.querySelector(name).getBoundingClientRect();"
        "  return {left, right, top};"
        "})"
    )
    assert table["top"] < 1080
    assert table["right"] < play["left"]
    assert play["top"] < 400
    assert play["right"] > 1920 - 100
    assert takes["top"] < 1080


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1200, 900), (360, 740)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_follows_the_scheme(
    page: Report, width: int, height: int, scheme: str, tmp_path: Path
) -> None:
    page.emulate(width, height, scheme)
    needed, there = page.ask(
        "const e = document.documentElement; return [e.scrollWidth, e.clientWidth]"
    )
    assert needed <= there
    assert page.small() == []
    body = page.driver.find_element(By.TAG_NAME, "body")
    paper = re.findall(r"\d+", body.value_of_css_property("background-color"))[:3]
    assert (sum(map(int, paper)) > 3 * 128) == (scheme == "light")
    for control in page.driver.find_elements(
        By.CSS_SELECTOR, "button:not(.small), audio, nav a, summary, .knobs input, .knobs select"
    ):
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
def test_on_paper_there_is_nothing_to_press(page: Report) -> None:
    page.emulate(PAPER, 1000, "dark")
    dark = {"name": "prefers-color-scheme", "value": "dark"}
    page.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"media": "print", "features": [dark]}
    )
    assert page.ask("return document.documentElement.scrollWidth") <= PAPER
    ink = page.driver.find_element(By.TAG_NAME, "body").value_of_css_property("color")
    assert max(map(int, re.findall(r"\d+", ink)[:3])) < 64  # paper is white whatever the screen is
    for control in page.driver.find_elements(By.CSS_SELECTOR, "button, audio, nav, details, form"):
        assert not control.is_displayed()
    assert page.driver.find_element(By.CSS_SELECTOR, ".take .roll").is_displayed()


@pytest.mark.long
def test_in_a_notebook_samples_play_in_their_frame(
    browser: webdriver.Chrome, melody_run: Path, tmp_path: Path
) -> None:
    cell = tmp_path / "cell.html"
    shown = sample(load_model(melody_run), 2, quiet=True)._repr_html_()
    cell.write_text(f"<!doctype html><meta charset=utf-8><link rel=icon href=data:,>{shown}")
    page = Report(browser, cell)
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
