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

from sequence_tutor.melody.encoding import Note, decode, encode
from sequence_tutor.melody.midi import write_midi
from sequence_tutor.melody.reading.own_tunes import own_tunes

from .conftest import Client

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "studio"
NODE = shutil.which("node")

NOTES = [Note(0, 4, 62), Note(4, 6, 66), Note(8, 24, 69), Note(24, 31, 74), Note(32, 48, 62)]
"""Three bars in D with two rests."""

TOKENS = encode([note._replace(pitch=note.pitch - 2) for note in NOTES], 48)
TUNE = {"bars": 3, "first": 2, "last": 2, "meter": "4/4", "transpose": 2, "tokens": TOKENS}


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
def test_the_musescore_plugin_encodes_asks_and_decodes(client: Client) -> None:
    notes = [{"start": n.start, "length": n.end - n.start, "pitch": n.pitch} for n in NOTES]
    given = json.dumps(notes)
    fifths = list(range(-7, 8))
    found = asked_of_node(
        f"[encode({given}, 48, 2), transposeOf({given}, 2), {fifths}.map(semitonesOf),"
        f" message({json.dumps(TUNE)}, 3), [1, 5, 16, 23, 27].map(tied), keep(3, 1, 3)]"
    )
    tokens, transpose, semitones, message, parts, nothing = found
    assert tokens == TOKENS
    assert transpose == 2
    assert semitones == [(7 * n + 5) % 12 - 5 for n in fifths]
    assert all(sum(one) == n for one, n in zip(parts, (1, 5, 16, 23, 27), strict=True))
    assert nothing == ""
    reply = client.post("/v1/generate", **json.loads(message))
    best, up = reply["candidates"][0]["tokens"], reply["heard"]["transpose"]
    assert (best[:16], best[32:], up) == (TOKENS[:16], TOKENS[32:], 2)
    spans = asked_of_node(f"decode({best}, 0, 48, {up})")
    heard = [
        (one["start"], one["length"], one["pitch"]) for one in spans if one["pitch"] is not None
    ]
    assert heard == [(n.start, n.end - n.start, n.pitch + up) for n in decode(best)]
    assert sum(one["length"] for one in spans) == 48


def test_the_musescore_plugin_uses_what_there_is() -> None:
    plugin = (EXAMPLES / "musescore" / "regenerate.qml").read_text()
    pure = (EXAMPLES / "musescore" / "regenerate.js").read_text()
    assert plugin.count("{") == plugin.count("}")
    assert plugin.count("(") == plugin.count(")")
    for name in ("transposeOf", "encode", "decode", "tied", "message"):
        assert f"Tokens.{name}(" in plugin
        assert f"function {name}(" in pure
    assert 'setRequestHeader("Content-Type", "application/json")' in plugin


def test_the_reaper_script_encodes_asks_and_decodes(client: Client) -> None:
    lupa = pytest.importorskip("lupa")
    lua = lupa.LuaRuntime(unpack_returned_tuples=True)
    own = lua.execute((EXAMPLES / "reaper" / "regenerate.lua").read_text())
    rows = [{"first": n.start, "length": n.end - n.start, "pitch": n.pitch} for n in NOTES]
    notes = lua.table_from([lua.table_from(row) for row in rows])
    tokens = own.encode(notes, 48, 2)
    assert list(tokens.values()) == TOKENS
    tune = lua.table_from({**TUNE, "tokens": tokens})
    reply = client.http.post("/v1/generate", json=json.loads(own.message(tune, 3)))
    best, up = own.answer(reply.text)
    written = list(best.values())
    assert (written[:16], written[32:], up) == (TOKENS[:16], TOKENS[32:], 2)
    found = [(n["first"], n["length"], n["pitch"]) for n in own.decode(best, 0, 48, up).values()]
    assert found == [(n.start, n.end - n.start, n.pitch + up) for n in decode(written)]
    refused = client.http.post("/v1/generate", json={"key": "H"})
    assert own.answer(refused.text)[1].startswith("sound: key: unknown key 'H'")
    told = client.http.post("/v1/account", json={"tokens": [[1]], "key": "Em"})
    assert own.answer(told.text)[1] == -5
