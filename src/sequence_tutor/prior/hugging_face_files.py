"""Hugging Face models on disk or on the hub, opened as priors of text.

A model is named by a folder, by `hf:NAME` on the hub, or by a settings file (FILE.toml, see
`HuggingFaceSettings`) with a left context and the rank of LoRA. Only safetensors are read, and no
code of the model's own is run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from pydantic import Field
from torch import nn

from sequence_tutor.config.presets import build, read_toml
from sequence_tutor.config.settings import Settings
from sequence_tutor.errors import UserError
from sequence_tutor.extras import extra, require
from sequence_tutor.prior.hugging_face import HuggingFacePrior, LanguageModel

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MARK = "hf:"
"""Before the name of a model on the hub."""


class HuggingFaceSettings(Settings):
    """A language model and what it is asked to go on from."""

    model: str = Field(description="folder, or name on the hub")
    prompt: str = Field("", description="left context of every sequence")
    longest: int = Field(40, ge=1, description="most tokens of a sequence, the end token aside")
    lora_rank: int = Field(
        0, ge=0, description="rank of LoRA in the tuned model; 0: all of its weights are tuned"
    )


@dataclass(frozen=True)
class OpenedModel:
    """A language model as it was found.

    Attributes:
        prior: the prior.
        card: its vocabulary, as the domain of text reads it.
        digest: SHA-256 of settings and weights.
    """

    prior: HuggingFacePrior
    card: Mapping[str, Any]  # JSON
    digest: str


def settings_of(name: str) -> HuggingFaceSettings | None:
    """What the name of a prior asks for; None: it means no Hugging Face model."""
    if name.startswith(MARK):
        return HuggingFaceSettings(model=name.removeprefix(MARK))
    if name.endswith(".toml"):
        return build(HuggingFaceSettings, read_toml(Path(name)), name)
    if (Path(name) / "config.json").is_file():
        return HuggingFaceSettings(model=name)
    return None


def open_model(settings: HuggingFaceSettings, device: torch.device | str) -> OpenedModel:
    """Load a model and its tokenizer.

    Raises:
        UserError: the extra is not installed, there is no such model, or it has no end of text.
    """
    if settings.lora_rank:
        require("hf", "LoRA needs peft", "peft")
    tokenizer = load_tokenizer(settings.model)
    model: Any = _load(settings.model)
    end = tokenizer.eos_token_id
    if end is None:
        raise UserError(f"{settings.model}: its tokenizer has no end of text (eos_token)")
    special = set(tokenizer.all_special_ids)
    known = min(len(tokenizer), model.config.get_text_config().vocab_size)
    ids = [number for number in range(known) if number not in special]
    before = tokenizer(settings.prompt)["input_ids"] if settings.prompt else []
    if not before:
        begin = tokenizer.bos_token_id
        before = [end if begin is None else begin]
    language = LanguageModel(
        model.to(device),
        torch.tensor([*ids, end], device=device),
        torch.tensor(before, device=device),
        settings.lora_rank,
    )
    card = {
        "text": {
            "tokens": tokenizer.convert_ids_to_tokens(ids),
            "tokeniser": "hugging_face",
            "source": settings.model,
            "longest": settings.longest,
        },
    }
    return OpenedModel(HuggingFacePrior(language), card, _digest(settings, language))


def load_tokenizer(name: str) -> PreTrainedTokenizerBase:
    """The tokenizer of a model.

    Raises:
        UserError: the extra is not installed, or there is none.
    """
    with extra("hf", f"{name}: a Hugging Face model needs transformers"):
        from transformers import AutoTokenizer
    try:
        return AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise UserError(f"{name}: no tokenizer could be loaded ({_first_line(error)})") from error


def _load(name: str) -> nn.Module:
    from transformers import AutoModelForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # ours is the one that people see
    try:
        return AutoModelForCausalLM.from_pretrained(name, use_safetensors=True, dtype=torch.float32)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{name}: no causal language model could be loaded ({_first_line(error)})"
        ) from error


def _digest(settings: HuggingFaceSettings, language: LanguageModel) -> str:
    digest = hashlib.sha256(settings.model_dump_json(exclude={"model"}).encode())
    for tensor in (language.ids, language.prompt, *language.model.state_dict().values()):
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
