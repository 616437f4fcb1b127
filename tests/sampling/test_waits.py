"""A rollout in which ended rows stay, as on a GPU, and what waits for a GPU where there is one."""

from __future__ import annotations

import importlib
import warnings

import pytest
import torch

from sequence_tutor.models.next_token import by_length
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.sampling.rollout import Rollout, rollout
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy import make_toy

rooms = importlib.import_module("sequence_tutor.sampling.rollout")  # its function has its name
COUNT, LENGTH, END = 4000, 5, 2


def prior_on(device: str) -> NeuralPrior:
    prior = make_toy(0, length=LENGTH, width=16).prior
    prior.network.to(device)
    return prior


def sampled(device: str = "cpu") -> Rollout:
    """Sequences of a random prior, which begin with token 1."""
    prior = prior_on(device)
    source = torch.Generator(device).manual_seed(0)
    first = torch.tensor([1])
    kept = {"end_token": END, "prime": first, "keep_log_probs": True}
    return rollout(prior, COUNT, LENGTH, source, **kept)  # type: ignore[arg-type]


def assert_alike(one: SequenceBatch, other: SequenceBatch) -> None:
    """Shares of lengths and of tokens, within five standard errors."""
    for values in (
        [torch.bincount(batch.lengths.cpu(), minlength=LENGTH + 1) for batch in (one, other)],
        [
            torch.bincount((batch.tokens.cpu() + 1)[batch.mask.cpu()], minlength=6)
            for batch in (one, other)
        ],
    ):
        shares = [counts / COUNT for counts in values]
        error = ((shares[0] + shares[1]).clamp(max=1) * 2 / COUNT).sqrt() + 1e-9
        assert bool(((shares[0] - shares[1]).abs() <= 5 * error).all())


def test_rows_that_stay_are_as_those_that_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    leaving = sampled()
    monkeypatch.setattr(rooms, "LEAVES_ON", ())
    staying = sampled()
    batch, log_probs = staying.batch, staying.log_probs
    is_end = batch.tokens == END
    first_end = torch.where(is_end.any(1), is_end.double().argmax(1) + 1, LENGTH)
    assert torch.equal(batch.lengths, first_end)
    assert not batch.tokens[~batch.mask].any()
    assert bool((batch.tokens[:, 0] == 1).all())
    assert log_probs is not None
    assert not log_probs[~batch.mask].any()
    expected = prior_on("cpu").sequence_log_probs(batch.tokens)
    assert torch.allclose(log_probs[batch.mask], expected[batch.mask], atol=1e-5)
    assert_alike(leaving.batch, batch)


GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


@pytest.mark.gpu
@GPU
def test_a_gpu_samples_the_same_statistics() -> None:
    assert_alike(sampled().batch, sampled("cuda").batch)


@pytest.mark.gpu
@GPU
def test_a_collection_waits_for_the_gpu_at_most_once() -> None:
    prior, source = prior_on("cuda"), torch.Generator("cuda").manual_seed(0)
    rollout(prior, 64, LENGTH, source, end_token=END)  # the first loads kernels
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as waits:
            warnings.simplefilter("always")
            batch = rollout(prior, 64, LENGTH, source, end_token=END).batch
            by_length(prior.sequence_log_probs, batch)
    finally:
        torch.cuda.set_sync_debug_mode(before)
    assert len([one for one in waits if "synchroniz" in str(one.message)]) <= 1
