"""Keys as notation has them, checked against what textbooks of harmony say."""

from __future__ import annotations

import pytest

from sequence_tutor.melody.scales import SCALES, TONICS, Key
from sequence_tutor.melody.signature import MOST_FIFTHS, moved, signature_of

_SIGNS = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}


def scale_names(key: Key) -> str:
    """The notes of a scale as they are spelled."""
    names = signature_of(key).names
    spelled = (names[(TONICS[key.tonic] + degree) % 12] for degree in key.degrees)
    return " ".join(letter + _SIGNS[alteration] for letter, alteration in spelled)


@pytest.mark.parametrize(
    ("tonic", "scale", "expected"),
    [
        ("D", "harmonic_minor", "D E F G A Bb C#"),
        ("G", "harmonic_minor", "G A Bb C D Eb F#"),
        ("F#", "harmonic_minor", "F# G# A B C# D E#"),
        ("G#", "harmonic_minor", "G# A# B C# D# E F##"),
        ("Eb", "melodic_minor", "Eb F Gb Ab Bb C D"),
        ("A", "blues", "A C D Eb E G"),
        ("C", "blues", "C Eb F Gb G Bb"),
        ("D", "dorian", "D E F G A B C"),
        ("F", "lydian", "F G A B C D E"),
        ("Gb", "major", "Gb Ab Bb Cb Db Eb F"),
        ("Bb", "minor_pentatonic", "Bb Db Eb F Ab"),
    ],
)
def test_scales_are_spelled_as_in_books(tonic: str, scale: str, expected: str) -> None:
    assert scale_names(Key(tonic=tonic, scale=scale)) == expected


@pytest.mark.parametrize("tonic", TONICS)
@pytest.mark.parametrize("scale", SCALES)
def test_every_key_can_be_written_and_scales_of_seven_have_a_letter_each(
    tonic: str, scale: str
) -> None:
    key = Key(tonic=tonic, scale=scale)
    signature = signature_of(key)
    assert abs(signature.fifths) <= MOST_FIFTHS
    assert all(abs(alteration) <= 2 for _, alteration in signature.names)
    for pitch in range(128):
        letter, alteration, octave = signature.spell(pitch)
        assert 12 * (octave + 1) + "C D EF G A B".index(letter) + alteration == pitch
    letters = [name[0] for name in scale_names(key).split()]
    if len(key.degrees) == 7:
        assert len(set(letters)) == 7


@pytest.mark.parametrize("tonic", TONICS)
@pytest.mark.parametrize("scale", ["natural_minor", "aeolian", "harmonic_minor", "melodic_minor"])
def test_leading_notes_of_minor_keys_are_sevenths(tonic: str, scale: str) -> None:
    signature = signature_of(Key(tonic=tonic, scale=scale))
    letters = "CDEFGAB"
    seventh, _ = signature.names[(TONICS[tonic] - 1) % 12]
    sixth, _ = signature.names[(TONICS[tonic] - 3) % 12]
    place = letters.index(signature.tonic[0])
    assert (sixth, seventh) == (letters[place - 2], letters[place - 1])


@pytest.mark.parametrize(
    ("key", "abc", "fifths", "mode"),
    [
        (Key(), "C", 0, "major"),
        (Key(tonic="D", scale="dorian"), "Ddor", 0, "dorian"),
        (Key(tonic="D", scale="harmonic_minor"), "Dm", -1, "minor"),
        (Key(tonic="A", scale="blues"), "Am", 0, "minor"),
        (Key(tonic="G", scale="mixolydian"), "Gmix", 0, "mixolydian"),
        (Key(tonic="D#"), "Eb", -3, "major"),  # nine sharps otherwise
        (Key(tonic="Gb", scale="natural_minor"), "F#m", 3, "minor"),
        (Key(tonic="D", scale=(2, 3, 6, 7, 9, 10, 0)), "Dmix", 1, "mixolydian"),
        (Key(tonic="D", scale=(2, 4, 7, 9)), "D", 2, "major"),
        (Key(tonic="E", scale=(4, 7, 9, 11)), "Em", 1, "minor"),
    ],
)
def test_signatures(key: Key, abc: str, fifths: int, mode: str) -> None:
    signature = signature_of(key)
    assert (signature.abc, signature.fifths, signature.musicxml_mode) == (abc, fifths, mode)


def test_keys_move_to_the_name_of_fewest_signs() -> None:
    assert moved(Key(), 2) == Key(tonic="D")
    assert moved(Key(), 1) == Key(tonic="Db")
    assert moved(Key(scale="natural_minor"), 1) == Key(tonic="C#", scale="natural_minor")
    assert moved(Key(tonic="D", scale=(2, 4, 7)), -2) == Key(tonic="C", scale=(0, 2, 5))
    assert moved(Key(tonic="F#"), 12) == Key(tonic="F#")
