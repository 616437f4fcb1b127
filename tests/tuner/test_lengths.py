"""Padding and given tokens: nothing is learned from them, nothing depends on them."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from sequence_tutor.models import next_token
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.replay.sampling import Drawn
from sequence_tutor.replay.sequences import Stored
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.learner import Learner
from sequence_tutor.tuner.settings import TuneSettings

TOY = make_toy(0, length=5, width=16, terminal=True, end_token=3)
FORMS: list[dict[str, object]] = [
    {"n_steps": 1, "paths": "every"},
    {"n_steps": 2, "paths": "every"},
    {"n_steps": "all", "paths": "every"},
    {"n_steps": "all", "paths": "whole", "value_weight": 1.0},
]
each_form = pytest.mark.parametrize("form", FORMS, ids=["one", "two", "every", "whole"])


def learner(form: dict[str, object], first_step: int = 0) -> Learner:
    settings = TuneSettings.model_validate({"c": 1.0, "discount": 0.9, **form})
    return Learner(TOY.prior, settings, TOY.reward.weights, first_step)


def sampled(prime: Tensor | None = None) -> Stored:
    """Sequences of 1 to 5 tokens."""
    generator = torch.Generator().manual_seed(0)
    batch = rollout(TOY.prior, 64, 5, generator, end_token=3, prime=prime).batch
    assert len(batch.lengths.unique()) > 2
    log_prior = taken(TOY.prior.sequence_log_probs(batch.tokens), batch.tokens)
    return Stored(batch, TOY.reward(batch).float(), log_prior)


def gradients(tutor: Learner, stored: Stored, drawn: Drawn | None = None) -> list[Tensor]:
    tutor.values.zero_grad()
    tutor.grade(tutor.experiences.see(stored, 1.0, drawn)).loss.backward()
    return [weight.grad.clone() for weight in tutor.values.parameters() if weight.grad is not None]


def value_gradients(tutor: Learner, stored: Stored) -> Tensor:
    """(B, T, V + 1): how the loss changes with what the network gives."""
    seen = tutor.experiences.see(stored, 1.0)
    kept: list[Tensor] = []
    network = tutor.values.network
    assert isinstance(network, torch.nn.Module)
    hook = network.register_forward_hook(lambda _module, _given, outputs: kept.append(outputs))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(next_token, "CHUNK", len(stored.batch))  # all at once
        loss = tutor.grade(seen).loss
    hook.remove()
    (gradient,) = torch.autograd.grad(loss, kept[:1])
    return gradient


@each_form
def test_padding_has_no_gradient_at_all(form: dict[str, object]) -> None:
    tutor, stored = learner(form), sampled()
    gradient, mask = value_gradients(tutor, stored), stored.batch.mask
    assert bool((gradient[~mask] == 0).all())
    assert bool((gradient[mask].abs().sum(1) > 0).any())


@each_form
def test_what_stands_in_the_padding_and_how_wide_it_is_changes_nothing(
    form: dict[str, object],
) -> None:
    tutor, stored = learner(form), sampled()
    expected = gradients(tutor, stored)
    tokens = stored.batch.tokens.where(stored.batch.mask, 2)
    wider = torch.nn.functional.pad(tokens, (0, 3), value=1)
    terms = torch.nn.functional.pad(stored.terms, (0, 0, 0, 3))
    log_prior = torch.nn.functional.pad(stored.log_prior, (0, 3), value=9.0)
    padded = Stored(SequenceBatch(wider, stored.batch.lengths), terms, log_prior)
    for computed, plain in zip(gradients(tutor, padded), expected, strict=True):
        torch.testing.assert_close(computed, plain, rtol=1e-4, atol=1e-6)


@each_form
def test_given_tokens_are_not_learned(form: dict[str, object]) -> None:
    """Neither their likelihood nor what they were paid moves anything."""
    tutor, stored = learner(form, first_step=2), sampled(torch.tensor([1, 0]))
    seen = tutor.experiences.see(stored, 1.0)
    assert not bool(seen.learned[:, :2].any())
    gradient = value_gradients(tutor, stored)
    assert bool((gradient[:, :2] == 0).all())
    assert float(gradient[:, 2:].abs().max()) > 0
    paid = seen.reward.clone()
    paid[:, :2] += 5.0
    losses = [tutor.grade(one).loss for one in (seen, replace(seen, reward=paid))]
    torch.testing.assert_close(losses[0], losses[1])


@each_form
def test_importance_weights_multiply_the_squared_errors(form: dict[str, object]) -> None:
    """A weight of zero is as if the sequence were not there, up to the number of errors."""
    tutor, stored = learner(form), sampled()
    weights = (torch.arange(64) < 32).float()
    drawn = Drawn(torch.arange(64), weights)
    half = stored[:32]
    lengths = stored.batch.lengths
    tokens = float(lengths[:32].sum() / lengths.sum())
    if form["paths"] == "whole":
        tutor.settings = tutor.settings.model_copy(update={"value_weight": 0.0})
    for computed, plain in zip(
        gradients(tutor, stored, drawn), gradients(tutor, half), strict=True
    ):
        # of whole sequences, too, the loss is a sum of squares over the number of tokens
        torch.testing.assert_close(computed, plain * tokens, rtol=1e-4, atol=1e-6)


def test_a_drawn_step_alone_is_learned_from() -> None:
    tutor, stored = learner(FORMS[0]), sampled()
    steps = stored.batch.lengths - 1
    seen = tutor.experiences.see(stored, 1.0, Drawn(torch.arange(64), torch.ones(64), steps))
    graded = tutor.grade(seen)
    assert graded.by_step is not None
    at_step = graded.by_step.gather(1, steps[:, None])[:, 0]
    torch.testing.assert_close(graded.loss, at_step.square().mean())
    assert tutor.learn(stored, 0, Drawn(torch.arange(64), torch.ones(64), steps)).tokens == 64


def test_real_tokens_are_counted() -> None:
    stored = sampled()
    assert learner(FORMS[0]).learn(stored, 0).tokens == int(stored.batch.lengths.sum())
    primed = sampled(torch.tensor([1, 0]))
    counted = learner(FORMS[0], first_step=2).learn(primed, 0).tokens
    assert counted == int(primed.batch.lengths.sum()) - 2 * 64
