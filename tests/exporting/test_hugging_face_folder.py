"""A tuned language model, opened as anybody opens one, says what the run says."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

import sequence_tutor as st
from sequence_tutor.errors import Remark
from sequence_tutor.verbs.export import export

if find_spec("transformers") is None:
    pytest.skip("the extra hf is not installed", allow_module_level=True)

QUICK = {
    "steps": 3,
    "batch": 4,
    "collect": 4,
    "evaluate_samples": 8,
    "replay": {"capacity": 32},
    "optimiser": {"learning_rate": 0.05},
}


def cats(texts: Any) -> torch.Tensor:
    found: torch.Tensor = texts.at_end([float(line.count("cat")) for line in texts.lines])
    return found


def tuned(
    tmp_path: Path, make: Callable[[str, Path], None], kind: str, lora: int, **tune: Any
) -> st.Model:
    make(kind, tmp_path / "base")
    settings = tmp_path / "model.toml"
    settings.write_text(f'model = "base"\nprompt = "the cat"\nlora_rank = {lora}\nlongest = 6\n')
    tables = {"tune": {**QUICK, **tune}}
    given: dict[str, Any] = {"prior": settings, "reward": cats, "overrides": tables}
    return st.tune("text", tmp_path / "run", threads=1, quiet=True, **given)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "lora"), [("gpt2", 0), ("llama", 2)])
def test_it_is_opened_with_the_same_log_probabilities(
    kind: str, lora: int, make_language_model: Callable[[str, Path], None], tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = tuned(tmp_path, make_language_model, kind, lora, algorithm="psi")
    with (
        pytest.warns(Remark, match="the left context 'the cat' comes before"),
        pytest.warns(Remark, match="8 tokens of the tokenizer are never written"),
    ):
        folder = export(model, tmp_path / "folder", to="hf")
    opened: Any = AutoModelForCausalLM.from_pretrained(folder).eval()
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    line = "the dog ran here"
    prompt, ours = tokenizer("the cat").input_ids, tokenizer(line).input_ids
    network: Any = model.policy.values.network  # type: ignore[attr-defined]
    ids = network.ids.tolist()
    tokens = torch.tensor([[ids.index(one) for one in ours]])
    with torch.no_grad():
        logits = opened(input_ids=torch.tensor([prompt + ours])).logits[0, len(prompt) - 1 : -1]
    found = logits[:, ids].log_softmax(-1)
    wanted = model.policy.sequence_log_probs(tokens)[0]
    assert float((found - wanted).abs().max()) < 1e-4
    untuned = st.prior_of(model).policy.sequence_log_probs(tokens)[0]
    assert float((found - untuned).abs().max()) > 1e-2  # it was tuned
    card = (folder / "README.md").read_text()
    for part in ("library_name: transformers", "## Data", "sequence-tutor tune text", "| cats |"):
        assert part in card
    assert opened.generation_config.eos_token_id == ids[-1]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "lora"), [("gpt2", 0), ("llama", 2)])
def test_g_is_its_prior_with_the_processor_of_its_readme(
    kind: str, lora: int, make_language_model: Callable[[str, Path], None], tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = tuned(tmp_path, make_language_model, kind, lora, algorithm="g")
    with (
        pytest.warns(Remark, match="comes before what it writes"),
        pytest.warns(Remark, match="never written"),
        pytest.warns(Remark, match=r"README.md has the logits processor"),
    ):
        folder = export(model, tmp_path / "folder", to="hf")
    assert not (folder / "config.json").exists()  # it is no language model by itself
    assert not list(folder.rglob("*.py"))
    (code,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    assert "sequence_tutor import" not in code
    given: dict[str, Any] = {"__name__": "readme"}
    exec(compile(code, "readme", "exec"), given)
    corrected = given["Correction"](folder)
    opened: Any = AutoModelForCausalLM.from_pretrained(folder / "prior").eval()
    tokenizer: Any = AutoTokenizer.from_pretrained(folder / "prior")
    prompt, ours = (tokenizer(line).input_ids for line in ("the cat", "the dog ran here"))
    network: Any = model.policy.values.network  # type: ignore[attr-defined]
    ids = network.ids.tolist()
    tokens = torch.tensor([[ids.index(one) for one in ours]])
    whole = torch.tensor([prompt + ours])
    with torch.no_grad():
        logits = opened(input_ids=whole).logits
        found = torch.cat(
            [
                corrected(whole[:, : len(prompt) + t], logits[:, len(prompt) + t - 1])
                for t in range(len(ours))
            ]
        )
    assert bool(found[:, [one for one in range(found.shape[1]) if one not in ids]].isinf().all())
    wanted = model.policy.sequence_log_probs(tokens)[0]
    assert float((found.log_softmax(-1)[:, ids] - wanted).abs().max()) < 1e-4
    untuned = st.prior_of(model).policy.sequence_log_probs(tokens)[0]
    assert float((wanted - untuned).abs().max()) > 1e-3  # it was tuned
    start = torch.tensor([prompt])
    written = opened.generate(start, max_new_tokens=4, logits_processor=[corrected])
    assert set(written[0, len(prompt) :].tolist()) <= set(ids)


@pytest.mark.slow
def test_what_has_no_place_in_a_language_model_is_refused(
    make_language_model: Callable[[str, Path], None], melody_run: Path, tmp_path: Path
) -> None:
    model = tuned(tmp_path, make_language_model, "gpt2", 0, algorithm="psi", prior_temperature=2.0)
    with pytest.raises(st.UserError, match="its prior temperature is 2"):
        export(model, tmp_path / "folder", to="hf")
    with pytest.raises(st.UserError, match="is no language model"):
        export(melody_run, tmp_path / "folder", to="hf")
    assert not (tmp_path / "folder").exists()
