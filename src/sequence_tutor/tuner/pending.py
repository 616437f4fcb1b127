"""Collections that were sampled and are not in replay yet; they may be scored meanwhile."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from sequence_tutor.reward.protocol import Prepares, Reward
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.checkpoints import Tensors


@dataclass(frozen=True)
class Sampled:
    """A collection without its rewards.

    Attributes:
        step: updates made before it was sampled.
        batch: B sequences.
        own: of them, so many are the policy's own; they come first.
        log_policy: (B,) log pi(x) of whole sequences; None where nobody asks.
        log_probs: (B, T, V) log pi(.|s_t); None where nobody asks.
    """

    step: int
    batch: SequenceBatch
    own: int
    log_policy: Tensor | None
    log_probs: Tensor | None


class Pending:
    """A queue of collections, the oldest first.

    With a lag, the slow part of their scores is computed in another thread while the policy learns.
    That fills the reward's memory and changes no number: the reward itself is asked when a
    collection enters replay, which depends on the number of updates alone.

    Args:
        reward: scores them.
        lag: updates between sampling a collection and learning from it.
    """

    def __init__(self, reward: Reward, lag: int) -> None:
        self.lag = lag
        self._reward = reward if isinstance(reward, Prepares) else None
        self._waiting: deque[tuple[Sampled, _Scoring | None]] = deque()

    @property
    def sequences(self) -> int:
        """How many sequences wait."""
        return sum(len(sampled.batch) for sampled, _ in self._waiting)

    def add(self, sampled: Sampled) -> None:
        """Take a collection, and begin to score it if there is a lag."""
        scoring = None
        if self._reward is not None and self.lag:
            scoring = _Scoring(self._reward, sampled.batch)
        self._waiting.append((sampled, scoring))

    @property
    def first(self) -> Sampled:
        """The oldest collection."""
        return self._waiting[0][0]

    def is_due(self, step: int, *, at_once: bool = False) -> bool:
        """Whether the oldest collection, if there is one, is to be stored before this update."""
        return bool(self._waiting) and (at_once or step >= self.first.step + self.lag)

    def wait(self) -> None:
        """Until the slow part of the oldest one's scores is there.

        Raises:
            UserError: a user's function or program is broken.
        """
        sampled, scoring = self._waiting[0]
        if scoring is not None:
            scoring.wait()
        elif self._reward is not None and self._reward.is_slow:
            self._reward.prepare(sampled.batch)

    def drop_first(self) -> None:
        """The oldest one is in replay."""
        self._waiting.popleft()

    def state(self) -> Tensors:
        """The collections, without what is known of their scores."""
        found: Tensors = {}
        for place, (sampled, _) in enumerate(self._waiting):
            numbers = torch.tensor([sampled.step, sampled.own])
            values = {
                "tokens": sampled.batch.tokens,
                "lengths": sampled.batch.lengths,
                "numbers": numbers,
                "log_policy": sampled.log_policy,
                "log_probs": sampled.log_probs,
            }
            found |= {f"{place}.{n}": one for n, one in values.items() if one is not None}
        return found

    def restore(self, tensors: Mapping[str, Tensor], device: torch.device) -> None:
        """Put saved collections back, and begin to score them again."""
        self._waiting.clear()
        place = 0
        while f"{place}.tokens" in tensors:
            own = {
                name: tensors[key].to(device)
                for name in ("tokens", "lengths", "log_policy", "log_probs")
                if (key := f"{place}.{name}") in tensors
            }
            batch = SequenceBatch(own["tokens"], own["lengths"])
            step, count = tensors[f"{place}.numbers"].tolist()
            self.add(Sampled(step, batch, count, own.get("log_policy"), own.get("log_probs")))
            place += 1


class _Scoring:
    """The slow part of a batch's scores, computed in a thread of its own."""

    def __init__(self, reward: Prepares, batch: SequenceBatch) -> None:
        self._reward, self._batch = reward, batch
        self._error: BaseException | None = None
        # a daemon: the process need not wait for a slow program as it ends
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._reward.prepare(self._batch)
        except BaseException as error:
            self._error = error
