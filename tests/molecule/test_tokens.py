"""SMILES cut into tokens and put together again."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.reading.molecules import read_molecules
from sequence_tutor.molecule.tokens import Tokeniser, Vocabulary, element_of, split_smiles
from sequence_tutor.sequences import SequenceBatch

ZINC = Path(__file__).parents[3] / "shared" / "data" / "molecules" / "zinc250k_train.smi.xz"

SMILES = "C[C@@H]1CC(Cl)C%12(Br)[nH+]c1%12/C=C\\[2H]"


def test_atoms_keep_together_what_means_one_thing() -> None:
    pieces = "C [C@@H] 1 C C ( Cl ) C %12 ( Br ) [nH+] c 1 %12 / C = C \\ [2H]"
    assert " ".join(split_smiles(SMILES)) == pieces
    assert split_smiles("C%(123)C") == ["C", "%(123)", "C"]
    assert split_smiles("CCl", "characters") == ["C", "C", "l"]


@given(st.text(alphabet="CNOclnoBr[]()=#%123@+-\\/. \x00é", max_size=40))
def test_tokens_joined_are_the_string_whatever_it_holds(text: str) -> None:
    assert "".join(split_smiles(text)) == text
    assert "".join(split_smiles(text, "characters")) == text


def test_elements() -> None:
    tokens = ["[nH+]", "[13C@@H]", "Cl", "c", "[Se]", "[se]", "[2H]", "*", "[*:1]", "[Cu+2]"]
    elements = ["N", "C", "Cl", "C", "Se", "Se", "H", "*", "*", "Cu"]
    assert [element_of(token) for token in tokens] == elements
    assert [element_of(token) for token in ("(", "1", "%10", "=", "/", ".")] == [None] * 6


def test_the_end_token_is_the_last_number() -> None:
    vocabulary = Vocabulary(("C", "Cl", "O"))
    assert vocabulary.size == 4
    assert vocabulary.end_token == 3
    assert vocabulary.encode("CClO") == [0, 1, 2, 3]
    assert vocabulary.encode("CCl", end=False) == [0, 1]
    assert vocabulary.decode([0, 1, 2, 3]) == "CClO"
    assert vocabulary.decode([0, 3, 2]) == "C"


def test_a_row_without_an_end_is_no_molecule() -> None:
    vocabulary = Vocabulary(("C", "O"))
    batch = SequenceBatch.from_lists([[0, 1, 2], [0, 0, 0], [2]])
    assert vocabulary.decode_batch(batch) == ["CO", None, ""]


def test_an_unknown_token_is_named_with_its_molecule_and_what_to_do() -> None:
    with pytest.raises(UserError, match=r"'C\[S@\+\]C'.*'\[S@\+\]'.*train a prior"):
        Vocabulary(("C", "O")).encode("C[S@+]C")


def test_a_card_brings_the_vocabulary_back() -> None:
    vocabulary = Vocabulary(("C", "l"), "characters")
    facts = {"tokens": list(vocabulary.tokens), "tokeniser": vocabulary.tokeniser}
    assert Vocabulary.from_card({"molecule": facts}) == vocabulary
    for card in ({}, {"molecule": {"tokens": ["C"]}}):
        with pytest.raises(UserError, match="no vocabulary"):
            Vocabulary.from_card(card)


def test_the_broad_vocabulary_knows_what_others_stumble_over() -> None:
    broad = Vocabulary.broad()
    for smiles in ("C%10CC%10", "[2H]C", "C[S@+]([O-])CC", "F/C=C\\F", "[Na+].[Cl-]", "c1c[se]cc1"):
        assert broad.decode(broad.encode(smiles)) == smiles
    assert len(set(broad.tokens)) == len(broad.tokens)
    characters = Vocabulary.broad("characters")
    assert characters.decode(characters.encode(SMILES)) == SMILES
    assert max(map(len, characters.tokens)) == 1


@pytest.mark.slow
@pytest.mark.data
def test_every_molecule_of_zinc_comes_back_exactly() -> None:
    if not ZINC.is_file():
        pytest.skip("the ZINC file is not beside this repository")
    molecules = [entry.smiles for entry in read_molecules(ZINC)]
    assert len(molecules) == 239_455
    kinds: tuple[tuple[Tokeniser, int], ...] = (("atoms", 62), ("characters", 34))
    for tokeniser, size in kinds:
        tokens = {token for smiles in molecules for token in split_smiles(smiles, tokeniser)}
        assert len(tokens) == size
        vocabulary = Vocabulary.of_tokens(tokens, tokeniser)
        assert all(vocabulary.decode(vocabulary.encode(smiles)) == smiles for smiles in molecules)
