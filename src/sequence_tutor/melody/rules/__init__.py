"""The nine rules of the melody reward, one file each."""

from sequence_tutor.melody.rules.autocorrelation import Autocorrelation
from sequence_tutor.melody.rules.interval import Interval
from sequence_tutor.melody.rules.key import InKey
from sequence_tutor.melody.rules.leap import Leap
from sequence_tutor.melody.rules.motif import Motif
from sequence_tutor.melody.rules.repeated_motif import RepeatedMotif
from sequence_tutor.melody.rules.repetition import Repetition
from sequence_tutor.melody.rules.rule import Rule
from sequence_tutor.melody.rules.tonic import Tonic
from sequence_tutor.melody.rules.unique_extrema import UniqueExtrema

__all__ = [
    "Autocorrelation",
    "InKey",
    "Interval",
    "Leap",
    "Motif",
    "RepeatedMotif",
    "Repetition",
    "Rule",
    "Tonic",
    "UniqueExtrema",
]
