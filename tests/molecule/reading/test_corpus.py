"""From files to encoded, divided molecules: what is kept, what is dropped and why, the cache."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from sequence_tutor.domain import corpus as corpora
from sequence_tutor.domain.corpus import Corpus
from sequence_tutor.domain.division import TEST, TRAIN, VALIDATION
from sequence_tutor.errors import UserError
from sequence_tutor.molecule.chemistry import canonical_smiles, molecule_hash, parse
from sequence_tutor.molecule.reading import corpus as corpus_of_molecules
from sequence_tutor.molecule.reading.corpus import read_corpus
from sequence_tutor.molecule.reading.corpus_settings import MoleculeDataSettings
from sequence_tutor.molecule.tokens import Vocabulary

CHAINS = ["C" * carbons + end for carbons in range(1, 40) for end in ("O", "N", "F", "Cl", "C#N")]


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def read(
    path: Path, cache: Path | None = None, **settings: object
) -> tuple[Corpus, list[tuple[int, int]]]:
    reported: list[tuple[int, int]] = []
    chosen = MoleculeDataSettings.model_validate(settings)
    corpus = read_corpus([path], chosen, cache, lambda done, all_: reported.append((done, all_)))
    return corpus, reported


def molecules(corpus: Corpus, side: int) -> list[str]:
    vocabulary = Vocabulary.from_card({"molecule": corpus.facts})
    rows = corpus.side(side).rows()
    assert all(row[-1] == vocabulary.end_token for row in rows)
    return [vocabulary.decode(row) for row in rows]


def test_each_line_is_kept_or_dropped_with_its_reason(tmp_path: Path) -> None:
    lines = ["CCO", "OCC", "C1CC", "[Xe]", "C" * 30, "CCN", "c1ccccc1*", "x" * 20]
    corpus, reported = read(write(tmp_path / "a.smi", lines), longest=25)
    assert corpus.dropped == {
        "unparsable": 2,
        "element Xe, which data.elements lacks": 1,
        "element *, which data.elements lacks": 1,
        "duplicate": 1,
        "too long": 1,
    }
    assert corpus.skipped[0] == ("a.smi line 2", "duplicate")
    assert {name: row["kept"] for name, row in corpus.summary.items()} == {"a.smi": 2, "all": 2}
    assert corpus.summary["all"]["read"] == 8
    logp = [
        rdMolDescriptors.CalcCrippenDescriptors(Chem.MolFromSmiles(smiles))[0]
        for smiles in ("CCO", "CCN")
    ]
    assert corpus.summary["all"]["logp"] == pytest.approx(sum(logp) / 2)
    assert reported[-1][0] == reported[-1][1]


def test_what_the_data_fix(tmp_path: Path) -> None:
    corpus, _ = read(write(tmp_path / "a.smi", ["CCCCO", "OC(CC)Cl", "c1ccccc1N"]))
    facts = corpus.facts
    assert facts["tokens"] == ["(", ")", "1", "C", "Cl", "N", "O", "c"]
    assert facts["tokeniser"] == "atoms"
    assert (facts["shortest"], facts["longest"]) == (5, 9)
    assert facts["longest_carbon_run"] == 4
    assert facts["carbon_run_quantiles"]["0.5"] == 2  # of 0, 2, 4
    assert facts["length_quantiles"]["0.999"] == 9


def test_sides_are_disjoint_and_depend_on_the_molecule_alone(tmp_path: Path) -> None:
    corpus, _ = read(write(tmp_path / "a.smi", CHAINS), validation=0.2, test=0.2)
    sides = [set(molecules(corpus, side)) for side in (TRAIN, VALIDATION, TEST)]
    assert [len(side) for side in sides] == pytest.approx([117, 39, 39], abs=15)
    assert set().union(*sides) == set(CHAINS)
    assert sum(map(len, sides)) == len(CHAINS)
    # fewer of them, in another order, spelled otherwise
    spelled = [Chem.MolToSmiles(Chem.MolFromSmiles(smiles), rootedAtAtom=1) for smiles in CHAINS]
    other, _ = read(write(tmp_path / "b.smi", spelled[::-2]), validation=0.2, test=0.2)
    for side, expected in zip((TRAIN, VALIDATION, TEST), sides, strict=True):
        names = {Chem.CanonSmiles(smiles) for smiles in molecules(other, side)}
        assert names <= {Chem.CanonSmiles(smiles) for smiles in expected}
    moved, _ = read(write(tmp_path / "a.smi", CHAINS), validation=0.2, test=0.2, split_seed=1)
    assert set(molecules(moved, TEST)) != sides[TEST]


def test_unchecked_lines_are_told_apart_by_their_text(tmp_path: Path) -> None:
    corpus, _ = read(write(tmp_path / "a.smi", ["CCO", "OCC", "C1CC", "CCO"]), check=False)
    assert corpus.dropped == {"duplicate": 1}
    assert corpus.summary["all"]["kept"] == 3


def test_random_spellings_are_of_the_training_molecules_and_of_them_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "a.smi", ["CC(=O)Oc1ccccc1C(=O)O", *CHAINS])
    plain, _ = read(path, validation=0.2, test=0.2)
    corpus, _ = read(path, validation=0.2, test=0.2, augment=5)
    for side in (VALIDATION, TEST):
        assert molecules(corpus, side) == molecules(plain, side)
    names = Counter(Chem.CanonSmiles(smiles) for smiles in molecules(corpus, TRAIN))
    assert names.keys() == {Chem.CanonSmiles(smiles) for smiles in molecules(plain, TRAIN)}
    assert len(set(molecules(corpus, TRAIN))) == names.total() > len(names)
    assert max(names.values()) <= 6
    assert torch.equal(corpus.hashes_of(TRAIN), plain.hashes_of(TRAIN))
    assert corpus.facts == {**plain.facts, "tokens": corpus.facts["tokens"]}


def test_hashes_are_those_of_the_canonical_smiles(tmp_path: Path) -> None:
    corpus, _ = read(write(tmp_path / "a.smi", ["OCC"]), validation=1e-9, test=1e-9)
    molecule = parse("CCO")
    assert molecule is not None
    assert corpus.hashes_of(TRAIN).tolist() == [molecule_hash(canonical_smiles(molecule))]
    # fixed, for what is on disk must mean the same everywhere
    assert molecule_hash("CCO") == -4371986520294612883


def test_the_broad_vocabulary_drops_what_it_lacks(tmp_path: Path) -> None:
    path = write(tmp_path / "a.smi", ["CCO", "C[14CH3]"])
    corpus, _ = read(path, vocabulary="broad")
    assert corpus.dropped == {"token '[14CH3]', which the vocabulary lacks": 1}
    assert tuple(corpus.facts["tokens"]) == Vocabulary.broad().tokens
    assert read(path)[0].dropped == {}


def test_a_given_vocabulary_is_kept_whole_and_drops_what_it_lacks(tmp_path: Path) -> None:
    path = write(tmp_path / "a.smi", ["CCO", "CCCl", "OC(C)CC"])
    corpus, _ = read(path, vocabulary=("(", ")", "C", "N", "O"), augment=20, test=1e-9)
    assert corpus.dropped == {"token 'Cl', which the vocabulary lacks": 1}
    assert corpus.facts["tokens"] == ["(", ")", "C", "N", "O"]
    straight, _ = read(path, vocabulary=("C", "N", "O"), augment=20, test=1e-9, validation=1e-9)
    assert set(molecules(straight, TRAIN)) == {"CCO", "OCC"}  # no spelling with a bracket


def test_a_second_reading_comes_from_the_cache(tmp_path: Path) -> None:
    path = write(tmp_path / "a.smi", [*CHAINS, "C1CC"])
    corpus, reported = read(path, tmp_path / "cache")
    again, silent = read(path, tmp_path / "cache")
    assert reported
    assert not silent
    assert isinstance(again.tokens, np.memmap)
    for name in ("facts", "summary", "dropped"):
        assert getattr(again, name) == getattr(corpus, name)
    assert [tuple(row) for row in again.skipped] == [tuple(row) for row in corpus.skipped]
    direct, _ = read(path)
    for side in (TRAIN, VALIDATION, TEST):
        assert again.side(side).rows() == direct.side(side).rows()


def test_salts_are_kept_without_their_counter_ions(tmp_path: Path) -> None:
    path = write(tmp_path / "a.smi", ["CCN.Cl", "CC(=O)[O-].[Na+]", "CC(=O)O[K]", "CCO"])
    sides = (TRAIN, VALIDATION, TEST)
    corpus, _ = read(path)
    kept = {smiles for side in sides for smiles in molecules(corpus, side)}
    assert kept == {"CCN", "CC(=O)[O-]", "CCO"}
    assert corpus.dropped == {"duplicate": 1}
    assert corpus.remarks == [
        "2 of the molecules are kept without counter-ions and solvents "
        "(data.standardise is 'fragment')"
    ]
    neutral, _ = read(path, standardise="parent")
    kept = {smiles for side in sides for smiles in molecules(neutral, side)}
    assert kept == {"CCN", "CC(=O)O", "CCO"}
    written, _ = read(path, standardise="none")
    assert written.dropped == {
        "element Na, which data.elements lacks": 1,
        "element K, which data.elements lacks": 1,
    }
    assert written.remarks == []


def test_reasons_that_quote_the_data_are_not_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus_of_molecules, "MOST_REASONS", 2)
    path = write(tmp_path / "a.smi", ["CCO", "[Xe]", "[Kr]", "[Ar]", "[He]", "[Xe]C"])
    assert read(path)[0].dropped == {
        "element Xe, which data.elements lacks": 2,
        "element Kr, which data.elements lacks": 1,
        "unknown elements": 2,
    }


def test_a_table_without_smiles_ends_a_folder_only_where_it_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.smi", ["CCO"])
    write(tmp_path / "b.csv", ["id,activity", "1,2"])
    corpus, _ = read(tmp_path)
    assert [place for place, _ in corpus.skipped] == ["b.csv"]
    assert "columns 'id', 'activity'" in corpus.skipped[0][1]
    with pytest.raises(UserError, match="columns 'id', 'activity'"):
        read(tmp_path / "b.csv")


def test_the_column_taken_is_said_where_there_are_several(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", ["fragment_smiles,smiles", "C,CCO"])
    corpus, _ = read(path, tmp_path / "cache")
    again, _ = read(path, tmp_path / "cache")
    (remark,) = corpus.remarks
    assert "column 'smiles', not of 'fragment_smiles'" in remark
    assert list(again.remarks) == [remark]


def test_other_content_other_settings_or_damage_read_anew(tmp_path: Path) -> None:
    path, cache = write(tmp_path / "a.smi", CHAINS), tmp_path / "cache"
    read(path, cache)
    assert read(path, cache, longest=30)[1]
    write(path, CHAINS[1:])
    assert read(path, cache)[1]
    for file in cache.glob("*/tokens.npy"):
        file.write_bytes(file.read_bytes()[:-2])
    assert read(path, cache)[1]
    assert not read(path, cache)[1]


def test_nothing_found_says_why(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no molecule found; dropped because: unparsable \(2\)"):
        read(write(tmp_path / "a.smi", ["C1CC", "no"]))
    with pytest.raises(UserError, match=r"no molecule found, expected SMILES or structures$"):
        read(write(tmp_path / "a.smi", []))


def test_only_the_first_dropped_lines_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpora, "LISTED", 3)
    corpus, _ = read(write(tmp_path / "a.smi", ["CCO", *["C1CC"] * 10]))
    assert corpus.dropped == {"unparsable": 10}
    assert len(corpus.skipped) == 3
