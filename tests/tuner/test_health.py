from sequence_tutor.run_log import Record
from sequence_tutor.tuner.health import diagnose
from sequence_tutor.tuner.settings import HealthSettings


def record(**changes: object) -> Record:
    return {"distinct": 1.0, "kl_to_prior_per_token": 0.3, "loss": 1.0, **changes}


def test_a_healthy_run_has_no_warning() -> None:
    assert diagnose([]) == []
    assert diagnose([record(), record(loss=5.0)]) == []


def test_each_sickness_has_its_name() -> None:
    assert diagnose([record(distinct=0.2)])[0].startswith("collapse: only 20%")
    assert diagnose([record(kl_to_prior_per_token=3.0)])[0].startswith("KL running away: 3.00")
    assert diagnose([record(), record(loss=50.0)])[0].startswith("loss diverging: 50 after 1")


def test_a_drop_of_the_valid_share_is_named_where_there_is_such_a_term() -> None:
    shares = [record(reward_terms={"valid": share}) for share in (0.6, 0.93, 0.84)]
    assert diagnose(shares) == []
    shares.append(record(reward_terms={"valid": 0.62}))
    (warning,) = diagnose(shares)
    assert warning.startswith("validity drop: 62% of the sampled sequences are valid after 93%")
    assert diagnose(shares, HealthSettings(share_term="ring")) == []
    assert diagnose(shares, HealthSettings(share_drop=0.5)) == []


def test_a_run_in_which_nothing_can_be_scored_says_so() -> None:
    (warning,) = diagnose([record(reward_terms={"valid": 0.0})])
    assert warning.startswith("no sampled sequence was valid so far, or none could be scored")


def test_limits_are_settings() -> None:
    sick = record(distinct=0.2, kl_to_prior_per_token=3.0)
    assert len(diagnose([sick])) == 2
    assert diagnose([sick], HealthSettings(distinct=0.1, kl_per_token=4.0)) == []
