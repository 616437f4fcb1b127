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

from sequence_tutor.algorithms.algorithm import Algorithm
from sequence_tutor.algorithms.loss_settings import LossSettings
from sequence_tutor.algorithms.registry import find_algorithm
from sequence_tutor.config.aims import Aim, parse_aims
from sequence_tutor.errors import SettingsError, UserError, shown
from sequence_tutor.models import NetworkSettings, RecurrentSettings, Start
from sequence_tutor.tuner.collecting_settings import ExplorationSettings, ReplaySettings
from sequence_tutor.tuner.critic_settings import CriticSettings
from sequence_tutor.tuner.fence_settings import FenceSettings, check_fence
from sequence_tutor.tuner.health_settings import HealthSettings
from sequence_tutor.tuner.idle_settings import ASKED, given_names, refuse_idle
from sequence_tutor.tuner.lag_settings import check_lag
from sequence_tutor.tuner.stage_settings import StageSettings

AIMING = ("aims", "aims_alone", "aims_react", "aims_margin")
"""Settings that a run without aims does not record."""

LATER: Mapping[str, tuple[str, ...]] = {
    "exploration": ("breed", "given", "given_anneal"),
    "replay": ("rank_by", "shift", "respell", "sampler"),
}
"""Settings, by their tables, that are not recorded where they have their usual value: a run without
them is recorded as before there were any. So are `critic` and `fence`, where there is none."""
KL = "kl_to_prior_per_token"


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
    evaluate_every: int = Field(500, ge=1, description="updates between two evaluations")
    evaluate_samples: int = Field(2048, ge=2, description="sequences sampled for each")
    seed: int = Field(0, ge=0, description="seed of everything random")

    @property
    def traits(self) -> Algorithm:
        """The algorithm itself."""
        return find_algorithm(self.algorithm)

    @property
    def target_network(self) -> Literal["none", "average", "snapshot"]:
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
        usual = {"aims_react": self.aims_react, "aims_margin": self.aims_margin}
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
        try:
            return parse_aims(given) if isinstance(given, Mapping) else given
        except SettingsError as error:
            raise ValueError(str(error)) from error

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> Self:
        try:
            traits = self.traits
        except UserError as error:
            raise ValueError(str(error)) from error
        if self.collect > self.replay.capacity:
            raise ValueError(
                f"collect is {self.collect}, expected at most replay.capacity "
                f"= {self.replay.capacity}"
            )
        if self.paths != "every" and self.n_steps != "all":
            raise ValueError(
                f"paths is {self.paths!r} but n_steps is {self.n_steps}, expected n_steps = 'all'"
            )
        if self.paths != "every" and self.replay.priority == "step":
            raise ValueError(
                f"replay.priority is 'step' but paths is {self.paths!r}, expected 'sequence': "
                "a whole sequence has one error"
            )
        if isinstance(self.n_steps, int) and self.n_steps < 1:
            raise ValueError(f"n_steps is {self.n_steps}, expected 'all' or at least 1")
        if self.double and traits.fits != "hard":
            raise ValueError(
                f"double is true, expected false for {self.algorithm}: it takes no maximum"
            )
        if traits.on_policy:
            self._check_on_policy()
        by_batch = "paths" in traits.reads and self.paths in ("whole", "both")
        if self.batch == 1 and (by_batch or traits.compares):
            what = f"paths is {self.paths!r}" if by_batch else f"algorithm is {self.algorithm!r}"
            raise ValueError(
                f"batch is 1 but {what}, expected at least 2: a sequence is compared with the "
                "others of its batch"
            )
        check_lag(self)
        if self.target_kl is not None:
            self._check_target_kl()
        if self.aims:
            self._check_aims()
        self._check_candidates()
        check_fence(self)
        if isinstance(info.context, dict) and ASKED in info.context:
            refuse_idle(self, info.context[ASKED])
        elif self.model_fields_set:
            refuse_idle(self, given_names(self))
        return self

    def _check_target_kl(self) -> None:
        if self.traits.fits == "hard" or not self.traits.held or self.exploration.given:
            raise ValueError(
                f"target_kl is {self.target_kl} but algorithm is {self.algorithm!r}, expected one "
                "whose c sets its divergence from the prior, such as psi or g"
            )
        if self.stages:
            raise ValueError("target_kl finds one c, expected a run without stages")

    def _check_aims(self) -> None:
        beside = f"aims are given but algorithm is {self.algorithm!r}, "
        if not self.traits.held:
            near = "expected one that a divergence holds near the prior, such as psi or g"
            raise ValueError(beside + near)
        if self.exploration.given:
            raise ValueError(f"{beside}which learns from data, too; expected psi, g or the like")
        for name, found, expected in (
            ("target_kl", self.target_kl, None),
            ("discount", self.discount, 1),
            ("exploration.kind", self.exploration.kind, "policy"),
        ):
            if found != expected:
                said = "none" if expected is None else shown(expected)
                hint = f"; aim at {KL} <= {found} instead" if name == "target_kl" else ""
                raise ValueError(f"{name} is {shown(found)} beside aims, expected {said}{hint}")

    def _check_candidates(self) -> None:
        """What others than the policy write, and a critic that ranks it."""
        explored, replay, asked = self.exploration, self.replay, self.critic.candidates
        if explored.own <= 0:
            raise ValueError(
                f"exploration.regrow is {explored.regrow} and exploration.breed {explored.breed}, "
                "expected less than 1 together"
            )
        if replay.respell and replay.priority != "none":
            raise ValueError(
                f"replay.respell is {replay.respell} but replay.priority is {replay.priority!r}, "
                "expected 'none': an error belongs to one spelling"
            )
        if asked and self.aims:
            raise ValueError(
                f"critic.candidates is {asked} beside aims, expected 0: a critic predicts what the "
                "reward pays, and aims change what is paid all the time"
            )
        if asked and self.traits.on_policy:
            raise ValueError(
                f"critic.candidates is {asked} but {self.algorithm} learns from what the policy "
                "itself has just sampled, not from the best of it; expected 0"
            )

    def _check_on_policy(self) -> None:
        explores = self.exploration.kind != "policy" or self.exploration.own < 1
        if self.replay.fresh != 1 or explores:
            raise ValueError(
                f"{self.algorithm} learns from what the policy itself has just sampled, expected "
                "replay.fresh = 1, exploration.kind = 'policy', exploration.regrow = 0 and "
                "exploration.breed = 0"
            )
        if self.replay.distinct:
            raise ValueError(
                f"replay.distinct is true but {self.algorithm} learns from each sequence as often "
                "as it was sampled, expected false"
            )
        if self.replay.priority == "step":
            raise ValueError(
                f"replay.priority is 'step' but {self.algorithm} learns from whole sequences, "
                "expected 'none'"
            )
        repeats = self.traits.target == "snapshot"
        if not repeats and (self.batch, self.collect_every) != (self.collect, 1):
            raise ValueError(
                f"{self.algorithm} learns once from each sequence, expected batch = collect and "
                f"collect_every = 1, found {self.batch}, {self.collect} and {self.collect_every}"
            )
