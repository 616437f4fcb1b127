"""The studio in a real browser: written, heard, edited, kept, undone, dropped, reloaded, linked."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.keys import Keys

from browsing import IS_HERE
from sequence_tutor.melody.encoding import HIGHEST_PITCH, decode
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.midi import midi_bytes

from .browsing import OFFLINE, Page, browser, served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not IS_HERE, reason="chromium and chromedriver are not here"),
]

BAR = 16


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("studio")) as (_, found):
        yield found


@pytest.fixture
def page(address: str) -> Iterator[Page]:
    with browser() as found:
        found.open(address)
        yield found
        assert found.complaints() == []
        assert all(url.startswith(address) for url in found.requests())


def press_at(
    page: Page, step: float, pitch: int, *, to: float | None = None, down: int = 0
) -> None:
    """Press in the roll, and drag to another step, and so many semitones down."""
    left, top, wide, tall = page.ask(
        "const roll = document.getElementById('notes');"
        "roll.scrollIntoView({ block: 'center' });"
        "const { x, y, width, height } = roll.getBoundingClientRect();"
        "return [x, y, width, height]"
    )
    row, column = tall / 36, wide / 128

    def x(at: float) -> int:
        return int(left + (at + 0.4) * column)

    y = round(top + (HIGHEST_PITCH - pitch + 0.5) * row)
    mouse = ActionBuilder(page.driver, duration=20)
    mouse.pointer_action.move_to_location(x(step), y).pointer_down()
    if to is not None:
        half, end = y + round(down * row / 2), y + round(down * row)
        mouse.pointer_action.move_to_location(x((step + to) / 2), half)
        mouse.pointer_action.move_to_location(x(to), end)
    mouse.pointer_action.pointer_up()
    mouse.perform()


def test_the_first_sound_comes_soon_after_write(page: Page) -> None:
    page.until(lambda: page.ask("return document.readyState") == "complete")
    page.ask(
        "window.pressedAt = null; window.heardAt = null; document.getElementById('write')"
        ".addEventListener('click', () => (window.pressedAt = performance.now()))"
    )
    page.press("#write")
    page.until(lambda: page.ask("return window.heardAt"))
    pressed, heard = page.ask("return [window.pressedAt, window.heardAt]")
    answered = page.ask(
        "return performance.getEntriesByType('resource').find((one) =>"
        " one.name.endsWith('/v1/generate')).responseEnd"
    )
    seconds, drawn = (heard - pressed) / 1000, (heard - answered) / 1000
    print(f"first sound {seconds:.2f} s after Write, {drawn:.2f} s after the answer")
    playing = page.find(".mini-press.sounds")
    assert str(playing.get_attribute("data-sound")).startswith("candidate-")
    cards = page.all("#candidates .candidate")
    assert len(cards) == 8
    rewards = [one["reward"] for one in page.work()["candidates"]["melody"]]
    assert rewards == sorted(rewards, reverse=True)


def test_the_cursor_is_where_the_sound_is(page: Page) -> None:
    page.find("#notes").send_keys("c", "d", "e", "f")
    page.press("#play")
    page.until(lambda: page.all("#notes .cursor"))
    steps = page.ask(
        "const place = () => Number(document.querySelector('#notes .cursor')?.getAttribute('x1'));"
        "const column = document.getElementById('notes').width.baseVal.value / 128;"
        "const before = [place() / column, performance.now()];"
        "return new Promise((done) => setTimeout(() => requestAnimationFrame(() =>"
        " requestAnimationFrame(() => done([before,"
        " [place() / column, performance.now()]]))), 700))"
    )
    (first, began), (last, ended) = steps
    each = 60_000 / 110 / 4  # milliseconds of a sixteenth
    assert last - first == pytest.approx((ended - began) / each, abs=0.8)
    page.press("#play")
    assert not page.all("#notes .cursor")


def test_notes_are_drawn_moved_pulled_and_erased(page: Page) -> None:
    press_at(page, 4, 60, to=9)
    assert page.notes() == [(4, 10, 60)]
    start, end, _ = page.notes()[0]
    press_at(page, 6, 60, to=10)  # by its middle
    assert page.notes() == [(start + 4, end + 4, 60)]
    press_at(page, 20, 67)
    assert [pitch for *_, pitch in page.notes()] == [60, 67]
    page.press("#undo")
    page.press("#undo")
    assert page.notes() == [(start, end, 60)]
    page.press("#redo")
    assert page.notes() == [(start + 4, end + 4, 60)]
    page.press("#tool-erase")
    press_at(page, start + 5, 60)
    assert page.notes() == []
    page.find("body").send_keys(Keys.CONTROL, "z")
    assert len(page.notes()) == 1


def test_the_keyboard_alone_writes_a_tune(page: Page) -> None:
    roll = page.find("#notes")
    roll.send_keys("c", "e", "g")
    assert page.notes() == [(0, 2, 60), (2, 4, 64), (4, 6, 67)]
    roll.send_keys(Keys.HOME, Keys.ARROW_UP)
    assert page.text("#said") == "C♯4, eighth, bar 1, beat 1"
    roll.send_keys(Keys.SHIFT, Keys.ARROW_UP)
    roll.send_keys(Keys.CONTROL, Keys.ARROW_RIGHT)
    roll.send_keys(Keys.DELETE)
    assert page.notes() == [(0, 2, 73), (4, 6, 67)]
    roll.send_keys(Keys.CONTROL, Keys.ARROW_RIGHT)
    roll.send_keys(Keys.SHIFT, Keys.ARROW_RIGHT)
    roll.send_keys(Keys.ALT, Keys.ARROW_RIGHT)
    assert page.notes() == [(0, 2, 73), (5, 8, 67)]
    roll.send_keys("l")
    assert page.find(".bar-head").get_attribute("aria-label") == "Bar 1: kept"


def test_several_notes_are_moved_and_erased_as_one_by_the_keyboard(page: Page) -> None:
    roll = page.find("#notes")
    roll.send_keys("c", "e", "g", Keys.HOME, "s")
    assert page.text("#said") == "1 note selected"
    roll.send_keys(Keys.CONTROL, Keys.ARROW_RIGHT)
    roll.send_keys("s", Keys.ARROW_UP)
    assert page.text("#said") == "2 notes moved 1 semitone up"
    assert page.notes() == [(0, 2, 61), (2, 4, 65), (4, 6, 67)]
    roll.send_keys(Keys.CONTROL, "a")
    roll.send_keys(Keys.ALT, Keys.ARROW_RIGHT)
    assert page.text("#said") == "3 notes moved 1 sixteenth later"
    assert page.notes() == [(1, 3, 61), (3, 5, 65), (5, 7, 67)]
    page.find("body").send_keys(Keys.CONTROL, "z")
    assert page.notes() == [(0, 2, 61), (2, 4, 65), (4, 6, 67)]
    roll.send_keys(Keys.CONTROL, "a")
    roll.send_keys(Keys.DELETE)
    assert page.text("#said") == "3 notes erased"
    assert page.notes() == []


def test_several_notes_are_selected_by_a_rectangle_and_dragged(page: Page) -> None:
    page.find("#notes").send_keys("c", "e", "g")
    page.press("#tool-select")
    press_at(page, -0.3, 65, to=3.5, down=5)
    assert len(page.all("#notes .note.selected")) == 2
    assert page.text("#said") == "2 notes selected"
    press_at(page, 0.5, 60, to=8.5)
    assert page.notes() == [(4, 6, 67), (8, 10, 60), (10, 12, 64)]
    assert len(page.all("#notes .note.selected")) == 2
    page.press("#undo")
    assert page.notes() == [(0, 2, 60), (2, 4, 64), (4, 6, 67)]


def test_rows_become_taller_and_the_keys_go_with_them(page: Page) -> None:
    def row() -> float:
        return float(
            page.ask("return document.querySelector('#notes .layer-rows rect').getBBox().height")
        )

    usual, card = row(), page.find("#roll").size["height"]
    page.find("#notes").send_keys("c")
    page.press("#zoom-in")
    page.press("#zoom-in")
    assert row() == 2 * usual
    assert abs(page.find("#roll").size["height"] - card) < 80
    seen = page.ask(
        "const at = (id) => document.querySelector(id).getBoundingClientRect().top;"
        "return [at('#keys [data-pitch=\"60\"]'), at('#notes .note')]"
    )
    assert seen[0] == pytest.approx(seen[1], abs=2)
    page.find("#notes").send_keys(*[Keys.ARROW_UP] * 20)
    inside = page.ask(
        "const box = (id) => document.querySelector(id).getBoundingClientRect();"
        "const [caret, roll] = [box('#notes .caret'), box('#roll-scroll')];"
        "return caret.top >= roll.top && caret.bottom <= roll.bottom"
    )
    assert inside
    page.driver.refresh()
    page.until(lambda: page.ask("return document.body.dataset.ready"))
    assert row() == 2 * usual


def test_locked_bars_stay_and_a_candidate_can_be_undone(page: Page) -> None:
    page.find("#notes").send_keys(*"cdefgfedcdefgfed")
    mine = page.notes()
    for bar in (1, 2):
        page.press(f".bar-head[data-bar='{bar}']")
    assert page.text("#what") == "Keeps bars 1 to 2; writes the rest anew, 8 candidates."
    first = page.write()
    second = page.write()
    assert first != second
    for tokens in (*first, *second):
        kept = [note for note in decode(tokens) if note.start < 2 * BAR]
        assert [(n.start, min(n.end, 2 * BAR), n.pitch) for n in kept] == mine
    page.press(".candidate .use")
    used = page.notes()
    assert used[: len(mine)][:-1] == mine[:-1]
    assert len(used) > len(mine)
    page.press("#side-before")
    assert page.notes() == mine
    page.press("#side-now")
    assert page.notes() == used
    page.press("#undo")
    assert page.notes() == mine


def test_one_bar_of_a_candidate_is_kept(page: Page) -> None:
    tokens = page.write()[1]
    page.press(".candidate:nth-child(2) .keep-bar:nth-of-type(3)")
    theirs = [n for n in decode(tokens) if 2 * BAR <= n.start < 3 * BAR]
    ours = [note for note in page.notes() if note[0] in {n.start for n in theirs}]
    assert [pitch for *_, pitch in ours] == [n.pitch for n in theirs]
    assert page.work()["work"]["locks"][3] == "all"
    more = page.text("#what")
    assert more.startswith("Keeps bar 3;")


def test_more_like_this_is_near(page: Page) -> None:
    page.write()
    before = page.tokens()
    page.press(".candidate .more")
    page.until(lambda: page.tokens() != before)
    near = page.tokens()
    kept = [sum(a == b for a, b in zip(before[0], one, strict=True)) for one in near]
    assert min(kept) > len(before[0]) / 2


def test_a_file_is_dropped_and_one_that_is_none_refused(page: Page) -> None:
    tokens = [14, 1, 16, 1, 18, 1, 19, 1, 21, 1, 1, 1, 0, 1, 1, 1] * 2
    page.drop("mine.mid", midi_bytes(tokens, Heard()))
    page.until(lambda: len(page.all("#notes .note")) == 10)
    assert page.notes() == [(n.start, n.end, n.pitch) for n in decode(tokens)]
    page.drop("mine.pdf", b"%PDF-1.7")
    page.until(lambda: page.find("#toast").get_attribute("data-kind") == "alarm")
    assert "mine.pdf" in page.text("#toast")
    assert len(page.notes()) == 10
    page.driver.get_log("browser")  # the refusal


def test_everything_survives_a_reload_and_a_link_restores_it(page: Page, address: str) -> None:
    page.find("#notes").send_keys(*"cegc")
    chord = page.find(".chord[data-bar='1']")
    chord.send_keys("Am7", Keys.ENTER)
    page.press(".bar-head[data-bar='1']")
    page.ask(
        "const tempo = document.getElementById('tempo'); tempo.value = 90;"
        "tempo.dispatchEvent(new Event('change', { bubbles: true }))"
    )
    tokens = page.write()
    page.press(".candidate .heart")
    before = page.work()
    page.driver.refresh()
    page.until(lambda: page.ask("return document.body.dataset.ready"))
    after = page.work()
    assert after == before
    assert len(page.all("#favourites .candidate")) == 1
    length = (
        "const bars = document.getElementById('bars'); bars.value = arguments[0];"
        "bars.dispatchEvent(new Event('change', { bubbles: true }))"
    )
    page.ask(length, 4)
    page.press("#favourites .use")
    used = page.work()
    assert (used["music"]["bars"], used["work"]["tune"]["steps"]) == (8, 128)  # the favourite's
    page.press("#undo")
    assert page.work()["music"]["bars"] == 4
    page.press("#undo")
    before = page.work()
    page.press("#share")
    page.until(lambda: "#1." in page.driver.current_url)
    link = page.driver.current_url
    with browser() as other:
        other.open(link)
        found = other.work()
        for part in ("work", "music", "dials"):
            assert found[part] == before[part]
        assert other.tokens() == tokens
        other.until(lambda: other.all("#candidates .account li"))  # told again by the service
        assert other.driver.current_url == address
        assert other.complaints() == []


def test_two_tabs_work_apart_and_share_favourites(page: Page, address: str) -> None:
    page.write()
    page.find("#notes").send_keys(*"ccc")
    first = page.driver.current_window_handle
    page.driver.switch_to.new_window("tab")
    page.open(address)
    assert [pitch for *_, pitch in page.notes()] == [60, 60, 60]  # begins with what was last
    page.find("#notes").send_keys(Keys.HOME, *"ggg")
    page.write()
    page.press(".candidate .heart")
    page.driver.switch_to.window(first)
    assert [pitch for *_, pitch in page.notes()] == [60, 60, 60]
    page.until(lambda: len(page.all("#favourites .candidate")) == 1)


def test_a_killed_studio_loses_nothing(tmp_path: Path) -> None:
    with browser() as page:
        with served(tmp_path) as (process, address):
            port = int(address.rstrip("/").rpartition(":")[2])
            page.open(address)
            page.find("#notes").send_keys(*"cdefg")
            mine = page.notes()
            process.send_signal(signal.SIGKILL)
            process.wait()
        page.press("#write")
        page.until(lambda: page.find("#offline").is_displayed())
        assert "does not answer" in page.text("#offline")
        page.find("#notes").send_keys("a")  # the roll goes on
        assert len(page.notes()) == len(mine) + 1
        with served(tmp_path, port):
            page.press("#try-now")
            page.until(lambda: len(page.tokens()) == 8)
            page.until(lambda: not page.find("#offline").is_displayed())
            assert page.notes()[: len(mine)] == mine
        assert all(OFFLINE in message for message in page.complaints())


@pytest.mark.parametrize("damage", ["{", '{"work": {"tune": {"steps": 1e99, "notes": "x"}}}', "[]"])
def test_damaged_storage_and_links_are_survived(page: Page, address: str, damage: str) -> None:
    page.ask(
        "removeEventListener('pagehide', null);"
        "for (const storage of [localStorage, sessionStorage])"
        " for (const name of ['studio.work.1', 'studio.favourites.1'])"
        " storage.setItem(name, arguments[0]);"
        "window.addEventListener('pagehide', () => {"
        " for (const storage of [localStorage, sessionStorage])"
        " storage.setItem('studio.work.1', arguments[0]); });",
        damage,
    )
    page.driver.get(f"{address}#1.AAAA")
    page.driver.refresh()
    page.until(lambda: page.ask("return document.body.dataset.ready"))
    page.find("#notes").send_keys("c")
    assert page.notes() == [(0, 2, 60)]


def test_values_of_the_page_and_the_program_agree(page: Page) -> None:
    from sequence_tutor.melody.chords import QUALITIES
    from sequence_tutor.melody.scales import SCALES

    scales, qualities = page.driver.execute_async_script(
        "const done = arguments[0];"
        "Promise.all([import('/page/pitches.js'), import('/page/chords.js')])"
        ".then(([pitches, chords]) => done([pitches.SCALES, chords.QUALITIES]))"
    )
    assert {name: tuple(own) for name, own in scales.items()} == SCALES
    assert {name: tuple(own) for name, own in qualities.items()} == {
        name: quality.intervals for name, quality in QUALITIES.items()
    }
    assert all(first < second for own in scales.values() for first, second in pairwise(own))
