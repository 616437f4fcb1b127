from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.scoring.reward import MoleculeRewardSettings
from sequence_tutor.molecule.scoring.terminal_reward import MoleculeReward
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.reward.check import check_reward
from sequence_tutor.reward.protocol import Remembers, Reports
from sequence_tutor.reward.user_terms import load_user_terms
from sequence_tutor.reward.weighted import weighted_total
from sequence_tutor.sequences import SequenceBatch

VOCABULARY = Vocabulary.of_tokens(["C", "N", "O", "c", "1", "(", ")", "="], "atoms")
ASPIRIN, AMPHETAMINE = "CC(=O)Oc1ccccc1C(=O)O", "CC(N)Cc1ccccc1"


def build(tables: dict[str, object], rules: Path | None = None) -> MoleculeReward:
    settings = MoleculeRewardSettings.model_validate({"workers": 0, **tables})
    return settings.build(VOCABULARY, {}, load_user_terms(rules) if rules else ())


def batch_of(*smiles: str, unfinished: str = "") -> SequenceBatch:
    rows = [VOCABULARY.encode(one) for one in smiles]
    if unfinished:
        rows.append(VOCABULARY.encode(unfinished, end=False))
    return SequenceBatch.from_lists(rows)


def test_keeps_the_protocol() -> None:
    reward = build({"diversity": {"repeat": 1.0}, "invalid": -1.0})
    check_reward(reward, VOCABULARY.size)
    assert isinstance(reward, Remembers)
    assert isinstance(reward, Reports)


def test_everything_is_paid_at_the_end_token() -> None:
    reward = build({"weights": {"valid": 2.0, "ring": 0.5}})
    batch = batch_of(AMPHETAMINE, "C1CCCCCCC1", "", "C(", unfinished="CCO")
    terms = reward(batch)
    assert terms.shape == (5, 15, 2)
    assert terms.dtype == torch.float64
    paid = torch.zeros(5, 15, 2, dtype=torch.float64)
    paid[0, 14] = torch.tensor([1.0, 0.0])
    paid[1, 10] = torch.tensor([1.0, -2.0])
    assert torch.equal(terms, paid)
    assert weighted_total(terms, reward.weights).sum(1).tolist() == [2, 1, 0, 0, 0]


def test_what_is_no_molecule_may_cost_something() -> None:
    reward = build({"weights": {"qed": 1.0}, "invalid": -0.5})
    assert reward.names == ("qed", "invalid")
    assert reward.weights.tolist() == [1.0, -0.5]
    terms = reward(batch_of(ASPIRIN, "", unfinished="C"))
    assert terms[:, :, 1].sum(1).tolist() == [0, 1, 1]
    # the empty molecule is the end token alone; the unfinished one is paid at its last token
    assert terms[1, 0, 1] == 1
    assert terms[2, 0, 1] == 1


def test_the_default_is_the_formula_of_the_docs() -> None:
    reward = build({})
    batch = batch_of(ASPIRIN, "C" * 40, "C1CCCCCCC1")
    judged = reward.judge(batch)
    assert reward.term_names == reward.names == ("valid", "qed", "sa", "logp", "ring")
    for raw, total in zip(judged.raw, judged.total, strict=True):
        _, qed, sa, logp, ring = raw.tolist()
        clipped = min(max(logp, -0.55), 4.45)
        assert total == pytest.approx(3.3 + 2.8 * qed + 0.08 * sa + 0.03 * clipped + 10 * ring)


def test_judged_rows_tell_everything_in_order() -> None:
    reward = build(
        {
            "weights": {"logp": 0.5},
            "terms": {"logp": {"transform": {"kind": "step", "threshold": 1.5}}},
        }
    )
    judged = reward.judge(batch_of(ASPIRIN, "OCC", AMPHETAMINE, "C("))
    assert judged.raw[:3, 0] == pytest.approx([1.3101, -0.0014, 1.5763], abs=1e-3)
    assert judged.scores[:3, 0].tolist() == [0, 0, 1]
    assert judged.total.tolist() == [0, 0, 0.5, 0]
    assert [record.canonical for record in judged.records[:2]] == [ASPIRIN, "CCO"]
    assert judged.smiles == [ASPIRIN, "OCC", AMPHETAMINE, "C("]
    assert judged.records[0].scaffold == "c1ccccc1"
    assert judged.records[3].canonical is None
    assert math.isnan(judged.raw[3, 0])


HEAVY: dict[str, object] = {
    "weights": {"valid": 1.0, "heavy": 3.0},
    "terms": {
        "heavy": {
            "kind": "descriptor",
            "descriptor": "HeavyAtomCount",
            "transform": {"kind": "z_score", "mean": 0, "deviation": 12},
        }
    },
}
"""The heavy atoms by twelve, three times as important as being valid."""


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [("arithmetic", (1 + 3 * 0.25) / 4), ("geometric", 0.25**0.75), ("product", 0.25**3)],
)
def test_a_mean_is_one_term_beside_those_that_it_is_made_of(
    aggregation: str, expected: float
) -> None:
    reward = build({"aggregation": aggregation, **HEAVY})
    assert reward.names == ("valid", "heavy", "score")
    assert reward.weights.tolist() == [0, 0, 1]
    assert reward.shares == {"valid": 1, "heavy": 3}
    terms = reward(batch_of("CCO", "C("))
    assert terms[0, 3].tolist() == pytest.approx([1, 0.25, expected])
    assert not terms[1].any()


