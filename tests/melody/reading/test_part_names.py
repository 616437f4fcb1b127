from __future__ import annotations

import pytest

from sequence_tutor.melody.reading.part_names import rank

MELODIES = """
MELODY, Melodie, Mélodie, melodía, LeadVocal, Voice1, vocal_2, Singstimme, Oberstimme, 1. Stimme,
Gesang, Canto, Voix, Voz, Soprano, メロディ, 主旋律, Мелодия, 멜로디 1, Lead guitar, Singer, Vocals,
Melody (Voice Oohs), Superius, Discantus, Tune, Vox
"""
BENEATH = """
Voice Oohs, Choir Aahs, Synth Voice, Synth Bass (single), Lead 8 (bass + lead), Pad 4 (choir),
Begleitstimme, Mittelstimme, Gegenstimme, Tuned Percussion, Melodic Tom, Backing Vocals,
Kontrabass, Countermelody, Counter Melody, Electric Bass, Harmony, Left Hand, linke Hand, LH,
Bass Voice, ベース,
コーラス, бас
"""  # noqa: RUF001  # Cyrillic on purpose
NEITHER = """
Piano, Flute, Invoice, Single, Bassoon, Basset Horn, Harmonica, Accordion, Fortune,
Tom Keane's (reel), Day I Met Tom Moylan (reel), Harmony Hall Reel, Back Home
"""


def listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",")]


@pytest.mark.parametrize(
    ("names", "expected"), [(MELODIES, 1), (BENEATH, -1), (NEITHER, 0), ("", 0)]
)
def test_what_names_say(names: str, expected: int) -> None:
    assert {name: rank(name) for name in listed(names)} == dict.fromkeys(listed(names), expected)
