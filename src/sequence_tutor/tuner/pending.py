"""Collections that were sampled and are not in replay yet; they may be scored meanwhile."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
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
        log_policy: (B,) log pi(x) of whole sequences; None where it is not needed.
        log_probs: (B, T, V) log pi(.|s_t); None where it is not needed.
    """

    step: int
    batch: SequenceBatch
    own: int
    log_policy: Tensor | None
    log_probs: Tensor | None


class Writing:
    """A collection that is being sampled, or was.

    Args:
        step: updates made before it was begun.
        count: sequences.
        wait: gives it once it is there; called once, by whichever thread asks first.
    """

    def __init__(self, step: int, count: int, wait: Callable[[], Sampled]) -> None:
        self.step, self.count = step, count
        self._wait, self._lock = wait, threading.Lock()
        self._sampled: Sampled | None = None

    def sampled(self) -> Sampled:
        """The collection; waits for it.

        Raises:
            UserError: who samples it is gone.
        """
        with self._lock:
            if self._sampled is None:
                self._sampled = self._wait()
            return self._sampled


def written(sampled: Sampled) -> Writing:
    """A collection that is there."""
    return Writing(sampled.step, len(sampled.batch), lambda: sampled)


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
        self._waiting: deque[tuple[Writing, _Scoring | None]] = deque()

    @property
    def sequences(self) -> int:
        """How many sequences wait."""
        return sum(writing.count for writing, _ in self._waiting)

    def add(self, writing: Writing) -> None:
        """Take a collection, and begin to score it if there is a lag."""
        scoring = None
        if self._reward is not None and self.lag:
            scoring = _Scoring(self._reward, writing)
        self._waiting.append((writing, scoring))

    @property
    def first(self) -> Sampled:
        """The oldest collection."""
        return self._waiting[0][0].sampled()

    def is_due(self, step: int, *, at_once: bool = False) -> bool:
        """Whether the oldest collection, if there is one, is to be stored before this update."""
        return bool(self._waiting) and (at_once or step >= self._waiting[0][0].step + self.lag)

    def wait(self) -> None:
        """Until the slow part of the oldest one's scores is there.

        Raises:
            UserError: a user's function or program is broken.
        """
        writing, scoring = self._waiting[0]
        if scoring is not None:
            scoring.wait()
        elif self._reward is not None and self._reward.is_slow:
            self._reward.prepare(writing.sampled().batch)

    def drop_first(self) -> None:
        """The oldest one is in replay."""
        self._waiting.popleft()

    def state(self) -> Tensors:
        """The collections, without what is known of their scores; waits for those being sampled."""
        found: Tensors = {}
        for place, (writing, _) in enumerate(self._waiting):
            sampled = writing.sampled()
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
            likelihoods = own.get("log_policy"), own.get("log_probs")
            self.add(written(Sampled(step, batch, count, *likelihoods)))
            place += 1


class _Scoring:
    """The slow part of a batch's scores, computed in a thread of its own."""

    def __init__(self, reward: Prepares, writing: Writing) -> None:
        self._reward, self._writing = reward, writing
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
            self._reward.prepare(self._writing.sampled().batch)
        except BaseException as error:
            self._error = error
