"""Models of scikit-learn as terms: what they predict, and what is refused."""

from __future__ import annotations

import math
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("skops")
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC

from molecule.predicting.models import saved
from sequence_tutor.errors import UserError
from sequence_tutor.molecule.features import Descriptors, Morgan, matrix
from sequence_tutor.molecule.predicting.asked import AskedModel
from sequence_tutor.molecule.scoring.check import TEN_MOLECULES, check_scorer
from sequence_tutor.molecule.terms import SklearnModel

TREE = "sklearn.tree._tree.Tree"
MORGAN = Morgan(size=64, counts=True)
SMILES = [one for one in TEN_MOLECULES if "Na" not in one]
X = matrix(SMILES, MORGAN).astype(float)
Y = np.array([len(one) for one in SMILES], dtype=float)


def term(path: Path, **more: Any) -> SklearnModel:
    return SklearnModel(model=str(path), **{"features": MORGAN, **more})


def asked(path: Path, **more: Any) -> AskedModel:
    return AskedModel("mine", term(path, **more))


def test_a_regressor_predicts_as_in_scikit_learn(tmp_path: Path) -> None:
    model = make_pipeline(StandardScaler(), LinearRegression()).fit(X, Y)
    numbers = asked(saved(model, tmp_path / "m.skops"))(SMILES)
    assert numbers == pytest.approx(model.predict(X), rel=1e-6)


def test_a_forest_needs_trust_in_its_trees_and_has_the_same_sum_every_time(tmp_path: Path) -> None:
    model = RandomForestRegressor(20, n_jobs=4, random_state=0, verbose=1).fit(X, Y)
    path = saved(model, tmp_path / "forest.skops")
    with pytest.raises(UserError, match=rf'trusted = \["{TREE}"\]'):
        asked(path)
    forest = asked(path, trusted=TREE)
    assert forest._model._model.n_jobs is None  # type: ignore[attr-defined]
    assert forest(SMILES) == pytest.approx(model.predict(X), rel=1e-6)


def test_a_number_depends_on_its_molecule_alone(tmp_path: Path) -> None:
    model = MLPRegressor(hidden_layer_sizes=(50,), solver="lbfgs", random_state=0).fit(X, Y)
    mine = asked(saved(model, tmp_path / "m.skops"), at_once=4)
    alone = [mine([one])[0] for one in SMILES]
    assert mine(SMILES) == alone
    assert mine(SMILES[::-1]) == alone[::-1]


def test_the_probability_of_a_class(tmp_path: Path) -> None:
    labels = np.where(Y > 12, "active", "inert")
    model = LogisticRegression().fit(X, labels)
    path = saved(model, tmp_path / "m.skops")
    chance = model.predict_proba(X)
    assert asked(path)(SMILES) == pytest.approx(chance[:, 1], rel=1e-6)  # the second of two
    assert asked(path, of_class="active")(SMILES) == pytest.approx(chance[:, 0], rel=1e-6)
    with pytest.raises(UserError, match=r"its classes are active, inert, expected .* not 'actve'"):
        asked(path, of_class="actve")
    with pytest.raises(UserError, match="expected of_class, not column"):
        asked(path, column=0)


def test_of_three_classes_one_must_be_named(tmp_path: Path) -> None:
    path = saved(KNeighborsClassifier(1).fit(X, np.digitize(Y, [5, 14])), tmp_path / "m.skops")
    with pytest.raises(UserError, match="its classes are 0, 1, 2, expected one of them"):
        asked(path)
    assert asked(path, of_class=2)(SMILES) == [float(y >= 14) for y in Y]


def test_of_several_numbers_one_must_be_named(tmp_path: Path) -> None:
    path = saved(LinearRegression().fit(X, np.stack([Y, -Y], axis=1)), tmp_path / "m.skops")
    with pytest.raises(UserError, match="gave 2 numbers for a molecule, expected column = 0 to 1"):
        asked(path)(SMILES)
    with pytest.raises(UserError, match="expected column below 2, got 2"):
        asked(path, column=2)(SMILES)
    assert asked(path, column=1)(SMILES) == pytest.approx(-Y, rel=1e-6)


def test_several_outputs_of_a_classifier(tmp_path: Path) -> None:
    both = np.stack([Y > 5, Y > 14], axis=1).astype(int)
    path = saved(KNeighborsClassifier(1).fit(X, both), tmp_path / "m.skops")
    with pytest.raises(UserError, match="has 2 outputs, expected column = 0 to 1"):
        asked(path)
    assert asked(path, column=1)(SMILES) == both[:, 1].tolist()