@pytest.mark.parametrize("aggregation", ["arithmetic", "geometric", "product"])
def test_a_mean_with_other_weights_needs_no_new_scores(aggregation: str) -> None:
    reward, other = (
        build({"aggregation": aggregation, **HEAVY, "weights": {"valid": valid, "heavy": heavy}})
        for valid, heavy in ((1.0, 3.0), (2.0, 0.5))
    )
    batch = batch_of("CCO", "C(", ASPIRIN)
    before, wanted = reward(batch), other(batch)
    reward.share({"valid": 2.0, "heavy": 0.5})
    torch.testing.assert_close(reward.complete(batch, before, {"score"}), wanted)
    torch.testing.assert_close(reward(batch), wanted)
    assert reward.describe() == other.describe()
    with pytest.raises(UserError, match="weight of 'heavy' is -1, expected 0 or more"):
        reward.share({"valid": 2.0, "heavy": -1.0})


@pytest.mark.parametrize("aggregation", ["arithmetic", "geometric", "product"])
def test_a_function_without_a_share_is_not_called(aggregation: str, tmp_path: Path) -> None:
    path, log = tmp_path / "mine.py", tmp_path / "asked"
    path.write_text(
        f"def size(smiles):\n    with open({str(log)!r}, 'a') as log:\n"
        "        print(*smiles, file=log)\n    return list(map(len, smiles))\n"
    )
    weights = {"qed": 1.0, "size": 2.0}
    tables: dict[str, object] = {"aggregation": aggregation, "weights": weights}
    reward, whole = build(tables, path), build(tables, path)
    batch = batch_of("OCC", "C(")
    reward.share({"qed": 1.0, "size": 0.0})
    reward.leave_out(["size"])
    terms = reward(batch)
    assert terms[0, 3].tolist() == pytest.approx([0.4068, 0, 0.4068], abs=1e-4)
    assert not log.exists()
    reward.leave_out([])
    reward.share({"qed": 1.0, "size": 2.0})
    torch.testing.assert_close(reward.complete(batch, terms, {"size", "score"}), whole(batch))


def test_what_a_mean_cannot_take_is_named() -> None:
    reward = build({"aggregation": "geometric", "weights": {"sa": 1.0}})
    with pytest.raises(UserError, match=r"term 'sa' scored -1\.58 for a molecule, expected 0 or"):
        reward(batch_of(ASPIRIN))
    with pytest.raises(UserError, match="weight of 'qed' is -1, expected 0 or more"):
        build({"aggregation": "product", "weights": {"qed": -1.0}})


def test_a_users_function_sees_each_molecule_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    log = tmp_path / "asked"
    path.write_text(
        f"WEIGHTS = {{'size': 2.0}}\ndef size(smiles):\n"
        f"    with open({str(log)!r}, 'a') as log:\n        print(*smiles, file=log)\n"
        "    return [None if 'N' in one else len(one) for one in smiles]\n"
    )
    reward = build({"weights": {"valid": 1.0}}, path)
    assert reward.names == ("valid", "size")
    assert reward.weights.tolist() == [1, 2]
    batch = batch_of("OCC", "CCO", "CN", "C(")
    terms = reward(batch)
    # CCO twice, and the molecule without a number is paid as if it were none
    assert terms.sum(1).tolist() == [[1, 3], [1, 3], [0, 0], [0, 0]]
    assert reward.judge(batch).scored.tolist() == [True, True, False, False]
    assert log.read_text() == "CCO CN\n"


def test_a_users_function_that_is_left_out_is_not_called_and_is_added_later(tmp_path: Path) -> None:
    path, log = tmp_path / "mine.py", tmp_path / "asked"
    path.write_text(
        f"WEIGHTS = {{'size': 2.0}}\ndef size(smiles):\n"
        f"    with open({str(log)!r}, 'a') as log:\n        print(*smiles, file=log)\n"
        "    return [None if 'N' in one else len(one) for one in smiles]\n"
    )
    step = {"kind": "function", "weight": 2.0, "transform": {"kind": "step", "threshold": 3}}
    tables = {"weights": {"valid": 1.0}, "terms": {"size": step}, "invalid": -1.0}
    reward, whole = build(tables, path), build(tables, path)
    batch = batch_of("OCC", "CC", "CN", "C(")
    reward.leave_out(["valid", "size"])
    assert reward.left_out == {"size"}  # terms of molecules are computed together
    terms = reward(batch)
    assert terms.sum(1).tolist() == [[1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 0, 1]]
    assert not log.exists()
    assert reward.explain(batch)["size"].isnan().all()
    reward.leave_out([])
    assert torch.equal(reward.complete(batch, terms, {"size"}), whole(batch))
    assert whole(batch).sum(1).tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 1]]


