"""Melodies over HTTP: written, kept, judged, read and rendered."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sequence_tutor.melody.encoding import decode
from sequence_tutor.melody.midi import midi_bytes, write_midi
from sequence_tutor.melody.reading.own_tunes import own_tunes

from .conftest import Client

SCALE = [14, 1, 16, 1, 18, 1, 19, 1, 21, 1, 23, 1, 25, 1, 26, 1] * 2
"""Two bars of the scale of C, in eighths."""


def content(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_info_says_what_there_is(client: Client) -> None:
    info = client.get("/v1/info")
    models = {one["id"]: one for one in info["models"]}
    assert models["tunes"]["default"]
    assert models["tunes"]["key"] == "C major"
    assert {one["name"] for one in info["melody"]["rules"]} >= {"key", "chords", "cadence"}
    assert "flute" in info["melody"]["ranges"]
    assert info["api"] == 1


def test_the_same_request_gives_the_same_candidates_and_another_seed_others(client: Client) -> None:
    first, again, other = (
        client.post("/v1/generate", bars=2, count=3, seed=seed) for seed in (5, 5, 6)
    )
    tokens = [[one["tokens"] for one in reply["candidates"]] for reply in (first, again, other)]
    assert tokens[0] == tokens[1] != tokens[2]
    assert [len(row) for row in tokens[0]] == [32] * 3
    assert first["drawn"] == 5


def test_what_is_kept_stays_and_the_rest_is_new(client: Client) -> None:
    reply = client.post(
        "/v1/generate", **{"from": {"tokens": SCALE}}, keep="1", bars=3, count=4, seed=1
    )
    for one in reply["candidates"]:
        assert one["tokens"][:16] == SCALE[:16]
        assert len(one["tokens"]) == 48
    assert len({tuple(one["tokens"]) for one in reply["candidates"]}) == 4


def sounding(*notes: tuple[int, int, int]) -> dict[str, Any]:
    """The field `from` of notes, each its start, its length and its pitch."""
    return {"notes": [dict(zip(("start", "length", "pitch"), one, strict=True)) for one in notes]}


def test_notes_serve_in_place_of_tokens_at_the_pitch_that_sounds(client: Client) -> None:
    # two bars in D: two notes at once, one longer than until the next, one an octave too high
    own = sounding((0, 4, 62), (0, 4, 50), (4, 9, 66), (8, 8, 69), (16, 16, 98), (52, 4, 62))
    reply = client.post("/v1/generate", **{"from": own}, keep="1-2", bars=3, key="D", count=1)
    (one,) = reply["candidates"]
    assert [tuple(note.values()) for note in one["notes"] if note["start"] < 32] == [
        *((0, 4, 62), (4, 4, 66), (8, 8, 69), (16, 16, 74))
    ]
    assert reply["heard"]["transpose"] == 2
    assert one["tokens"][0] == 60 - 46
    assert reply["remarks"][0] == (
        "notes: 4 notes in D major; 1 note after the last bar left out; 1 note moved by octaves "
        "into the range of three"
    )


def test_the_key_of_notes_and_their_bars_are_found(client: Client) -> None:
    scale = [(4 * n, 4, pitch) for n, pitch in enumerate((63, 65, 67, 68, 70, 72, 74, 75, 63))]
    own = {"from": sounding(*scale), "keep": "1-2"}
    reply = client.post("/v1/generate", **own, count=1, seed=2)
    (one,) = reply["candidates"]
    assert (reply["heard"]["key"], len(one["tokens"])) == ("Eb major", 48)
    kept = [(note["start"], note["pitch"]) for note in one["notes"] if note["start"] < 32]
    assert kept == [(start, pitch) for start, _, pitch in scale[:8]]
    assert "in Eb major, as its notes tell" in reply["remarks"][0]


def test_notes_that_cannot_be_used_are_refused(client: Client) -> None:
    own = sounding((40, 4, 62))
    for given, complaint in (
        ({"from": own, "transpose": 2}, "transpose follows from the notes and the key"),
        ({"from": own, "bars": 2}, "notes: none begins in the 2 bars that are asked for"),
        ({"from": sounding((511, 4, 62)), "meter": "7/4"}, "notes: 19 bars are 532 sixteenths"),
        ({"from": {**own, "tokens": [1]}}, "expected either tokens or notes"),
        ({"from": {}}, "expected either tokens or notes"),
        ({"from": {"notes": []}}, "notes"),
        ({"from": sounding((0, 0, 62))}, "length"),
        ({"from": sounding((0, 4, 128))}, "pitch"),
    ):
        assert complaint in client.refused("/v1/generate", **given), given


def test_a_weight_makes_its_rule_kept_and_is_accounted_for(client: Client) -> None:
    wishes = {"weights": {"key": 6.0, "cadence": 2.0}, "key": "D", "chords": "D | A7"}
    reply = client.post("/v1/generate", bars=4, count=4, seed=2, **wishes)
    best = reply["candidates"][0]
    assert set(best["paid"]) == {"key", "cadence", "chords"}
    assert best["reward"] == pytest.approx(sum(best["paid"].values()), abs=1e-3)
    for rule, paid in best["steps"].items():
        assert sum(paid) == pytest.approx(best["paid"][rule], abs=1e-2)
    rewards = [one["reward"] for one in reply["candidates"]]
    assert rewards == sorted(rewards, reverse=True)
    tokens = [one["tokens"] for one in reply["candidates"]]
    account = client.post("/v1/account", tokens=tokens, **wishes)
    for before, after in zip(reply["candidates"], account["candidates"], strict=True):
        assert after == before
    assert account["heard"]["key"] == "D major"


def test_without_wishes_nothing_is_paid(client: Client) -> None:
    one = client.post("/v1/account", tokens=[SCALE])["candidates"][0]
    assert (one["reward"], one["paid"], one["steps"]) == (None, {}, {})
    assert one["log_prior_per_token"] == pytest.approx(one["log_prior"] / 32)
    assert one["properties"] == {"notes": 16, "lowest": 60, "highest": 72}


def test_key_scale_and_range_are_heard(client: Client) -> None:
    reply = client.post("/v1/generate", bars=2, scale="D dorian", range="C5..C6", count=2)
    up = reply["heard"]["transpose"]
    assert reply["heard"]["key"] == "D dorian"
    assert "K:Ddor" in reply["candidates"][0]["text"]
    for one in reply["candidates"]:
        pitches = [note.pitch + up for note in decode(one["tokens"])]
        assert all(72 <= pitch <= 84 for pitch in pitches)
        assert all(pitch % 12 in (2, 4, 5, 7, 9, 11, 0) for pitch in pitches)
        assert one["properties"]["lowest"] == min(pitches)


def test_a_scale_is_what_the_rules_of_a_prior_judge_in(client: Client) -> None:
    on_d = [16] + [1] * 31
    paid = [
        client.post("/v1/account", tokens=[on_d], weights={"tonic": 1.0}, **more)["candidates"][0]
        for more in ({}, {"scale": "D dorian"})
    ]
    assert [one["steps"]["tonic"][0] for one in paid] == [0, 3]


def test_tokens_stay_where_they_sound_if_the_transposition_is_sent_back(client: Client) -> None:
    written = client.post("/v1/generate", bars=1, count=1, key="A")
    heard, tokens = written["heard"], written["candidates"][0]["tokens"]
    kept = client.post(
        "/v1/generate",
        **{"from": {"tokens": tokens}},
        vary=0.3,
        key="A",
        transpose=heard["transpose"],
        count=1,
    )
    assert kept["heard"]["transpose"] == heard["transpose"]
    octave = client.post("/v1/account", tokens=[tokens], key="A", transpose=heard["transpose"] + 12)
    assert octave["heard"]["transpose"] == heard["transpose"] + 12
    assert "leave one of them out" in client.refused(
        "/v1/account", tokens=[tokens], key="A", transpose=heard["transpose"] + 1
    )


def test_an_aim_is_met_on_average(client: Client) -> None:
    reply = client.post(
        "/v1/generate", bars=2, count=16, aims=["first_note_is_tonic >= 90 %"], seed=3
    )
    assert reply["aims"][0]["reached"] == pytest.approx(90, abs=0.1)
    first = [decode(one["tokens"])[0].pitch % 12 for one in reply["candidates"]]
    assert sum(pitch == 0 for pitch in first) >= 11  # of 16; 16 of 100 without the aim


def test_an_aim_may_name_what_real_tunes_have(client: Client) -> None:
    reply = client.post("/v1/generate", bars=2, count=2, aims=["notes_per_bar >= real"], seed=3)
    assert reply["aims"][0]["aim"] == "notes_per_bar >= 5.463"  # of 161 tunes of two bars
    assert reply["aims"][0]["reached"] == pytest.approx(5.463, abs=0.01)


def test_rows_that_can_be_aimed_at(client: Client) -> None:
    rows = {one["row"]: one for one in client.get("/v1/aims?model=tunes")["rows"]}
    assert rows["last_note_is_tonic"]["percent"]
    assert 5 < rows["last_note_is_tonic"]["prior"] < 50


@pytest.mark.parametrize("kind", ["midi", "musicxml", "abc"])
def test_a_rendered_file_reads_back_to_the_same_tune(
    client: Client, kind: str, tmp_path: Path
) -> None:
    asked = {"tokens": [SCALE], "kind": kind, "key": "D", "meter": "2/4", "tempo": 90}
    reply = client.http.post("/v1/render", json=asked)
    name = reply.headers["content-disposition"].partition('"')[2].strip('"')
    (tmp_path / name).write_bytes(reply.content)
    (tune,) = own_tunes(tmp_path / name)
    assert [note.pitch for note in tune.notes] == [note.pitch + 2 for note in decode(SCALE)]
    read = client.post("/v1/read", name=f"C:\\music\\{name}", content=content(reply.content))
    assert read["tokens"] == SCALE
    assert (read["key"], read["meter"], read["heard"]["transpose"]) == ("D", "2/4", 2)
    assert read["tempo"] == pytest.approx(90, abs=0.01)
    assert name in read["remarks"][0]
    assert "C:" not in read["remarks"][0]


def test_several_melodies_are_one_archive_or_one_tune_book(client: Client) -> None:
    asked = {"tokens": [SCALE, SCALE[:16]]}
    packed = client.http.post("/v1/render", json={**asked, "kind": "midi"})
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert archive.namelist() == ["melody-1.mid", "melody-2.mid"]
        assert archive.read("melody-1.mid") == midi_bytes(SCALE)
    book = client.http.post("/v1/render", json={**asked, "kind": "abc"})
    assert [line for line in book.text.splitlines() if line.startswith("X:")] == ["X:1", "X:2"]
    sound = client.http.post("/v1/render", json={**asked, "kind": "wav", "tempo": 600})
    assert sound.headers["content-type"] == "application/zip"


def test_a_list_of_tokens_is_read_as_it_is(client: Client) -> None:
    line = f'{{"tokens": {SCALE}}}\n'.encode()
    read = client.post("/v1/read", name="melodies.jsonl", content=content(line))
    assert read["tokens"] == SCALE


def test_a_file_with_an_upbeat_says_where_its_bars_begin(client: Client, tmp_path: Path) -> None:
    tune = b"X:1\nM:4/4\nL:1/4\nK:G\nD|G2 B2|d4|]\n"
    read = client.post("/v1/read", name="upbeat.abc", content=content(tune))
    assert read["heard"]["upbeat"] == 4
    assert read["heard"]["bars"][0] == [0, 4]
    assert read["key"] == "G"
    write_midi(tmp_path / "same.mid", read["tokens"])


@pytest.mark.parametrize(
    ("path", "message", "said"),
    [
        ("generate", {"keep": "1"}, "need a tune"),
        ("generate", {"from": {"tokens": SCALE}}, "say which bars to keep"),
        ("generate", {"from": {"tokens": SCALE}, "keep": "9"}, "expected bars from 1 to 2"),
        ("generate", {"from": {"tokens": [99]}, "keep": "1"}, "99 at step 0"),
        ("generate", {"key": "H"}, "unknown key 'H'"),
        ("generate", {"scale": "H major"}, "unknown key 'H major'"),
        ("generate", {"range": "fluet"}, "did you mean 'flute'?"),
        ("generate", {"chords": "Xm7"}, "Xm7"),
        ("generate", {"form": "A B"}, "nothing comes back"),
        ("generate", {"weights": {"keey": 1}}, "did you mean 'key'?"),
        ("generate", {"weights": {"chords": 1}}, "needs the field chords"),
        ("generate", {"aims": ["tonic"]}, "expected a row"),
        ("generate", {"aims": ["no_such_row >= 5 %"]}, "no_such_row"),
        ("generate", {"meter": "64/1", "bars": 16}, "expected at most 512"),
        ("generate", {"model": "psi"}, "there is no model 'psi'"),
        ("generate", {"model": "tunes", "domain": "molecule"}, "is of melody"),
        ("render", {"tokens": [SCALE], "kind": "smi"}, "expected one of melodies"),
        ("render", {"tokens": [[14] * 512] * 3, "kind": "wav", "tempo": 10}, "would sound for"),
        ("read", {"name": "a.mid", "content": "@"}, "no base64"),
        ("read", {"name": "a.exe", "content": ""}, "unknown kind of file"),
        ("read", {"name": "a.zip", "content": ""}, "unknown kind of file"),
        ("read", {"name": "a.mid", "content": ""}, "not a MIDI file"),
        ("read", {"name": "a.mid", "content": content(b"MThd" + b"\xff" * 40)}, "damaged"),
    ],
)
def test_refusals_are_one_sentence(
    client: Client, path: str, message: dict[str, object], said: str
) -> None:
    sentence = client.refused(f"/v1/{path}", **message)
    assert said in sentence
    assert "--" not in sentence
    assert "\n" not in sentence
    assert "/tmp" not in sentence
