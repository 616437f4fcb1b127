"""A prior in memory: an object that satisfies `Prior`, or a function of the tokens so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from sequence_tutor.errors import UserError
from sequence_tutor.prior.check import check_prior
from sequence_tutor.prior.elsewhere import OBJECT, Elsewhere, FoundElsewhere
from sequence_tutor.prior.protocol import Prior, device_of
from sequence_tutor.prior.user_file import BlackBoxPrior


def found_in_memory(given: object) -> FoundElsewhere:
    """An object as a prior that keeps its promises.

    Args:
        given: it satisfies `Prior`; or it is a function or a torch module of the tokens so far,
            (B, t) int64 with t from 0 up, that gives logits or log-probabilities (B, V). Nothing is
            known of the weights of such a one, so that only G-learning tunes it; a module is put
            into evaluation mode.

    Raises:
        UserError: it is none of these, or breaks a promise, see `check_prior`.
    """
    name = getattr(given, "__name__", type(given).__name__)
    if hasattr(given, "sequence_log_probs"):
        prior = cast("Prior", given)  # which is checked below
    elif callable(given):
        prior = _of_function(given, name)
    else:
        raise UserError(
            f"the prior is a {name}, expected a path, a name, a StoredPrior, or an object that "
            "satisfies Prior or gives logits for tokens"
        )
    check_prior(prior)
    return FoundElsewhere(prior, Elsewhere(f"{OBJECT}{name}", _answers(prior)), None, {})


def _of_function(given: Callable[[Tensor], Tensor], name: str) -> BlackBoxPrior:
    device = torch.device("cpu")
    if isinstance(given, nn.Module):
        given.eval()
        device = next((one.device for one in given.parameters()), device)

    @torch.no_grad()
    def normalised(tokens: Tensor) -> Tensor:
        answer = given(tokens)
        if not isinstance(answer, Tensor):
            return answer
        return answer.to(torch.promote_types(answer.dtype, torch.float32)).log_softmax(-1)

    return BlackBoxPrior.asking(normalised, name, device)


@torch.no_grad()
def _answers(prior: Prior) -> str:
    """The log-probabilities of some random tokens."""
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(prior.vocab_size, (2, 6), generator=generator)
    answer = prior.sequence_log_probs(tokens.to(device_of(prior))).cpu()  # (B, T, V)
    chosen = answer.gather(2, tokens[:, :, None]).flatten()  # (B T)
    return " ".join(f"{value:.6g}" for value in chosen.tolist())
