"""Sequences kept to be learned from again, and what draws them; see `docs/extend/sampler.md`.

Only the names exported here are stable.
"""

from sequence_tutor.replay.check import check_sampler
from sequence_tutor.replay.sampling import Drawn, Sampler
from sequence_tutor.replay.sequences import SequenceReplay, Stored

__all__ = ["Drawn", "Sampler", "SequenceReplay", "Stored", "check_sampler"]
