"""The examples of the pages give the numbers that a reader works out by hand."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from sequence_tutor import (
    SequenceBatch,
    UserError,
    check,
    check_prior,
    check_reward,
    load_model,
    pretrain,
)
from sequence_tutor.domain import find_domain
from sequence_tutor.melody.statistics import MelodyStatistics
from sequence_tutor.prior.user_file import read_prior_file
from sequence_tutor.sampling.measure import score

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def module(path: Path) -> ModuleType:
    name = path.parent.name if path.name == "__init__.py" else path.stem
    spec = importlib.util.spec_from_file_location(f"example_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = found  # dataclasses look it up
    spec.loader.exec_module(found)
    return found


def test_rules() -> None:
    room = find_domain("melody")
    reward = room.reward(room.reward_settings(), EXAMPLES / "my_rules.py")
    check_reward(reward, room.vocab_size)
    # notes on sixteenths 1, 3, 5; then a range of 16 semitones, 4 beyond an octave, and a short one
    batch = SequenceBatch.from_lists([[14, 1, 16, 1, 18, 1], [14, 30, 1, 14, 20], [0, 1, 0]])
    paid = score(reward, batch)
    names = list(reward.names)
    assert paid[:, :, names.index("on_the_beat")].tolist() == [
        [1, 0, 0, 0, 1, 0],
        [1, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    assert paid[:, :, names.index("narrow")].tolist() == [
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, -4, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    assert reward.weights[names.index("on_the_beat")] == 8
    assert reward.weights[names.index("narrow")] == 8


def test_the_rules_are_heard() -> None:
    found = check("melody", rules=EXAMPLES / "my_rules.py")
    for name in ("on_the_beat", "narrow"):
        assert found.strengths[name].odds_of_a_spread > math.e


def test_terms() -> None:
    pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
    terms = module(EXAMPLES / "my_terms.py")
    assert terms.hetero_share(["CCO", "c1ccccc1", "[H][H]"]) == [1 / 3, 0, None]
    assert terms.halogens(["CCO", "ClC(Cl)(F)Br"]) == [0, 4]


def test_program() -> None:
    pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
    from sequence_tutor.execution.external import ExternalProgram

    with ExternalProgram(f"{sys.executable} {EXAMPLES / 'my_program.py'}") as program:
        assert program(["CCO", "NCCN", "c1ccncc1"]) == [0, 2, 1]


def test_prior() -> None:
    found = read_prior_file(EXAMPLES / "my_prior.py")
    check_prior(found.prior)
    assert found.domain == "melody"
    log_probs = found.prior.sequence_log_probs(torch.tensor([[18, 1, 0, 14]]))[0]  # (4, 38)
    # before the first note it walks from middle C, then from E
    assert log_probs[:, 2:].argmax(1).tolist() == [12, 16, 16, 16]
    # two semitones are e times less probable than none
    assert float(log_probs[1, 18] - log_probs[1, 20]) == pytest.approx(1.0, abs=1e-6)


def test_two_readings(melody_prior: Path) -> None:
    script = module(EXAMPLES / "two_readings.py")
    exchanged = script.exchange(SequenceBatch.from_lists([[14, 1, 1, 1, 0]]))
    assert exchanged.to_lists() == [[14, 0, 0, 0, 1]]
    statistics = MelodyStatistics()
    statistics.update(exchanged)
    # the third of three rests is one too many
    assert statistics.result()["repeated_notes"].value == pytest.approx(1 / 5)
    for share in script.repeated_notes(load_model(str(melody_prior)), 64, seed=0):
        assert share.low <= share.value <= share.high


def test_held_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
    from sequence_tutor.molecule.held_out import held_out_smiles
    from sequence_tutor.molecule.tokens import Vocabulary

    script = module(EXAMPLES / "held_out.py")
    chains = ["C" * size + end for size in range(1, 9) for end in ("CO", "CN", "CCl", "OC", "=O")]
    data = tmp_path / "chains.smi"
    data.write_text("".join(f"{chain}\n" for chain in chains))
    train = {"steps": 1, "evaluate_every": 1, "network": {"width": 4}, "final_samples": 0}
    tables = {"data": {"test": 0.2}, "train": train}
    pretrain("molecule", [data], tmp_path / "prior", overrides=tables, threads=1, quiet=True)
    arguments = [str(data), "--prior", str(tmp_path / "prior"), "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["held_out.py", *arguments])
    script.main()
    held_out = (tmp_path / "held_out.smi").read_text().split()
    learned_from = (tmp_path / "learned_from.smi").read_text().split()
    assert not {*held_out} & {*learned_from}
    assert {*held_out, *learned_from} < {*chains}  # the others: where to stop
    # those that the prior keeps to compare its samples with were held out from it
    stored = load_model(str(tmp_path / "prior")).stored
    kept = held_out_smiles(stored.tensors, Vocabulary.from_card(stored.card))
    assert held_out == kept


def test_held_out_says_what_it_cannot_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
    missing = str(tmp_path / "missing.smi")
    monkeypatch.setattr(sys, "argv", ["held_out.py", missing, "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit, match="2"):
        module(EXAMPLES / "held_out.py").main()
    assert missing in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_domain() -> None:
    dna = module(EXAMPLES / "dna" / "dna" / "__init__.py")
    room = dna.DnaDomain()
    reward = room.reward(room.reward_settings(), None)
    check_reward(reward, room.vocab_size)
    # AAAAA: no G or C, where a half is wanted; its 4th and 5th base go on a run of 3. CGAT: neither
    terms = score(reward, SequenceBatch.from_lists([[0, 0, 0, 0, 0, 4], [1, 2, 0, 3, 4]]))
    assert terms[:, :, 0].tolist() == [[0, 0, 0, 0, 0, -5], [0, 0, 0, 0, 0, 0]]
    assert terms[:, :, 1].tolist() == [[0, 0, 0, -1, -1, 0], [0, 0, 0, 0, 0, 0]]
    statistics = room.statistics(room.reward_settings())
    statistics.update(SequenceBatch.from_lists([[1, 2, 4], [0, 3, 0, 3, 4]]))
    found = statistics.result()
    assert found["length"].value == 3
    assert math.isclose(found["gc_share"].value, 2 / 6)


def test_domain_names_a_strand_that_is_none(tmp_path: Path) -> None:
    dna = module(EXAMPLES / "dna" / "dna" / "__init__.py")
    path = tmp_path / "strands.txt"
    path.write_text("ACGT\nACGU\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"strand 2: 'ACGU', expected up to 39 of ACGT"):
        dna.DnaDomain().read_sequences(path)
    path.write_bytes(b"AC\xff")
    with pytest.raises(UserError, match="strand 1: 'AC\ufffd'"):
        dna.DnaDomain().read_sequences(path)
    path.write_text("\n")
    with pytest.raises(UserError, match="no strand, expected one a line"):
        dna.DnaDomain().read_sequences(path)


def test_the_nearest_molecules_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
    data, out = tmp_path / "all.smi", tmp_path / "series.smi"
    data.write_text("CCO\nc1ccccc1C\nOc1ccccc1\nnonsense\nCc1ccccc1O\n")
    script = module(EXAMPLES / "series.py")
    arguments = ["series.py", str(data), "--near", "c1ccccc1O", "--count", "2", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", arguments)
    script.main()
    assert out.read_text().split() == [
        "c1ccccc1C",
        "Cc1ccccc1O",
    ]  # .375 and .368; the lead is left out
    assert "2 molecules, mean similarity 0." in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", [*arguments[:3], "C(", *arguments[4:]])
    with pytest.raises(SystemExit):
        script.main()
    assert "cannot be read as SMILES" in capsys.readouterr().err
