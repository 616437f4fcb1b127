"""The melody reward: the nine rules and a user's own, each with a weight, in any key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self

import torch
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer
from torch import Tensor

from sequence_tutor.config.settings import Settings
from sequence_tutor.domain.executed_terms import TermsExecutor
from sequence_tutor.errors import UserError
from sequence_tutor.melody.encoding import VOCAB_SIZE
from sequence_tutor.melody.filling.paid import paid_by_state
from sequence_tutor.melody.filling.sounding import STATES
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.rules.chords import Chords
from sequence_tutor.melody.rules.form import Cadence, Form
from sequence_tutor.melody.rules.leap import Leap
from sequence_tutor.melody.rules.motifs import Motif, RepeatedMotif
from sequence_tutor.melody.rules.pitches import InKey, Interval, Tonic, UniqueExtrema
from sequence_tutor.melody.rules.repetition import Autocorrelation, Repetition
from sequence_tutor.melody.scales import C_MAJOR, Key
from sequence_tutor.melody.view import Melodies, Rule
from sequence_tutor.reward.user_terms import UserTerm
from sequence_tutor.reward.weighted import WeightedReward


class RuleConstants(Settings):
    """The nine rules, in the order of the reward's terms, each with its constants."""

    key: InKey = InKey()
    tonic: Tonic = Tonic()
    repetition: Repetition = Repetition()
    autocorrelation: Autocorrelation = Autocorrelation()
    motif: Motif = Motif()
    repeated_motif: RepeatedMotif = RepeatedMotif()
    interval: Interval = Interval()
    leap: Leap = Leap()
    unique_extrema: UniqueExtrema = UniqueExtrema()

    @property
    def all(self) -> tuple[Rule, ...]:
        """The nine rules."""
        return tuple(getattr(self, name) for name in RuleConstants.model_fields)


class Rules(RuleConstants):
    """The nine rules, and those that are there only where they are asked for."""

    chords: Chords | None = Field(None, description="what sounds fits a chord progression")
    form: Form | None = Field(None, description="sections come back, such as A A' B A")
    cadence: Cadence | None = Field(None, description="phrases close on a note of the tonic chord")

    @property
    def all(self) -> tuple[Rule, ...]:
        """The nine rules, then the others that are there."""
        more = [getattr(self, name) for name in ASKED_FOR]
        return (*super().all, *(rule for rule in more if rule is not None))

    @model_serializer(mode="wrap")
    def _without_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As plain JSON; what is not there is left out, as in the records of earlier versions."""
        made: dict[str, Any] = handler(self)
        return {name: value for name, value in made.items() if value is not None}


ASKED_FOR = tuple(name for name in Rules.model_fields if name not in RuleConstants.model_fields)
"""The rules beside the nine."""

NINE_RULES = RuleConstants().all
"""The published rules with their published constants."""


class MelodyReward(WeightedReward[Melodies]):
    """Scores batches of melodies, rule by rule.

    >>> reward = MelodyReward(weights={"tonic": 3.0, "repeated_motif": 0.0})
    >>> terms = reward(SequenceBatch.full(tokens))      # (B, T, R)
    >>> total = weighted_total(terms, reward.weights)   # (B, T)
    """

    def __init__(
        self,
        rules: Sequence[Rule] = NINE_RULES,
        weights: Mapping[str, float] | None = None,
        user_rules: Sequence[UserTerm] = (),
        *,
        key: Key = C_MAJOR,
        score_all: bool = False,
        executor: TermsExecutor | None = None,
    ) -> None:
        """Combine the rules.

        Args:
            rules: the nine, or some of them, with any constants.
            weights: rule name -> weight; a user's rule that is not named has the weight of its
                file, one of the nine has 1. Weight 0 turns a rule off.
            user_rules: from `load_user_terms`.
            key: gives all rules the tonic, third, fifth and scale.
            score_all: also compute the rules that are off.
            executor: computes a user's rules; None: this process does.

        Raises:
            UserError: when a user's rule has the name of one of the nine, a weight names no rule,
                or every rule is off.
        """
        self._rules, self._key = tuple(rules), key
        names = {rule.name for rule in rules}
        for user_rule in user_rules:
            if user_rule.name in names:
                raise UserError(
                    f"rule {user_rule.name!r} of {user_rule.file} has the name of a rule that is "
                    "there already, expected another name"
                )
        view = partial(Melodies, key=key)
        super().__init__(
            view,
            {**{rule.name: rule for rule in rules}, **{rule.name: rule for rule in user_rules}},
            {**{rule.name: rule.weight for rule in user_rules}, **(weights or {})},
            score_all=score_all,
            elsewhere=None if executor is None else executor.computes(user_rules, view),
        )

    def by_state(self, steps: int, weights: Mapping[str, float]) -> Tensor:
        """(T, S, V) float64 of the states of `filling.sounding`; see `sampling.guide`."""
        total = torch.zeros(steps, STATES, VOCAB_SIZE, dtype=torch.float64)
        for rule in self._rules:
            paid = paid_by_state(rule, self._key, steps) if weights.get(rule.name) else None
            if paid is not None:
                total += weights[rule.name] * paid
        return total


class MelodyRewardSettings(Settings):
    """The melody reward as tables of a settings file.

    ``[weights]`` holds one number a rule, 0 for off; in a settings file the rules that it does not
    name are off as well. ``[key]`` holds a tonic and a scale, by name or as a list of pitch
    classes; ``[rules.motif]`` and the like hold the constants of one rule each.
    """

    key: Key = Field(C_MAJOR, description="tonic and scale")
    weights: dict[str, float] = Field(
        default_factory=dict,
        description="weight of each rule, 0 for off; 1 each unless a settings file has this table",
    )
    rules: Rules = Field(Rules(), description="constants, one table a rule")

    @classmethod
    def others_off(cls, reward: Mapping[str, Any]) -> Mapping[str, Any]:
        """A settings file's table, with weight 0 for each of the nine rules that it does not name.

        Then only what the user wrote down is paid, and the user's own rules.
        """
        if not isinstance(reward.get("weights"), Mapping):
            return reward
        off = dict.fromkeys(RuleConstants.model_fields, 0.0)
        return {**reward, "weights": {**off, **reward["weights"]}}

    def in_meter(self, meter: Meter) -> Self:
        """The same, where rules that ask for the prior's meter have it."""
        asked = {name: getattr(self.rules, name) for name in ASKED_FOR}
        unset = {
            name: rule.model_copy(update={"meter": str(meter)})
            for name, rule in asked.items()
            if rule is not None and rule.meter is None
        }
        return self.model_copy(update={"rules": self.rules.model_copy(update=unset)})

    def build(
        self,
        user_rules: Sequence[UserTerm] = (),
        *,
        score_all: bool = False,
        executor: TermsExecutor | None = None,
    ) -> MelodyReward:
        """The reward these settings describe; see `MelodyReward` for errors."""
        return MelodyReward(
            self.rules.all,
            self.weights,
            user_rules,
            key=self.key,
            score_all=score_all,
            executor=executor,
        )
