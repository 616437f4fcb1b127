"""Does an object keep the promises of the Reward protocol?"""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.errors import UserError, trying
from sequence_tutor.reward.looking_ahead import declared, looking_ahead
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sequences import SequenceBatch

TRIED = 64
"""Sequences whose ends are exchanged to find out whether a term looks ahead."""


def check_reward(reward: Reward, vocab_size: int) -> None:
    """Run a reward on tiny inputs and stop at the first broken promise.

    Args:
        reward: what to check.
        vocab_size: V; the inputs hold every token of 0..V-1.

    Raises:
        UserError: one sentence that says what was found and what was expected.
    """
    with trying(f"the reward, a {type(reward).__name__},", reward):
        _check(reward, vocab_size)


def _check(reward: Reward, vocab_size: int) -> None:
    for promised in ("names", "weights", "__call__"):
        if not hasattr(reward, promised):
            raise UserError(f"the reward, a {type(reward).__name__}, has no {promised}")
    names, weights = reward.names, reward.weights
    if len(set(names)) != len(names) or not names:
        raise UserError(f"the reward's names are {names}, expected at least one, each once")
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise UserError(f"the reward's names are {names!r}, expected a tuple of texts")
    if not isinstance(weights, Tensor):
        raise UserError(
            f"the reward's weights are a {type(weights).__name__}, expected a tensor (R,)"
        )
    if weights.shape != (len(names),) or not weights.isfinite().all():
        raise UserError(
            f"the reward's weights are {weights.tolist()}, expected {len(names)} finite numbers"
        )
    for batch in _tiny_batches(vocab_size):
        check_batch(reward, batch)
    _check_causal(reward, _many(vocab_size))


def _tiny_batches(vocab_size: int) -> list[SequenceBatch]:
    """A single token; mixed lengths; all tokens of the vocabulary in both directions."""
    rising = list(range(vocab_size))
    mixed = [[token] * length for length, token in enumerate((0, vocab_size - 1, 0, 1), start=1)]
    return [
        SequenceBatch.from_lists(rows)
        for rows in ([[0]], [*mixed, rising[:16]], [rising, rising[::-1]])
    ]


def _many(vocab_size: int) -> SequenceBatch:
    """Random tokens, all as long: a rule of melodies may know their length, which never varies."""
    generator = torch.Generator().manual_seed(0)
    longest = max(4, min(vocab_size, 16))
    return SequenceBatch.full(torch.randint(vocab_size, (TRIED, longest), generator=generator))


def _check_causal(reward: Reward, batch: SequenceBatch) -> None:
    """A term that looks ahead says so, or steps are taught what they did not do."""
    said = declared(reward)
    unknown = [name for name in said if name not in reward.names]
    if unknown:
        raise UserError(
            f"the reward says that {unknown[0]!r} looks ahead, expected one of its names "
            f"{', '.join(reward.names)}"
        )
    for name, step in looking_ahead(reward, batch).items():
        if name not in said:
            raise UserError(
                f"term {name!r} paid step {step} otherwise when only later tokens were others, "
                "expected what a step is paid to depend on the tokens up to it; a term that looks "
                "ahead is named in looks_ahead (in a file of rules: LOOKS_AHEAD), and is paid at "
                "the last step"
            )


def check_batch(reward: Reward, batch: SequenceBatch) -> None:
    """Stop where what a reward pays one batch breaks a promise.

    Raises:
        UserError: as of `check_reward`.
    """
    tokens, lengths = batch.tokens.clone(), batch.lengths.clone()
    with trying(f"the reward, a {type(reward).__name__},", reward):
        values = reward(batch)
    _check_values(values, batch, reward.names)
    if not (torch.equal(tokens, batch.tokens) and torch.equal(lengths, batch.lengths)):
        raise UserError("the reward wrote into the batch it was given, expected it unchanged")
    if not torch.equal(values, reward(batch)):
        raise UserError("the reward gave two answers to one batch, expected it deterministic")


def _check_values(values: Tensor, batch: SequenceBatch, names: tuple[str, ...]) -> None:
    if not isinstance(values, Tensor):
        raise UserError(f"the reward gave a {type(values).__name__}, expected a tensor")
    expected = (*batch.tokens.shape, len(names))
    if values.shape != expected:
        raise UserError(
            f"the reward gave shape {tuple(values.shape)}, expected (B, T, R) = {expected}"
        )
    if values.dtype != torch.float64:
        raise UserError(f"the reward gave {values.dtype}, expected torch.float64")
    for complaint, wrong in (
        ("gave a number that is not finite", ~values.isfinite()),
        ("paid beyond the end", (values != 0) & ~batch.mask[:, :, None]),
    ):
        if wrong.any():
            row, step, term = wrong.nonzero()[0].tolist()
            sequence = batch.to_lists()[row]
            raise UserError(
                f"term {names[term]!r} {complaint} at step {step + 1} of the sequence {sequence}"
            )