def test_a_users_function_may_have_a_transform(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "WEIGHTS = {'size': 2.0}\ndef size(smiles):\n    return list(map(len, smiles))\n"
    )
    step = {"kind": "function", "transform": {"kind": "step", "threshold": 3}}
    reward = build({"terms": {"size": step}}, path)
    assert reward.weights.tolist() == [2]
    assert reward(batch_of("CC", "CCO")).sum(1).tolist() == [[0], [1]]


def test_an_external_program_is_a_term(tmp_path: Path) -> None:
    program = tmp_path / "score.py"
    program.write_text(
        "import json, sys\nfor line in sys.stdin:\n    print(len(json.loads(line)['smiles']))\n"
    )
    reward = build({"terms": {"size": {"kind": "program", "command": f"python3 {program}"}}})
    assert reward(batch_of("CC", "OCC", "C(")).sum(1).tolist() == [[2], [3], [0]]
    reward.close()


def test_repeats_cost_once_they_are_remembered() -> None:
    reward = build({"weights": {"valid": 1.0}, "diversity": {"repeat": 0.25}})
    assert reward.names == ("valid", "found_before")
    batch = batch_of("OCC", "CCO", "CN")
    assert np.all(reward.judge(batch).total == 1)
    reward.remember(batch_of("CCO", "C("))
    assert reward.judge(batch).total.tolist() == [0.75, 0.75, 1]
    other = build({"weights": {"valid": 1.0}, "diversity": {"repeat": 0.25}})
    other.restore(reward.state())
    assert torch.equal(other(batch), reward(batch))


def test_only_what_is_good_enough_is_remembered() -> None:
    reward = build({"weights": {"qed": 1.0}, "diversity": {"repeat": 1.0, "minimum": 0.5}})
    reward.remember(batch_of(ASPIRIN, "CCO"))  # .55 and .41
    assert reward.judge(batch_of(ASPIRIN, "CCO")).paid[:, 1].tolist() == [-1, 0]


def test_without_diversity_there_is_no_memory() -> None:
    reward = build({"weights": {"valid": 1.0}})
    reward.remember(batch_of("CCO"))
    assert list(reward.state()) == ["lost"]
    reward.restore({})
    assert reward.judge(batch_of("CCO")).total.tolist() == [1]


def test_what_has_no_number_is_counted_once_and_kept_with_the_memory(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "def mine(smiles):\n    return [None if 'N' in one else 1.0 for one in smiles]\n"
    )
    reward, again = (build({"weights": {"qed": 1.0}}, file) for _ in range(2))
    batch = batch_of("CCO", "CCN", "C(", "CCN")
    reward(batch)
    reward.remember(batch)  # judges once more, and counts nothing
    assert reward.report() == {"without_a_number": 2, "timeouts": 0, "failures": 0}
    again.restore(reward.state())
    again(batch)
    assert again.report()["without_a_number"] == 4


RADICALS = ["C[CH]C", "C[C]C", "CC[O]", "[CH2]", "C1CC[C]1"]
"""A radical, a carbene, an alkoxy radical, methylene, a free valence in a ring."""

SOUND = ["CCC", "C[N+](=O)[O-]", "[C-]#[O+]", "C[C@H](N)O", "[NH4+]", "O=O"]


def test_radicals_are_no_molecules_unless_they_are_allowed() -> None:
    strict = build({"weights": {"qed": 1.0}, "invalid": -1.0})
    counts = [1] * len(RADICALS + SOUND)
    judged = strict.judge_smiles([*RADICALS, *SOUND], counts)
    valid = [record.canonical is not None for record in judged.records]
    assert valid == [False] * len(RADICALS) + [True] * len(SOUND)
    assert judged.total[: len(RADICALS)].tolist() == [-1] * len(RADICALS)
    assert judged.lost == (0, 0, 0, len(RADICALS))
    lenient = build({"weights": {"qed": 1.0}, "limits": {"radicals": True}})
    judged = lenient.judge_smiles([*RADICALS, *SOUND], counts)
    assert all(record.canonical is not None for record in judged.records)
    assert judged.lost == (0, 0, 0, 0)


def test_a_free_valence_at_a_stereocentre_is_refused_too() -> None:
    found = "O=C1NC(=O)N(c2ccccc2)C(=O)[C@]1Cc1cccc(F)c1"
    (record,) = build({"weights": {"qed": 1.0}}).judge_smiles([found], [40]).records
    assert record.canonical is None
    assert record.radical


def test_refused_radicals_are_counted_and_kept() -> None:
    vocabulary = Vocabulary.of_tokens(["C", "[CH]"], "atoms")
    settings = MoleculeRewardSettings(weights={"qed": 1.0}, workers=0)
    reward, again = (settings.build(vocabulary) for _ in range(2))
    batch = SequenceBatch.from_lists([vocabulary.encode(one) for one in ("C[CH]C", "CC")])
    reward(batch)
    assert reward.report()["radicals"] == 1
    again.restore({"lost": torch.tensor([1, 2, 3])})  # of a run that did not count them
    again(batch)
    assert again.report() == {"without_a_number": 1, "timeouts": 2, "failures": 3, "radicals": 1}
