"""The whole study in a real browser: two listeners, a reload, a killed service, the page alone."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from kit import program
from sequence_tutor.study.folder import load_study
from sequence_tutor.verbs.study import analyse_study, export_study

from .conftest import MODELS, small_study

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
PATIENCE = 60  # seconds; machines that test are busy
OFFLINE = "ERR_CONNECTION|status of 502"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not here"),
]


class Page:
    """What a listener sees and does."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def find(self, name: str) -> WebElement:
        return self.driver.find_element(By.ID, name)

    def until(self, holds: Callable[[], object]) -> None:
        WebDriverWait(self.driver, PATIENCE, 0.05).until(lambda _: holds())

    def shows(self, stage: str) -> bool:
        return self.find(stage).is_displayed()

    def text(self, name: str) -> str:
        return self.find(name).text

    def press(self, name: str) -> None:
        """By the keyboard: everything must be within its reach."""
        self.find(name).send_keys(Keys.ENTER)

    def begin(self, address: str) -> None:
        self.driver.get(address)
        self.until(lambda: self.shows("consent"))
        self.find("agree").send_keys(Keys.SPACE)
        self.driver.find_element(By.CSS_SELECTOR, "#join button").send_keys(Keys.ENTER)
        self.until(lambda: self.shows("listen"))

    def heard(self, side: str) -> bool:
        return self.text(f"heard-{side}") == "Heard"

    def hear(self) -> None:
        for side in ("left", "right"):
            assert not self.find("choose-right").is_enabled()
            self.press(f"play-{side}")
            self.until(partial(self.heard, side))
        self.until(lambda: self.find("choose-right").is_enabled())

    def choose(self, side: str) -> None:
        self.press(f"choose-{side}")
        self.until(lambda: self.shows("preference"))

    def prefer(self, points: int) -> None:
        radio = self.driver.find_element(By.CSS_SELECTOR, f"input[value='{points}']")
        radio.send_keys(Keys.SPACE)
        radio.send_keys(Keys.ENTER)
        self.until(lambda: not self.shows("preference"))

    def answer(self, side: str, points: int) -> None:
        self.hear()
        self.choose(side)
        self.prefer(points)

    def complaints(self) -> list[str]:
        """Everything on the console."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@contextmanager
def browser(*arguments: str, downloads: Path | None = None) -> Iterator[Page]:
    """A fresh headless browser."""
    options = Options()
    options.binary_location = str(CHROMIUM)
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", *arguments):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if downloads is not None:
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    driver = webdriver.Chrome(options=options, service=Driver(DRIVER))
    try:
        yield Page(driver)
    finally:
        driver.quit()


@contextmanager
def served(folder: Path, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The service as users run it; and its address."""
    command = program("study", "serve", folder)
    with subprocess.Popen(
        [*command, "--port", str(port)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://[^/]+/", process.stdout.readline())
            assert found
            yield process, found.group()
        finally:
            process.kill()


@contextmanager
def bad_gateway(port: int) -> Iterator[list[str]]:
    """A web server in front of a service that is gone; and what it was asked for."""
    asked: list[str] = []

    class Refuses(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_error(502)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", port), Refuses) as gateway:
        thread = Thread(target=gateway.serve_forever)
        thread.start()
        try:
            yield asked
        finally:
            gateway.shutdown()
            thread.join()


def test_two_listeners_a_reload_and_a_killed_service(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    study = small_study(folder)
    with browser() as one, browser() as two:
        with served(folder) as (process, address):
            port = int(address.rstrip("/").rpartition(":")[2])
            one.begin(address)
            two.begin(address)
            assert one.text("count") == two.text("count") == "Pair 1 of 5"
            assert one.text("own-code") != two.text("own-code")
            one.answer("left", 1)
            two.answer("right", 3)
            one.hear()
            one.choose("right")
            one.driver.refresh()  # in the middle of an answer
            one.until(lambda: one.shows("preference"))
            one.prefer(5)
            two.press("play-left")
            two.until(lambda: two.text("heard-left") == "Heard")
            for page in (one, two):
                assert page.complaints() == []
                assert not any(model in page.driver.page_source for model in MODELS)
            process.send_signal(signal.SIGKILL)
            process.wait()
        two.press("play-right")
        two.until(lambda: "connection is lost" in two.text("message"))
        with bad_gateway(port) as asked:
            two.until(lambda: len(asked) > 1)  # as behind a web server: it goes on trying
            assert "connection is lost" in two.text("message")
        with served(folder, port) as (_, address):
            two.until(lambda: two.text("message") == "")
            two.until(lambda: two.text("heard-right") == "Heard")
            assert two.text("heard-left") == "Heard"
            two.choose("left")
            two.prefer(2)
            for _ in range(3):
                one.answer("left", 2)
                two.answer("left", 2)
            for page in (one, two):
                page.until(partial(page.shows, "done"))
                assert "All your answers are saved" in page.text("done-text")
                assert all(re.search(OFFLINE, message) for message in page.complaints())
            two.driver.delete_all_cookies()
            two.driver.get(address)
            two.until(lambda: two.shows("consent"))
            two.find("agree").send_keys(Keys.SPACE)
            two.find("code").send_keys(one.text("own-code").lower(), Keys.ENTER)
            two.until(lambda: two.shows("done"))
    found = analyse_study(folder, out=tmp_path / "out", allowed_failures=2)
    assert found.attention.finished == found.attention.answered == 2
    assert found.ratings == 6
    assert (tmp_path / "out" / "wins.png").is_file()
    assert study.digest == load_study(folder).digest


def test_the_page_alone_saves_answers_as_a_file(tmp_path: Path) -> None:
    folder, page_file = tmp_path / "study", tmp_path / "page" / "study.html"
    small_study(folder)
    export_study(folder, page_file)
    text = page_file.read_text()
    assert not any(model in text for model in MODELS)
    assert not re.search(r"https?://", text)
    with browser(downloads=tmp_path) as page:
        page.begin(page_file.as_uri())
        page.answer("left", 2)
        page.hear()
        page.choose("right")
        page.driver.refresh()
        page.until(lambda: page.shows("preference"))
        page.prefer(4)
        for _ in range(3):
            page.answer("left", 2)
        page.until(lambda: page.shows("done"))
        page.press("save")
        page.until(lambda: list(tmp_path.glob("answers-*.json")))
        assert page.complaints() == []
    found = analyse_study(folder, list(tmp_path.glob("answers-*.json")), allowed_failures=2)
    assert (found.attention.finished, found.ratings) == (1, 3)


@pytest.mark.parametrize("size", ["1100,900", "360,740"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_follows_the_scheme(size: str, scheme: str, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    small_study(folder)
    width, height = map(int, size.split(","))
    with served(folder) as (_, address), browser() as page:
        page.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        page.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
        )
        picture(page, tmp_path / "consent.png", address, scheme)
        page.begin(address)
        fits(page, scheme)
        page.driver.save_screenshot(str(tmp_path / "listen.png"))
        page.hear()
        page.driver.save_screenshot(str(tmp_path / "heard.png"))
        play = page.find("play-left")
        assert play.accessible_name == "Play again melody A"
        assert play.size["height"] < 56  # one line
        page.choose("left")
        fits(page, scheme)
        page.driver.save_screenshot(str(tmp_path / "preference.png"))
        assert page.complaints() == []
    if kept := os.environ.get("SCREENSHOTS"):  # to be looked at
        for path in tmp_path.glob("*.png"):
            shutil.copy(path, Path(kept) / f"{width}-{scheme}-{path.name}")


def picture(page: Page, path: Path, address: str, scheme: str) -> None:
    page.driver.get(address)
    page.until(lambda: page.shows("consent"))
    time.sleep(0.2)
    fits(page, scheme)
    page.driver.save_screenshot(str(path))


def fits(page: Page, scheme: str) -> None:
    """Nothing is cut off at the side, everything to press is large, and the colours are right."""
    script = "const e = document.documentElement; return [e.scrollWidth, e.clientWidth]"
    needed, there = page.driver.execute_script(script)
    assert needed <= there
    for button in page.driver.find_elements(By.CSS_SELECTOR, "button, .line"):
        assert not button.is_displayed() or button.size["height"] >= 44
    body = page.driver.find_element(By.TAG_NAME, "body")
    paper = re.findall(r"\d+", body.value_of_css_property("background-color"))[:3]
    assert (sum(map(int, paper)) > 3 * 128) == (scheme == "light")
    for control in page.driver.find_elements(By.CSS_SELECTOR, "button, input, progress"):
        assert not control.is_displayed() or control.accessible_name
