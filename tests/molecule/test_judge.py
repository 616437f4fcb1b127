"""Samples of a prior in training, judged."""

import pytest
import torch
from rdkit import Chem
from rdkit.Chem import QED, rdMolDescriptors

from sequence_tutor.molecule.chemistry import molecule_hash
from sequence_tutor.molecule.judge import SampleJudge
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.sequences import SequenceBatch

VOCABULARY = Vocabulary(("1", "C", "O", "c"))
DATA = {"logp": 2.45, "qed": 0.73, "sa": -3.06}


def judge(*known: str) -> SampleJudge:
    return SampleJudge(VOCABULARY, torch.tensor([molecule_hash(one) for one in known]), DATA)


def test_figures_by_hand() -> None:
    written = ["CCO", "OCC", "c1ccccc1", "C1CC", ""]
    rows = [VOCABULARY.encode(smiles) for smiles in written]
    batch = SequenceBatch.from_lists([*rows, VOCABULARY.encode("CCCCC", end=False)])
    figures = judge("CCO")(batch)
    assert figures["samples"] == 6
    assert figures["valid"] == pytest.approx(3 / 6)
    assert figures["unique"] == pytest.approx(2 / 3)  # ethanol came twice
    assert figures["novel"] == pytest.approx(1 / 2)  # of ethanol and benzene
    ethanol, benzene = Chem.MolFromSmiles("CCO"), Chem.MolFromSmiles("c1ccccc1")
    logp = (
        2 * rdMolDescriptors.CalcCrippenDescriptors(ethanol)[0]
        + rdMolDescriptors.CalcCrippenDescriptors(benzene)[0]
    ) / 3
    assert figures["logp"] == pytest.approx(logp)
    assert figures["qed"] == pytest.approx((2 * QED.qed(ethanol) + QED.qed(benzene)) / 3)
    assert figures["qed_data"] == 0.73


def test_nothing_is_new_where_nothing_is_known() -> None:
    batch = SequenceBatch.from_lists([VOCABULARY.encode("CCO")])
    assert "novel" not in SampleJudge(VOCABULARY, None, DATA)(batch)


def test_without_a_valid_molecule_there_are_no_means() -> None:
    figures = judge()(SequenceBatch.from_lists([VOCABULARY.encode("C1C")]))
    assert figures == {"samples": 1, "valid": 0, "unique": 0, "novel": 0}
