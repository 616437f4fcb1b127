from __future__ import annotations

import pytest

from sequence_tutor.melody.abc_keys import written_key
from sequence_tutor.melody.score import WrittenKey


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("G", WrittenKey(1, "ionian")),
        ("Ddor", WrittenKey(0, "dorian")),
        ("D Dorian", WrittenKey(0, "dorian")),
        ("F#m", WrittenKey(3, "aeolian")),
        ("Bb minor", WrittenKey(-5, "aeolian")),
        ("E♭", WrittenKey(-3, "ionian")),
        ("A Mix clef=bass", WrittenKey(2, "mixolydian")),
        ("C clef=treble", WrittenKey(0, "ionian")),
        ("Amaj", WrittenKey(3, "ionian")),
        ("D Phr ^f", None),
        ("none", None),
        ("HP", None),
        ("", None),
        ("D exp _b _e ^f", None),
        ("C bass", WrittenKey(0, "ionian")),
    ],
)
def test_keys_of_fields(text: str, expected: WrittenKey | None) -> None:
    assert written_key(text) == expected


def test_a_transposing_part_sounds_in_another_key() -> None:
    assert written_key("D", -2) == WrittenKey(0, "ionian")
    assert written_key("Ddor", 2) == WrittenKey(2, "dorian")
