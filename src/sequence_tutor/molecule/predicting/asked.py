"""A model as a term asks it: SMILES in, answers out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeGuard

import numpy as np

from sequence_tutor.errors import UserError
from sequence_tutor.execution.answers import VALUE, Answer
from sequence_tutor.execution.protocol import Lost, attempt
from sequence_tutor.molecule.features import Features, Row, names_of, row_of, size_of
from sequence_tutor.molecule.predicting.onnx_model import OnnxPredictor
from sequence_tutor.molecule.predicting.predictor import Predictor
from sequence_tutor.molecule.predicting.sklearn_model import SklearnPredictor
from sequence_tutor.molecule.terms.models import ModelTerm, OnnxModel, SklearnModel

Featurise = Callable[[Features, Sequence[str]], Sequence[Row | Lost]]
"""The features of some molecules, wherever they are computed."""

DIGITS = 7
"""Significant digits of a prediction. A product of matrices may differ in the sixteenth with the
other molecules of a batch; rounded, a number depends on its molecule alone."""

_LARGEST = float(np.finfo(np.float32).max)  # what most models compute with


def features_here(features: Features, smiles: Sequence[str]) -> list[Row | Lost]:
    """The features of some molecules, computed in this process."""
    return [attempt(partial(row_of, features), one) for one in smiles]


class AskedModel:
    """A user's model in the place of a program. Satisfies `Asks`.

    A molecule with a feature that is no finite number, such as a partial charge of an atom without
    parameters, has no number, and the model is not asked for it.

    Args:
        name: of the term.
        term: its settings.
        featurise: computes features.

    Attributes:
        what: it is, in words.
        depends_on: everything that a number depends on, beside the molecule.

    Raises:
        UserError: the model cannot be used, or takes other features than the term's.
    """

    def __init__(self, name: str, term: ModelTerm, featurise: Featurise = features_here) -> None:
        self._features, self._featurise = term.features, featurise
        self._model, self._at_once = _loaded(name, term)
        self.what = f"model {term.model}"
        asked = term.model_dump(mode="json", exclude={"model", "weight", "transform", "at_once"})
        self.depends_on = json.dumps([asked, self._model.version], sort_keys=True)
        _check_features(f"term {name!r}: {term.model}", term.features, self._model)

    def __call__(self, smiles: Sequence[str]) -> list[float]:
        """A number for each molecule, NaN where there is none, as `check_scorer` takes them."""
        answers = self.ask(smiles, lambda _molecule, _answer: None)
        return [float("nan") if isinstance(one, Lost) else one[VALUE] for one in answers]

    def ask(self, smiles: Sequence[str], told: Callable[[str, Answer], None]) -> list[Answer]:
        """The answers; `told` gets each molecule and its answer.

        Raises:
            UserError: the model gives something else than a number for each molecule.
        """
        rows = self._featurise(self._features, smiles)
        answers: list[Answer] = [one if isinstance(one, Lost) else {VALUE: np.nan} for one in rows]
        usable = [(place, row) for place, row in enumerate(rows) if _is_whole(row)]
        for begin in range(0, len(usable), self._at_once):
            part = usable[begin : begin + self._at_once]
            numbers = self._model.predict(np.stack([row for _, row in part]))
            for (place, _), number in zip(part, numbers.tolist(), strict=True):
                answers[place] = {VALUE: float(f"{number:.{DIGITS}g}")}
        for one, answer in zip(smiles, answers, strict=True):
            told(one, answer)
        return answers

    def close(self) -> None:
        """There is nothing to end."""


def _loaded(name: str, term: ModelTerm) -> tuple[Predictor, int]:
    """The model, and how many molecules it predicts at once."""
    if isinstance(term, SklearnModel):
        return SklearnPredictor(name, term), term.at_once
    if isinstance(term, OnnxModel):
        return OnnxPredictor(name, term), term.at_once
    raise TypeError(f"no predictor for {type(term).__name__}")


def _is_whole(row: Row | Lost) -> TypeGuard[Row]:
    """Whether all features are finite numbers."""
    return not isinstance(row, Lost) and bool((np.abs(row) <= _LARGEST).all())


def _check_features(source: str, features: Features, model: Predictor) -> None:
    """Refuse features that are not those of the model, as far as it says what they are."""
    size = size_of(features)
    if model.size is not None and model.size != size:
        raise UserError(
            f"{source} takes {model.size:,} features of a molecule, and the term's features are "
            f"{size:,}, expected those that it was trained with"
        )
    given = names_of(features)
    known = model.feature_names
    if known is None or len(known) != len(given) or not set(known) & set(given):
        return  # it was trained with names of another convention
    for place, (theirs, ours) in enumerate(zip(known, given, strict=True)):
        if theirs != ours:
            raise UserError(
                f"{source} was trained with {theirs!r} as feature {place + 1}, and the term's is "
                f"{ours!r}, expected the same in the same order"
            )
