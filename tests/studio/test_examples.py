"""The examples that use a studio from other programs, as far as they run without those."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sequence_tutor.melody.encoding import Note, encode
from sequence_tutor.melody.midi import write_midi
from sequence_tutor.melody.reading.own_tunes import own_tunes

from .conftest import Client

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "studio"
NODE = shutil.which("node")

NOTES = [(0, 4, 62), (4, 2, 66), (8, 16, 69), (24, 7, 74), (32, 16, 62)]
"""Three bars in D with two rests: start, length and pitch of each note."""

OUTER = [note for note in NOTES if note[0] not in range(16, 32)]
"""Of the first and the last bar; one of them sounds on into the second."""

TOKENS = encode([Note(start, start + length, pitch - 2) for start, length, pitch in NOTES], 48)


def test_the_client_keeps_bars_and_writes_midi(client: Client, tmp_path: Path) -> None:
    write_midi(tmp_path / "mine.mid", TOKENS)
    arguments = [str(tmp_path / "mine.mid"), "1, 3", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "client.py"), *arguments],
        env={**os.environ, "STUDIO": str(client.http.base_url)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("candidate ") == 8
    (mine,) = own_tunes(tmp_path / "mine.mid")
    for path in sorted((tmp_path / "out").iterdir()):
        (tune,) = own_tunes(path)
        for bar in (range(16), range(32, 48)):
            begun, before = (
                [(note.start, note.pitch) for note in one.notes if note.start in bar]
                for one in (tune, mine)
            )
            assert begun == before


def asked_of_node(expression: str) -> Any:
    """The value of an expression over the functions of the MuseScore plugin."""
    file = json.dumps(str(EXAMPLES / "musescore" / "regenerate.js"))
    program = (
        f"require('vm').runInThisContext(require('fs').readFileSync({file}, 'utf8'));"
        f"console.log(JSON.stringify({expression}))"
    )
    assert NODE is not None
    done = subprocess.run([NODE, "-e", program], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_musescore_plugin_reads_asks_and_writes(client: Client) -> None:
    """A score of 21 bars whose bars 7 to 9 are those of `NOTES`; the eighth is selected."""
    added = "".join(f"add(one, {96 + s}, {n}, {p}, false);" for s, n, p in NOTES)
    goes_on = "add(one, 144, 4, 62, true); add(one, 400, 4, 60, false);"  # tied; out of sight
    read = f"const one = tune(4, 4, 2); select(one, 112, 125, 336); {added}{goes_on}"
    found = asked_of_node(f"(() => {{ {read} return [one, message(one, 3)] }})()")
    tune, message = found
    assert (tune["begin"], tune["bars"], tune["first"], tune["last"]) == (3, 9, 5, 5)
    assert (message["keep"], message["key"], message["meter"]) == ("1-4, 6-9", "D", "4/4")
    sent = [tuple(note.values()) for note in message["from"]["notes"]]
    assert sent == [(s + 48, n + 4 if s == 32 else n, p) for s, n, p in NOTES]
    written = client.post("/v1/generate", **message)["candidates"][0]["notes"]
    assert [(s - 48, pitch) for s, pitch in outer(written)] == [(s, p) for s, _, p in OUTER]
    own = [(60, 7, 62), (70, 9, 64), (79, 20, 65)]  # from before the bar, and beyond it
    notes = [dict(zip(("start", "length", "pitch"), one, strict=True)) for one in own]
    parts = asked_of_node(f"(() => {{ {read} return spans(one, {json.dumps(notes)}) }})()")
    assert [(p["start"] - 48, p["length"], p["pitch"]) for p in parts] == [
        *((64, 3, 62), (67, 3, None), (70, 8, 64), (78, 1, 64), (79, 1, 65))
    ]
    assert [bool(p.get("tied")) for p in parts] == [False, False, False, True, False]


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_musescore_plugin_keeps_nothing_where_all_is_selected() -> None:
    every = "const one = tune(3, 4, -1); select(one, 0, 36, 36); add(one, 0, 4, 60, false);"
    asked = asked_of_node(f"(() => {{ {every} return message(one, 1) }})()")
    assert asked.keys() == {"bars", "meter", "key", "count", "seed", "weights"}
    assert (asked["bars"], asked["meter"], asked["key"]) == (3, "3/4", "F")


def test_the_musescore_plugin_uses_what_there_is() -> None:
    plugin = (EXAMPLES / "musescore" / "regenerate.qml").read_text()
    pure = (EXAMPLES / "musescore" / "regenerate.js").read_text()
    assert plugin.count("{") == plugin.count("}")
    assert plugin.count("(") == plugin.count(")")
    for name in ("tune", "select", "add", "message", "spans"):
        assert f"Studio.{name}(" in plugin
        assert f"function {name}(" in pure
    assert 'setRequestHeader("Content-Type", "application/json")' in plugin


def test_the_reaper_script_asks_and_reads_the_answer(client: Client) -> None:
    lupa = pytest.importorskip("lupa")
    lua = lupa.LuaRuntime(unpack_returned_tuples=True)
    own = lua.execute((EXAMPLES / "reaper" / "regenerate.lua").read_text())
    names = ("start", "length", "pitch")
    rows = [dict(zip(names, (s + 96, n, p), strict=True)) for s, n, p in NOTES]
    notes = lua.table_from([lua.table_from(row) for row in rows])
    # an item of 21 bars, of which the eighth is selected
    near, shift = own.near(lua.table_from({"notes": notes, "first": 8, "last": 8, "bars": 21}), 16)
    assert (shift, near["first"], near["last"], near["bars"]) == (48, 5, 5, 9)
    near["meter"] = "4/4"
    message = json.loads(own.message(near, 'D"', 3))
    assert (message["keep"], message["key"]) == ("1-4, 6-9", "D")
    reply = client.http.post("/v1/generate", json=message)
    found = [dict(note) for note in own.answer(reply.text).values()]
    assert found == reply.json()["candidates"][0]["notes"]
    assert [(s - 48, pitch) for s, pitch in outer(found)] == [(s, p) for s, _, p in OUTER]
    refused = client.http.post("/v1/generate", json={"key": "H"})
    assert own.answer(refused.text)[1].startswith("sound: key: unknown key 'H'")


def outer(notes: list[dict[str, int]]) -> list[tuple[int, int]]:
    """Start and pitch of the notes that are not in the fifth bar."""
    return [(n["start"], n["pitch"]) for n in notes if n["start"] not in range(64, 80)]
