"""Hugging Face causal language models as priors of text; `prior.hugging_face_files` opens them.

- Our tokens are the tokenizer's without its special ones, in their order, and the last is its end
  of text; the model's distribution is renormalised over them.
- The left context, or the beginning of text if there is none, comes before the first token.
- Rows of a batch are padded on the right, which causal attention never sees.

The key-value cache is a state like any other: tensors with the batch first, so rows may be removed.
A prior samples token by token, so `hugging_face_check` refuses models that see later tokens and
those whose memory is not keys and values of every layer.
"""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from sequence_tutor.errors import UserError
from sequence_tutor.models import ActionValueNetwork, Start, State
from sequence_tutor.prior.neural import SoftmaxPrior


def positions_of(model: nn.Module) -> int | None:
    """The most tokens that a model was made for; None: it has no such limit."""
    config: Any = model.config  # every kind of model has another one
    shape = config.get_text_config()
    named = ("max_position_embeddings", "n_positions", "max_seq_len")
    found = (getattr(shape, name, None) for name in named)
    return next((int(number) for number in found if isinstance(number, int) and number > 0), None)


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
        self.positions = positions_of(language.model)
        self.layers = int(config.num_hidden_layers)
        self.heads = int(getattr(config, "num_key_value_heads", None) or config.num_attention_heads)
        width = config.hidden_size
        head_width = getattr(config, "head_dim", None) or width // config.num_attention_heads
        self.head_width = int(head_width)
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
        device = self.get_buffer("ids").device
        empty = torch.zeros(batch, self.heads, 0, self.head_width, device=device)
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

        seen = 0 if state is None else state[0].shape[2]
        if self.positions is not None and seen + inputs.shape[1] > self.positions:
            given = len(self.get_buffer("prompt"))
            raise UserError(
                f"a prompt of {given} tokens and {seen + inputs.shape[1] - given} after it: the "
                f"model has {self.positions} positions; expected a smaller length"
            )
        pairs = None if state is None else list(zip(state[::2], state[1::2], strict=True))
        found = self.model(
            input_ids=inputs,
            past_key_values=DynamicCache() if pairs is None else DynamicCache(pairs),
            use_cache=True,
            output_hidden_states=self.extra is not None,
        )
        layers = found.past_key_values.layers
        caches = tuple(one for layer in layers for one in (layer.keys, layer.values))
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
        if self.language.lora_rank:
            model = _with_lora(self.language)
        else:
            model = copy.deepcopy(self.language.model).requires_grad_(True)
        language = LanguageModel(model, self.language.ids, self.language.prompt)
        network = CausalNetwork(language, start, self.temperature)
        return ActionValueNetwork(network.eval(), start)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.language.ids.device


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
