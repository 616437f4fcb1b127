"""A headless browser with the studio in it, and the studio as users start it."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

import browsing
from kit import program

OFFLINE = "ERR_CONNECTION"
TOUCHED = 44  # pixels that a finger needs

LISTENS = """
window.heardAt = null;
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (target, ...more) {
  if (target instanceof AudioDestinationNode) {
    const analyser = new AnalyserNode(this.context, { fftSize: 2048 });
    connect.call(this, analyser);
    const samples = new Float32Array(2048);
    setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      window.loudness = Math.max(...samples.map(Math.abs));
      if (window.heardAt === null && window.loudness > 0.005) window.heardAt = performance.now();
    }, 5);
  }
  return connect.call(this, target, ...more);
};
"""
"""Notes when anything first goes to the loudspeaker."""


class Page(browsing.Page):
    """What a musician sees and does."""

    def open(self, address: str) -> None:
        """The page at an address, ready."""
        self.driver.get(address)
        self.until(lambda: self.ask("return document.body.dataset.ready"))

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        return str(self.find(selector).get_attribute("textContent")).strip()

    def press(self, selector: str) -> None:
        """By the keyboard: everything must be within its reach."""
        try:
            self.find(selector).send_keys(Keys.ENTER)
        except StaleElementReferenceException:  # drawn anew since it was found
            self.find(selector).send_keys(Keys.ENTER)

    def work(self) -> dict[str, Any]:
        """The tune, locks and chords, as they are kept for a reload."""
        saved = self.ask(
            "dispatchEvent(new Event('pagehide'));"
            "return JSON.parse(sessionStorage.getItem('studio.work.1'))"
        )
        return dict(saved)

    def notes(self) -> list[tuple[int, int, int]]:
        """Start, end and pitch of each note in the roll."""
        notes = self.work()["work"]["tune"]["notes"]
        return [(note["start"], note["end"], note["pitch"]) for note in notes]

    def tokens(self) -> list[list[int]]:
        """The tokens of each candidate that is shown."""
        return [one["tokens"] for one in self.work()["candidates"]["melody"]]

    def write(self) -> list[list[int]]:
        """Press Write, and wait for other candidates."""
        before = self.tokens()
        self.press("#write")
        self.until(lambda: self.tokens() not in ([], before))
        self.until(lambda: self.text("#write-words") == "Write")
        return self.tokens()

    def drop(self, name: str, content: bytes) -> None:
        """Let a file fall onto the roll."""
        self.ask(
            "const bytes = Uint8Array.from(atob(arguments[1]), (one) => one.charCodeAt(0));"
            "const data = new DataTransfer();"
            "data.items.add(new File([bytes], arguments[0]));"
            "const drop = { dataTransfer: data, bubbles: true, cancelable: true };"
            "const roll = document.getElementById('notes');"
            "for (const kind of ['dragenter', 'dragover', 'drop'])"
            " roll.dispatchEvent(new DragEvent(kind, drop));",
            name,
            base64.b64encode(content).decode(),
        )

    def emulate(self, width: int, height: int, scheme: str) -> None:
        """The same; a small screen is touched."""
        super().emulate(width, height, scheme)
        self.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": width < 500})


def fits(page: Page, scheme: str) -> None:
    """Nothing is cut off at the side, and the colours are right."""
    needed, there = page.ask(
        "const e = document.documentElement; return [e.scrollWidth, e.clientWidth]"
    )
    assert needed <= there
    paper = page.find("body").value_of_css_property("background-color")
    light = sum(map(int, re.findall(r"\d+", paper)[:3])) > 3 * 128
    assert light == (scheme == "light")


def named(page: Page, *, touched: bool) -> None:
    """Everything to press has a name, and on a phone the size of a finger."""
    nameless = page.ask(
        "return [...document.querySelectorAll('button, input, select, summary, a, [tabindex]')]"
        ".filter((one) => one.checkVisibility() && one.type !== 'file')"
        ".filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim()"
        " || one.getAttribute('aria-labelledby') || one.labels?.length))"
        ".map((one) => one.outerHTML.slice(0, 200))"
    )
    assert nameless == []
    if not touched:
        return
    small = page.ask(
        "return [...document.querySelectorAll('button, select, summary')]"
        ".filter((one) => one.checkVisibility() && !one.closest('.bar-heads, .skip'))"
        ".filter((one) => one.getBoundingClientRect().height < arguments[0] - 0.5)"
        ".map((one) => one.outerHTML.slice(0, 200))",
        TOUCHED,
    )
    assert small == []


def keep(page: Page, folder: Path, name: str) -> None:
    """A picture of the page; the variable `SCREENSHOTS` names where it is kept."""
    picture = folder / f"{name}.png"
    page.ask("document.getElementById('toast').hidden = true")
    assert page.driver.save_screenshot(str(picture))
    if kept := os.environ.get("SCREENSHOTS"):
        shutil.copy(picture, Path(kept) / picture.name)


@contextmanager
def browser(*, downloads: Path | None = None) -> Iterator[Page]:
    """A fresh headless browser, with a profile of its own."""
    with TemporaryDirectory(prefix="studio-browser-", ignore_cleanup_errors=True) as profile:
        driver = browsing.started(
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--window-size=1280,1000",
            f"--user-data-dir={profile}",
            downloads=downloads,
        )
        try:
            driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": LISTENS})
            yield Page(driver)
        finally:
            driver.quit()


@contextmanager
def served(
    workspace: Path, port: int = 0, models: Sequence[str] = ()
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The studio as users start it; and its address."""
    options = ("--no-browser", "--port", port, "--workspace", workspace)
    command = program("studio", *models, *options)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://[^/\s]+/", process.stdout.readline())
            assert found
            yield process, found.group()
        finally:
            process.kill()
