"""Whether a Hugging Face model can be asked token by token, as a prior is.

Refused are models that see later tokens (BERT and other masked models) and those whose memory is
not keys and values of every layer (Mamba, RWKV and hybrids).
"""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.prior.tokenizers import first_line

TOLERANCE = 1e-6
"""How far two answers that should be equal may differ, relative to the largest logit."""


@torch.no_grad()
def check_model(model: Any, name: str) -> None:
    """Ask a model for a few tokens and stop at what it cannot do.

    Args:
        model: a causal language model; every kind has another class, hence `Any`.
        name: for the error's sentence.

    Raises:
        UserError: it sees later tokens, keeps no keys and values, or cannot be asked at all.
    """
    kind = type(model).__name__
    model = model.eval()
    first, second = torch.tensor([[0, 1, 2, 3]]), torch.tensor([[0, 1, 2, 4]])
    size = model.config.get_text_config().vocab_size
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            whole, other = (
                model(input_ids=tokens % size, use_cache=True, **_what_it_takes(model, tokens))
                for tokens in (first, second)
            )
    except Exception as error:
        raise UserError(
            f"{name}: a {kind} cannot be asked for the next token "
            f"({type(error).__name__}: {first_line(error)}), expected a causal language model"
        ) from error
    scale = 1.0 + float(whole.logits.abs().max())
    if float((whole.logits[:, :3] - other.logits[:, :3]).abs().max()) > TOLERANCE * scale:
        raise UserError(
            f"{name}: a {kind} sees the tokens that come later, as masked models do; expected a "
            "causal language model, such as GPT-2 or Llama"
        )
    if not _keeps_keys(model, whole):
        raise UserError(
            f"{name}: a {kind} keeps no keys and values of all its layers, as models with states "
            "(Mamba, RWKV and hybrids) do not; expected a transformer with attention alone, such "
            "as GPT-2 or Llama"
        )


def _what_it_takes(model: Any, tokens: Tensor) -> dict[str, Any]:
    """The memory that a prior begins with, and that no token is padding, for a model that asks."""
    from transformers import DynamicCache

    given = {"past_key_values": DynamicCache(), "attention_mask": torch.ones_like(tokens)}
    taken = inspect.signature(model.forward).parameters
    return {name: value for name, value in given.items() if name in taken}


def _keeps_keys(model: Any, answer: Any) -> bool:
    """Whether its memory is two tensors (1, heads, t, width) a layer, t being the tokens seen."""
    cache = getattr(answer, "past_key_values", None)
    layers = getattr(cache, "layers", None)
    shape = model.config.get_text_config()
    if layers is None or len(layers) != getattr(shape, "num_hidden_layers", None):
        return False
    kept = [getattr(layer, name, None) for layer in layers for name in ("keys", "values")]
    return all(isinstance(one, Tensor) and one.dim() == 4 and one.shape[2] == 4 for one in kept)
