"""Language models made from a config, on disk as people have them; nothing is downloaded."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

import sequence_tutor
from kit import generator
from sequence_tutor.errors import UserError
from sequence_tutor.prior.check import check_prior
from sequence_tutor.prior.finding import find_prior
from sequence_tutor.prior.hugging_face import HuggingFacePrior
from sequence_tutor.prior.neural import tempered
from sequence_tutor.prior.store import load_prior, save_prior
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.text.domain import TextDomain

if find_spec("transformers") is None:  # it is imported where it is used: that takes a second
    pytest.skip("the extra hf is not installed", allow_module_level=True)

WORDS = ("the", "cat", "dog", "sat", "ran", "here", "there")
V = len(WORDS) + 1
TOKENS = torch.randint(V - 1, (4, 6), generator=generator())


@pytest.fixture(scope="module", params=["gpt2", pytest.param("llama", marks=pytest.mark.long)])
def folder(
    request: pytest.FixtureRequest,
    make_language_model: Callable[[str, Path], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    place = tmp_path_factory.mktemp("models") / str(request.param)
    make_language_model(str(request.param), place)
    return place


def settings_file(tmp_path: Path, folder: Path, **given: object) -> str:
    lines = [f'model = "{folder}"', *(f"{name} = {value!r}" for name, value in given.items())]
    path = tmp_path / "model.toml"
    path.write_text("\n".join(lines))
    return str(path)


def test_it_keeps_its_promises(folder: Path, tmp_path: Path) -> None:
    for name in (str(folder), settings_file(tmp_path, folder, prompt="the cat")):
        prior = find_prior(name).prior
        assert prior.vocab_size == V
        check_prior(prior)
        check_prior(tempered(prior, 1.5))


def test_it_is_the_models_own_distribution_after_the_left_context(
    folder: Path, tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM

    name = settings_file(tmp_path, folder, prompt="dog ran")
    prior = find_prior(name).prior
    model = AutoModelForCausalLM.from_pretrained(folder)
    ids = [*range(3, 10), 2]  # the words, and the end of text
    prompt = [5, 7]
    inputs = torch.tensor([[*prompt, *(ids[token] for token in row)] for row in TOKENS.tolist()])
    with torch.no_grad():
        logits = model(inputs).logits[:, 1:-1]
    expected = logits[:, :, ids].log_softmax(-1)
    torch.testing.assert_close(prior.sequence_log_probs(TOKENS), expected, rtol=1e-4, atol=1e-5)


def test_rows_that_end_leave_the_others_as_they_are(folder: Path) -> None:
    prior = find_prior(str(folder)).prior
    batch = rollout(prior, 64, 8, generator(), end_token=V - 1, keep_log_probs=True)
    assert len(set(batch.batch.lengths.tolist())) > 3
    assert batch.log_probs is not None
    whole = prior.sequence_log_probs(batch.batch.tokens)
    mask = batch.batch.mask
    torch.testing.assert_close(batch.log_probs[mask], whole[mask], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("rank", [0, 2])
def test_values_begin_with_the_models_own_weights(rank: int, folder: Path, tmp_path: Path) -> None:
    if rank:
        pytest.importorskip("peft", reason="the extra hf is not installed")
    prior = find_prior(settings_file(tmp_path, folder, lora_rank=rank)).prior
    assert isinstance(prior, HuggingFacePrior)
    before = prior.sequence_log_probs(TOKENS)
    values = prior.action_values("log_prior")
    torch.testing.assert_close(values(TOKENS), before, rtol=1e-4, atol=1e-5)
    assert not prior.action_values("zero")(TOKENS).any()
    own = {parameter.data_ptr() for parameter in prior.language.model.parameters()}
    learning = [parameter for parameter in values.parameters() if parameter.requires_grad]
    assert learning
    assert not any(parameter.data_ptr() in own for parameter in learning)
    if rank:  # low rank and the value's head
        everything = sum(parameter.numel() for parameter in prior.language.model.parameters())
        assert sum(parameter.numel() for parameter in learning) < everything / 3
    with torch.no_grad():
        for parameter in learning:
            parameter.add_(0.1)
    assert not torch.allclose(values(TOKENS), before, atol=0.01)
    assert torch.equal(prior.sequence_log_probs(TOKENS), before)


def test_it_is_found_again_and_must_be_the_same(folder: Path, tmp_path: Path) -> None:
    name = settings_file(tmp_path, folder, prompt="the")
    stored = find_prior(name)
    save_prior(tmp_path / "run", stored)
    assert load_prior(tmp_path / "run").is_same(stored)
    settings_file(tmp_path, folder, prompt="the dog")
    with pytest.raises(UserError, match=r"no longer the prior that .*prior\.json was written with"):
        load_prior(tmp_path / "run")


def test_text_is_cut_and_joined_by_its_tokenizer(folder: Path, tmp_path: Path) -> None:
    stored = find_prior(str(folder))
    domain = TextDomain(stored.card)
    assert (domain.vocab_size, domain.length) == (V, 41)
    tokens = domain.vocabulary.encode("the dog sat")
    assert tokens == [0, 2, 3, V - 1]
    assert domain.vocabulary.decode(tokens) == "the dog sat"
    assert domain.vocabulary.ends(tokens) == [3, 7, 11, 11]
    file = tmp_path / "lines.txt"
    file.write_text("the bird\n")
    with pytest.raises(UserError, match="the special token '<pad>', expected tokens of text"):
        domain.read_sequences(file)


@pytest.mark.parametrize(
    ("folder", "rank"),
    [
        ("gpt2", 2),
        pytest.param("gpt2", 0, marks=pytest.mark.long),
        pytest.param("llama", 0, marks=pytest.mark.long),
        pytest.param("llama", 2, marks=pytest.mark.long),
    ],
    indirect=["folder"],
)
def test_it_is_tuned_from_end_to_end(rank: int, folder: Path, tmp_path: Path) -> None:
    name = settings_file(tmp_path, folder, longest=6, lora_rank=rank)
    reward = {"terms": {"cats": {"kind": "word_list", "words": ["cat"], "effect": "wanted"}}}
    tuning = {
        "c": 0.3,
        "steps": 30,
        "batch": 32,
        "collect": 32,
        "collect_every": 2,
        "evaluate_every": 15,
        "evaluate_samples": 128,
        "optimiser": {"learning_rate": 0.01 if rank else 0.002, "warm_up": 3},
    }
    run = tmp_path / "run"
    model = sequence_tutor.tune(
        "text",
        run,
        prior=name,
        overrides={"tune": tuning, "reward": reward},
        threads=1,
        quiet=True,
    )
    records = read_log(run / "training.jsonl")
    assert records[0]["kl_to_prior_per_token"] == pytest.approx(0, abs=1e-4)
    assert records[-1]["objective_per_sequence"] > records[0]["objective_per_sequence"] + 0.1
    check_prior(model.policy)
    sequence_tutor.sample(model, 5, tmp_path / "out", quiet=True)
    lines = (tmp_path / "out" / "lines.txt").read_text().splitlines()
    assert len(lines) == 5
    assert set(" ".join(lines).split()) <= set(WORDS)


def test_what_is_no_model_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "config.json").write_text("{}")
    with pytest.raises(UserError, match="empty: no tokenizer could be loaded"):
        find_prior(str(empty))
    with pytest.raises(UserError, match="unknown name 'prompts': did you mean 'prompt'"):
        find_prior(settings_file(tmp_path, folder, prompts="the"))


def test_without_the_extra_it_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UserError, match=r"needs transformers.*\[hf\]"):
        find_prior(str(folder))


def test_lora_without_peft_is_refused_as_the_model_is_opened(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(UserError, match=r"LoRA needs peft.* pip install 'sequence-tutor\[hf\]'"):
        find_prior(settings_file(tmp_path, folder, lora_rank=2))
    assert find_prior(settings_file(tmp_path, folder)).prior.vocab_size == V
