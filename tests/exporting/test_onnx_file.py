"""Exported ONNX files, computed with by onnxruntime alone, from what their metadata say."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import sequence_tutor as st
from sequence_tutor.errors import UserError
from sequence_tutor.models import (
    Network,
    RecurrentSettings,
    TransformerSettings,
    seeded_network,
)
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.verbs.export import export

# they are imported where they are used: that takes a second
if find_spec("onnxscript") is None or find_spec("onnxruntime") is None:
    pytest.skip("the extra [onnx] is not installed", allow_module_level=True)

LAGGED = RecurrentSettings(cell="gru", width=6, layers=2, lags=(2, 3), periods=(4,))
QUICK = {"steps": 1, "batch": 8, "collect": 8, "evaluate_samples": 8}


def toy_prior(settings: Any) -> NeuralPrior:
    network: Network = seeded_network(settings, 4, 4, torch.Generator().manual_seed(0))
    with torch.no_grad():  # far from what it begins with
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=torch.Generator()))
    return NeuralPrior(network)


def computed(file: Path, tokens: list[list[int]]) -> Any:
    """Log-probabilities (B, T, V) by onnxruntime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    facts = session.get_modelmeta().custom_metadata_map
    types = {"tensor(float)": np.float32, "tensor(int64)": np.int64}
    first, *others = session.get_inputs()
    state = [
        np.full([len(tokens), *one["shape"][1:]], one["fill"], types[given.type])
        for one, given in zip(json.loads(facts["initial_state"]), others, strict=True)
    ]
    previous = np.full(len(tokens), json.loads(facts["start_token"]))
    rows = []
    for column in np.array(tokens).T:
        fed = {first.name: previous, **{o.name: s for o, s in zip(others, state, strict=True)}}
        log_probs, *state = session.run(None, fed)
        rows.append(log_probs)
        previous = column
    return np.stack(rows, axis=1)


TOKENS = [[0, 1, 2, 3, 3, 2], [3, 3, 3, 3, 3, 3], [2, 0, 2, 0, 2, 0], [1] * 6, [0] * 6]


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["psi", "g"])
@pytest.mark.parametrize(
    "settings",
    [RecurrentSettings(width=8), LAGGED, TransformerSettings(width=8, layers=2, heads=2)],
    ids=["lstm", "gru with lags", "transformer"],
)
def test_onnxruntime_computes_the_policy(settings: Any, algorithm: str, tmp_path: Path) -> None:
    tables = {"tune": {**QUICK, "algorithm": algorithm}}
    given: Any = toy_prior(settings)
    model = st.tune("toy", tmp_path / "run", prior=given, overrides=tables, threads=1, quiet=True)
    file = export(model, tmp_path / "model.onnx", to="onnx")
    wanted = model.policy.sequence_log_probs(torch.tensor(TOKENS)).numpy()
    assert np.abs(computed(file, TOKENS) - wanted).max() < 1e-4


@pytest.mark.long
def test_a_shipped_prior(tmp_path: Path) -> None:
    file = export("melody", tmp_path / "melody.onnx", to="onnx")
    tokens = torch.randint(38, (2, 20), generator=torch.Generator().manual_seed(1))
    wanted = st.load_model("melody").policy.sequence_log_probs(tokens).numpy()
    assert np.abs(computed(file, tokens.tolist()) - wanted).max() < 1e-4


def test_a_function_has_no_graph(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(
        'import torch\nDOMAIN = "toy"\n'
        "def log_probs(tokens):\n    return torch.zeros(len(tokens), 4).log_softmax(-1)\n"
    )
    with pytest.raises(UserError, match="expected a network of this program"):
        export(own, tmp_path / "x.onnx", to="onnx")
    assert not (tmp_path / "x.onnx").exists()
