"""What the prior thinks of a sequence is computed once and is what it would think later."""

import pytest
import torch

from sequence_tutor.objectives.action_values import taken
from sequence_tutor.prior.neural import tempered
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.experiences import Experiences
from sequence_tutor.tuner.settings import TuneSettings

TOY = make_toy(0, length=5, width=16, terminal=True, end_token=3)


def sampled() -> SequenceBatch:
    generator = torch.Generator().manual_seed(0)
    return rollout(TOY.prior, 64, 5, generator, end_token=3).batch


@pytest.mark.parametrize("temperature", [1.0, 1.4])
@pytest.mark.parametrize("known", [False, True])
def test_the_tempered_prior_is_asked_once(temperature: float, known: bool) -> None:
    batch = sampled()
    settings = TuneSettings(algorithm="psi", prior_temperature=temperature)
    experiences = Experiences(tempered(TOY.prior, temperature), settings, TOY.reward.weights)
    plain = TOY.prior.sequence_log_probs(batch.tokens)
    stored = experiences.store(batch, TOY.reward(batch).float(), plain if known else None)
    expected = taken((plain / temperature).log_softmax(-1), batch.tokens)
    torch.testing.assert_close(stored.log_prior[batch.mask], expected[batch.mask])
    seen = experiences.see(stored, 1.0)
    assert seen.log_prior is None
    assert torch.equal(seen.log_prior_taken, stored.log_prior)


def test_g_asks_for_every_token_when_it_learns() -> None:
    batch = sampled()
    experiences = Experiences(TOY.prior, TuneSettings(algorithm="g"), TOY.reward.weights)
    seen = experiences.see(experiences.store(batch, TOY.reward(batch).float()), 1.0)
    plain = TOY.prior.sequence_log_probs(batch.tokens)
    assert seen.log_prior is not None
    torch.testing.assert_close(seen.log_prior[batch.mask], plain[batch.mask])
    expected = taken(plain, batch.tokens)
    torch.testing.assert_close(seen.log_prior_taken[batch.mask], expected[batch.mask])
