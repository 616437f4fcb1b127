"""The nine rules of the melody reward."""

from sequence_tutor.melody.rules.leap import Leap
from sequence_tutor.melody.rules.motifs import Motif, RepeatedMotif
from sequence_tutor.melody.rules.pitches import InKey, Interval, Tonic, UniqueExtrema
from sequence_tutor.melody.rules.repetition import Autocorrelation, Repetition

__all__ = [
    "Autocorrelation",
    "InKey",
    "Interval",
    "Leap",
    "Motif",
    "RepeatedMotif",
    "Repetition",
    "Tonic",
    "UniqueExtrema",
]
