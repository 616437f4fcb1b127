"""Files, molecules and tuning in the studio's page, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from browsing import IS_HERE
from sequence_tutor.melody.reading.own_tunes import own_tunes

from .browsing import Page, browser, served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not IS_HERE, reason="chromium and chromedriver are not here"),
]

TUNING = 300  # seconds, on a machine with much else to do
STRUCTURES = (
    "return [...document.querySelectorAll('#molecules .structure')]"
    ".filter((one) => one.naturalWidth > 0).length"
)
STEPS = (
    "const { fetch } = window;"
    "window.fetch = (path, options) => {"
    " if (path === '/v1/jobs' && options.body)"
    "  options.body = JSON.stringify({ ...JSON.parse(options.body), steps: arguments[0] });"
    " return fetch(path, options); };"
).replace("arguments[0]", "window.steps")
"""The page asks for the usual number of updates; a test for so many."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("studio")) as (_, found):
        yield found


@pytest.fixture
def page(address: str, tmp_path: Path) -> Iterator[Page]:
    with browser(downloads=tmp_path) as found:
        found.open(address)
        yield found
        assert found.complaints() == []
        assert all(url.startswith(address) for url in found.requests())


def saved(page: Page, folder: Path, ending: str) -> Path:
    page.until(lambda: list(folder.glob(f"*{ending}")))
    return next(folder.glob(f"*{ending}"))


def test_a_tune_is_saved_and_dragged_as_files(page: Page, tmp_path: Path) -> None:
    page.find("#notes").send_keys(*"cdefgabc")
    mine = page.notes()
    for kind, ending in (("midi", ".mid"), ("abc", ".abc"), ("musicxml", ".musicxml")):
        page.press(f"#roll-files [data-kind='{kind}']")
        (tune,) = own_tunes(saved(page, tmp_path, ending))
        assert [(note.start, note.end, note.pitch) for note in tune.notes] == mine
    page.press("#roll-files [data-kind='wav']")
    assert saved(page, tmp_path, ".wav").read_bytes()[:4] == b"RIFF"
    dragged = page.driver.execute_async_script(
        "const done = arguments[0];"
        "const link = document.querySelector('#roll-files [data-kind=midi]');"
        "link.dispatchEvent(new PointerEvent('pointerenter'));"
        "const ask = () => {"
        " const dataTransfer = new DataTransfer();"
        " link.dispatchEvent(new DragEvent('dragstart', { dataTransfer }));"
        " const found = dataTransfer.getData('DownloadURL');"
        " if (!found) return setTimeout(ask, 50);"
        " fetch(found.split(':').slice(2).join(':')).then(() => 0, () => 0);"
        " return done(found); };"
        "ask()"
    )
    assert dragged.startswith("audio/midi:melody.mid:blob:")
    page.driver.get_log("browser")  # the page's policy lets no script read a blob: it need not


def test_molecules_are_drawn_sorted_and_saved(page: Page, tmp_path: Path) -> None:
    chem = pytest.importorskip("rdkit.Chem")
    page.press("[data-domain='molecule']")
    page.press("#write")
    page.until(lambda: len(page.all("#molecules .molecule")) == 8)
    page.until(lambda: page.ask(STRUCTURES) == 8)
    rewards = [one["reward"] for one in page.work()["candidates"]["molecule"]]
    assert rewards == sorted(rewards, reverse=True)
    page.press("[data-column='logp'] .sort")
    head = page.find("[data-column='logp']")
    assert head.get_attribute("aria-sort") == "descending"
    place = page.ask(
        "return [...document.querySelectorAll('#table thead tr:last-child th')]"
        ".findIndex((one) => one.dataset.column === 'logp')"
    )
    shown = page.ask(
        "return [...document.querySelectorAll('#table tbody tr')]"
        ".map((row) => Number(row.children[arguments[0]].textContent.replace('\\u2212', '-')))",
        place,
    )
    assert shown == sorted(shown, reverse=True)
    page.press("#molecule-files .file:nth-of-type(1)")
    smiles = saved(page, tmp_path, ".smi").read_text().split("\n")
    shown_first = chem.MolFromSmiles(page.text("#molecules .smiles"))  # as it was written
    assert smiles[0].split()[0] == chem.MolToSmiles(shown_first)
    drawn = chem.MolToMolBlock(chem.MolFromSmiles("CCOc1ccccc1"))
    page.drop("drawn.mol", drawn.encode())
    near = "return document.getElementById('near').value"
    page.until(lambda: page.ask(near) == "CCOc1ccccc1")
    page.press("#share")
    page.until(lambda: "#1." in page.driver.current_url)
    link = page.driver.current_url
    page.driver.get("about:blank")
    page.open(link)
    page.until(lambda: page.ask(STRUCTURES) == 8)  # drawn again by the service
    assert page.ask(near) == "CCOc1ccccc1"
    page.press("[data-domain='melody']")


def test_wishes_are_written_and_tuned_for(page: Page) -> None:
    field = page.find("#wish")
    page.until(lambda: page.all("#wish-rows option"))
    field.send_keys("last note is tonic", Keys.ENTER)
    page.until(lambda: page.all("#wishes .wish"))
    assert page.find("#wishes select").get_attribute("value") == ">="
    assert "now" in page.text(".wish-prior")
    page.write()
    page.until(lambda: page.all(".wish-price"))
    elsewhere = page.ask(
        "document.querySelector('[data-domain=molecule]').click();"
        "const found = document.querySelectorAll('#wishes .wish').length;"
        "document.querySelector('[data-domain=melody]').click(); return found"
    )
    assert elsewhere == 0  # at once: wishes are of one kind of sequences
    page.ask("window.steps = 20000;" + STEPS)
    page.find("#job-name").send_keys("home")
    page.press("#tune")
    page.until(lambda: page.all(".job-running"), TUNING)
    page.press(".job button")
    page.until(lambda: page.all(".job-stopped"), TUNING)
    page.driver.refresh()
    page.until(lambda: page.all(".job-stopped"), TUNING)
    assert page.text(".job-name") == "home"
    page.press(".job button")
    page.until(lambda: page.all(".job-running"), TUNING)
    page.press(".job button")
    page.until(lambda: page.all(".job-stopped"), TUNING)
    page.press(".job .remove")  # asks; the name stays a word beside what can be answered
    page.until(lambda: page.all(".removal"))
    name = page.find(".job-name")
    assert name.size["height"] < 1.5 * float(name.value_of_css_property("font-size")[:-2]) + 2
    page.press(".removal button:last-child")
    page.until(lambda: not page.all(".removal"))


def test_a_finished_run_writes(page: Page) -> None:
    page.until(lambda: page.all("#wish-rows option"))
    page.find("#wish").send_keys("last note is tonic", Keys.ENTER)
    page.until(lambda: page.all("#wishes .wish"))
    page.ask("window.steps = 4;" + STEPS)
    page.find("#job-name").send_keys("quick")
    page.press("#tune")
    page.until(lambda: page.all(".job-done"), TUNING)
    page.find(".job-done button").send_keys(Keys.ENTER)
    page.until(lambda: "quick" in page.text("#model option:checked"))
    page.ask(
        "const bars = document.getElementById('bars'); bars.value = 2;"
        "bars.dispatchEvent(new Event('change', { bubbles: true }))"
    )
    assert len(page.write()) > 0