def test_features_must_be_those_of_the_model(tmp_path: Path) -> None:
    path = saved(LinearRegression().fit(X, Y), tmp_path / "m.skops")
    with pytest.raises(UserError, match=r"takes 64 features of a molecule, .* features are 128"):
        asked(path, features=Morgan(size=128))


def test_named_features_must_be_in_order(tmp_path: Path) -> None:
    names = ("MolWt", "TPSA")
    model = LinearRegression().fit(matrix(SMILES, Descriptors(names=names)), Y)
    model.feature_names_in_ = np.array(names, dtype=object)  # as of a table of pandas
    path = saved(model, tmp_path / "m.skops")
    with pytest.raises(UserError, match="trained with 'MolWt' as feature 1, and the term's is 'TP"):
        asked(path, features=Descriptors(names=names[::-1]))
    assert len(asked(path, features=Descriptors(names=names))(SMILES)) == len(SMILES)


def test_no_number_where_a_feature_has_none(tmp_path: Path) -> None:
    features = Descriptors(names=("MaxPartialCharge",))
    known = [one for one in SMILES if np.isfinite(matrix([one], features)).all()]
    model = LinearRegression().fit(matrix(known, features), np.arange(len(known)))
    found = asked(saved(model, tmp_path / "m.skops"), features=features)(["CCO", "C[Se]C"])
    assert [math.isnan(one) for one in found] == [False, True]


def test_a_class_for_a_regressor_and_probabilities_of_what_has_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no classifier, expected no of_class"):
        asked(saved(LinearRegression().fit(X, Y), tmp_path / "r.skops"), of_class="1")
    with pytest.raises(UserError, match="LinearSVC, which gives no probabilities"):
        asked(saved(LinearSVC().fit(X, Y > 12), tmp_path / "s.skops"))
    with pytest.raises(UserError, match="is not fitted"):
        asked(saved(DummyClassifier(), tmp_path / "d.skops"))
    with pytest.raises(UserError, match="holds a dict without predict"):
        asked(saved({"a": 1}, tmp_path / "dict.skops"))


class Marker:
    """Runs when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_no_pickle_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(Marker(tmp_path / "ran")))
    with pytest.raises(UserError, match=r"no file of skops.* a pickle .* is never read"):
        asked(path)
    assert not (tmp_path / "ran").exists()


def shouted(rows: Any) -> Any:
    return rows


def test_functions_of_the_file_are_refused_by_name(tmp_path: Path) -> None:
    model = make_pipeline(FunctionTransformer(shouted), LinearRegression()).fit(X, Y)
    with pytest.raises(UserError, match=r"does not trust, which may run code .*shouted"):
        asked(saved(model, tmp_path / "m.skops"))


def test_a_damaged_file_is_a_sentence(tmp_path: Path) -> None:
    path = saved(LinearRegression().fit(X, Y), tmp_path / "m.skops")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UserError, match=r"m.skops: damaged, or not a model in a file of skops"):
        asked(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", '{"__class__": "x"}')
    with pytest.raises(UserError, match="damaged, or not a model in a file of skops"):
        asked(path)


def test_the_file_is_the_one_that_was_recorded(tmp_path: Path) -> None:
    path = saved(LinearRegression().fit(X, Y), tmp_path / "m.skops")
    recorded = term(path)
    assert len(recorded.digest) == 64
    saved(LinearRegression().fit(X, -Y), path)
    with pytest.raises(UserError, match=f"expected {recorded.digest[:12]}"):
        AskedModel("mine", recorded)
    path.unlink()
    with pytest.raises(UserError, match=r"cannot be read \(No such file.*expected the model"):
        AskedModel("mine", recorded)


def test_the_checker_takes_it(tmp_path: Path) -> None:
    path = saved(LinearRegression().fit(X, Y), tmp_path / "m.skops")
    checked = check_scorer("mine", asked(path))
    assert checked.failures == ()


def test_what_gives_no_numbers_is_refused(tmp_path: Path) -> None:
    model = LinearRegression().fit(X, Y)
    model.coef_ = model.coef_ * np.nan
    with pytest.raises(UserError, match="gave no number for any of ten molecules"):
        check_scorer("mine", asked(saved(model, tmp_path / "m.skops")))
