"""Hugging Face models in a folder or on the hub: which one a name means, and how it is opened.

A model is named by a folder, by `hf:NAME` on the hub, or by a settings file (FILE.toml, see
`HuggingFaceSettings`) with a left context and the rank of LoRA. A name is resolved once: a folder
becomes an absolute path, relative to the settings file where one names it; any other name is one
of the hub, never that of a folder in the current directory. Only safetensors are read, and no code
of the model's own is run, nor any that its config names on the hub.
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

from sequence_tutor.config.presets import build
from sequence_tutor.config.settings import Settings
from sequence_tutor.config.toml_files import read_toml
from sequence_tutor.errors import UserError, require
from sequence_tutor.prior.hugging_face import (
    HuggingFacePrior,
    LanguageModel,
    positions_of,
)
from sequence_tutor.prior.hugging_face_check import check_model
from sequence_tutor.prior.tokenizers import first_line, load_tokenizer, prompt_tokens

MARK = "hf:"
"""Before the name of a model on the hub."""


class HuggingFaceSettings(Settings):
    """A language model and what it is asked to go on from."""

    model: str = Field(description="folder, relative to the settings file, or name on the hub")
    prompt: str = Field("", description="left context of every sequence")
    longest: int = Field(40, ge=1, description="most tokens of a sequence, the end token aside")
    lora_rank: int = Field(
        0, ge=0, description="rank of LoRA in the tuned model; 0: all of its weights are tuned"
    )


def settings_of(name: str) -> HuggingFaceSettings | None:
    """What the name of a prior asks for; None: it means no Hugging Face model.

    Raises:
        UserError: a settings file that cannot be used, or a name that means two things.
    """
    if name.startswith(MARK):
        asked = HuggingFaceSettings(model=name.removeprefix(MARK))
        return asked.model_copy(update={"model": _of_hub(asked.model, name)})
    if name.endswith(".toml"):
        path = Path(name)
        asked = build(HuggingFaceSettings, read_toml(path), name)
        return asked.model_copy(update={"model": _beside(asked.model, path)})
    if (Path(name) / "config.json").is_file():
        return HuggingFaceSettings(model=str(Path(name).absolute()))
    return None


def hub_name(model: str) -> str | None:
    """The name that a resolved model has on the hub; None: it is a folder."""
    return None if Path(model).is_absolute() else model


def _beside(model: str, path: Path) -> str:
    """A model as a settings file names it."""
    if model.startswith(MARK):
        return _of_hub(model.removeprefix(MARK), f"{path}: model")
    folder = path.parent.absolute() / Path(model).expanduser()
    if folder.is_dir():
        return str(folder)
    if Path(model).is_absolute() or model.startswith((".", "~")) or model.count("/") > 1:
        raise UserError(f"{path}: model is {model!r}, but there is no folder {folder}")
    return _of_hub(model, f"{path}: model")


def _of_hub(model: str, source: str) -> str:
    """A name on the hub that is not that of a folder here, which would be read in its place."""
    if Path(model).is_absolute():
        return model
    if Path(model).exists():
        raise UserError(
            f"{source}: {model!r} is a name on the hub, but the current directory has a folder of "
            "that name, which would be read in its place; name the folder by its path, relative to "
            "the settings file, or go to another directory"
        )
    return model


if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


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
    digest = hashlib.sha256(settings.model_dump_json(exclude={"model"}).encode())
    for tensor in (language.ids, language.prompt, *language.model.state_dict().values()):
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    prior = HuggingFacePrior(language)
    return OpenedModel(prior, card, digest.hexdigest(), settings, tokenizer)


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
