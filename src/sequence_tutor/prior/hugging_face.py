"""Hugging Face causal language models as priors of text.

A model is named by a folder, by `hf:NAME` on the hub, or by a settings file (FILE.toml, see
`HuggingFaceSettings`) with a left context and the rank of LoRA. Only safetensors are read, and no
code of the model's own is run. What a sequence is made of:

- our tokens are the tokenizer's without its special ones, in their order, and the last is its end
  of text; the model's distribution is renormalised over them;
- before the first token stands the left context, or the beginning of text if there is none;
- rows of a batch are padded on the right, which causal attention never sees.

The key-value cache is a state like any other: tensors with the batch first, so rows may leave.
"""

from __future__ import annotations

import copy
import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from sequence_tutor.config.presets import build, read_toml
from sequence_tutor.config.settings import Settings
from sequence_tutor.errors import UserError
from sequence_tutor.models import ActionValueNetwork, Start, State
from sequence_tutor.prior.softmax import SoftmaxPrior

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
class LanguageModel:
    """A model, its tokens and its left context.

    Attributes:
        model: a causal language model.
        ids: (V,) its token of each of ours; the last is the end of text.
        prompt: (P,) its tokens before the first of ours, at least one.
        lora_rank: of the values that begin with its weights; 0: no LoRA.
    """

    model: nn.Module
    ids: Tensor
    prompt: Tensor
    lora_rank: int = 0

    @property
    def shape(self) -> Any:
        """Its config; every kind of model has another one, hence `Any`."""
        config: Any = self.model.config
        return config.get_text_config()


class CausalNetwork(nn.Module):
    """A language model as a network over our tokens.

    Args:
        language: the model, which is not copied.
        start: None: V logits, as a prior needs; else what action values that begin so need,
            where all that is new begins at zero.
        temperature: divides the logits.
    """

    def __init__(
        self, language: LanguageModel, start: Start | None = None, temperature: float = 1.0
    ) -> None:
        super().__init__()
        self.model, self.start, self.temperature = language.model, start, temperature
        self.register_buffer("ids", language.ids, persistent=False)
        self.register_buffer("prompt", language.prompt, persistent=False)
        config = language.shape
        self.layers = int(config.num_hidden_layers)
        self.heads = int(getattr(config, "num_key_value_heads", None) or config.num_attention_heads)
        width = config.hidden_size
        self.head_width = int(
            getattr(config, "head_dim", None) or width // config.num_attention_heads
        )
        self.extra: nn.Linear | None = None
        if start in ("log_prior", "zero"):
            outputs = 1 if start == "log_prior" else len(language.ids) + 1
            self.extra = nn.Linear(width, outputs).to(language.ids.device)
            for parameter in self.extra.parameters():
                nn.init.zeros_(parameter)

    @property
    def vocab_size(self) -> int:
        """V."""
        return len(self.get_buffer("ids"))

    def forward(self, tokens: Tensor) -> Tensor:
        """Outputs at every step, tokens (B, T) -> (B, T, outputs); the last column is not seen."""
        prompt = self.get_buffer("prompt").expand(len(tokens), -1)  # (B, P)
        inputs = torch.cat([prompt, self.get_buffer("ids")[tokens[:, :-1]]], dim=1)
        outputs, _ = self._run(inputs, None)
        return outputs[:, prompt.shape[1] - 1 :]

    def initial_state(self, batch: int) -> State:
        """Empty caches: keys and values of each layer, (B, heads, t, width) with t = 0."""
        empty = torch.zeros(
            batch, self.heads, 0, self.head_width, device=self.get_buffer("ids").device
        )
        return (empty,) * (2 * self.layers)

    @torch.no_grad()
    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Outputs (B, ...) after `previous` (B,), and the caches that have seen it."""
        if state[0].shape[2] == 0:  # the left context, once for all rows
            outputs, caches = self._run(self.get_buffer("prompt")[None], None)
            rows = len(previous)
            widened = tuple(cache.expand(rows, -1, -1, -1) for cache in caches)
            return outputs[:, -1].expand(rows, -1), widened
        outputs, caches = self._run(self.get_buffer("ids")[previous][:, None], state)
        return outputs[:, -1], caches

    def _run(self, inputs: Tensor, state: State | None) -> tuple[Tensor, State]:
        from transformers import DynamicCache

        pairs = None if state is None else list(zip(state[::2], state[1::2], strict=True))
        found = self.model(
            input_ids=inputs,
            past_key_values=DynamicCache() if pairs is None else DynamicCache(pairs),
            use_cache=True,
            output_hidden_states=self.extra is not None,
        )
        caches = tuple(
            tensor
            for layer in found.past_key_values.layers
            for tensor in (layer.keys, layer.values)
        )
        if self.start == "zero" and self.extra is not None:
            return self.extra(found.hidden_states[-1]), caches
        logits = found.logits[..., self.get_buffer("ids")] / self.temperature  # (B, T, V)
        if self.extra is not None:
            logits = torch.cat([logits, self.extra(found.hidden_states[-1])], dim=-1)
        return logits, caches


@dataclass(frozen=True)
class HuggingFacePrior(SoftmaxPrior[CausalNetwork]):
    """p(a|s) of a language model. Satisfies `Prior` and `OwnsWeights`.

    Attributes:
        language: the model.
        temperature: T of p^(1/T).
    """

    language: LanguageModel
    temperature: float = 1.0
    network: CausalNetwork = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Freeze the model."""
        network = CausalNetwork(self.language, None, self.temperature)
        object.__setattr__(self, "network", network.eval().requires_grad_(False))

    def tempered(self, temperature: float) -> HuggingFacePrior:
        """The same model with its logits divided by T."""
        return HuggingFacePrior(self.language, self.temperature * temperature)

    def action_values(self, start: Start) -> ActionValueNetwork:
        """Values that begin with a copy of the model, or with LoRA beside the same weights.

        Dropout stays off: a value must not depend on chance.
        """
        model = _with_lora(self.language) if self.language.lora_rank else _copied(self.language)
        language = LanguageModel(model, self.language.ids, self.language.prompt)
        network = CausalNetwork(language, start, self.temperature)
        return ActionValueNetwork(network.eval(), start)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.language.ids.device


def _copied(language: LanguageModel) -> nn.Module:
    return copy.deepcopy(language.model).requires_grad_(True)


def _with_lora(language: LanguageModel) -> nn.Module:
    """The model with new matrices of low rank; its own weights are the prior's, not copied."""
    from peft import LoraConfig, get_peft_model
    from transformers.pytorch_utils import Conv1D

    shared = {id(parameter): parameter for parameter in language.model.parameters()}
    model = copy.deepcopy(language.model, shared)
    config = LoraConfig(
        r=language.lora_rank,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
        # GPT-2's layers hold their weights transposed, and all of one kind
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),
    )
    with warnings.catch_warnings():
        # peft asks a name of transformers that has a new one; no user can do anything about it
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        return get_peft_model(model, config)


def _require_peft() -> None:
    try:
        import peft  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise UserError(
            f"LoRA needs peft, which cannot be imported ({error}): pip install 'sequence-tutor[hf]'"
        ) from error


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
        _require_peft()
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
    try:
        from transformers import AutoTokenizer
    except ImportError as error:
        raise UserError(
            f"{name}: a Hugging Face model needs transformers; install it with: "
            "pip install 'sequence-tutor[hf]'"
        ) from error
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
