"""Small models of known numbers, in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def linear_onnx(
    path: Path,
    weights: NDArray[np.float32],
    *,
    rows: str | int = "n",
    label: bool = False,
) -> Path:
    """x (n, F) -> y = x W (n, K), and with `label` a second output, its sign."""
    from onnx import TensorProto, helper, numpy_helper

    size, columns = weights.shape
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [rows, columns])]
    if label:
        nodes.append(helper.make_node("Sign", ["y"], ["label"]))
        outputs.append(helper.make_tensor_value_info("label", TensorProto.FLOAT, [rows, columns]))
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, size])],
        outputs,
        [numpy_helper.from_array(weights.astype(np.float32), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


def saved(model: Any, path: Path) -> Path:
    """A fitted model of scikit-learn in a file of skops."""
    import skops.io

    skops.io.dump(model, path)
    return path
