"""Molecules of a page are sorted and filtered, by keyboard too, and fit a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browsing import IS_HERE, Page
from sequence_tutor.config.presets import build
from sequence_tutor.domain import find_domain
from sequence_tutor.drawing.fragments import fragment, style_with_palette
from sequence_tutor.evaluation.model import Model
from sequence_tutor.models import RecurrentNetwork, RecurrentSettings
from sequence_tutor.molecule import MoleculeDomain
from sequence_tutor.molecule.exhibit import molecule_grids
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.sequences import SequenceBatch

SMILES = ("CCO", "CCCCCCCC", "CC(=O)Oc1ccccc1C(=O)O", "O=[N+]([O-])c1ccccc1", "CC(=O)Nc1ccc(O)cc1")
REWARD = {
    "weights": {"qed": 1.0, "TPSA": 0.01, "alerts": 1.0, "benzene": 0.1},
    "terms": {
        "alerts": {"lists": "brenk"},
        "benzene": {"kind": "substructure", "smarts": "c1ccccc1"},
    },
    "workers": 0,
}
TEMPLATES = Path(__file__).parents[2] / "src/sequence_tutor/reporting/templates"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not IS_HERE, reason="chromium and chromedriver are not here"),
]


def molecules_page(tmp_path: Path) -> Path:
    """The section of the molecules with the page's own style and script."""
    domain = MoleculeDomain()
    torch.manual_seed(0)
    network = RecurrentNetwork(RecurrentSettings(width=4), domain.vocab_size, domain.vocab_size)
    stored = StoredPrior(NeuralPrior(network), "molecule")
    reward = build(domain.reward_settings, REWARD, "test")
    model = Model("psi", find_domain("molecule"), stored.prior, stored, reward, 60)
    batch = SequenceBatch.from_lists([domain.vocabulary.encode(one) for one in SMILES])
    grids, _ = molecule_grids([model], [batch])
    shown = {"section": "s", "judged_by": "", "grids": grids, "histograms": [], "lines": []}
    html = fragment("sequence_tutor.molecule", "molecules.html", **shown)
    style = style_with_palette((TEMPLATES / "report.css").read_text(encoding="utf-8"))
    script = (TEMPLATES / "browse.js").read_text(encoding="utf-8")
    path = tmp_path / "molecules.html"
    path.write_text(
        "<!DOCTYPE html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width, initial-scale=1'><title>molecules</title>"
        f"<style>{style}</style><main>{html}</main><script>{script}</script>",
        encoding="utf-8",
    )
    return path


def shown(page: Page) -> list[str]:
    """The SMILES of the visible cards, in their order."""
    found: list[str] = page.ask(
        "return [...document.querySelectorAll('.browse li')].filter(card => !card.hidden)"
        ".map(card => card.dataset.text)"
    )
    return found


def test_cards_are_sorted_and_filtered(browser: webdriver.Chrome, tmp_path: Path) -> None:
    page = Page(browser)
    browser.get(molecules_page(tmp_path).as_uri())
    find = browser.find_element
    find(By.CSS_SELECTOR, ".browse summary").send_keys(Keys.ENTER)
    assert find(By.CSS_SELECTOR, ".browse output").text == "5 of 5 shown"
    canonical = set(shown(page))
    find(By.NAME, "by").send_keys("TPSA")
    assert shown(page)[0] == "CC(=O)Oc1ccccc1C(=O)O"
    find(By.NAME, "order").send_keys("lowest")
    assert shown(page)[0] == "CCCCCCCC"
    find(By.CSS_SELECTOR, "[data-of=TPSA][data-end=least]").send_keys("15")
    find(By.CSS_SELECTOR, "[data-of=TPSA][data-end=most]").send_keys("50")
    assert shown(page) == ["CCO", "O=[N+]([O-])c1ccccc1", "CC(=O)Nc1ccc(O)cc1"]
    assert find(By.CSS_SELECTOR, ".browse output").text == "3 of 5 shown"
    find(By.NAME, "text").send_keys("c1")
    assert shown(page) == ["O=[N+]([O-])c1ccccc1", "CC(=O)Nc1ccc(O)cc1"]
    find(By.NAME, "mark").send_keys("nothing")
    assert shown(page) == []
    find(By.CSS_SELECTOR, "[type=reset]").send_keys(Keys.SPACE)
    page.until(lambda: len(shown(page)) == 5)
    assert set(shown(page)) == canonical
    find(By.NAME, "mark").send_keys("benzene")
    assert len(shown(page)) == 3
    assert page.complaints() == []
    labels = page.ask(
        "return [...document.querySelectorAll('.browse form :is(input, select)')]"
        ".every(field => field.labels.length === 1)"
    )
    assert labels
    for width in (360, 1280):
        for scheme in ("light", "dark"):
            page.emulate(width, 900, scheme)
            assert page.ask("return document.documentElement.scrollWidth <= innerWidth")
            browser.save_screenshot(str(tmp_path / f"{width}-{scheme}.png"))
