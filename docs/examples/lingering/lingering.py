"""A sampler of replay, an exploration, a callback and a logger of one's own, in one package."""

import csv
from collections.abc import Mapping

import torch
from torch import Tensor

from sequence_tutor import Callback, Logger
from sequence_tutor.replay import Drawn, Sampler, SequenceReplay
from sequence_tutor.storage.run_log import Record
from sequence_tutor.tracking import LoggedRun
from sequence_tutor.tuner.callbacks import Evaluated


class RarelySeen(Sampler):
    """Draws a sequence in proportion to 1 / (1 + how often it was drawn)."""

    def __init__(self, replay: SequenceReplay) -> None:
        super().__init__(replay)
        self.seen = torch.zeros(replay.capacity, device=replay.device)

    def added(self, places: Tensor, lengths: Tensor) -> None:
        """New sequences have not been seen, whatever was at their places before."""
        self.seen[places] = 0.0

    def draw(self, count: int, share: float, generator: torch.Generator) -> Drawn:
        """Places (B,) and weights (B,); `share` (0 to 1) of all updates is done."""
        odds = 1 / (1 + self.seen[: len(self.replay)])
        places = odds.multinomial(count, replacement=True, generator=generator)
        return Drawn(places, torch.ones(count, device=places.device))

    def learned(self, drawn: Drawn, by_sequence: Tensor, by_step: Tensor | None) -> None:
        """The sequences of an update were seen once more."""
        self.seen.index_add_(0, drawn.places, torch.ones_like(drawn.weights))

    def state(self) -> dict[str, Tensor]:
        """What a run that goes on needs, as tensors."""
        return {"seen": self.seen}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Put a saved state back."""
        self.seen.copy_(state["seen"])


def lingering(log_policy: Tensor, strength: float) -> Tensor:
    """Pi to the power 1 - strength: at strength 1 all tokens that pi allows are as likely."""
    return torch.where(log_policy.isfinite(), (1 - strength) * log_policy, log_policy)


class Patience(Callback):
    """Ends a run whose objective has not risen for three evaluations."""

    def evaluated(self, moment: Evaluated) -> bool:
        """All evaluations so far are given, so that nothing has to be remembered."""
        objective = [record["objective_per_sequence"] for record in moment.records]
        return len(objective) > 3 and max(objective[-3:]) <= max(objective[:-3])


class CsvLogger(Logger):
    """Step, reward and KL of each evaluation, as a table beside the log."""

    name = "csv"

    def begin(self, run: LoggedRun) -> str:
        """A run that goes on continues its table: `run.identity` is what was returned here."""
        self.path = run.folder / "table.csv"
        return str(self.path)

    def write(self, record: Record) -> None:
        """Append a row."""
        self.path.parent.mkdir(exist_ok=True)
        with self.path.open("a", newline="") as file:
            names = ("step", "reward_per_sequence", "kl_to_prior_per_token")
            csv.writer(file).writerow([record.get(name) for name in names])
