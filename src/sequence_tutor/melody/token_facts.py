"""What other programs need to know of melody tokens: names, pitches, meter and key, as JSON."""

from __future__ import annotations

from typing import Any

from sequence_tutor.melody.encoding import (
    FIRST_NOTE,
    HOLD,
    LOWEST_PITCH,
    NOTE_OFF,
    STEPS_PER_QUARTER,
    VOCAB_SIZE,
)
from sequence_tutor.melody.frame import Frame
from sequence_tutor.melody.scales import OCTAVE

_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def token_facts(frame: Frame) -> dict[str, Any]:
    """Facts about the tokens of a frame.

    Returns:
        `tokens`, names by number; `note_off`, `hold` and `first_note`, numbers of tokens, and
        `lowest_pitch`, the MIDI pitch of `first_note`; `steps_per_quarter`; `meter` with the steps
        of a bar and of each beat; `key`, its tonic and scale, or null for tunes in any key.
    """
    pitches = range(LOWEST_PITCH, LOWEST_PITCH + VOCAB_SIZE - FIRST_NOTE)
    names = [f"{_NAMES[pitch % OCTAVE]}{pitch // OCTAVE - 1}" for pitch in pitches]
    meter = frame.meter
    return {
        "tokens": ["off", "hold", *names],
        "note_off": NOTE_OFF,
        "hold": HOLD,
        "first_note": FIRST_NOTE,
        "lowest_pitch": LOWEST_PITCH,
        "steps_per_quarter": STEPS_PER_QUARTER,
        "meter": {"text": str(meter), "bar": meter.steps, "beats": list(meter.beats)},
        "key": frame.key and frame.key.model_dump(mode="json"),
    }
