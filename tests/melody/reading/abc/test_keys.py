from __future__ import annotations

from collections.abc import Callable

import pytest

from sequence_tutor.melody.reading.abc.keys import AbcKey, read_key
from sequence_tutor.melody.reading.score import WrittenKey

F_SHARP = {"F": 1}
TWO_SHARPS = {"F": 1, "C": 1}


def alterations(text: str) -> dict[str, int]:
    key = read_key(text)
    assert isinstance(key, AbcKey)
    return key.alterations


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C", {}),
        ("G", F_SHARP),
        ("D major", TWO_SHARPS),
        ("Bm", TWO_SHARPS),
        ("B minor", TWO_SHARPS),
        ("BMIN", TWO_SHARPS),
        ("Ador", F_SHARP),
        ("A Dorian", F_SHARP),
        ("F#phr", TWO_SHARPS),
        ("Glydian", TWO_SHARPS),
        ("C#loc", TWO_SHARPS),
        ("Amix", TWO_SHARPS),
        ("Bb", {"B": -1, "E": -1}),
        ("B♭", {"B": -1, "E": -1}),
        ("F♯m", {"F": 1, "C": 1, "G": 1}),
        ("C#", dict.fromkeys("FCGDAEB", 1)),
        ("em", F_SHARP),
        ("bb", {"B": -1, "E": -1}),
        ("HP", TWO_SHARPS),
        ("Hp", TWO_SHARPS),
        ("none", {}),
        ("", {}),
        ("G clef=bass transpose=-12", F_SHARP),
        ("C middle=d", {}),
        ("G treble", F_SHARP),
        ("clef=bass G", F_SHARP),
        ("bass G", F_SHARP),
        ('name="A b" treble+8 transpose=-2 em', F_SHARP),
        ("clef=alto key=Gm", {"B": -1, "E": -1}),
        ("clef=bass Hp", TWO_SHARPS),
        ("EMix", {"F": 1, "C": 1, "G": 1}),
        ("Dphr", {"B": -1, "E": -1}),
    ],
)
def test_keys_and_modes(text: str, expected: dict[str, int]) -> None:
    assert alterations(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DPhr ^f", {"B": -1, "E": -1, "F": 1}),
        ("DPhr^f", {"B": -1, "E": -1, "F": 1}),
        ("D exp _b _e ^f", {"B": -1, "E": -1, "F": 1}),
        ("D exp _B_e^F clef=alto", {"B": -1, "E": -1, "F": 1}),
        ("D =c", {"F": 1, "C": 0}),
        ("Am ^g", {"G": 1}),
        ("Ador exp ^g", {"G": 1}),
        ("C exp ^^f __b", {"F": 2, "B": -2}),
        ("none ^f", F_SHARP),
        ("Amix ^g =c transpose=2", {"F": 1, "C": 0, "G": 1}),
        ("Ador EXP ^g", {"G": 1}),
        ("C exp ^f, _b", {"F": 1, "B": -1}),
        ("exp _b ^f", {"B": -1, "F": 1}),
        ("Exp^f", F_SHARP),
        ("^f _b", {"B": -1, "F": 1}),
        ("clef=bass ^f", F_SHARP),
        ("D exp ^/f^3/2c _g", {"F": 0, "C": 1, "G": -1}),  # quarter tones, towards the natural
    ],
)
def test_accidentals_after_the_mode(text: str, expected: dict[str, int]) -> None:
    assert alterations(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("|", ":", "?", "foo", "bass", "alto", "clef=treble", "H", "1"),
        *("clef=bass octave=-1", "treble+8 middle=d", "clef=bass Drum", "bass drum"),
    ],
)
def test_what_names_no_key(text: str) -> None:
    assert read_key(text) is None


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("D", WrittenKey(2, "ionian")),
        ("Ador", WrittenKey(1, "dorian")),
        ("Ebm clef=bass", WrittenKey(-6, "aeolian")),
        ("E♭", WrittenKey(-3, "ionian")),
        ("A Mix clef=bass", WrittenKey(2, "mixolydian")),
        ("G#", None),
        ("D Phr ^f", None),
        ("D exp _b _e ^f", None),
        ("D exp ^f", WrittenKey(1, "mixolydian")),  # one sharp is G's, of which D is the fifth
        ("D =c", WrittenKey(1, "mixolydian")),
        ("Ador exp ^g", WrittenKey(0, "aeolian")),  # harmonic minor
        ("Am ^f ^g", WrittenKey(0, "aeolian")),  # melodic minor
        ("Gm _e", WrittenKey(-2, "aeolian")),  # nothing that the signature has not
        ("HP", None),
        ("none", None),
    ],
)
def test_the_usual_keys_are_said_as_in_other_files(text: str, written: WrittenKey | None) -> None:
    key = read_key(text)
    assert key is not None
    assert key.written == written


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "FB[K:Gm]FBE|[K:clef=bass]FBE|[K:C exp _b _e ^f]FBE|",
            "F#4 B4 F4 Bb4 Eb4 F4 Bb4 Eb4 F#4 Bb4 Eb4",
        ),
        (
            "FC|\nK:Dphr\nFBE|\nK:EMix\nFCG|\nK:none\nFC|\nK:Hp\nFC|",
            "F#4 C4 F4 Bb4 Eb4 F#4 C#4 Ab4 F4 C4 F#4 C#4",
        ),
        ("=FF[K:bass D]FC|^GG[K:^c]GCF|", "F4 F4 F#4 C#4 Ab4 Ab4 G4 C#4 F4"),
    ],
)
def test_a_change_of_key_holds_until_the_next_one(
    notes: Callable[[str], str], body: str, expected: str
) -> None:
    """Accidentals of a bar end where the key changes within it."""
    assert notes(f"X:1\nT:t\nM:none\nL:1/4\nK:G\n{body}\n") == expected
