"""Priors on disk: those of every kind come back as they were."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from kit import generator
from sequence_tutor.errors import UserError
from sequence_tutor.models import RecurrentSettings, TransformerSettings, build_network
from sequence_tutor.prior.check import check_prior
from sequence_tutor.prior.finding import find_prior, shipped_prior, shipped_priors
from sequence_tutor.prior.neural import NeuralPrior, TemperedPrior, tempered
from sequence_tutor.prior.store import PRIOR_FILE, StoredPrior, load_prior, save_prior
from sequence_tutor.storage.checkpoints import load_checkpoint, save_checkpoint

V = 5
TOKENS = torch.randint(V, (3, 6), generator=generator())
SHAPES: list[RecurrentSettings | TransformerSettings] = [
    RecurrentSettings(width=8),
    RecurrentSettings(cell="gru", width=8),
    TransformerSettings(cell="transformer", width=8, heads=2),
]

LAST_TOKEN = """
import torch

def log_probs(tokens):
    last = tokens[:, -1] if tokens.shape[1] else torch.zeros(len(tokens), dtype=torch.int64)
    return torch.nn.functional.one_hot((last + 1) % 5, 5).float().log_softmax(-1)
"""


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.cell)
def test_a_network_of_any_kind_comes_back(
    shape: RecurrentSettings | TransformerSettings, tmp_path: Path
) -> None:
    prior = NeuralPrior(build_network(shape, V, V))
    stored = StoredPrior(prior, "toy", {"licence": "none"}, {"windows": torch.arange(3)})
    save_prior(tmp_path, stored)
    again = load_prior(tmp_path)
    assert again.network.settings == shape
    assert torch.equal(again.prior.sequence_log_probs(TOKENS), prior.sequence_log_probs(TOKENS))
    assert again.is_same(stored)
    assert (again.domain, again.card) == ("toy", {"licence": "none"})
    assert torch.equal(again.tensors["windows"], torch.arange(3))
    check_prior(again.prior)


def test_checkpoints_from_before_there_were_other_networks_load(tmp_path: Path) -> None:
    prior = NeuralPrior(build_network(SHAPES[0], V, V))
    save_prior(tmp_path, StoredPrior(prior, "toy"))
    tensors, info = load_checkpoint(tmp_path / PRIOR_FILE)
    info["network"] = {"cell": "lstm", "width": 8, "layers": 1}  # as they were written then
    save_checkpoint(tmp_path / PRIOR_FILE, tensors, info)
    assert load_prior(tmp_path).is_same(StoredPrior(prior, "toy"))


def test_a_checkpoint_without_what_a_prior_says_of_itself_is_refused(tmp_path: Path) -> None:
    save_prior(tmp_path, StoredPrior(NeuralPrior(build_network(SHAPES[0], V, V)), "toy"))
    tensors, info = load_checkpoint(tmp_path / PRIOR_FILE)
    for missing in ("domain", "card", "network", "vocab_size"):
        kept = {name: value for name, value in info.items() if name != missing}
        save_checkpoint(tmp_path / PRIOR_FILE, tensors, kept)
        with pytest.raises(UserError, match=f"not a prior of this program .*{missing}"):
            load_prior(tmp_path)


def test_other_weights_are_another_prior() -> None:
    first, second = (
        StoredPrior(NeuralPrior(build_network(SHAPES[0], V, V)), "toy") for _ in range(2)
    )
    assert first.is_same(first)
    assert not first.is_same(second)


def test_a_file_of_python_is_a_prior_and_is_found_again(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(LAST_TOKEN)
    stored = find_prior(str(mine), domain="toy")
    check_prior(stored.prior)
    save_prior(tmp_path / "run", stored)
    again = load_prior(tmp_path / "run")
    assert again.is_same(stored)
    assert torch.equal(
        again.prior.sequence_log_probs(TOKENS), stored.prior.sequence_log_probs(TOKENS)
    )
    with pytest.raises(UserError, match="BlackBoxPrior has no network of this program"):
        assert stored.network
    mine.write_text(LAST_TOKEN + "\n# changed\n")
    with pytest.raises(UserError, match=r"mine\.py: no longer the prior that .*prior\.json was"):
        load_prior(tmp_path / "run")
    mine.unlink()
    with pytest.raises(
        UserError, match=r"mine\.py is not there, expected a Python file of a prior"
    ):
        load_prior(tmp_path / "run")


def test_a_file_may_give_an_object_and_say_its_domain(tmp_path: Path) -> None:
    mine = tmp_path / "counts.py"
    mine.write_text(
        "from sequence_tutor.prior.ngram import NGramPrior\n"
        'DOMAIN = "melody"\nCARD = {"data": "two rows"}\n'
        "def prior():\n    return NGramPrior(2, 38, [[14, 1], [14, 0]])\n"
    )
    stored = find_prior(str(mine))
    assert (stored.domain, stored.card) == ("melody", {"data": "two rows"})
    assert stored.prior.vocab_size == 38


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x = 1\n", "defines no prior, expected a function log_probs or prior"),
        ("def log_probs(tokens):\n    return 1 / 0\n", "failed at line 2: ZeroDivisionError"),
        ("def log_probs(tokens):\n    return 3\n", "answers tokens of shape .1, 0. with int"),
        ("def prior():\n    raise KeyError(3)\n", "prior of .* failed at line 2: KeyError: 3"),
        ("def prior(:\n", "cannot be run: SyntaxError"),
        (LAST_TOKEN, "does not say what its tokens are, expected a line such as DOMAIN"),
        (LAST_TOKEN + "CARD = 3\n", "CARD of .* is a int, expected a dict"),
    ],
)
def test_a_broken_file_is_one_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(text)
    with pytest.raises(UserError, match=sentence) as error:
        find_prior(str(mine))
    assert str(mine) in str(error.value)


def test_a_damaged_prior_json_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "prior.json").write_text("[]")
    with pytest.raises(UserError, match=r"prior\.json: not a prior of this program"):
        load_prior(tmp_path)


def test_any_prior_can_be_tempered(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(LAST_TOKEN)
    prior = find_prior(str(mine), domain="toy").prior
    flat = tempered(prior, 2.0)
    assert isinstance(flat, TemperedPrior)
    check_prior(flat)
    expected = (prior.sequence_log_probs(TOKENS) / 2).log_softmax(-1)
    torch.testing.assert_close(flat.sequence_log_probs(TOKENS), expected)
    assert tempered(prior, 1.0) is prior


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_a_file_may_compute_in_half_precision(dtype: str, tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(
        "import torch\n\nlogits = torch.linspace(-3, 3, 7)\n\n"
        "def log_probs(tokens):\n"
        f"    return logits.to(torch.{dtype}).log_softmax(-1).expand(len(tokens), -1)\n"
    )
    prior = find_prior(str(mine), domain="toy").prior
    check_prior(prior)
    exact = torch.linspace(-3, 3, 7).log_softmax(-1)
    found = prior.sequence_log_probs(torch.zeros(1, 2, dtype=torch.int64))[0, 0]
    torch.testing.assert_close(found, exact, rtol=0, atol=0.03)


@pytest.mark.parametrize("name", shipped_priors())
def test_shipped_priors_know_the_rows_of_their_held_out_data(name: str) -> None:
    figures = shipped_prior(name).card["real"]
    lengths = {"molecule": ["73"]}.get(name, ["32", "64", "128"])
    assert list(figures) == lengths
    assert all(figures[length]["count"] > 100 for length in lengths)
