"""Models in ONNX, computed by onnxruntime on one thread.

The file alone is read: weights in other files, and operators that are not onnxruntime's own, are
refused.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError, extra, reading
from sequence_tutor.molecule.features import Row
from sequence_tutor.molecule.predicting.model_file import read_model
from sequence_tutor.molecule.predicting.predictor import Numbers, one_column
from sequence_tutor.molecule.terms.models import OnnxModel

_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(int8)": np.int8,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
}
_ELSEWHERE = "session.model_external_initializers_file_folder_path"
_NOWHERE = f"{os.devnull}/none"  # no file can be there
_FATAL = 4  # what onnxruntime logs: errors are raised, too


class OnnxPredictor:
    """One output of a model with one input (N, F). Satisfies `Predictor`.

    Args:
        name: of the term.
        term: its settings.

    Raises:
        UserError: onnxruntime is not installed, or the file is no such model.
    """

    feature_names: Sequence[str] | None = None

    def __init__(self, name: str, term: OnnxModel) -> None:
        self._source = f"term {name!r}: {Path(term.model)}"
        content = read_model(name, term)
        with extra("onnx", f"term {name!r} needs onnxruntime"):
            import onnxruntime
        self.version = f"onnxruntime {onnxruntime.__version__}"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _FATAL
        options.add_session_config_entry(_ELSEWHERE, _NOWHERE)
        with reading(self._source, "a model in ONNX with all its weights in one file"):
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        self._input, self.size, self._type = self._only_input()
        self._output = self._chosen_output(term.output)
        self._column = term.column

    def predict(self, rows: Row) -> Numbers:
        """(N,) predictions of (N, F) features."""
        with reading(self._source, "a model that can predict"):
            (found,) = self._session.run([self._output], {self._input: rows.astype(self._type)})
            return one_column(found, len(rows), self._column, self._source)

    def _only_input(self) -> tuple[str, int | None, type[np.generic]]:
        """Its name, F where it is fixed, and the type of its numbers."""
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            names = ", ".join(one.name for one in inputs)
            raise UserError(f"{self._source} has {len(inputs)} inputs ({names}), expected one")
        (only,) = inputs
        if len(only.shape) != 2 or only.type not in _TYPES:
            raise UserError(
                f"{self._source}: its input is a {only.type} of shape {only.shape}, expected "
                "numbers of shape (molecules, features)"
            )
        size = only.shape[1] if isinstance(only.shape[1], int) else None
        return only.name, size, _TYPES[only.type]

    def _chosen_output(self, asked: str | None) -> str:
        outputs = {one.name: one for one in self._session.get_outputs()}
        if asked is None and len(outputs) > 1:
            raise UserError(
                f"{self._source} has several outputs, expected output = one of {', '.join(outputs)}"
            )
        name = asked if asked is not None else next(iter(outputs))
        if name not in outputs:
            raise UserError(f"{self._source} has no output {name!r}: {nearest(name, outputs)}")
        if not outputs[name].type.startswith("tensor("):
            raise UserError(
                f"{self._source}: its output {name!r} is a {outputs[name].type}, expected a "
                "tensor; export a classifier without a ZipMap"
            )
        return name
