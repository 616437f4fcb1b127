"""A real browser, headless, with a page of this program in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
IS_HERE = bool(CHROMIUM and DRIVER)
PATIENCE = 120  # seconds; machines that test are busy


class Page:
    """What is in a headless browser."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def ask(self, script: str, *arguments: Any) -> Any:  # whatever the script returns
        return self.driver.execute_script(script, *arguments)

    def until(self, holds: Callable[[], object], seconds: float = PATIENCE) -> None:
        WebDriverWait(self.driver, seconds, 0.05).until(lambda _: holds())

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

    def small(self) -> list[tuple[float, str]]:
        """Texts of less than twelve pixels and their sizes, also those in drawings."""
        found = self.ask(
            "const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);"
            "const found = [];"
            "while (walk.nextNode()) {"
            " const one = walk.currentNode.parentElement;"
            " if (!walk.currentNode.data.trim() || !one.checkVisibility()) continue;"
            " const drawn = one.closest('svg') && one.getScreenCTM?.();"
            " const scale = drawn ? Math.hypot(drawn.a, drawn.b) : 1;"
            " const size = parseFloat(getComputedStyle(one).fontSize) * scale;"
            " if (size < 11.95) found.push([size, walk.currentNode.data.trim()]); }"
            "return found"
        )
        return [(float(size), str(text)) for size, text in found]

    def emulate(self, width: int, height: int, scheme: str) -> None:
        """Another size of screen, and light or dark."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
        )


class Report(Page):
    """A headless browser with a report in it."""

    def __init__(self, driver: webdriver.Chrome, report: Path) -> None:
        super().__init__(driver)
        self.report = report
        driver.get(report.as_uri())


def started(*arguments: str, downloads: Path | None = None) -> webdriver.Chrome:
    """A browser that keeps what its console and its network say; `quit` ends it."""
    options = Options()
    options.binary_location = str(CHROMIUM)
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", *arguments):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    if downloads is not None:
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    return webdriver.Chrome(options=options, service=Driver(DRIVER))
