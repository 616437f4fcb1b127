"""Settings of tuning, one table per concern."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from sequence_tutor.algorithms.algorithm import Algorithm, Target
from sequence_tutor.algorithms.loss_settings import LossSettings
from sequence_tutor.algorithms.registry import find_algorithm
from sequence_tutor.config.aims import Aim, parse_aims
from sequence_tutor.config.settings import refused_by_value
from sequence_tutor.models import NetworkSettings, RecurrentSettings, Start
from sequence_tutor.tuner.collecting_settings import ExplorationSettings, ReplaySettings
from sequence_tutor.tuner.consistency import check_consistent
from sequence_tutor.tuner.critic_settings import CriticSettings
from sequence_tutor.tuner.fence_settings import FenceSettings
from sequence_tutor.tuner.health_settings import HealthSettings
from sequence_tutor.tuner.idle_settings import ASKED, given_names, refuse_idle
from sequence_tutor.tuner.stage_settings import StageSettings

AIMING = ("aims", "aims_alone", "aims_react", "aims_margin", "aims_keep")
"""Settings that a run without aims does not record."""

LATER: Mapping[str, tuple[str, ...]] = {
    "exploration": ("breed", "given", "given_anneal"),
    "optimiser": ("average",),
    "replay": ("rank_by", "shift", "respell", "sampler"),
}
"""Settings, by their tables, that are not recorded where they have their usual value: a run without
them is recorded as before there were any. So are `critic` and `fence`, where there is none."""


class TuneSettings(LossSettings):
    """How a prior is tuned."""

    algorithm: str = Field(
        "psi",
        description="psi, g, q, rl-only: which action values are learned; the others: policy "
        "gradients, which learn from fresh sequences only",
    )
    c: float = Field(4.0, gt=0, description="temperature: divides the reward")
    c_begin: float | None = Field(
        None, gt=0, description="c at the first update, from where it goes to c; none: c throughout"
    )
    c_anneal: float = Field(
        0.5, gt=0, le=1, description="share of all updates over which it does, geometrically"
    )
    prior_temperature: float = Field(
        1.0,
        gt=0,
        description="T: the objective's prior is p^(1/T); above 1 it is flatter, which keeps more "
        "variety under strong rules; reports are always about p itself",
    )
    start: Start | Literal["default"] = Field(
        "default", description="how action values begin; default: the algorithm's own"
    )
    network: NetworkSettings = Field(
        RecurrentSettings(),
        description="network of the values where the prior is a black box; else the prior's own",
    )
    sees_place: bool = Field(
        False,
        description="whether the tuned copy of a recurrent prior sees how many tokens it has "
        "written; what is wanted at the end of a sequence then needs no counting",
    )
    eta: float = Field(0.01, gt=0, le=1, description="update rate of the target network")
    target_kl: float | None = Field(
        None,
        gt=0,
        description="nats per token from the prior; c is then found in training, from c_begin on, "
        "between a thousandth and a thousand times that; the divergence is from p itself, also "
        "where prior_temperature is not 1 and the objective holds the policy near p^(1/T)",
    )
    budget: int | None = Field(
        None,
        ge=1,
        description="most sequences ever scored to learn from; the last collection is cut to it",
    )
    steps: int = Field(3000, ge=1, description="updates")
    batch: int = Field(128, ge=1, description="sequences per update")
    collect: int = Field(512, ge=1, description="sequences sampled at a time")
    collect_every: int = Field(8, ge=1, description="updates between two collections")
    lag: int = Field(
        0,
        ge=0,
        description="updates between sampling a collection and learning from it, while it is "
        "scored; the numbers do not depend on how long that takes",
    )
    rollouts: int = Field(
        0,
        ge=0,
        le=10_000,
        description="parts that a collection is sampled in by copies of the policy, meanwhile and "
        "on the nodes of the executor ray; needs a lag; 0: the policy samples it as a whole",
    )
    reward_floor: float | None = Field(
        None, lt=0, description="least r / c that one step may have in learning"
    )
    exploration: ExplorationSettings = ExplorationSettings()
    replay: ReplaySettings = ReplaySettings()
    critic: CriticSettings = CriticSettings()
    fence: FenceSettings = FenceSettings()
    health: HealthSettings = HealthSettings()
    stages: tuple[StageSettings, ...] = Field(
        (), description="one after the other instead of one c and one set of weights throughout"
    )
    aims: tuple[Aim, ...] = Field((), description="what rows of the table should be")
    aims_alone: bool = Field(
        False, description="whether the reward's weights play no part beside the aims"
    )
    aims_react: float = Field(
        0.1,
        gt=0,
        le=1,
        description="share of the run in which multipliers of aims make a whole step, at its end; "
        "less follows a network that learns slowly, and is noisier",
    )
    aims_margin: float = Field(
        2.0,
        ge=0,
        description="standard errors of what the multipliers follow by which the goal of an aim is "
        "inside its bound; more is dearer, and makes up for a network that lags behind",
    )
    aims_keep: int = Field(
        0,
        ge=0,
        description="collections of a stretch; the run ends with the policy of the one, in its "
        "second half, that met the aims best, and not with the last; 0: with the last",
    )
    evaluate_every: int = Field(500, ge=1, description="updates between two evaluations")
    evaluate_samples: int = Field(2048, ge=2, description="sequences sampled for each")
    seed: int = Field(0, ge=0, description="seed of everything random")

    @property
    def traits(self) -> Algorithm:
        """The algorithm itself."""
        return find_algorithm(self.algorithm)

    @property
    def target_network(self) -> Target:
        """What the target network is; residuals bootstrap from themselves and need none."""
        traits = self.traits
        takes_paths = "n_steps" in traits.reads and self.n_steps != 1
        return "none" if traits.target == "average" and takes_paths else traits.target

    @property
    def learns_soft_values(self) -> bool:
        """Whether V(s) is fitted at every state to the log of what can still be had from there."""
        if self.traits.fits != "soft":
            return False
        if "paths" in self.traits.reads and self.paths != "whole":
            return self.paths in ("every", "both")
        return self.value_weight > 0

    @model_serializer(mode="wrap")
    def _as_recorded(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As plain values; what a run does without is not recorded, see `LATER`."""
        values: dict[str, Any] = handler(self)
        unused = {*(() if self.aims else AIMING), *(() if self.critic.is_on else ("critic",))}
        unused |= set() if self.fence.is_on else {"fence"}
        unused |= set() if self.sees_place else {"sees_place"}
        usual = {name: getattr(self, name) for name in ("aims_react", "aims_margin", "aims_keep")}
        fields = type(self).model_fields
        unused |= {name for name, value in usual.items() if value == fields[name].default}
        unused |= {name for name in ("lag", "rollouts") if not getattr(self, name)}
        for table, names in LATER.items():
            usual = type(getattr(self, table)).model_fields
            values[table] = {
                name: value
                for name, value in values[table].items()
                if name not in names or value != usual[name].default
            }
        return {name: value for name, value in values.items() if name not in unused}

    @field_validator("aims", mode="before")
    @classmethod
    def _read_aims(cls, given: object) -> object:
        """From a table, row -> what it should be."""
        with refused_by_value():
            return parse_aims(given) if isinstance(given, Mapping) else given

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> Self:
        with refused_by_value():
            _ = self.traits
        check_consistent(self)
        if isinstance(info.context, dict) and ASKED in info.context:
            refuse_idle(self, info.context[ASKED])
        elif self.model_fields_set:
            refuse_idle(self, given_names(self))
        return self
