"""The sketcher in a real browser: by pointer and keys, refused, used, opened again, undone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.keys import Keys

from browsing import IS_HERE

from .browsing import Page, browser, fits, keep, named, served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not IS_HERE, reason="chromium and chromedriver are not here"),
]

BOND = 44  # pixels
PHENOL = "Oc1ccccc1"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("studio")) as (_, found):
        yield found


@pytest.fixture
def page(address: str) -> Iterator[Page]:
    with browser() as found:
        found.open(address)
        found.press("[data-domain='molecule']")
        yield found
        # the browser itself notes each refusal
        assert [
            one for one in found.complaints() if "/v1/read" not in one or "422" not in one
        ] == []
        assert all(url.startswith(address) for url in found.requests())


def draw(page: Page, field: str) -> None:
    page.press(f"[data-draws='{field}']")
    page.until(lambda: page.ask("return document.getElementById('sketch').open"))


def value(page: Page, field: str) -> str:
    return str(page.ask("return document.getElementById(arguments[0]).value", field))


def tool(page: Page, name: str) -> None:
    page.press(f"#sketch-tools [aria-label='{name}'], #sketch-tools [title^='{name}']")


def press_at(page: Page, x: float, y: float, *, to: tuple[float, float] | None = None) -> None:
    """Press at so many pixels from the middle of the board; pull to others."""
    left, top = page.ask(
        "const { x, y, width, height } ="
        " document.getElementById('sketch-board').getBoundingClientRect();"
        "return [x + width / 2, y + height / 2]"
    )
    mouse = ActionBuilder(page.driver, duration=20)
    mouse.pointer_action.move_to_location(round(left + x), round(top + y)).pointer_down()
    if to is not None:
        half = round(left + (x + to[0]) / 2), round(top + (y + to[1]) / 2)
        mouse.pointer_action.move_to_location(*half)
        mouse.pointer_action.move_to_location(round(left + to[0]), round(top + to[1]))
    mouse.pointer_action.pointer_up()
    mouse.perform()


def counts(page: Page) -> tuple[int, list[str]]:
    """Lines of bonds on the board, and what is written there."""
    lines, labels = page.ask(
        "return [document.querySelectorAll('#sketch-board .bond').length,"
        " [...document.querySelectorAll('#sketch-board .atom')].map((one) => one.textContent)]"
    )
    return lines, labels


def keys(page: Page, *pressed: str) -> None:
    page.find("#sketch-board").send_keys(*pressed)


def use(page: Page) -> None:
    page.press("#sketch-use")
    page.until(lambda: not page.ask("return document.getElementById('sketch').open"))


def test_phenol_is_drawn_used_opened_and_changed(page: Page) -> None:
    draw(page, "near")
    assert not page.find("#sketch-point").is_displayed()
    tool(page, "Benzene")
    press_at(page, 0, 0)
    assert counts(page) == (9, [])
    tool(page, "Oxygen")
    press_at(page, 0, -BOND, to=(5, -2 * BOND))  # not quite straight up
    assert counts(page) == (10, ["OH"])
    use(page)
    assert value(page, "near") == PHENOL
    draw(page, "near")
    page.until(lambda: counts(page) == (10, ["HO"]) or counts(page) == (10, ["OH"]))
    keys(page, Keys.DELETE)  # the caret is on the first atom, which is the oxygen
    assert counts(page) == (9, [])
    page.press("#sketch-undo")
    assert counts(page)[0] == 10
    keys(page, "n", "1", "1", "s")
    assert sorted(map(sorted, counts(page)[1])) == [["H", "N"], ["H", "S"]]
    ActionChains(page.driver).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(
        Keys.CONTROL
    ).perform()
    page.until(lambda: value(page, "near") == "SCNc1ccccc1")


def test_what_is_no_molecule_is_refused_and_stays(page: Page) -> None:
    draw(page, "fragment")
    keys(page, "c", "1", Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    for angle in (30, 120, 210, 300):
        tool(page, "Carbon")
        x, y = (BOND * math.cos(math.radians(angle)), BOND * math.sin(math.radians(angle)))
        press_at(page, 0, 0, to=(x, y))
    page.press("#sketch-use")
    page.until(lambda: "is greater than permitted" in page.text("#sketch-note"))
    assert page.text("#sketch-note").endswith("The atom is marked.")
    assert len(page.all("#sketch-board .marked")) == 1
    assert value(page, "fragment") == ""
    keys(page, Keys.ESCAPE)
    draw(page, "fragment")
    assert counts(page)[0] == 5  # found here again
    keys(page, Keys.CONTROL + "z")
    assert counts(page)[0] == 4
    page.press("#sketch-clear")
    keys(page, "a", "1", "*")
    use(page)
    assert value(page, "fragment") == "*c1ccccc1"


def test_what_cannot_be_drawn_stays_in_the_field(page: Page) -> None:
    page.find("#fragment").send_keys("c1ccc(", Keys.TAB)
    draw(page, "fragment")
    page.until(lambda: "cannot be read as SMILES" in page.text("#sketch-note"))
    page.press("#sketch-use")
    assert value(page, "fragment") == "c1ccc("
    page.ask("document.getElementById('near').value = 'C[C@H](N)C(=O)O'")
    draw(page, "near")
    page.until(lambda: counts(page)[0] > 5)
    use(page)
    assert value(page, "near") == "C[C@H](N)C(=O)O"  # as it was written


def test_what_is_pasted_or_dropped_is_drawn(page: Page) -> None:
    chem = pytest.importorskip("rdkit.Chem", reason="the extra [molecule] is not installed")
    draw(page, "fragment")
    keys(page, "c", "1", "1")
    page.ask(
        "const data = new DataTransfer(); data.setData('text', arguments[0]);"
        "document.getElementById('sketch-board').dispatchEvent("
        "new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))",
        chem.MolToMolBlock(chem.MolFromSmiles("CCOc1ccccc1")),
    )
    page.until(lambda: counts(page)[1] == ["O"])
    page.ask(
        "const data = new DataTransfer();"
        "data.items.add(new File(['Clc1ccncc1 name'], 'my list.smi'));"
        "document.getElementById('sketch-board').dispatchEvent("
        "new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))"
    )
    page.until(lambda: "has characters that no SMILES has" in page.text("#sketch-note"))
    use(page)
    assert (value(page, "fragment"), value(page, "near")) == ("CCOc1ccccc1", "")


def test_the_mouse_moves_erases_and_sees_nearer(page: Page) -> None:
    draw(page, "near")
    tool(page, "Cyclohexane")
    press_at(page, 0, 0)
    tool(page, "Move")
    press_at(page, 0, -BOND, to=(30, -BOND - 30))
    corner = page.ask(
        "const { x1, y1 } = document.querySelector('#sketch-board .bond');"
        "const { width, height } = document.getElementById('sketch-board').viewBox.baseVal;"
        "return [x1.baseVal.value - width / 2, y1.baseVal.value - height / 2]"
    )
    assert corner == pytest.approx([30, -BOND - 30], abs=2)
    press_at(page, 0, 0, to=(-50, 20))  # on nothing: the paper
    tool(page, "Erase")
    press_at(page, 30 - 50, -BOND - 30 + 20)
    assert counts(page) == (4, [])
    for _ in range(2):
        keys(page, "0", Keys.CONTROL + "z")
        assert counts(page) == (6, [])
    ActionChains(page.driver).context_click(page.find("#sketch-board")).perform()  # on nothing
    assert counts(page) == (6, [])
    keys(page, "o")
    tool(page, "Single bond")
    use(page)
    assert value(page, "near") == "C1CCOCC1"


def test_fingers_draw_and_see_nearer(address: str) -> None:
    with browser() as page:
        page.emulate(360, 740, "light")
        page.open(address)
        page.press("[data-domain='molecule']")
        page.ask("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        draw(page, "fragment")
        tool(page, "Benzene")
        x, y = page.ask(
            "const { x, y, width, height } ="
            " document.getElementById('sketch-board').getBoundingClientRect();"
            "return [Math.round(x + width / 2), Math.round(y + height / 2)]"
        )

        def touch(kind: str, *points: tuple[int, int]) -> None:
            fingers = [{"x": x + dx, "y": y + dy, "id": n} for n, (dx, dy) in enumerate(points)]
            page.driver.execute_cdp_cmd(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers}
            )

        touch("touchStart", (0, 0))
        touch("touchEnd")
        page.until(lambda: counts(page) == (9, []))
        tool(page, "Attachment point")
        touch("touchStart", (0, -BOND))
        touch("touchMove", (0, -BOND - 20))
        touch("touchMove", (3, -2 * BOND))
        touch("touchEnd")
        page.until(lambda: counts(page) == (10, ["*"]))
        length = (
            "const { x1, y1, x2, y2 } = document.querySelector('#sketch-board .bond');"
            "return Math.hypot(x1.baseVal.value - x2.baseVal.value,"
            " y1.baseVal.value - y2.baseVal.value)"
        )
        before = page.ask(length)
        touch("touchStart", (-40, 0))
        touch("touchStart", (-40, 0), (40, 0))
        touch("touchMove", (-60, 0), (60, 0))
        touch("touchEnd", (-60, 0))
        touch("touchEnd")
        assert page.ask(length) == pytest.approx(1.5 * before, rel=0.02)
        use(page)
        assert value(page, "fragment") == "*c1ccccc1"
        assert page.complaints() == []


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (768, 1024), (360, 740)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits(address: str, width: int, height: int, scheme: str, tmp_path: Path) -> None:
    with browser() as page:
        page.emulate(width, height, scheme)
        page.open(address)
        page.press("[data-domain='molecule']")
        page.ask("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        page.ask("document.getElementById('sketch').querySelector('details').open = false")
        keep(page, tmp_path, f"sketch-fields-{width}-{scheme}")
        page.ask(
            "document.getElementById('near').value ="
            " 'O=C(Nc1ccc2ccccc2c1)[C@H](C)S(=O)(=O)CC[N+](C)(C)Cc1cc(Cl)c(F)cc1C#N'"
        )
        draw(page, "near")
        page.until(lambda: counts(page)[0] > 20)
        fits(page, scheme)
        named(page, touched=width < 500)
        board = page.find("#sketch-board").rect
        assert board["width"] >= 0.85 * min(width, 700)
        assert board["height"] > 250
        keep(page, tmp_path, f"sketch-{width}-{scheme}")
        keys(page, Keys.ARROW_LEFT, Keys.ARROW_LEFT, "3", "+")
        page.press("#sketch-use")
        page.until(lambda: page.all("#sketch-board .marked"))
        page.ask("document.querySelector('.sketch-keys').open = true")
        fits(page, scheme)
        assert page.find("#sketch-use").rect["y"] + 30 < height
        assert page.find("#sketch-board").rect["height"] > 150
        keep(page, tmp_path, f"sketch-{width}-{scheme}-refused")
        page.driver.get_log("browser")  # the browser itself notes the refusal
        assert page.complaints() == []
