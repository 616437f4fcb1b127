"""Settings of what is sampled to learn from, and of the store that batches are drawn from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sequence_tutor.config.settings import Settings
from sequence_tutor.replay.sequences import Keep, RankBy

KINDS = ("policy", "epsilon-greedy", "epsilon-policy", "boltzmann")
"""Explorations of this program; any other kind is a package's or an object in memory."""


class ExplorationSettings(Settings):
    """What is sampled while collecting, instead of the policy itself."""

    kind: str = Field(
        "policy",
        description="policy: pi itself; epsilon-greedy: the likeliest token, but any token with "
        "probability epsilon; epsilon-policy: the same around pi; boltzmann: pi at a temperature; "
        "or the name of one that an installed package offers",
    )
    begin: float = Field(1.0, ge=0, description="epsilon or temperature at the first update")
    end: float = Field(0.01, ge=0, description="epsilon or temperature once annealed")
    anneal: float = Field(
        0.5, gt=0, le=1, description="share of all updates over which it goes from begin to end"
    )
    regrow: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of each collection that begins as a good sequence of replay does, cut "
        "at random, and goes on as the prior would",
    )
    breed: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of each collection that is bred: children of good sequences of replay, "
        "where the domain can cross two",
    )
    given: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of each sequence's tokens that are those of data at the first update "
        "(mixer): of the seeds, or else of the prior's sequences",
    )
    given_anneal: float = Field(
        0.5, gt=0, le=1, description="share of all updates after which nothing is given any more"
    )

    @property
    def own(self) -> float:
        """The share that the policy writes."""
        return 1 - self.regrow - self.breed


class ReplaySettings(Settings):
    """Where batches come from."""

    capacity: int = Field(20_000, ge=1, description="sequences kept")
    keep: Keep = Field(
        "newest", description="which sequences a full store keeps: the newest, or the best ones"
    )
    distinct: bool = Field(
        False, description="whether a sequence that is held already is not stored once more"
    )
    rank_by: RankBy = Field(
        "return",
        description="which stored sequences are the best, for keep, by_return, shift, "
        "exploration.regrow and exploration.breed: those of the highest return, or those likeliest "
        "under the optimum, by return / c + log p",
    )
    warm_start: int = Field(
        0, ge=0, description="sequences sampled and stored before the first update"
    )
    fresh: float = Field(
        0.5, ge=0, le=1, description="share of a batch taken from the newest collection"
    )
    by_return: float = Field(
        0.5,
        ge=0,
        lt=1,
        description="without priorities: 0: the rest is drawn uniformly; else the k-th best stored "
        "sequence is drawn with density proportional to k^-by_return",
    )
    shift: float = Field(
        0.0,
        ge=0,
        le=100,
        description="without priorities: 0: by_return says how ranks are drawn; else the k-th best "
        "of N is drawn with density proportional to 1 / (shift N + k)",
    )
    respell: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the replayed sequences that are written in another spelling each "
        "time, where the domain has several, and judged by the prior anew",
    )
    sampler: str = Field(
        "", description="a sampler that an installed package offers, in place of all below"
    )
    priority: Literal["none", "sequence", "step"] = Field(
        "none",
        description="sequence: the rest is drawn by TD error instead (prioritised experience "
        "replay); step: single steps are, and only their errors are learned from",
    )
    priority_exponent: float = Field(
        0.6, ge=0, description="alpha: a TD error is drawn in proportion to its alpha-th power"
    )
    importance_begin: float = Field(
        0.4, ge=0, le=1, description="beta at the first update: how far the bias is taken back"
    )
    importance_end: float = Field(1.0, ge=0, le=1, description="beta at the last update")
