"""One thread, and models small enough to be made on the spot."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from sequence_tutor.algorithms.policy import TunedPolicy
from sequence_tutor.algorithms.registry import find_algorithm
from sequence_tutor.domain.fingerprints import window_fingerprints
from sequence_tutor.models import ActionValueNetwork, RecurrentNetwork, RecurrentSettings
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.prior.store import StoredPrior, load_prior, save_prior
from sequence_tutor.storage.trust import STATE_VARIABLE
from sequence_tutor.threads import cores_at_hand
from sequence_tutor.tuner.run_folder import save_policy, save_spec
from sequence_tutor.tuner.run_record import RunSpec
from sequence_tutor.tuner.settings import TuneSettings

# what it asserts is shown as what a test asserts is
pytest.register_assert_rewrite("kit")

# the networks of the tests are too small to share work between more, in the programs that they
# start too
torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"

# some tests interrupt programs they have started; those inherit what a shell lets its background
# jobs ignore
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Of `-n auto`: one a core, for each imports everything for itself."""
    return cores_at_hand()


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of the tests and of the processes that they start, not the user's own."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STATE_VARIABLE, str(folder))
        yield folder


@pytest.fixture
def few_particles(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that compare or evaluate and do not ask how good log Z is."""
    monkeypatch.setattr("sequence_tutor.evaluation.evaluate.PARTICLES", 32)


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
def make_language_model() -> Callable[[str, Path], None]:
    """Writes a language model of two layers, 32 wide, and its tokenizer of seven words.

    Called with "gpt2" or "llama", and a folder; skips the test where transformers is not there.
    """
    return _make_language_model


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
    save_policy(folder, TunedPolicy(values, find_algorithm("psi"), stored.prior), 4.0)


def _make_language_model(kind: str, place: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="the extra hf is not installed")
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ("<pad>", "<s>", "</s>", "the", "cat", "dog", "sat", "ran", "here", "there")
    numbers = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(numbers, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    special = {"pad_token": "<pad>", "unk_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(
        place
    )
    common = {"vocab_size": 16, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    torch.manual_seed(0)
    if kind == "gpt2":
        config = transformers.GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=64, **common)
        model = transformers.GPT2LMHeadModel(config)
    else:
        config = transformers.LlamaConfig(
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=64,
            **common,
        )
        model = transformers.LlamaForCausalLM(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))  # far from uniform
    model.save_pretrained(place)
