"""Does an object keep the promises of the Prior protocol?"""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.errors import UserError, trying
from sequence_tutor.prior.protocol import Prior

BATCH, STEPS = 4, 6
TOLERANCE = 1e-4
"""How far two answers that should be equal may differ, in nats."""


@torch.no_grad()
def check_prior(prior: Prior) -> None:
    """Ask a prior a few questions and stop at the first broken promise.

    Raises:
        UserError: one sentence that says what was found and what was expected.
    """
    with trying(f"the prior, a {type(prior).__name__},", prior):
        _check(prior)


def _check(prior: Prior) -> None:
    for promised in ("vocab_size", "initial_state", "step", "sequence_log_probs"):
        if not hasattr(prior, promised):
            raise UserError(f"the prior, a {type(prior).__name__}, has no {promised}")
    vocab_size = prior.vocab_size
    if not isinstance(vocab_size, int) or vocab_size < 1:
        raise UserError(f"the prior's vocab_size is {vocab_size!r}, expected a positive integer")
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(vocab_size, (BATCH, STEPS), generator=generator)
    by_steps = _by_steps(prior, tokens)  # (B, T, V)
    _check_whole(prior, tokens, by_steps)
    _check_rows(prior, tokens, by_steps)
    _check_causal(prior, tokens)


def _by_steps(prior: Prior, tokens: Tensor) -> Tensor:
    """The answers of `step` along sequences, (B, T) -> (B, T, V), each of them checked."""
    previous = torch.full((len(tokens),), prior.vocab_size)
    state = prior.initial_state(len(tokens))
    answers = []
    for t, column in enumerate(tokens.unbind(1)):
        before = tuple(memory.clone() for memory in state)
        answer, after = prior.step(previous, state)
        _check_answer(answer, (len(tokens), prior.vocab_size), f"step {t + 1} of the prior")
        for memory, copy in zip(state, before, strict=True):
            if not torch.equal(memory, copy):
                raise UserError(
                    "the prior's step changed the state it was given, expected a new one"
                )
        if any(len(memory) != len(tokens) for memory in after):
            shapes = [tuple(memory.shape) for memory in after]
            raise UserError(
                f"the prior's state has shapes {shapes}, expected the batch of {len(tokens)} as "
                "the first axis of each"
            )
        answers.append(answer)
        previous, state = column, after
    return torch.stack(answers, dim=1)


def _check_answer(answer: Tensor, shape: tuple[int, ...], what: str) -> None:
    if not isinstance(answer, Tensor):
        raise UserError(f"{what} gave a {type(answer).__name__}, expected a tensor")
    if tuple(answer.shape) != shape:
        raise UserError(f"{what} gave shape {tuple(answer.shape)}, expected {shape}")
    if bool(answer.isnan().any()):
        raise UserError(f"{what} gave a number that is not one (NaN), expected log-probabilities")
    if answer.dtype in (torch.bfloat16, torch.float16):
        raise UserError(
            f"{what} gave {answer.dtype}, too coarse for probabilities that sum to 1, expected "
            "float32: take log_softmax of the logits after .float()"
        )
    off = answer.logsumexp(-1).abs().max().item()
    if not off < TOLERANCE:
        raise UserError(
            f"{what} gave probabilities whose sum has a logarithm of {off:.3g}, expected 0: "
            "normalise them with log_softmax"
        )


def _check_whole(prior: Prior, tokens: Tensor, by_steps: Tensor) -> None:
    whole = prior.sequence_log_probs(tokens)
    _check_answer(whole, tuple(by_steps.shape), "sequence_log_probs of the prior")
    row, step, off = _largest_difference(whole, by_steps)
    if off > TOLERANCE:
        raise UserError(
            f"step and sequence_log_probs of the prior disagree by {off:.3g} nats at step "
            f"{step + 1} of the sequence {tokens[row].tolist()}, expected the same answers"
        )


def _check_rows(prior: Prior, tokens: Tensor, by_steps: Tensor) -> None:
    """Each row must be answered as if it were alone, in whatever order the rows come."""
    order = torch.arange(len(tokens)).flip(0)
    row, step, off = _largest_difference(_by_steps(prior, tokens[order]), by_steps[order])
    if off > TOLERANCE:
        raise UserError(
            f"the prior's answer for a row depends on the other rows of the batch or on earlier "
            f"calls ({off:.3g} nats at step {step + 1} of row {row + 1}), expected rows that "
            "share no state"
        )


def _check_causal(prior: Prior, tokens: Tensor) -> None:
    """A token must not be seen before it is written."""
    changed = tokens.clone()
    changed[:, -1] = (changed[:, -1] + 1) % prior.vocab_size
    row, step, off = _largest_difference(
        prior.sequence_log_probs(changed), prior.sequence_log_probs(tokens)
    )
    if off > TOLERANCE:
        raise UserError(
            f"sequence_log_probs of the prior at step {step + 1} depends on the token of step "
            f"{tokens.shape[1]} (row {row + 1}, {off:.3g} nats), expected the tokens before it only"
        )


def _largest_difference(found: Tensor, expected: Tensor) -> tuple[int, int, float]:
    """Row, step and size of the largest difference of two (B, T, V), -inf being equal to -inf."""
    off = (found - expected).abs().where(found != expected, 0.0).amax(2)  # (B, T)
    place = int(off.argmax())
    return place // off.shape[1], place % off.shape[1], float(off.flatten()[place])
