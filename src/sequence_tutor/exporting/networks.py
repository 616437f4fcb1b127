"""A model as networks whose outputs are added: what other programs need to compute its policy.

The policies of this program are softmaxes of sums: of a network's logits (a prior), of action
values (Psi, Q, policy gradients), of action values and log-probabilities of the prior (G). A number
that all outputs of a state share changes no softmax, so the first V outputs of each network are
enough, and logits may stand for log-probabilities.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from sequence_tutor.algorithms.policy import TunedPolicy
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model
from sequence_tutor.models import Network, RecurrentNetwork, TransformerNetwork
from sequence_tutor.models.action_values import NEVER
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.prior.protocol import Prior

PRIOR, TUNED = "prior", "tuned"
CLOSE = 1e-4
"""Difference of log-probabilities, in nats, above which a sum of networks is not the policy."""


@dataclass(frozen=True)
class Networks:
    """Networks, and policies as weighted sums of their outputs.

    Attributes:
        networks: name -> network; its first V outputs count.
        policies: name -> name of a network -> factor of its outputs.
    """

    networks: Mapping[str, Network]
    policies: Mapping[str, Mapping[str, float]]

    @torch.no_grad()
    def log_probs(self, policy: str, tokens: Tensor) -> Tensor:
        """Log-probabilities of a policy at every step, tokens (B, T) -> (B, T, V)."""
        parts = self.policies[policy].items()
        sums: Tensor = sum(
            factor * self.networks[name](tokens)[..., : self.networks[name].vocab_size]
            for name, factor in parts
        )
        return sums.log_softmax(-1)


def networks_of(model: Model) -> Networks:
    """The prior's network and, of a tuned run, the tuned one.

    Raises:
        UserError: the model is no network of this program, or its policy is no such sum.
    """
    policy = model.policy
    networks = {PRIOR: network_of_prior(model.stored.prior, model)}
    policies = {PRIOR: {PRIOR: 1.0}}
    if isinstance(policy, TunedPolicy):
        values = policy.values.network
        if not isinstance(values, RecurrentNetwork | TransformerNetwork):
            raise UserError(
                f"{model.name}: its action values are a {type(values).__name__}, expected a "
                "network of this program"
            )
        networks[TUNED] = without_barred(values, policy.values.barred)
        policies[TUNED] = {TUNED: 1.0}
        if policy.algorithm.mixes_prior:
            temperature = 1.0 if model.tune is None else model.tune.prior_temperature
            policies[TUNED][PRIOR] = 1 / temperature
    found = Networks(networks, policies)
    _check(found, model)
    return found


def network_of_prior(prior: Prior, model: Model) -> Network:
    """The network of a model's prior.

    Raises:
        UserError: it is no network of this program.
    """
    if not isinstance(prior, NeuralPrior):
        raise UserError(
            f"{model.name}: its prior is {model.stored.kind}, expected a network of this program, "
            "which pretrain trains"
        )
    return prior.network


@torch.no_grad()
def without_barred(network: Network, barred: Tensor | None) -> Network:
    """The network, whose outputs of barred tokens (V,) are `NEVER` in every state."""
    if barred is None:
        return network
    network = copy.deepcopy(network)
    network.head.weight[: len(barred)][barred] = 0.0
    network.head.bias[: len(barred)][barred] = NEVER
    return network


def _check(found: Networks, model: Model) -> None:
    """Compare the sum with the model's own policy on random tokens."""
    generator = torch.Generator().manual_seed(0)
    vocab_size = model.stored.prior.vocab_size
    tokens = torch.randint(vocab_size, (2, 24), generator=generator).to(model.device)
    name = TUNED if TUNED in found.policies else PRIOR
    wanted = model.policy.sequence_log_probs(tokens)
    if float((found.log_probs(name, tokens) - wanted).abs().max()) > CLOSE:
        raise UserError(
            f"{model.name}: its policy is not the softmax of a sum of networks, expected an "
            "algorithm such as psi, g or reinforce-kl"
        )
