"""What sequences begin with, in each domain."""

import pytest
import torch

from sequence_tutor.domain import find_domain
from sequence_tutor.sampling.measure import Opens, commonest
from sequence_tutor.sequences import SequenceBatch


def opener(name: str) -> Opens:
    found = find_domain(name).opener()
    assert found is not None
    return found


def test_the_commonest_counts() -> None:
    assert commonest([]) == 0.0
    assert commonest(["a", "b", "a", "c"]) == 0.5


def test_melodies_open_with_the_rhythm_of_their_first_whole_bar() -> None:
    tokens = torch.ones(3, 32, dtype=torch.int64)  # held
    tokens[0, 0], tokens[1, 0] = 14, 21  # other notes, one rhythm
    tokens[2, 0] = tokens[2, 4] = 14
    tokens[1, 16] = 30
    batch = SequenceBatch.full(tokens)
    melodies = opener("melody")
    one, same, other = melodies.openings(batch, 0)
    assert one == same != other
    one, second, other = melodies.openings(batch, 3)  # the first bar is given in part
    assert one == other != second
    assert melodies.openings(batch, 17) == []


def test_texts_open_with_their_first_characters() -> None:
    domain = find_domain("text")
    lines = ["the quick brown fox", "the quick brawn", "a", "the quick brown fox"]
    batch = SequenceBatch.from_lists([domain.vocabulary.encode(line) for line in lines])  # type: ignore[attr-defined]
    found = opener("text").openings(batch, 0)
    assert commonest(found) == 0.75
    assert opener("text").openings(batch[:1], 4)[0] == "quick brown "


def test_molecules_open_with_their_scaffold() -> None:
    pytest.importorskip("rdkit")
    domain = find_domain("molecule")
    batch = SequenceBatch.from_lists(
        [domain.vocabulary.encode(text) for text in ("Cc1ccccc1", "CCc1ccccc1O", "CCO", "C1CC1")]  # type: ignore[attr-defined]
    )
    assert opener("molecule").openings(batch, 0) == ["c1ccccc1", "c1ccccc1", "C1CC1"]
