"""Actor and critic of all tokens: numbers by hand, and the optimum of KL-control as fixed point."""

import math

import pytest
import torch

from sequence_tutor.algorithms import Experience, Predicted, find_algorithm
from sequence_tutor.exact import enumerate_sequences
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.objectives.critic import actor_loss, mean_value, variance
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.settings import TuneSettings


def test_by_hand() -> None:
    log_policy = torch.tensor([0.25, 0.75]).log()
    q = torch.tensor([2.0, 4.0])
    # 1/4 (2 + ln 4) + 3/4 (4 - ln(3/4))
    expected = 3.5 + math.log(4) / 4 - 0.75 * math.log(0.75)
    assert mean_value(q, log_policy).item() == pytest.approx(expected)
    assert actor_loss(log_policy, q).item() == pytest.approx(-expected)
    assert variance(q, log_policy).item() == pytest.approx(2.0)
    barred = torch.tensor([0.0, -1e9, -80.0])  # a token that may not be chosen does not count
    assert variance(torch.tensor([2.0, 400.0, 9.0]), barred).item() == pytest.approx(24.5)
    best = q.log_softmax(0)
    assert mean_value(q, best).item() == pytest.approx(q.logsumexp(0).item())
    never = torch.tensor([-math.inf, 0.0])
    assert mean_value(q, never).item() == pytest.approx(4.0)


def test_the_gradient_of_the_actor_is_that_over_all_tokens() -> None:
    logits, q = torch.tensor([0.0, 0.0]).requires_grad_(), torch.tensor([2.0, 4.0])
    actor_loss(logits.log_softmax(0), q).backward()
    # - pi(a) (Q - log pi - V) with pi = 1/2, so that Q - V is -1 and 1 around the mean
    assert logits.grad is not None
    assert logits.grad.tolist() == pytest.approx([0.5, -0.5])


@pytest.mark.parametrize("scale", [1.0, 1.1])
def test_nothing_moves_at_the_optimum_and_elsewhere_both_do(scale: float) -> None:
    toy = make_toy(0, vocab_size=3, length=3, width=8)
    tokens = enumerate_sequences(3, 3).tokens
    codes = [torch.zeros(27, dtype=torch.int64), tokens[:, 0], tokens[:, 0] * 3 + tokens[:, 1]]

    def along(levels: tuple[torch.Tensor, ...]) -> torch.Tensor:
        return torch.stack([level[code] for level, code in zip(levels, codes, strict=True)], 1)

    psi = scale * along(toy.soft_optimum(1.0, 1.0).psi)
    actor, critic = (psi.clone().requires_grad_() for _ in range(2))
    prior = taken(along(toy.log_prior()), tokens)
    mask = torch.ones(27, 3, dtype=torch.bool)
    paid = taken(along(toy.rewards()), tokens)
    seen = Experience(tokens, mask, paid, prior, None, mask, torch.ones(27).double())
    said = Predicted(actor, actor.mean(2), psi, critic, psi)
    tune = TuneSettings.model_validate(
        {
            "algorithm": "bahdanau",
            "batch": 27,
            "collect": 27,
            "collect_every": 1,
            "replay": {"fresh": 1.0},
        }
    )
    loss = find_algorithm("bahdanau").grade(tune, said, seen).loss
    gradients = torch.autograd.grad(loss, (actor, critic))
    largest = [float(gradient.abs().max()) for gradient in gradients]
    if scale == 1:
        assert max(largest) < 1e-12
    else:
        assert min(largest) < 1e-12 < max(largest)  # the actor fits its critic, the critic is wrong
