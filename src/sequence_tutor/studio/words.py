"""What a page says of the rules of melodies: a title, a sentence, the ends of a slider."""

from __future__ import annotations

from typing import Any, NamedTuple

from sequence_tutor.melody.encoding import (
    FIRST_NOTE,
    HIGHEST_PITCH,
    HOLD,
    LOWEST_PITCH,
    NOTE_OFF,
    STEPS_PER_QUARTER,
)
from sequence_tutor.melody.filling.pitch_range import INSTRUMENTS
from sequence_tutor.melody.scales import SCALES, TONICS
from sequence_tutor.workbench.wished import NATS_A_POINT

METERS = ("4/4", "3/4", "2/4", "2/2", "6/8", "9/8", "12/8", "5/4", "7/8")
"""Offered first; others are understood too."""


class Words(NamedTuple):
    """Of one rule.

    Attributes:
        title: of its slider.
        help: what it pays for, in a sentence.
        high: end of the slider; it begins at 0. A weight of 1 makes a point e times as likely.
        weight: where the slider stands at first.
    """

    title: str
    help: str
    high: float
    weight: float = 0.0


RULES = {
    "key": Words("Stay in the key", "Takes a point for each note outside the key.", 6, 1),
    "tonic": Words(
        "Begin and end at home",
        "Pays 3 points if the first step is the tonic, and for each of the last four steps that "
        "holds it.",
        3,
        0.5,
    ),
    "repetition": Words(
        "No hammering", "Takes 100 points for a note that is repeated more than four times.", 0.2
    ),
    "autocorrelation": Words(
        "No regular patterns",
        "Takes up to 3 points a step for correlation with what was one to three steps before.",
        2,
    ),
    "motif": Words(
        "Motifs", "Pays 3 points at each step that ends two beats of three notes or more.", 0.3
    ),
    "repeated_motif": Words(
        "Motifs come back", "Pays 4 points at each step that ends a motif heard before.", 0.3
    ),
    "interval": Words(
        "Good intervals", "Pays by the interval from the last note, takes for wide ones.", 1
    ),
    "leap": Words(
        "Resolve leaps", "Pays 5 points for a leap that is resolved, takes 5 for a second one.", 1
    ),
    "unique_extrema": Words(
        "One highest, one lowest", "Pays 3 points each if the highest and lowest note come once.", 1
    ),
    "chords": Words(
        "Fit the chords",
        "Pays for chord tones on beats, takes for other notes there; needs chords.",
        6,
        NATS_A_POINT,
    ),
    "form": Words(
        "Follow the form",
        "Pays for each step of a section that sounds as the one it repeats; needs a form.",
        6,
        NATS_A_POINT,
    ),
    "cadence": Words(
        "Close every phrase",
        "Pays a point for four bars that end on a held note of the tonic chord.",
        6,
        1,
    ),
}


def melody_facts() -> dict[str, Any]:
    """The part of /v1/info on melodies, as JSON."""
    return {
        "hold": HOLD,
        "off": NOTE_OFF,
        "first_pitch_token": FIRST_NOTE,
        "first_pitch": LOWEST_PITCH,
        "last_pitch": HIGHEST_PITCH,
        "steps_per_quarter": STEPS_PER_QUARTER,
        "keys": [*TONICS, *(f"{tonic}m" for tonic in TONICS)],
        "scales": [name.replace("_", " ") for name in SCALES],
        "ranges": list(INSTRUMENTS),
        "meters": list(METERS),
        "rules": [_fact(name, words) for name, words in RULES.items()],
    }


TERMS = {
    "valid": Words("Valid", "Pays for a string that is a molecule.", 10, 3),
    "qed": Words("Drug-like", "Pays the quantitative estimate of drug-likeness, 0 to 1.", 30, 10),
    "sa": Words("Easy to make", "Pays more, the easier a molecule is to synthesise.", 5, 0.5),
    "logp": Words("Fat-soluble", "Pays for logP, the octanol-water partition.", 3),
    "ring": Words("No large rings", "Takes points for rings of more than six atoms.", 10, 2),
    "near": Words("Similar", "Pays the similarity to your molecule, 0 to 1.", 40, 20),
}


def molecule_facts() -> dict[str, Any]:
    """The part of /v1/info on molecules, as JSON."""
    return {"terms": [_fact(name, words) for name, words in TERMS.items()]}


def _fact(name: str, words: Words) -> dict[str, Any]:
    return {
        "name": name,
        "title": words.title,
        "help": words.help,
        "weight": words.weight,
        "low": 0.0,
        "high": words.high,
    }
