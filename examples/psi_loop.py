"""The whole of Psi-learning on one page, in plain torch: prior, reward, replay, loss, sampling.

    python examples/psi_loop.py

A random LSTM over four tokens is the prior p, and a sequence of six tokens is paid for every pair
of equal neighbours. Psi-learning (Jaques et al. 2017, *Sequence Tutor*, Eq. 11 to 14) finds the
policy with the most reward / c - KL(pi || p), which is p(x) exp(r(x) / c) / Z, and the script
prints how far from it the policy is. Nothing of the package is imported; a test holds this page to
the package: the same seed gives the same losses.

Shapes: B sequences, T steps, V tokens.
"""

import copy
import itertools
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

V, T, C = 4, 6, 1.0  # tokens, length, temperature c of the objective
STEPS, BATCH, COLLECT_EVERY, CAPACITY = 1500, 128, 4, 4096
FRESH, BY_RETURN = 0.5, 0.5  # share of a batch that is new; exponent of rank for the rest
LEARNING_RATE, ETA, GRADIENT_NORM = 3e-3, 0.01, 5.0  # ETA: how fast the target network follows

OfTokens = Callable[[Tensor], Tensor]


class Network(nn.Module):
    """An LSTM with as many outputs a step as asked for; the token V stands before the first."""

    def __init__(self, width: int = 64, outputs: int = V) -> None:
        super().__init__()
        self.recurrence = nn.LSTM(V + 1, width, batch_first=True)
        self.head = nn.Linear(width, outputs)

    def forward(self, tokens: Tensor) -> Tensor:
        """Outputs (B, T, outputs) after each beginning of sequences, tokens (B, T)."""
        previous = nn.functional.pad(tokens[:, :-1], (1, 0), value=V)
        features, _ = self.recurrence(nn.functional.one_hot(previous, V + 1).float())
        return self.head(features)


def reward(tokens: Tensor) -> Tensor:
    """What each token is paid (B, T): 1 where it equals the one before it."""
    return nn.functional.pad((tokens[:, 1:] == tokens[:, :-1]).float(), (1, 0))


def psi(network: Network, tokens: Tensor) -> Tensor:
    """Psi(s, a) = log pi(a|s) + V(s), (B, T, V): a log-softmax and one more output for V."""
    outputs = network(tokens)
    return outputs[..., :V].log_softmax(-1) + outputs[..., V:]


def begin_as(prior: Network) -> Network:
    """Psi that begins with pi = p and V = 0, so that a reward of zero is solved already."""
    values = Network(prior.head.in_features, V + 1)
    values.recurrence.load_state_dict(prior.recurrence.state_dict())
    with torch.no_grad():
        values.head.weight.zero_()[:V] = prior.head.weight
        values.head.bias.zero_()[:V] = prior.head.bias
    return values


@torch.no_grad()
def sample(policy: OfTokens, count: int, generator: torch.Generator) -> Tensor:
    """Tokens (count, T), each by inverting the policy's cumulative distribution at one number."""
    tokens = torch.zeros(count, T, dtype=torch.int64)
    for t in range(T):
        cumulative = policy(tokens[:, : t + 1])[:, t].softmax(-1).cumsum(-1)  # (B, V)
        drawn = torch.rand(count, 1, generator=generator) * (cumulative[:, -1:] * (1 - 2**-22))
        tokens[:, t] = torch.searchsorted(cumulative, drawn, right=True).squeeze(1)
    return tokens


def loss(
    values: Network, target: Network, tokens: Tensor, log_prior: Tensor, paid: Tensor
) -> Tensor:
    """The mean square of Psi(s_t, a_t) - [log p(a_t|s_t) + r_t / c + V-(s_t+1)] (Eq. 14)."""
    taken = psi(values, tokens).gather(2, tokens[..., None]).squeeze(2)  # (B, T)
    with torch.no_grad():  # nothing flows into the target
        value = psi(target, tokens).logsumexp(-1)  # V-(s_t) (Eq. 12)
        after = nn.functional.pad(value[:, 1:], (0, 1))  # nothing is paid after the last token
    return (taken - (log_prior + paid / C + after)).square().mean()


def tune(
    prior: Network, pays: OfTokens, generator: torch.Generator, steps: int = STEPS
) -> Iterator[tuple[float, Network]]:
    """Psi-learning: yields each update's loss, and the network as it is then."""
    values = begin_as(prior)
    target = copy.deepcopy(values).requires_grad_(False)
    optimiser = torch.optim.Adam(values.parameters())
    replay = torch.zeros(0, T, dtype=torch.int64)
    for step in range(steps):
        if step % COLLECT_EVERY == 0:  # what the policy writes now goes into replay
            new = sample(lambda tokens: psi(values, tokens), BATCH, generator)
            replay = torch.cat([replay, new])[-CAPACITY:]
        fresh = round(FRESH * BATCH)
        newest = new[torch.randperm(len(new), generator=generator)[:fresh]]
        ranks = torch.rand(BATCH - fresh, generator=generator, dtype=torch.float64)
        ranks = (ranks ** (1 / (1 - BY_RETURN)) * len(replay)).long()
        best = pays(replay).sum(1).argsort(descending=True, stable=True)
        tokens = torch.cat([newest, replay[best[ranks]]])
        with torch.no_grad():  # the prior is frozen
            log_prior = prior(tokens).log_softmax(-1).gather(2, tokens[..., None]).squeeze(2)
        error = loss(values, target, tokens, log_prior, pays(tokens))
        optimiser.zero_grad()
        error.backward()
        nn.utils.clip_grad_norm_(values.parameters(), GRADIENT_NORM)
        for group in optimiser.param_groups:  # up over 100 updates, down over the second half
            group["lr"] = LEARNING_RATE * min(1, (step + 1) / 100) * min(1, 2 - 2 * step / steps)
        optimiser.step()
        with torch.no_grad():
            for slow, fast in zip(target.parameters(), values.parameters(), strict=True):
                slow.lerp_(fast, ETA)
        yield error.item(), values


@torch.no_grad()
def divergence(values: Network, prior: Network, pays: OfTokens) -> float:
    """KL(pi || the optimum) in nats a sequence, over all V^T sequences."""
    every = torch.tensor(list(itertools.product(range(V), repeat=T)))
    log_pi, log_p = (
        levels.log_softmax(-1).gather(2, every[..., None]).sum((1, 2)).double()
        for levels in (psi(values, every), prior(every))
    )
    optimum = (log_p + pays(every).sum(1) / C).log_softmax(0)
    return float(log_pi.exp() @ (log_pi - optimum))


if __name__ == "__main__":
    torch.manual_seed(0)
    prior, generator = Network(), torch.Generator().manual_seed(0)
    for step, (error, values) in enumerate(tune(prior, reward, generator), 1):
        if step in (1, 10, 100, STEPS):
            far = divergence(values, prior, reward)
            print(f"update {step:4}: loss {error:.4f}, {far:.4f} nats from the optimum")
