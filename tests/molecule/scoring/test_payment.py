"""What scores pay, by hand."""

import numpy as np
import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.scoring.payment import INVALID, SCORE, Payment
from sequence_tutor.molecule.terms import SA, MoleculeRecord, Qed, Term, Valid

TERMS: dict[str, Term] = {"valid": Valid(), "qed": Qed(), "sa": SA()}
WEIGHTS = {"valid": 1.0, "qed": 2.0, "sa": -0.5}
RECORDS = [MoleculeRecord(None, "", ()), MoleculeRecord("C", "", ())]
SCORED = np.array([False, True])
SCORES = np.array([[np.nan] * 3, [1.0, 0.5, 3.0]])


def test_a_sum_pays_every_score_and_what_is_no_molecule() -> None:
    payment = Payment(TERMS, WEIGHTS, invalid=-4.0)
    assert payment.names == ("valid", "qed", "sa", INVALID)
    assert payment.weights.tolist() == [1.0, 2.0, -0.5, -4.0]
    paid = payment(RECORDS, SCORED, SCORES, ())
    assert paid.tolist() == [[0.0, 0.0, 0.0, 1.0], [1.0, 0.5, 3.0, 0.0]]
    assert (paid @ payment.weights).tolist() == [-4.0, 1.0 + 1.0 - 1.5]
    assert payment(RECORDS, SCORED, SCORES, {"sa"})[1].tolist() == [1.0, 0.5, 0.0, 0.0]
    assert payment.shares == {}
    assert payment.wanted == {"qed": 1.0, "sa": -1.0}
    assert payment.better["mean_qed"] == "higher"
    assert payment.better["mean_sa_penalty"] == payment.better["mean_sa_score"] == "lower"
    assert payment.better["mean_logp"] is None


def test_a_mean_is_the_one_term_that_is_learned_from() -> None:
    weights = {"valid": 0.0, "qed": 2.0, "sa": 1.0}
    payment = Payment(TERMS, weights, aggregation="arithmetic")
    assert payment.names == ("valid", "qed", "sa", SCORE)
    assert payment.weights.tolist() == [0.0, 0.0, 0.0, 1.0]
    paid = payment(RECORDS, SCORED, SCORES, ())
    assert paid[1].tolist() == pytest.approx([1.0, 0.5, 3.0, (2 * 0.5 + 3) / 3])
    assert payment(RECORDS, SCORED, SCORES, {"sa"})[1, 3] == pytest.approx(0.5)
    payment.share({"valid": 1.0, "qed": 1.0, "sa": 0.0})
    assert payment.shares == {"valid": 1.0, "qed": 1.0, "sa": 0.0}
    assert payment(RECORDS, SCORED, SCORES, ())[1, 3] == pytest.approx((1 + 0.5) / 2)
    with pytest.raises(UserError, match=r"weight of 'sa' is -0\.5"):
        payment.share(WEIGHTS)
