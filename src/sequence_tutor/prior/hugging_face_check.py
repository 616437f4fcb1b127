"""Can a Hugging Face model be a prior? Two questions to a model that was just loaded.

A prior writes token by token. That takes a model that does not see later tokens (BERT and other
masked models do) and one whose memory is keys and values for every layer (the states of Mamba,
RWKV and of hybrids are not).
"""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import torch

from sequence_tutor.errors import UserError

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
    first, second = first % size, second % size
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            whole = model(input_ids=first, use_cache=True, **_empty_cache(model))
            other = model(input_ids=second, use_cache=True, **_empty_cache(model))
    except Exception as error:
        said = str(error).strip().partition("\n")[0]
        raise UserError(
            f"{name}: a {kind} cannot be asked for the next token "
            f"({type(error).__name__}: {said}), expected a causal language model"
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


def _empty_cache(model: Any) -> dict[str, Any]:
    """The memory that a prior begins with, for a model that takes one."""
    from transformers import DynamicCache

    takes = "past_key_values" in inspect.signature(model.forward).parameters
    return {"past_key_values": DynamicCache()} if takes else {}


def _keeps_keys(model: Any, answer: Any) -> bool:
    """Whether its memory is two tensors (1, heads, t, width) a layer, t being the tokens seen."""
    cache = getattr(answer, "past_key_values", None)
    layers = getattr(cache, "layers", None)
    shape = model.config.get_text_config()
    if layers is None or len(layers) != getattr(shape, "num_hidden_layers", None):
        return False
    pairs = [(getattr(one, "keys", None), getattr(one, "values", None)) for one in layers]
    return all(
        isinstance(tensor, torch.Tensor) and tensor.dim() == 4 and tensor.shape[2] == 4
        for pair in pairs
        for tensor in pair
    )
