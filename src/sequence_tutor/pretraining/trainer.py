"""Maximum-likelihood training of a prior, with exact resume."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sequence_tutor.domain.token_sequences import TokenSequences
from sequence_tutor.errors import UserError, reading
from sequence_tutor.models import Network, RecurrentNetwork, seeded_network, weights_digest
from sequence_tutor.models.adam import Adam
from sequence_tutor.pretraining.loss import mean_nll, possible_precision, token_nll
from sequence_tutor.pretraining.order import DataOrder
from sequence_tutor.pretraining.settings import PretrainSettings
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.progress import Advance
from sequence_tutor.storage.checkpoints import load_checkpoint, named, save_checkpoint, under
from sequence_tutor.storage.run_log import RunLog

STATE_FILE = "training.safetensors"
LOG_FILE = "training.jsonl"

Probe = Callable[[NeuralPrior], Mapping[str, float]]
"""Figures of a prior's samples, by name; a function of the prior alone."""


@dataclass
class Progress:
    """The state of training except its tensors."""

    step: int = 0
    best_step: int = 0
    best_nll: float = math.inf
    looks_since_best: int = 0
    seconds: float = 0.0


class PriorTrainer:
    """Trains a network on token sequences and keeps the weights that were best on validation.

    The whole state is saved in `directory` at every validation; a trainer created again with the
    same arguments continues from there, bit for bit.

    Args:
        train: sequences to learn from.
        validation: sequences for early stopping.
        vocab_size: V.
        settings: of the training.
        directory: of state and log.
        device: to compute on; data and randomness stay on the CPU.
        probe: further figures for the log at every validation; None: there are none.
        begin_with: a network to start from, of the settings' shape; None: random weights.

    Raises:
        UserError: `directory` has the state of a training with other settings, data or first
            weights.
    """

    def __init__(
        self,
        train: TokenSequences,
        validation: TokenSequences,
        vocab_size: int,
        settings: PretrainSettings,
        directory: Path,
        device: torch.device | str = "cpu",
        probe: Probe | None = None,
        begin_with: Network | None = None,
    ) -> None:
        self.validation, self.settings, self.probe = validation, settings, probe
        self.state_path = directory / STATE_FILE
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.order = DataOrder(train, settings, self.generator)
        self.network = (
            _initial_network(settings, vocab_size, self.generator)
            if begin_with is None
            else copy.deepcopy(begin_with).requires_grad_(True).train()
        ).to(device)
        self.precision = possible_precision(settings.precision, self.network)
        self.best = copy.deepcopy(self.network)
        self.optimizer = Adam(self.network.parameters(), settings.learning_rate)
        self.progress = Progress()
        self._fingerprint = {
            "settings": settings.model_dump(mode="json", exclude={"final_samples"}),
            "data": [train.digest(), validation.digest()],
            **({} if begin_with is None else {"begin_with": weights_digest(begin_with)}),
        }
        resumed = self.state_path.exists()
        stand = self._restore() if resumed else None
        self.log = RunLog(directory / LOG_FILE, self.progress.step if resumed else None, stand)

    def run(self, advance: Advance) -> NeuralPrior:
        """Train to the end, or until `patience` validations brought no improvement."""
        advance(self.progress.step)
        while not self.finished:
            begun = time.perf_counter()
            goal = min(self.progress.step + self.settings.evaluate_every, self.settings.steps)
            train_nll = 0.0
            while self.progress.step < goal:
                train_nll = self._update()
                advance(1, train_nll=train_nll, best_validation=self.progress.best_nll)
            self._look(train_nll, begun)
        return NeuralPrior(self.best)

    @property
    def finished(self) -> bool:
        """Whether training is over."""
        stopped_early = self.progress.looks_since_best >= self.settings.patience
        return stopped_early or self.progress.step >= self.settings.steps

    def learning_rate(self, step: int) -> float:
        """The learning rate of an update; with cosine, a linear warm-up over the first fifty."""
        settings = self.settings
        warm_up = min(1.0, (step + 1) / 50) if settings.schedule == "cosine" else 1.0
        factor = {
            "cosine": 0.5 * (1 + math.cos(math.pi * step / settings.steps)),
            "exponential": settings.decay ** (step // settings.decay_every),
            "constant": 1.0,
        }[settings.schedule]
        return settings.learning_rate * warm_up * factor

    def _update(self) -> float:
        """One step of Adam; returns the mean NLL per token of its batch."""
        settings = self.settings
        batch = self.order.batch(self.progress.step)
        loss = token_nll(self.network, batch, settings.skip_loss, self.precision, self.generator)
        self.optimizer.learning_rate = self.learning_rate(self.progress.step)
        self.optimizer.zero_grad()
        penalty = sum((p.square().sum() for p in self.network.parameters()), torch.zeros_like(loss))
        (self.order.weight(batch) * loss + settings.l2 * penalty).backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), settings.gradient_norm)
        if not bool(loss.isfinite() & norm.isfinite()):
            raise UserError(
                f"training diverged at step {self.progress.step}: the loss is {loss.item():g}, its "
                f"gradient {norm.item():g}, expected finite numbers; try a learning rate below "
                f"{settings.learning_rate}"
            )
        self.optimizer.step()
        self.progress.step += 1
        return loss.item()

    def _look(self, train_nll: float, begun: float) -> None:
        """Validate, keep the best weights, log, save."""
        nll = mean_nll(self.network, self.validation)
        if nll < self.progress.best_nll:
            self.best.load_state_dict(self.network.state_dict())
            self.progress.best_nll, self.progress.best_step = nll, self.progress.step
            self.progress.looks_since_best = 0
        else:
            self.progress.looks_since_best += 1
        self.progress.seconds += time.perf_counter() - begun
        probed = {}
        if self.probe is not None:
            probed = {"samples": dict(self.probe(NeuralPrior(copy.deepcopy(self.network))))}
        self.log.append(
            {
                "step": self.progress.step,
                "train_nll": train_nll,
                "validation_nll": nll,
                "learning_rate": self.learning_rate(self.progress.step - 1),
                "seconds": round(self.progress.seconds, 2),
                **probed,
            }
        )
        self._save()

    def _save(self) -> None:
        save_checkpoint(
            self.state_path,
            {
                **named("network", self.network.state_dict()),
                **named("best", self.best.state_dict()),
                **named("adam", self.optimizer.state()),
                "generator": self.generator.get_state(),
            },
            {
                "fingerprint": self._fingerprint,
                "progress": vars(self.progress),
                "log": self.log.stand,
            },
        )

    def _restore(self) -> Mapping[str, Any] | None:
        """Restore the saved state; returns the saved size and SHA-256 of the log."""
        tensors, info = load_checkpoint(self.state_path)
        if info.get("fingerprint") != self._fingerprint:
            raise UserError(
                f"{self.state_path.parent}: holds a training with other settings, data or first "
                "weights; use another --out, or delete it to begin anew"
            )
        with reading(self.state_path, "the state of a training"):
            self.network.load_state_dict(under("network", tensors))
            self.best.load_state_dict(under("best", tensors))
            self.optimizer.restore(under("adam", tensors))
            self.generator.set_state(tensors["generator"])
            self.progress = Progress(**info["progress"])
            stand: Mapping[str, Any] | None = info.get("log")
            return stand


def _initial_network(
    settings: PretrainSettings, vocab_size: int, generator: torch.Generator
) -> Network:
    """A network with random weights and the settings' bias of an LSTM's forget gates."""
    network = seeded_network(settings.network, vocab_size, vocab_size, generator)
    if isinstance(network, RecurrentNetwork) and network.settings.cell == "lstm":
        width = network.settings.width
        with torch.no_grad():
            for _, _, bias, _ in network.recurrence.all_weights:
                bias[width : 2 * width] += settings.forget_bias
    return network
