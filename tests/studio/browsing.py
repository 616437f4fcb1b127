"""A headless browser with the studio in it, and the studio as users start it."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from kit import program

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
PATIENCE = 120  # seconds; machines that test are busy
OFFLINE = "ERR_CONNECTION"

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


class Page:
    """What a musician sees and does."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, address: str) -> None:
        """The page at an address, ready."""
        self.driver.get(address)
        self.until(lambda: self.ask("return document.body.dataset.ready"))

    def ask(self, script: str, *arguments: Any) -> Any:  # whatever the script returns
        return self.driver.execute_script(script, *arguments)

    def until(self, holds: Callable[[], object], seconds: float = PATIENCE) -> None:
        WebDriverWait(self.driver, seconds, 0.05).until(lambda _: holds())

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        return str(self.find(selector).get_attribute("textContent")).strip()

    def press(self, selector: str) -> None:
        """By the keyboard: everything must be within its reach."""
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

    def complaints(self) -> list[str]:
        """Everything on the console, which is also told of what the policy forbids."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Addresses asked for, those within the page aside."""
        events = (
            json.loads(one["message"])["message"] for one in self.driver.get_log("performance")
        )
        urls = [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]
        # the browser's own first tab aside
        return [url for url in urls if not url.startswith(("data:", "blob:", "chrome:"))]

    def emulate(self, width: int, height: int, scheme: str) -> None:
        """Another size of screen, and light or dark; a small one is touched."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        self.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": width < 500})
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
        )


@contextmanager
def browser(*, downloads: Path | None = None) -> Iterator[Page]:
    """A fresh headless browser, with a profile of its own."""
    options = Options()
    options.binary_location = str(CHROMIUM)
    with TemporaryDirectory(prefix="studio-browser-", ignore_cleanup_errors=True) as profile:
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--window-size=1280,1000",
            f"--user-data-dir={profile}",
        ):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        if downloads is not None:
            options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
        driver = webdriver.Chrome(options=options, service=Driver(DRIVER))
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
