"""One thread, and models small enough to be made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from sequence_tutor.models import ActionValueNetwork, RecurrentNetwork, RecurrentSettings
from sequence_tutor.prior.fingerprints import window_fingerprints
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.prior.store import StoredPrior, load_prior, save_prior
from sequence_tutor.tuner.algorithms import ALGORITHMS
from sequence_tutor.tuner.policy import TunedPolicy
from sequence_tutor.tuner.run_folder import RunSpec, save_policy, save_spec
from sequence_tutor.tuner.settings import TuneSettings

# the networks of the tests are too small to share work between more
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def melody_prior(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an untrained prior of melodies, whose training data was one scale."""
    generator = torch.Generator().manual_seed(0)
    network = RecurrentNetwork(RecurrentSettings(width=8), 38, 38)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.uniform_(-1.0, 1.0, generator=generator)
    folder = tmp_path_factory.mktemp("models") / "small"
    windows = window_fingerprints([list(range(2, 34))])
    save_prior(folder, StoredPrior(NeuralPrior(network), "melody", {}, {"windows": windows}))
    return folder


@pytest.fixture(scope="session")
def molecule_prior(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an untrained prior of molecules; every string of C, N and O is one."""
    tokens = ["C", "N", "O"]
    torch.manual_seed(0)
    network = RecurrentNetwork(RecurrentSettings(width=8), len(tokens) + 1, len(tokens) + 1)
    facts = {"tokens": tokens, "tokeniser": "atoms", "shortest": 1, "longest": 10}
    card = {"molecule": {**facts, "longest_carbon_run": 10}}
    folder = tmp_path_factory.mktemp("models") / "chains"
    save_prior(folder, StoredPrior(NeuralPrior(network), "molecule", card))
    return folder


@pytest.fixture(scope="session")
def melody_run(melody_prior: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run whose tuned model likes middle C better than its prior does."""
    folder = tmp_path_factory.mktemp("runs") / "likes-c"
    _make_run(folder, melody_prior)
    return folder


@pytest.fixture(scope="session")
def make_run() -> Callable[..., None]:
    """Writes what a finished run leaves: (folder, prior, rules, their SHA-256)."""
    return _make_run


def _make_run(
    folder: Path, prior: Path, rules: Path | None = None, digest: str | None = None
) -> None:
    stored = load_prior(prior)
    values = ActionValueNetwork.from_prior(stored.network, "log_prior")
    assert isinstance(values.network, RecurrentNetwork)
    with torch.no_grad():
        values.network.head.bias[14] += 2.0
    spec = RunSpec(
        domain="melody",
        prior=str(prior),
        length=32,
        tune=TuneSettings(c=4.0),
        reward={"weights": {"tonic": 3.0}},
        rules=None if rules is None else str(rules),
        rules_digest=digest,
        versions={},
        threads=1,
    )
    save_spec(folder, spec, stored)
    save_policy(folder, TunedPolicy(values, ALGORITHMS["psi"], stored.prior), 4.0)
