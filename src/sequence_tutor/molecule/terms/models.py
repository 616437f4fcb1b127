"""Terms that a model of the user predicts: files of scikit-learn (skops) and of ONNX.

The features of a molecule are computed where all its terms are, in worker processes; the model
predicts many molecules at a time in the process that tunes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from sequence_tutor.molecule.features import Features
from sequence_tutor.molecule.terms.term import Term, Texts
from sequence_tutor.storage.files import file_digest


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file; empty if it cannot be read."""
    try:
        return file_digest(path)
    except OSError:
        return ""


class ModelTerm(Term):
    """The settings that every kind of model has."""

    unit: ClassVar[str] = "the model's own"
    kind: str
    model: str = Field(min_length=1, description="the file")
    digest: str = Field("", description="SHA-256 of the file; unset: of the file as it is now")
    features: Features = Field(
        description="kind = 'morgan' or 'descriptors' with constants, or several of them in a list"
    )
    column: int | None = Field(
        None, ge=0, description="which number, from 0, where the model gives several a molecule"
    )

    @model_validator(mode="before")
    @classmethod
    def _found(cls, given: Any) -> Any:  # whatever a user's file holds
        """The same file wherever a later command is given, and its content noted."""
        if not isinstance(given, dict) or not isinstance(given.get("model"), str):
            return given
        path = Path(given["model"]).absolute()
        if not given["model"]:
            return given
        return {**given, "model": str(path), "digest": given.get("digest") or digest_of_file(path)}


class SklearnModel(ModelTerm):
    """The prediction of a model of scikit-learn, from a file of skops; never from a pickle."""

    kind: Literal["sklearn"] = "sklearn"
    of_class: str | int | None = Field(
        None,
        description="of a classifier: the class whose probability it is; unset: of two the 2nd",
    )
    trusted: Texts = Field(
        (), description="types in the file that you trust, beside those that skops does"
    )
    at_once: int = Field(256, ge=1, description="molecules of one prediction")


class OnnxModel(ModelTerm):
    """The prediction of a model in ONNX, whichever program made it."""

    kind: Literal["onnx"] = "onnx"
    output: str | None = Field(None, description="its name, where the model has several outputs")
    at_once: int = Field(
        1,
        ge=1,
        description="molecules of one prediction; a number may depend on the others' from 2 on",
    )
