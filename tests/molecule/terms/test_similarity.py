"""Similarity to molecules of a file, and of neutral forms."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from sequence_tutor.molecule.terms import Similarity, raw_number

IBUPROFEN, IBUPROFENATE = "CC(C)Cc1ccc(cc1)C(C)C(=O)O", "CC(C)Cc1ccc(cc1)C(C)C(=O)[O-]"


def test_neutral_forms_are_alike_whichever_is_given() -> None:
    assert raw_number(Similarity(smiles=IBUPROFEN), IBUPROFENATE) == pytest.approx(0.72, abs=0.01)
    for given, other in ((IBUPROFEN, IBUPROFENATE), (IBUPROFENATE, IBUPROFEN)):
        assert raw_number(Similarity(smiles=given, neutral=True), other) == 1
    # a charge that no proton can take away stays
    assert raw_number(Similarity(smiles="C[N+](C)(C)C", neutral=True), "CN(C)C") < 1


def test_records_of_before_have_no_such_choice() -> None:
    assert "neutral" not in Similarity(smiles="CCO").model_dump()
    assert Similarity(smiles="CCO", neutral=True).model_dump()["neutral"]


def test_the_molecules_of_a_file_are_in_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "actives.csv"
    path.write_text("id,smiles\na,CCO\nb,c1ccccc1\n")
    term = Similarity.model_validate({"file": str(path)})
    assert term.smiles == ("CCO", "c1ccccc1")
    assert Similarity.model_validate(term.model_dump()) == term
    path.write_text("id,smiles\na,CCO\nb,c1ccc\n")
    with pytest.raises(ValidationError, match=r"actives.csv, line 3: 'c1ccc' is no valid molecule"):
        Similarity.model_validate({"file": str(path)})
    with pytest.raises(ValidationError, match="both smiles and file are given"):
        Similarity.model_validate({"file": str(path), "smiles": "C"})
    with pytest.raises(ValidationError, match=r"none.smi: no such file"):
        Similarity.model_validate({"file": str(tmp_path / "none.smi")})
    with pytest.raises(ValidationError, match="file is 3, expected the name"):
        Similarity.model_validate({"file": 3})
    (tmp_path / "empty.smi").write_text("")
    with pytest.raises(ValidationError, match="no molecule in it"):
        Similarity.model_validate({"file": str(tmp_path / "empty.smi")})


def test_the_column_of_a_table_is_chosen_or_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,product_smiles,reactant_smiles\n1,CCO,CC\n2,CN,C\n")
    for column, expected in (("product_smiles", ("CCO", "CN")), ("reactant_smiles", ("CC", "C"))):
        term = Similarity.model_validate({"file": str(path), "column": column})
        assert term.smiles == expected
        assert "column" not in term.model_dump()
    with pytest.raises(ValidationError, match="not of 'reactant_smiles'; choose one of them by"):
        Similarity.model_validate({"file": str(path)})
    with pytest.raises(ValidationError, match="'id', 'product_smiles', 'reactant_smiles', none of"):
        Similarity.model_validate({"file": str(path), "column": "salt"})
    with pytest.raises(ValidationError, match="column is 3, expected the name"):
        Similarity.model_validate({"file": str(path), "column": 3})
    with pytest.raises(ValidationError, match="column"):  # which has no file to be of
        Similarity.model_validate({"smiles": "C", "column": "salt"})
