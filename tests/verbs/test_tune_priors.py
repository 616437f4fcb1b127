"""From pretraining to sampling with a Transformer, and tuning priors that are black boxes."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import torch

from kit import generator
from sequence_tutor import UserError, find_domain, load_model, pretrain, sample, tune
from sequence_tutor.algorithms.policy import TunedPolicy
from sequence_tutor.models import ActionValueNetwork, TransformerNetwork
from sequence_tutor.prior.check import check_prior
from sequence_tutor.storage.run_log import read_log

QUICK = {
    "c": 0.5,
    "steps": 40,
    "batch": 32,
    "collect": 32,
    "collect_every": 2,
    "evaluate_every": 20,
    "evaluate_samples": 256,
    "optimiser": {"learning_rate": 0.01, "warm_up": 5},
}
LIKES_SUCCESSORS = """
import torch

def log_probs(tokens):
    last = tokens[:, -1] if tokens.shape[1] else torch.zeros(len(tokens), dtype=torch.int64)
    return torch.nn.functional.one_hot((last + 1) % 4, 4).float().log_softmax(-1)
"""


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """A file of 300 short sequences of the toy domain."""
    path, numbers = tmp_path / "lines.jsonl", random.Random(0)
    rows = ({"tokens": [numbers.choice((0, 0, 1, 2, 3)) for _ in range(6)]} for _ in range(300))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_transformer_is_trained_tuned_and_sampled(lines: Path, tmp_path: Path) -> None:
    network = {"cell": "transformer", "width": 16, "heads": 2, "layers": 2}
    train = {"network": network, "steps": 60, "evaluate_every": 20, "learning_rate": 0.01}
    stored = pretrain(
        "toy", [lines], tmp_path / "prior", overrides={"train": train}, threads=1, quiet=True
    )
    assert isinstance(stored.network, TransformerNetwork)
    assert stored.card["quality"]["test_nll"] < 1.38  # of a prior that has learned nothing
    check_prior(stored.prior)
    run = tmp_path / "run"
    model = tune(
        "toy",
        run,
        prior=str(tmp_path / "prior"),
        overrides={"tune": QUICK},
        threads=1,
        quiet=True,
    )
    policy = model.policy
    assert isinstance(policy, TunedPolicy)
    assert isinstance(policy.values, ActionValueNetwork)
    assert isinstance(policy.values.network, TransformerNetwork)
    first, last = read_log(run / "training.jsonl")[0], read_log(run / "training.jsonl")[-1]
    assert last["objective_per_sequence"] > first["objective_per_sequence"] + 0.5
    check_prior(policy)
    assert len(sample(load_model(run), 5, quiet=True)) == 5


def test_a_black_box_is_tuned_by_g_and_comes_back(tmp_path: Path) -> None:
    mine, run = tmp_path / "mine.py", tmp_path / "run"
    mine.write_text(LIKES_SUCCESSORS)
    given = {"algorithm": "g", "network": {"cell": "gru", "width": 16}, **QUICK}

    def go() -> None:
        tune("toy", run, prior=mine, overrides={"tune": given}, threads=1, quiet=True)

    go()
    records = read_log(run / "training.jsonl")
    assert records[0]["kl_to_prior_per_token"] == pytest.approx(0.0, abs=1e-6)
    assert records[-1]["objective_per_sequence"] > records[0]["objective_per_sequence"] + 0.5
    go()  # the same command finds nothing left to do
    assert read_log(run / "training.jsonl") == records
    model = load_model(run)
    tokens = torch.randint(4, (3, 6), generator=generator())
    assert torch.equal(
        model.stored.prior.sequence_log_probs(tokens).exp().sum(-1).round(), torch.ones(3, 6)
    )
    assert len(sample(model, 5, quiet=True)) == 5


@pytest.mark.parametrize(
    ("text", "algorithm", "sentence"),
    [
        (LIKES_SUCCESSORS, "psi", "psi with start 'log_prior' begins with the weights"),
        (LIKES_SUCCESSORS, "reinforce-kl", "reinforce-kl with start 'log_prior' begins"),
        (
            LIKES_SUCCESSORS.replace("% 4, 4", "% 5, 5"),
            "g",
            "the prior has 5 tokens, expected 4 for toy",
        ),
        (LIKES_SUCCESSORS.replace(".log_softmax(-1)", ""), "g", "normalise them with log_softmax"),
    ],
)
def test_what_a_black_box_cannot_do_is_one_sentence_and_leaves_nothing(
    text: str, algorithm: str, sentence: str, tmp_path: Path
) -> None:
    mine, run = tmp_path / "mine.py", tmp_path / "run"
    mine.write_text(text)
    with pytest.raises(UserError, match=sentence):
        tune(
            "toy",
            run,
            prior=mine,
            overrides={"tune": {"algorithm": algorithm}},
            quiet=True,
        )
    assert not run.exists()


def test_melodies_take_a_transformer_by_one_line_of_settings() -> None:
    from sequence_tutor.config.presets import build, merged, read_preset
    from sequence_tutor.verbs.pretrain import PretrainTables

    own = {"train": {"network": {"cell": "transformer"}}}
    tables = build(PretrainTables, merged(read_preset("pretrain", "melody", "default"), own), "")
    assert tables.train.network.cell == "transformer"
    assert find_domain("melody").vocab_size == 38
