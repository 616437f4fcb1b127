"""Hugging Face models on disk or on the hub, opened as priors of text.

A model is named by a folder, by `hf:NAME` on the hub, or by a settings file (FILE.toml, see
`HuggingFaceSettings`) with a left context and the rank of LoRA. Only safetensors are read, and no
code of the model's own is run, nor any that its config names on the hub.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from sequence_tutor.errors import UserError, require
from sequence_tutor.prior.hugging_face import HuggingFacePrior, LanguageModel, positions_of
from sequence_tutor.prior.hugging_face_check import check_model
from sequence_tutor.prior.hugging_face_settings import (
    HuggingFaceSettings,
    hub_name,
    settings_of,
)
from sequence_tutor.prior.tokenizers import first_line, load_tokenizer, prompt_tokens

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["HuggingFaceSettings", "OpenedModel", "hub_name", "open_model", "settings_of"]


@dataclass(frozen=True)
class OpenedModel:
    """A language model as it was found.

    Attributes:
        prior: the prior.
        card: its vocabulary, as the domain of text reads it.
        digest: SHA-256 of settings and weights.
        settings: as they were asked for.
        tokenizer: its tokenizer.
    """

    prior: HuggingFacePrior
    card: Mapping[str, Any]  # JSON
    digest: str
    settings: HuggingFaceSettings
    tokenizer: PreTrainedTokenizerBase


def open_model(
    settings: HuggingFaceSettings,
    device: torch.device | str,
    own_tokenizer: Path | None = None,
) -> OpenedModel:
    """Load a model and its tokenizer.

    Args:
        settings: what is asked for, its model resolved as `settings_of` does.
        device: where to compute.
        own_tokenizer: folder with the tokenizer that a run keeps; None: the model's.

    Raises:
        UserError: the extra is not installed, there is no such model, it is of a kind that cannot
            be sampled step by step, has no end of text, or too few positions.
    """
    if settings.lora_rank:
        require("hf", "LoRA needs peft", "peft")
    source = str(own_tokenizer or settings.model)
    tokenizer = load_tokenizer(source)
    model: Any = _load(settings.model)
    end = tokenizer.eos_token_id
    if end is None:
        raise UserError(f"{settings.model}: its tokenizer has no end of text (eos_token)")
    special = set(tokenizer.all_special_ids)
    known = min(len(tokenizer), model.config.get_text_config().vocab_size)
    ids = [number for number in range(known) if number not in special]
    before = prompt_tokens(tokenizer, settings.prompt, end)
    positions = positions_of(model)
    longest = settings.longest
    if positions is not None and "longest" not in settings.model_fields_set:
        longest = max(1, min(longest, positions - len(before)))
    if positions is not None and len(before) + longest > positions:
        raise UserError(
            f"{settings.model}: longest {longest} and a prompt of {len(before)} tokens: "
            f"the model has {positions} positions; expected no more of both"
        )
    check_model(model, settings.model)
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
            "source": source,
            "longest": longest,
        },
    }
    digest = _digest(settings, language)
    return OpenedModel(HuggingFacePrior(language), card, digest, settings, tokenizer)


def _load(name: str) -> nn.Module:
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # ours is the one that people see
    try:
        config = AutoConfig.from_pretrained(name, trust_remote_code=False)
        attention = getattr(config, "_attn_implementation", None)
        if attention is not None and not str(attention).isidentifier():
            raise ValueError(f"its config asks for the code {str(attention)!r} from the hub")
        return AutoModelForCausalLM.from_pretrained(
            name, use_safetensors=True, dtype=torch.float32, trust_remote_code=False
        )
    except Exception as error:  # each kind of model complains of its files in its own way
        raise UserError(
            f"{name}: no causal language model could be loaded ({first_line(error)})"
        ) from error


def _digest(settings: HuggingFaceSettings, language: LanguageModel) -> str:
    digest = hashlib.sha256(settings.model_dump_json(exclude={"model"}).encode())
    for tensor in (language.ids, language.prompt, *language.model.state_dict().values()):
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
