"""Other spellings are the same molecules, and fit where the old ones stood."""

import pytest
import torch

from kit import generator
from sequence_tutor.molecule.chemistry import canonical_of
from sequence_tutor.molecule.spelling import Speller
from sequence_tutor.molecule.tokens import Tokeniser, Vocabulary
from sequence_tutor.sequences import SequenceBatch

DRUGS = ("CC(=O)Oc1ccccc1C(=O)O", "Cn1c(=O)c2c(ncn2C)n(C)c1=O", "CC(N)Cc1ccccc1")


def batch_of(vocabulary: Vocabulary, smiles: list[str], width: int = 40) -> SequenceBatch:
    batch = SequenceBatch.from_lists([vocabulary.encode(one) for one in smiles])
    tokens = torch.zeros(len(smiles), width, dtype=torch.int64)
    tokens[:, : batch.tokens.shape[1]] = batch.tokens
    return SequenceBatch(tokens, batch.lengths)


@pytest.mark.parametrize("tokeniser", ["atoms", "characters"])
def test_about_half_are_spelt_anew_and_all_are_the_same_molecules(tokeniser: Tokeniser) -> None:
    vocabulary = Vocabulary.broad(tokeniser)
    smiles = [drug for drug in DRUGS for _ in range(200)]
    batch = batch_of(vocabulary, smiles)
    found = Speller(vocabulary).varied(batch, generator())
    assert found.tokens.shape == batch.tokens.shape
    assert not bool(found.tokens[~found.mask].any())
    texts = vocabulary.decode_batch(found)
    assert [canonical_of(text or "") for text in texts] == [canonical_of(one) for one in smiles]
    changed = sum(text != one for text, one in zip(texts, smiles, strict=True))
    assert 0.35 < changed / len(smiles) < 0.5  # some random spelling is the old one
    assert len(set(texts)) > 60
    assert vocabulary.decode_batch(Speller(vocabulary).settled(found)) == [
        canonical_of(x) for x in smiles
    ]


def test_one_seed_gives_one_spelling() -> None:
    vocabulary = Vocabulary.broad()
    batch = batch_of(vocabulary, list(DRUGS))
    first, second = (Speller(vocabulary).varied(batch, generator()).tokens for _ in range(2))
    assert torch.equal(first, second)


def test_what_cannot_be_spelt_otherwise_stays() -> None:
    vocabulary = Vocabulary(("1", "=", "C", "O", "c"))
    unfinished = SequenceBatch.from_lists([[3, 2]])  # OC without an end
    assert torch.equal(Speller(vocabulary).settled(unfinished).tokens, unfinished.tokens)
    # no molecule; one; one whose canonical SMILES has a second ring number, and brackets
    rows = ["C1CC", "OC", "C1CCC1C1CCC1"]
    batch = batch_of(vocabulary, rows, 20)
    assert vocabulary.decode_batch(Speller(vocabulary).settled(batch)) == [
        "C1CC",
        "CO",
        "C1CCC1C1CCC1",
    ]


def test_a_spelling_that_is_too_long_is_not_taken() -> None:
    vocabulary = Vocabulary.broad()
    for width, lengths in ((7, {6}), (40, {6, 8})):  # OC1CC1 and C1CC1O; C1(O)CC1
        batch = batch_of(vocabulary, ["OC1CC1"] * 200, width)
        found = Speller(vocabulary).varied(batch, generator())
        assert {len(text or "") for text in vocabulary.decode_batch(found)} == lengths
