"""A reward in memory: an object that satisfies `Reward`, or a function of a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.reward.user_terms import UserTerm
from sequence_tutor.reward.weighted import WeightedReward
from sequence_tutor.sequences import SequenceBatch


@dataclass(frozen=True)
class _Whole:
    """A batch as it is. Satisfies `BatchView`."""

    batch: SequenceBatch

    def to(self, device: str) -> _Whole:
        return _Whole(self.batch.to(device))


def given_reward(given: object, view: Callable[[SequenceBatch], object]) -> Reward:
    """An object as a reward.

    Args:
        given: it satisfies `Reward`; or it is a function of `view` that gives one number a token,
            (B, T), or one a sequence, (B,) or a list, which is paid at its last token.
        view: what such a function is given.

    Raises:
        UserError: it is neither.
    """
    if hasattr(given, "names") and hasattr(given, "weights"):
        return cast("Reward", given)  # what it pays is checked where it is tried
    if not callable(given):
        raise UserError(
            f"the reward is a {type(given).__name__}, expected an object that satisfies Reward, or "
            "a function of a batch of sequences"
        )
    function: Callable[[Any], Any] = given
    name = getattr(function, "__name__", type(function).__name__).strip("<>")
    code = getattr(function, "__code__", None)
    file = Path(type(function).__module__ if code is None else code.co_filename)
    term = UserTerm(name, lambda seen: _by_token(function(view(seen.batch)), seen.batch), 1.0, file)
    return WeightedReward(_Whole, {name: term}, {})


def kind_of_reward(reward: Reward) -> dict[str, Any]:
    """What a record says of a reward in memory; JSON."""
    terms = dict(zip(reward.names, reward.weights.tolist(), strict=True))
    return {"kind": type(reward).__name__, "terms": terms}


def _by_token(answer: Any, batch: SequenceBatch) -> Any:
    """Numbers of sequences, (B,), at their last tokens, (B, T); anything else as it is."""
    if isinstance(answer, Tensor) and answer.dim() != 1:
        return answer
    values = torch.as_tensor(answer, dtype=torch.float64).cpu()
    if values.shape != batch.lengths.shape:
        return values
    steps = torch.arange(batch.tokens.shape[1])
    return values[:, None].where(steps == batch.lengths[:, None] - 1, 0.0)
