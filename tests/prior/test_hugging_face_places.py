"""Which model a name means, what its tokenizer adds, and which models cannot be priors."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from sequence_tutor.errors import UserError
from sequence_tutor.prior.finding import find_prior
from sequence_tutor.prior.hugging_face import HuggingFacePrior
from sequence_tutor.prior.hugging_face_files import settings_of
from sequence_tutor.prior.store import StoredPrior, load_prior, save_prior
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.text.domain import TextDomain

if find_spec("transformers") is None:  # it is imported where it is used: that takes a second
    pytest.skip("the extra hf is not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def folder(
    make_language_model: Callable[[str, Path], None], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    place = tmp_path_factory.mktemp("models") / "gpt2"
    make_language_model("gpt2", place)
    return place


def spelled(stored: StoredPrior) -> str:
    """What the first tokens mean."""
    return TextDomain(stored.card).vocabulary.decode([0, 1, 2])


def settings_file(place: Path, text: str) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    return place


def test_a_folder_in_a_settings_file_is_beside_the_file(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    shutil.copytree(folder, project / "model")
    (elsewhere / "model").mkdir(parents=True)
    file = settings_file(project / "mine.toml", 'model = "model"\n')
    for here in (project, elsewhere):
        monkeypatch.chdir(here)
        asked = settings_of(str(file))
        assert asked is not None
        assert asked.model == str(project / "model")
    lost = settings_file(tmp_path / "other" / "mine.toml", 'model = "model"\n')
    with pytest.raises(UserError, match="a folder of that name, which would be read in its place"):
        settings_of(str(lost))
    with pytest.raises(UserError, match="there is no folder"):
        settings_of(str(settings_file(lost, 'model = "./model"\n')))
    with pytest.raises(UserError, match="hf:model: 'model' is a name on the hub, but"):
        settings_of("hf:model")


def test_a_run_keeps_its_tokenizer(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "home" / "model"
    shutil.copytree(folder, model)
    monkeypatch.chdir(model.parent)
    stored = find_prior("model")
    save_prior(tmp_path / "run", stored)
    before = spelled(stored)
    monkeypatch.chdir(tmp_path)
    tokenizer = json.loads((model / "tokenizer.json").read_text())
    words = tokenizer["model"]["vocab"]
    words["the"], words["cat"] = words["cat"], words["the"]
    (model / "tokenizer.json").write_text(json.dumps(tokenizer))
    shutil.copytree(model, tmp_path / "model")  # another model of that name lies around
    assert spelled(load_prior(tmp_path / "run")) == before
    kept = tmp_path / "run" / "tokenizer" / "tokenizer.json"
    kept.write_text(json.dumps(tokenizer))
    with pytest.raises(UserError, match=r"tokenizer\.json: not the tokenizer's file that"):
        load_prior(tmp_path / "run")


def test_a_model_that_has_moved_is_named(folder: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(folder, model)
    file = settings_file(tmp_path / "mine.toml", 'model = "model"\nprompt = "the cat"\n')
    stored = find_prior(str(file))
    save_prior(tmp_path / "run", stored)
    file.unlink()
    moved = model.rename(tmp_path / "moved")
    with pytest.raises(UserError, match="there is no such settings file"):
        load_prior(tmp_path / "run")
    assert load_prior(tmp_path / "run", place=moved).is_same(stored)  # with its prompt
    weights = moved / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-2] ^= 0x10
    weights.write_bytes(content)
    with pytest.raises(UserError, match="moved: no longer the prior that"):
        load_prior(tmp_path / "run", place=moved)


def test_code_of_a_model_is_never_run(folder: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(folder, model)
    config = json.loads((model / "config.json").read_text())
    code = {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}
    ran = tmp_path / "ran.txt"
    (model / "evil.py").write_text(f"from pathlib import Path\nPath({str(ran)!r}).touch()\n")
    for changed in (
        {**config, "model_type": "evil", "auto_map": code},
        {**config, "attn_implementation": "somebody/kernel"},
    ):
        (model / "config.json").write_text(json.dumps(changed))
        with pytest.raises(UserError, match="could be loaded"):
            find_prior(str(model))
    assert not ran.exists()


def test_a_model_on_the_hub_is_not_fetched_for_a_stranger(tmp_path: Path) -> None:
    record = {"format": 1, "domain": "text", "card": {}, "place": "hf:some/model", "digest": "00"}
    (tmp_path / "prior.json").write_text(json.dumps(record))
    with pytest.raises(
        UserError, match=r"would run a download of the .* model some/model.*--trust"
    ):
        load_prior(tmp_path)


@pytest.mark.parametrize("prompt", ["the cat", ""])
def test_what_a_tokenizer_puts_behind_a_prompt_is_left_out(
    prompt: str, folder: Path, tmp_path: Path
) -> None:
    from tokenizers.processors import TemplateProcessing

    model = tmp_path / "model"
    shutil.copytree(folder, model)
    tokenizer = pytest.importorskip("transformers").AutoTokenizer.from_pretrained(folder)
    inner = tokenizer.backend_tokenizer
    inner.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    inner.save(str(model / "tokenizer.json"))
    file = settings_file(tmp_path / "mine.toml", f'model = "model"\nprompt = "{prompt}"\n')
    prior = find_prior(str(file)).prior
    assert isinstance(prior, HuggingFacePrior)
    assert prior.language.prompt.tolist() == ([1, 3, 4] if prompt else [1])


def test_no_more_tokens_than_the_model_has_positions(folder: Path, tmp_path: Path) -> None:
    def asked(longest: int) -> str:
        text = f'model = "{folder}"\nprompt = "the cat"\nlongest = {longest}\n'
        return str(settings_file(tmp_path / "mine.toml", text))

    with pytest.raises(
        UserError, match="longest 63 and a prompt of 2 tokens: the model has 64 positions"
    ):
        find_prior(asked(63))
    prior = find_prior(asked(62)).prior
    generator = torch.Generator().manual_seed(0)
    assert prior.sequence_log_probs(torch.zeros(1, 63, dtype=torch.int64)).shape == (1, 63, 8)
    with pytest.raises(UserError, match="a prompt of 2 tokens and 63 after it: the model has 64"):
        prior.sequence_log_probs(torch.zeros(1, 64, dtype=torch.int64))
    with pytest.raises(UserError, match="the model has 64 positions"):
        rollout(prior, 64, 80, generator)  # without an end token, so that it gets there


def strange(kind: str) -> object:
    transformers = pytest.importorskip("transformers")
    small = {"hidden_size": 16, "num_hidden_layers": 1, "vocab_size": 16}
    heads = {"num_attention_heads": 2, "intermediate_size": 16}
    torch.manual_seed(0)
    if kind == "mamba":
        config = transformers.MambaConfig(**small, state_size=4, eos_token_id=2)
        return transformers.MambaForCausalLM(config)
    if kind == "bert":
        return transformers.BertLMHeadModel(transformers.BertConfig(**small, **heads))
    config = transformers.MistralConfig(
        **small, **heads, num_key_value_heads=1, sliding_window=3, max_position_embeddings=64
    )
    return transformers.MistralForCausalLM(config)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("mamba", "a MambaForCausalLM keeps no keys and values"),
        ("bert", "a BertLMHeadModel sees the tokens that come later"),
        ("mistral", ""),
    ],
)
def test_models_that_cannot_write_token_by_token_are_refused(
    kind: str, sentence: str, folder: Path, tmp_path: Path
) -> None:
    model = strange(kind)
    shutil.copytree(folder, tmp_path / "model")
    model.save_pretrained(tmp_path / "model")  # type: ignore[attr-defined]
    if not sentence:
        assert find_prior(str(tmp_path / "model")).prior.vocab_size == 8
        return
    with pytest.raises(UserError, match=sentence):
        find_prior(str(tmp_path / "model"))
