"""Models in ONNX as terms: numbers by hand, and what is refused."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

# they are imported where they are used: that takes a second
if find_spec("onnxruntime") is None or find_spec("onnx") is None:
    pytest.skip("the extra [onnx] is not installed", allow_module_level=True)

from molecule.predicting.models import linear_onnx
from sequence_tutor.errors import UserError
from sequence_tutor.molecule.features import Descriptors, Morgan
from sequence_tutor.molecule.predicting.asked import AskedModel
from sequence_tutor.molecule.scoring.check import TEN_MOLECULES, check_scorer
from sequence_tutor.molecule.terms import OnnxModel

ATOMS = Descriptors(names=("HeavyAtomCount", "RingCount"))
WEIGHTS = np.array([[1.0, -1.0], [10.0, 0.5]], dtype=np.float32)  # (F, K)


def asked(path: Path, **more: Any) -> AskedModel:
    return AskedModel("mine", OnnxModel(model=str(path), **{"features": ATOMS, **more}))


def test_numbers_by_hand(tmp_path: Path) -> None:
    path = linear_onnx(tmp_path / "m.onnx", WEIGHTS)
    # ethanol has 3 heavy atoms and no ring, benzene 6 and one
    assert asked(path, column=0)(["CCO", "c1ccccc1"]) == [3, 16]
    assert asked(path, column=1)(["CCO", "c1ccccc1"]) == [-3, -5.5]
    with pytest.raises(UserError, match="gave 2 numbers for a molecule, expected column = 0 to 1"):
        asked(path)(["CCO"])


def test_a_graph_of_one_molecule_at_a_time(tmp_path: Path) -> None:
    path = linear_onnx(tmp_path / "m.onnx", WEIGHTS[:, :1], rows=1)
    assert asked(path)(["CCO", "c1ccccc1"]) == [3, 16]
    with pytest.raises(UserError, match="damaged, or not a model that can predict"):
        asked(path, at_once=2)(["CCO", "c1ccccc1"])


def test_of_several_outputs_one_must_be_named(tmp_path: Path) -> None:
    path = linear_onnx(tmp_path / "m.onnx", -WEIGHTS[:, :1], label=True)
    with pytest.raises(UserError, match="several outputs, expected output = one of y, label"):
        asked(path)
    with pytest.raises(UserError, match="has no output 'labl': did you mean 'label'"):
        asked(path, output="labl")
    assert asked(path, output="label")(["CCO"]) == [-1]


def test_features_must_be_those_of_the_model(tmp_path: Path) -> None:
    path = linear_onnx(tmp_path / "m.onnx", WEIGHTS)
    with pytest.raises(UserError, match=r"takes 2 features of a molecule, .* features are 16"):
        asked(path, features=Morgan(size=16))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no model"])
def test_other_files_are_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"m.onnx: damaged, or not a model in ONNX"):
        asked(path)


def test_weights_elsewhere_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import onnx

    path = linear_onnx(tmp_path / "m.onnx", np.ones((2, 1000), dtype=np.float32))
    model = onnx.load(path)
    onnx.save_model(model, path, save_as_external_data=True, location="w.bin", size_threshold=0)
    assert (tmp_path / "w.bin").exists()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="not a model in ONNX with all its weights in one file"):
        asked(path)
    assert capfd.readouterr().err == ""


def test_the_checker_takes_it(tmp_path: Path) -> None:
    path = linear_onnx(tmp_path / "m.onnx", WEIGHTS[:, :1])
    assert check_scorer("mine", asked(path)).failures == ()
    assert check_scorer("mine", asked(path, at_once=4)).values[5] == 16  # benzene
    assert TEN_MOLECULES[5] == "c1ccccc1"
