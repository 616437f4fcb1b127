"""Models as terms of a reward: workers, stores, records, permissions."""

from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

# they are imported where they are used: that takes a second
if find_spec("onnxruntime") is None or find_spec("onnx") is None:
    pytest.skip("the extra [onnx] is not installed", allow_module_level=True)

from kit import kill_fork_once_there, run, sentence
from molecule.predicting.models import linear_onnx
from sequence_tutor.errors import NotAllowedError
from sequence_tutor.molecule.scoring.check import TEN_MOLECULES
from sequence_tutor.molecule.scoring.reward import MoleculeRewardSettings
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.storage.trust import allow, programs_of, remember
from sequence_tutor.tuner.loop import STATE_FILE

ATOMS = {"kind": "descriptors", "names": ["HeavyAtomCount", "RingCount"]}
SMILES = [*TEN_MOLECULES, "C(", "OCC"]


def tables(folder: Path, **more: Any) -> dict[str, Any]:
    """A reward of a model that counts heavy atoms and ten for each ring."""
    path = folder / "atoms.onnx"
    if not path.exists():
        linear_onnx(path, np.array([[1.0], [10.0]], dtype=np.float32))
    term = {"kind": "onnx", "model": str(path), "features": ATOMS}
    return {"weights": {"atoms": 1.0}, "terms": {"atoms": term}, "workers": 0, **more}


def settings(folder: Path, **more: Any) -> MoleculeRewardSettings:
    return MoleculeRewardSettings.model_validate(tables(folder, **more))


def raw(given: MoleculeRewardSettings, *smiles: str) -> list[float]:
    reward = given.build(Vocabulary.broad())
    numbers: list[float] = reward.judge_smiles(list(smiles), [1] * len(smiles)).raw[:, 0].tolist()
    reward.close()
    return numbers


@pytest.mark.long
def test_workers_compute_the_same_features(tmp_path: Path) -> None:
    here = raw(settings(tmp_path), *SMILES)
    assert here[4:7] == [3, 16, 1]  # ethanol, benzene, ammonia
    assert math.isnan(here[10])
    assert here[11] == here[4]
    there = raw(settings(tmp_path, workers=2), *SMILES)
    assert np.array_equal(there, here, equal_nan=True)


def test_answers_are_kept_for_this_model(tmp_path: Path) -> None:
    given = settings(tmp_path, store=str(tmp_path / "scores"))
    assert raw(given, "CCO") == [3]
    (kept,) = (tmp_path / "scores").glob("*.jsonl")
    kept.write_text(kept.read_text().replace('"value": 3.0', '"value": 4.0'))
    assert raw(given, "CCO") == [4]
    linear_onnx(tmp_path / "atoms.onnx", np.array([[2.0], [10.0]], dtype=np.float32))
    assert raw(settings(tmp_path, store=str(tmp_path / "scores")), "CCO") == [6]


def test_a_stage_without_it_does_not_ask_it(tmp_path: Path) -> None:
    given = settings(tmp_path, weights={"atoms": 1.0, "qed": 1.0})
    reward = given.build(Vocabulary.broad())
    reward.leave_out(["atoms"])
    assert reward.left_out == {"atoms"}
    assert np.isnan(reward.judge_smiles(["CCO"], [3]).raw[:, 0]).all()
    reward.close()


def test_records_hold_the_place_and_the_digest(tmp_path: Path) -> None:
    given = settings(tmp_path)
    dumped = given.model_dump(mode="json")
    assert dumped["terms"]["atoms"]["model"] == str(tmp_path / "atoms.onnx")
    assert len(dumped["terms"]["atoms"]["digest"]) == 64
    assert MoleculeRewardSettings.model_validate(dumped) == given


def test_types_that_a_record_trusts_are_code_and_a_model_is_data(tmp_path: Path) -> None:
    given = tables(tmp_path)
    assert programs_of(given) == []
    given["terms"]["atoms"] |= {"kind": "sklearn", "trusted": ["mine.Own"]}
    codes = programs_of(given)
    with pytest.raises(NotAllowedError, match=r"would run the types mine.Own of the model .*onnx"):
        allow(codes, "runs/theirs")
    remember(codes)
    allow(codes, "runs/theirs")
    (tmp_path / "atoms.onnx").write_bytes(b"another")
    with pytest.raises(NotAllowedError):
        allow(programs_of(given), "runs/theirs")


def test_check_and_score_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, molecules = tmp_path / "atoms.toml", tmp_path / "two.smi"
    config.write_text(tomli_w.dumps({"reward": tables(tmp_path)}))
    molecules.write_text("CCO\nc1ccccc1\n")
    assert run("terms", "check", "molecule", "--config", config) == 0
    assert capsys.readouterr().out.startswith("atoms: works")
    out = tmp_path / "scored.csv"
    assert run("score", "molecule", molecules, "--config", config, "--out", out, "--quiet") == 0
    assert [row.split(",")[3] for row in out.read_text().splitlines()] == ["atoms", "3.0", "16.0"]
    capsys.readouterr()
    (tmp_path / "atoms.onnx").write_bytes(b"no model")
    assert run("terms", "check", "molecule", "--config", config) == 2
    assert "term 'atoms': " in sentence(capsys)


@pytest.mark.long
def test_a_killed_run_ends_the_same_and_refuses_another_model(
    molecule_prior: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tune = {"batch": 8, "collect": 8, "collect_every": 1, "steps": 40}
    tune |= {"evaluate_every": 10, "evaluate_samples": 16}
    reward = tables(tmp_path, workers=1, weights={"valid": 20.0, "atoms": 1.0})
    config = tmp_path / "atoms.toml"
    config.write_text(tomli_w.dumps({"tune": tune, "reward": reward}))
    killed, whole = tmp_path / "killed", tmp_path / "whole"

    def tuned(out: Path) -> int:
        given = ("--prior", molecule_prior, "--config", config, "--threads", 1, "--quiet")
        return run("tune", "molecule", *given, "--out", out)

    kill_fork_once_there(killed / STATE_FILE, lambda: tuned(killed))
    for folder in (killed, whole):
        assert tuned(folder) == 0
    assert (killed / "found.csv").read_bytes() == (whole / "found.csv").read_bytes()
    assert (killed / "found.csv").read_text().splitlines()[0].endswith("atoms,atoms_score,front")
    linear_onnx(tmp_path / "atoms.onnx", np.array([[2.0], [10.0]], dtype=np.float32))
    capsys.readouterr()
    assert tuned(killed) == 2
    assert "digest" in sentence(capsys)
