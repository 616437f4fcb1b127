"""Trainings of melodies that `tables` asks for, one after the other or side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sequence_tutor.evaluation.model import Model
from sequence_tutor.tuner.given import Given
from sequence_tutor.tuner.order import open_order
from sequence_tutor.tuner.stages import most_steps
from sequence_tutor.verbs.side_by_side import compute_runs
from sequence_tutor.verbs.tune import tune


@dataclass(frozen=True)
class Training:
    """One call of `tune`, which can be sent to another process.

    Attributes:
        out: folder of the run.
        preset: name of a shipped preset.
        overrides: settings that win over it.
        rules: file of rules of the user's own.
    """

    out: Path
    preset: str
    overrides: Mapping[str, Any]
    rules: Path | None

    def finish(self, threads: int | None, *, quiet: bool) -> Model:
        """Tune, from wherever the folder stands."""
        return tune(
            "melody",
            self.out,
            preset=self.preset,
            overrides=self.overrides,
            rules=self.rules,
            threads=threads,
            quiet=quiet,
        )

    def elsewhere(self) -> Training:
        """The same for a process in another folder."""
        rules = None if self.rules is None else self.rules.absolute()
        return replace(self, out=self.out.absolute(), rules=rules)

    def steps(self) -> int:
        """Updates of the whole run.

        Raises:
            UserError: its settings or its rules cannot be used.
        """
        given = Given(rules=self.rules)
        order = open_order("melody", self.preset, None, self.overrides, given, quiet=True)
        return most_steps(order.spec.tune)


def train_side_by_side(
    trainings: Sequence[Training], executor: str, threads: int, *, quiet: bool
) -> None:
    """Let an executor compute trainings; those that it loses are left as far as they came.

    Raises:
        UserError: there is no such executor, or a training cannot begin.
    """
    runs = [(training.out, training.steps()) for training in trainings]
    items = [(training.elsewhere(), threads) for training in trainings]
    compute_runs(_finish, items, runs, executor, threads, quiet=quiet)


def _finish(item: tuple[Training, int]) -> None:
    """One training, in whichever process the executor calls this."""
    training, threads = item
    training.finish(threads, quiet=True)
