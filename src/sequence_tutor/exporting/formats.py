"""The formats that `export` writes, by name.

A format is a module of this package with a function `write(model, out)`, which writes the file or
the folder `out` atomically and returns sentences for the user, such as what the files leave out. It
is imported when it is used, so that optional libraries are needed only there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from sequence_tutor.errors import UserError, shown

if TYPE_CHECKING:
    from sequence_tutor.evaluation.model import Model


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        what: what is written, in a few words.
        module: of this package, with the function `write`.
        is_file: whether it is one file; otherwise a folder.
    """

    what: str
    module: str
    is_file: bool = True

    def write(self, model: Model, out: Path) -> Sequence[str]:
        """Write a model and return sentences for the user.

        Raises:
            UserError: the format has no place for such a model.
        """
        remarks: Sequence[str] = import_module(f"{__package__}.{self.module}").write(model, out)
        return remarks


FORMATS = {
    "json": Format("one JSON file for a page: networks, tokens, meter", "json_file"),
    "onnx": Format("one step as an ONNX graph, with its state as inputs and outputs", "onnx_file"),
    "hf": Format(
        "a folder that transformers opens, of a tuned language model",
        "hugging_face_folder",
        is_file=False,
    ),
}


def find_format(name: str) -> Format:
    """The format of a name.

    Raises:
        UserError: there is none.
    """
    if name not in FORMATS:
        from sequence_tutor.config.settings import nearest  # pydantic is slow; help needs none

        raise UserError(f"--to {shown(name)}: {nearest(name, FORMATS)}")
    return FORMATS[name]
