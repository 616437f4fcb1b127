"""A user's part in a run's reward: a file of rules, or an object as the whole reward."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sequence_tutor.domain import Domain
from sequence_tutor.errors import UserError
from sequence_tutor.reward.in_memory import given_reward, kind_of_reward
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.storage.trust import allow, python_code
from sequence_tutor.tuner.run_record import RunSpec


@dataclass(frozen=True)
class UserRules:
    """A user's file of rules."""

    file: Path  # its location
    digest: str | None = None  # SHA-256 of its required content; None: any
    # the run that was tuned with it, for messages
    run: Path | None = field(default=None, compare=False)  # runs with the same rules are alike
    # whether the run's record names the file, instead of the user
    recorded: bool = field(default=False, compare=False)

    def path(self, *, trust: bool = False) -> Path:
        """The file, if it is unchanged and may be executed.

        Raises:
            UserError: it is missing, changed, or not allowed (see `trust`).
        """
        if not self.file.is_file():
            tuned = f"that {self.run} was tuned with " if self.run else ""
            raise UserError(f"{self.file}: the rules {tuned}are not there; say where with --rules")
        content = self.file.read_bytes()
        if self.digest not in (None, hashlib.sha256(content).hexdigest()):
            raise UserError(
                f"{self.file}: not the rules that {self.run} was tuned with; give those with "
                "--rules"
            )
        if self.recorded:
            allow([python_code("rules", self.file, content)], str(self.run), trust=trust)
        return self.file


@dataclass(frozen=True)
class RewardObject:
    """A reward in memory that a run was tuned with."""

    # its description in the run's record, see `RunSpec.own_reward`
    recorded: Mapping[str, Any] = field(hash=False)  # JSON
    run: str = field(compare=False)  # for messages
    # the object; None: the user has not given it
    given: Reward | None = field(default=None, compare=False)

    @property
    def reward(self) -> Reward:
        """The object.

        Raises:
            UserError: it was not given.
        """
        if self.given is None:
            raise UserError(
                f"{self.run}: the reward was an object in memory with the terms "
                f"{', '.join(self.recorded['terms'])}, expected the same one; it can be given in "
                "Python only, with reward="
            )
        return self.given


def own_rules(
    folder: Path, spec: RunSpec, domain: Domain, rules: Path | None, reward: object | None
) -> UserRules | RewardObject | None:
    """The rules or the reward object that a run was tuned with.

    `rules` is a new location of the same rules, `reward` the object that was its reward, and the
    domain is in the frame of that.

    Raises:
        UserError: something else is given than the run was tuned with.
    """
    if spec.own_reward is not None:
        given = None if reward is None else given_reward(reward, domain.shown_to_functions)
        recorded = spec.own_reward
        if given is not None and {**recorded, **kind_of_reward(given)} != recorded:
            raise UserError(f"{folder}: was tuned toward another reward than the one given")
        return RewardObject(recorded, str(folder), given)
    if reward is not None:
        raise UserError(f"{folder}: was tuned toward a reward of settings; leave out reward=")
    if spec.rules_digest is None:
        if rules is not None:
            raise UserError(
                f"{rules}: {folder} was tuned without rules of one's own; leave out --rules"
            )
        return None
    file = rules or Path(spec.rules or "")
    own = UserRules(file, spec.rules_digest, folder, recorded=rules is None)
    if rules is not None:
        own.path()
    return own
