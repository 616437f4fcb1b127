"""`export --to hf`: a tuned language model as a folder that transformers opens.

A tuned policy is the softmax of the logits, because a number that all action values of a state
share moves no probability: V and its head are left out, and LoRA is merged into the weights. So
`AutoModelForCausalLM` computes log pi itself, after the left context. The policy of G is a product
of the prior and a correction, which no single language model computes: its folder has both, and
the source of a logits processor that joins them, see `correction`, as text of the model card.
Nothing in the folder is code that a program executes. A policy with a prior temperature, whose
logits are divided, is refused.
"""

from __future__ import annotations

import copy
import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.algorithms.policy import TunedPolicy
from sequence_tutor.errors import UserError, require
from sequence_tutor.evaluation.model import Model
from sequence_tutor.exporting.card import card_of
from sequence_tutor.prior.hugging_face import CausalNetwork, HuggingFacePrior
from sequence_tutor.storage.files import is_empty

CLOSE = 1e-4
"""Most nats between a log-probability of the folder and of the model."""
ROWS, STEPS = 2, 6


def write(model: Model, out: Path) -> Sequence[str]:
    """Write the folder; it is complete when it has its name.

    Returns:
        What the reader of the folder has to know.

    Raises:
        UserError: the model is no language model, has no place in one, or the folder computes
            something else than the model.
    """
    require("hf", "--to hf needs transformers and peft", "transformers", "peft")
    network = _network(model)
    if out.exists() and not is_empty(out):
        raise UserError(f"{out}: not empty, expected a new folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        remarks = _write(model, network, beside)
        if out.exists():
            out.rmdir()
        os.replace(beside, out)  # noqa: PTH105  # of a folder
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return remarks


def _network(model: Model) -> CausalNetwork:
    """The language model whose logits are the policy.

    Raises:
        UserError: there is none.
    """
    policy = model.policy
    if isinstance(policy, HuggingFacePrior):
        return policy.network
    network = policy.values.network if isinstance(policy, TunedPolicy) else None
    if not (isinstance(policy, TunedPolicy) and isinstance(network, CausalNetwork)):
        raise UserError(
            f"{model.name}: is no language model, expected a run of the domain text whose prior is "
            "a Hugging Face model; other networks are exported by --to onnx or json"
        )
    if policy.algorithm.mixes_prior and network.start != "zero":
        raise UserError(
            f"{model.name}: its values began with start = {network.start!r}, expected 'zero', at "
            "which a correction has a head of its own"
        )
    if network.temperature != 1:
        raise UserError(
            f"{model.name}: its prior temperature is {network.temperature:g}, by which the logits "
            "are divided; expected 1"
        )
    return network


def _write(model: Model, network: CausalNetwork, folder: Path) -> list[str]:
    prior = _prior_beside(model)
    if prior is None:
        remarks = _write_model(model, network, folder)
        card = _card(model)
    else:
        remarks = _write_model(model, prior, folder / "prior")
        _write_correction(network, folder)
        source = Path(__file__).with_name("correction.py").read_text(encoding="utf-8")
        card = f"{_card(model)}\n## How to sample it\n\n```python\n{source}```\n"
        remarks.append(
            "the policy is that of the language model in prior with a correction: README.md has "
            "the logits processor that joins them, also in sequence_tutor.exporting.correction"
        )
    (folder / "README.md").write_text(card, encoding="utf-8")
    _compare(model, network, folder)
    return remarks


def _prior_beside(model: Model) -> CausalNetwork | None:
    """The prior that the policy mixes in; None: it needs none."""
    policy = model.policy
    if not isinstance(policy, TunedPolicy) or not policy.algorithm.mixes_prior:
        return None
    assert isinstance(policy.prior, HuggingFacePrior)
    return policy.prior.network


def _merged(network: CausalNetwork) -> Any:
    """A copy of its model with LoRA in the weights."""
    merged: Any = copy.deepcopy(network.model)
    if hasattr(merged, "merge_and_unload"):
        merged = merged.merge_and_unload()
    return merged.eval()


def _write_correction(network: CausalNetwork, folder: Path) -> None:
    """The trunk of G without the head of a language model, and its own head (V, H)."""
    from safetensors.torch import save_file

    assert network.extra is not None  # G begins at zero, with a head of its own
    size = network.vocab_size
    _merged(network).base_model.save_pretrained(folder / "correction")
    head = network.extra.state_dict()
    tensors = {name: head[name][:size].contiguous() for name in ("weight", "bias")}
    save_file({**tensors, "ids": network.get_buffer("ids")}, folder / "correction.safetensors")


def _write_model(model: Model, network: CausalNetwork, folder: Path) -> list[str]:
    """A language model and its tokenizer, and what the reader has to know."""
    from transformers import GenerationConfig

    found = model.stored.found
    assert found is not None
    assert found.opened is not None  # it is a Hugging Face model
    tokenizer: Any = found.opened.tokenizer
    merged = _merged(network)
    ids = network.get_buffer("ids").tolist()
    size = merged.config.get_text_config().vocab_size
    never = sorted(set(range(size)) - set(ids))
    prompt = network.get_buffer("prompt").tolist()
    merged.generation_config = GenerationConfig(
        do_sample=True,
        temperature=1.0,
        top_k=0,
        top_p=1.0,
        max_new_tokens=model.length,
        bos_token_id=prompt[0],
        eos_token_id=ids[-1],
        pad_token_id=ids[-1],
        suppress_tokens=never or None,
    )
    merged.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    shown = found.opened.settings.prompt
    remarks = [
        f"the left context {shown!r} comes before what it writes"
        if shown
        else f"what it writes begins after the token {tokenizer.decode(prompt)!r}"
    ]
    if never:
        remarks.append(
            f"{len(never)} tokens of the tokenizer are never written: its generation config "
            "suppresses them, and its log-probabilities are those of the run among the others"
        )
    return remarks


def _card(model: Model) -> str:
    """The card of the run, with the head that a hub reads."""
    head = "---\nlibrary_name: transformers\npipeline_tag: text-generation\n---\n\n"
    if model.tune is None or model.scores is None:
        return f"{head}# {model.name}\n\nThe model {model.stored.kind}, as it was found.\n"
    return head + card_of(model.scores.parent)


@torch.no_grad()
def _compare(model: Model, network: CausalNetwork, folder: Path) -> None:
    """Ask the folder, opened as others open it, for what the model says.

    Raises:
        UserError: they differ.
    """
    from transformers import AutoModelForCausalLM

    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(network.vocab_size - 1, (ROWS, STEPS), generator=generator)
    ids, prompt = network.get_buffer("ids").cpu(), network.get_buffer("prompt").cpu()
    given = torch.cat([prompt.expand(ROWS, -1), ids[tokens[:, :-1]]], dim=1)
    first = len(prompt) - 1
    is_mixed = _prior_beside(model) is not None
    opened: Any = AutoModelForCausalLM.from_pretrained(folder / "prior" if is_mixed else folder)
    logits: Tensor = opened.eval()(input_ids=given).logits[:, first:]
    if is_mixed:
        from sequence_tutor.exporting.correction import Correction

        corrected = Correction(folder)
        each = [corrected(given[:, : first + t + 1], logits[:, t]) for t in range(STEPS)]
        logits = torch.stack(each, dim=1)
    found = logits[..., ids].float().log_softmax(-1)
    wanted = model.policy.sequence_log_probs(tokens.to(model.device)).cpu()
    off = float((found - wanted).abs().max())
    if not off < CLOSE:
        raise UserError(
            f"{model.name}: the folder's log-probabilities differ by {off:.2g} nats from those of "
            f"the run, expected less than {CLOSE:g}; nothing was written"
        )
