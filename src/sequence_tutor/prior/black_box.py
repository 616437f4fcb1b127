"""A user's own function as a prior: log-probabilities in, nothing else known of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.models import State


@dataclass(frozen=True)
class BlackBoxPrior:
    """p(a|s) from a function of the tokens so far. Satisfies `Prior`.

    Its weights are unknown, so it can be tuned by G-learning only, whose network begins as a
    correction of zero; and every step asks again about the whole past.

    Attributes:
        function: tokens so far (B, t), t from 0 up -> log p(.|s) (B, V), normalised.
        vocab_size: V.
        device: where it computes.
    """

    function: Callable[[Tensor], Tensor]
    vocab_size: int
    device: torch.device = torch.device("cpu")  # noqa: RUF009 (devices are immutable)

    @classmethod
    def asking(
        cls,
        function: Callable[[Tensor], Tensor],
        name: str,
        device: torch.device = torch.device("cpu"),  # noqa: B008 (devices are immutable)
    ) -> BlackBoxPrior:
        """The prior of a function, which is asked how many tokens it knows.

        Raises:
            UserError: its answer is none.
        """
        answer: object = function(torch.zeros(1, 0, dtype=torch.int64, device=device))
        if not isinstance(answer, Tensor) or answer.dim() != 2 or len(answer) != 1:
            found = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
            raise UserError(
                f"{name} answers tokens of shape (1, 0) with {found}, expected a tensor of shape "
                "(1, V)"
            )
        return cls(function, answer.shape[1], device)

    def initial_state(self, batch: int) -> State:
        """No tokens yet, (B, 0)."""
        return (torch.zeros(batch, 0, dtype=torch.int64, device=self.device),)

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Log p(.|s) (B, V) after `previous` (B,), and the tokens so far."""
        (tokens,) = state
        starts = (previous == self.vocab_size).any()
        if not starts:  # the start token is ours and never shown to the function
            tokens = torch.cat([tokens, previous[:, None]], dim=1)
        return self._asked(tokens), (tokens,)

    def sequence_log_probs(self, tokens: Tensor) -> Tensor:
        """Log p(.|s_t) at every step, tokens (B, T) -> (B, T, V)."""
        return torch.stack([self._asked(tokens[:, :t]) for t in range(tokens.shape[1])], dim=1)

    def _asked(self, tokens: Tensor) -> Tensor:
        """The function's answer, (B, V).

        In bfloat16 or float16 a sum of probabilities is off by a percent, of rounding alone; such
        an answer is made float32 and normalised there.
        """
        answer = self.function(tokens)
        if isinstance(answer, Tensor) and answer.dtype in (torch.bfloat16, torch.float16):
            return answer.float().log_softmax(-1)
        return answer
