from __future__ import annotations

import pytest
from pydantic import ValidationError

from sequence_tutor.melody.scales import C_MAJOR, SCALES, TONICS, Key


def test_c_major_is_the_published_key() -> None:
    assert C_MAJOR.tokens == {
        *(0, 1, 2, 4, 6, 7, 9, 11, 13, 14, 16, 18, 19, 21, 23, 25, 26, 28, 30, 31, 33, 35, 37)
    }
    assert C_MAJOR.tonic_token == 14
    assert C_MAJOR.tonics == {2, 14, 26}
    assert C_MAJOR.thirds == {6, 18, 30}
    assert C_MAJOR.fifths == {9, 21, 33}


@pytest.mark.parametrize(
    ("tonic", "scale", "notes"),
    [
        # Octave 4 is tokens 14 (C) to 25 (B).
        ("A", "natural_minor", {14, 16, 18, 19, 21, 23, 25}),
        ("A", "harmonic_minor", {14, 16, 18, 19, 22, 23, 25}),
        ("A", "melodic_minor", {14, 16, 18, 20, 22, 23, 25}),
        ("D", "dorian", {14, 16, 18, 19, 21, 23, 25}),
        ("G", "major", {14, 16, 18, 20, 21, 23, 25}),
        ("Eb", "major_pentatonic", {14, 17, 19, 21, 24}),
        ("C", "blues", {14, 17, 19, 20, 21, 24}),
        ("E", (4, 7, 9), {18, 21, 23}),
    ],
)
def test_notes_of_a_key(tonic: str, scale: str | tuple[int, ...], notes: set[int]) -> None:
    assert {token for token in Key(tonic=tonic, scale=scale).tokens if 14 <= token < 26} == notes


def test_every_mode_of_the_white_keys_has_the_same_tokens() -> None:
    modes = ("ionian", "dorian", "phrygian", "lydian", "mixolydian", "aeolian", "locrian")
    for tonic, mode in zip("CDEFGAB", modes, strict=True):
        assert Key(tonic=tonic, scale=mode).tokens == C_MAJOR.tokens


@pytest.mark.parametrize("tonic", TONICS)
@pytest.mark.parametrize("scale", SCALES)
def test_transposing_a_key_transposes_everything(tonic: str, scale: str) -> None:
    key, in_c, up = Key(tonic=tonic, scale=scale), Key(scale=scale), TONICS[tonic]
    assert key.tonic_token == 14 + up
    for ours, theirs in (
        (key.tonics, in_c.tonics),
        (key.thirds, in_c.thirds),
        (key.fifths, in_c.fifths),
        (key.tokens - {0, 1}, in_c.tokens - {0, 1}),
    ):
        assert {(token - up) % 12 for token in ours} == {token % 12 for token in theirs}


def test_third_and_fifth_where_the_scale_lacks_them() -> None:
    assert Key(scale="minor_pentatonic").thirds == {5, 17, 29}  # the minor third
    assert Key(scale="locrian").fifths == {8, 20, 32}  # the diminished fifth
    assert Key(scale=(0, 2)).thirds == Key(scale=(0, 2)).fifths == set()


def test_flats_and_sharps_are_one() -> None:
    assert Key(tonic="Db").tokens == Key(tonic="C#").tokens


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tonic": "H"}, "unknown tonic 'H'"),
        ({"scale": "majr"}, "did you mean 'major'"),
        ({"scale": (0, 12)}, "pitch classes of 0..11"),
        ({"tonic": "D", "scale": (0, 4)}, "must hold the tonic D, 2"),
        ({"tonc": "D"}, "did you mean 'tonic'"),
    ],
)
def test_a_wrong_key_says_what_was_expected(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Key.model_validate(given)
