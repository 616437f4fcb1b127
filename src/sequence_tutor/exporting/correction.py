"""A language model tuned by G, for transformers alone: its prior and a logits processor.

The policy is p(a|s) exp(G(s, a)) / Z(s), so the logits of the prior plus G are its logits. `prior`
is the language model as it was; G is the head `correction.safetensors` on the hidden states of
`correction`, both in one folder. Nothing here imports sequence_tutor.

    prior = AutoModelForCausalLM.from_pretrained("folder/prior")
    tokenizer = AutoTokenizer.from_pretrained("folder/prior")
    given = tokenizer("left context", return_tensors="pt")
    prior.generate(**given, logits_processor=[Correction("folder")])
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoModel, LogitsProcessor


class Correction(LogitsProcessor):
    """Adds G to the logits of the prior; tokens that the run never writes get none.

    The hidden states are computed anew for every token.

    Args:
        folder: with `correction` and `correction.safetensors`.
    """

    def __init__(self, folder: str | Path) -> None:
        self.trunk: Any = AutoModel.from_pretrained(Path(folder) / "correction").eval()
        head = load_file(Path(folder) / "correction.safetensors")
        self.weight, self.bias, self.ids = head["weight"], head["bias"], head["ids"]

    @torch.no_grad()
    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Logits (B, N) after tokens (B, T) of the left context and what was written."""
        hidden = self.trunk(input_ids=input_ids).last_hidden_state[:, -1]  # (B, H)
        corrected = torch.full_like(scores, -torch.inf)
        corrected[:, self.ids] = scores[:, self.ids] + hidden @ self.weight.T + self.bias
        return corrected
