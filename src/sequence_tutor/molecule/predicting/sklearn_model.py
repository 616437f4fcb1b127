"""Models of scikit-learn in files of skops, which are read without running code of the file.

A pickle, of joblib too, may run anything while it is loaded, and is never read. skops builds only
types that it knows to be harmless; others are refused with their names until the user's settings
list them as `trusted`. Among these is `sklearn.tree._tree.Tree` of all trees and forests: its
numbers are indices that scikit-learn follows without a check.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sequence_tutor.errors import UserError, extra, printable, reading
from sequence_tutor.molecule.features import Row
from sequence_tutor.molecule.predicting.model_file import LARGEST, read_model
from sequence_tutor.molecule.predicting.predictor import Numbers, one_column
from sequence_tutor.molecule.terms.models import SklearnModel

_ZIP = b"PK\x03\x04"


class SklearnPredictor:
    """A regressor's prediction, or the probability of a class. Satisfies `Predictor`.

    Whatever computes with several processes or threads of its own does so with one: the sums of a
    forest in threads depend on which ends first.

    Args:
        name: of the term.
        term: its settings.

    Raises:
        UserError: scikit-learn and skops are not installed, or the file is no such model, holds
            types that are not trusted, or lacks what the term asks for.
    """

    def __init__(self, name: str, term: SklearnModel) -> None:
        self._source = f"term {name!r}: {Path(term.model)}"
        content = read_model(name, term)
        with extra("sklearn", f"term {name!r} needs scikit-learn and skops"):
            import sklearn
            import skops.io  # noqa: F401  # used in `_loaded`
        self.version = f"scikit-learn {sklearn.__version__}"
        self._model = _loaded(content, term.trusted, self._source)
        for method in ("predict", "get_params", "set_params"):
            if not hasattr(self._model, method):
                raise UserError(
                    f"{self._source} holds a {type(self._model).__name__} without {method}, "
                    "expected a model of scikit-learn"
                )
        self._use_one_thread()
        self._column, self._class = term.column, term.of_class
        self.size: int | None = getattr(self._model, "n_features_in_", None)
        names = getattr(self._model, "feature_names_in_", None)
        self.feature_names: Sequence[str] | None = None if names is None else list(map(str, names))
        self._is_classifier = bool(sklearn.base.is_classifier(self._model))
        if self._is_classifier:
            self._place = self._place_of_class()
        elif self._class is not None:
            raise UserError(f"{self._source} is no classifier, expected no of_class for it")

    def predict(self, rows: Row) -> Numbers:
        """(N,) predictions of (N, F) features."""
        with warnings.catch_warnings(), reading(self._source, "a model that can predict"):
            warnings.simplefilter("ignore")  # such as that the names of features are not given
            if not self._is_classifier:
                return one_column(self._model.predict(rows), len(rows), self._column, self._source)
            found = self._model.predict_proba(rows)
            if isinstance(found, list):  # one of each output
                found = found[self._column or 0]
            return one_column(found, len(rows), self._place, self._source)

    def _use_one_thread(self) -> None:
        with reading(self._source, "a model of scikit-learn"):
            names = self._model.get_params(deep=True)
            quiet = {
                name: 0 if name.endswith("verbose") else None
                for name in names
                if name.rpartition("__")[2] in ("n_jobs", "verbose")
            }
            self._model.set_params(**quiet)

    def _place_of_class(self) -> int:
        """The column of the class that is asked for."""
        if not hasattr(self._model, "predict_proba"):
            raise UserError(
                f"{self._source} is a {type(self._model).__name__}, which gives no probabilities, "
                "expected a classifier with predict_proba"
            )
        found: Any = getattr(self._model, "classes_", None)
        if found is None:
            raise UserError(f"{self._source} is not fitted, expected a fitted classifier")
        if isinstance(found, list):  # several outputs
            if self._column is None or self._column >= len(found):
                raise UserError(
                    f"{self._source} has {len(found)} outputs, expected column = 0 to "
                    f"{len(found) - 1}"
                )
            found = found[self._column]
        elif self._column is not None:
            raise UserError(
                f"{self._source} is a classifier of one output, expected of_class, not column"
            )
        classes = [str(one) for one in found]
        if self._class is None and len(classes) == 2:
            return 1
        if str(self._class) not in classes:
            asked = "" if self._class is None else f", not {self._class!r}"
            raise UserError(
                f"{self._source}: its classes are {', '.join(classes)}, expected one of them as "
                f"of_class{asked}"
            )
        return classes.index(str(self._class))


def _loaded(content: bytes, trusted: Sequence[str], source: str) -> Any:
    """The object of a file of skops."""
    if not content.startswith(_ZIP):
        raise UserError(
            f"{source} is no file of skops, expected one written by skops.io.dump; a pickle or a "
            "file of joblib is never read, because it can run any code"
        )
    from skops.io import get_untrusted_types, loads

    with reading(source, "a model in a file of skops"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > LARGEST:
            raise UserError(f"{source} unpacks to {unpacked:,} bytes, expected at most {LARGEST:,}")
        strange = [one for one in get_untrusted_types(data=content) if one not in trusted]
        if strange:
            names = printable(", ".join(f'"{one}"' for one in strange))
            raise UserError(
                f"{source} holds types that skops does not trust, which may run code or end the "
                f"process: if you trust the file's author, write trusted = [{names}] in the term's "
                "table"
            )
        return loads(content, trusted=list(trusted))
