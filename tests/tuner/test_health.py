import math

from sequence_tutor.storage.run_log import Record
from sequence_tutor.tuner.health import diagnose
from sequence_tutor.tuner.health_settings import HealthSettings


def record(**changes: object) -> Record:
    return {"distinct": 1.0, "kl_to_prior_per_token": 0.3, "loss": 1.0, **changes}


def test_a_healthy_run_has_no_warning() -> None:
    assert diagnose([]) == []
    assert diagnose([record(), record(loss=5.0)]) == []


def test_each_fault_has_its_name() -> None:
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


def test_a_fence_that_lets_nothing_in_is_named() -> None:
    (warning,) = diagnose([record(reward_terms={"outside": -1.0})])
    assert warning.startswith("every sampled sequence is outside the fence, so that none is scored")
    assert diagnose([record(reward_terms={"outside": -0.999})]) == []


def test_limits_are_settings() -> None:
    sick = record(distinct=0.2, kl_to_prior_per_token=3.0)
    assert len(diagnose([sick])) == 2
    assert diagnose([sick], HealthSettings(distinct=0.1, kl_per_token=4.0)) == []


def test_a_loss_that_grows_because_c_falls_is_healthy() -> None:
    falling = [
        record(loss=0.156, learning_c=200.0, c=8.0),
        record(loss=3.34, learning_c=20.0, c=8.0),
    ]
    assert diagnose(falling) == []
    falling.append(record(loss=30.0, learning_c=8.0, c=8.0))
    assert diagnose(falling) == []
    falling.append(record(loss=700.0, learning_c=8.0, c=8.0))
    (warning,) = diagnose(falling)
    assert warning.startswith("loss diverging: 700 after 3.34 at c = 20;")


def test_a_loss_that_grows_because_multipliers_rise_is_healthy() -> None:
    def aimed(loss: float, *multipliers: float) -> Record:
        aims = {f"row {place}": {"multiplier": one} for place, one in enumerate(multipliers)}
        return record(loss=loss, aims=aims)

    rising = [aimed(0.01, 0.0, 0.0), aimed(0.1, 0.5, -0.4), aimed(2.0, 9.0, -1.0)]
    assert diagnose(rising[:2]) == []
    assert diagnose(rising) == []
    rising.append(aimed(72.0, 12.0, -1.5))  # 13.5 / 10 squared is 1.8225, and 20 x 2 x that 72.9
    assert diagnose(rising) == []
    rising[-1] = aimed(73.0, 12.0, -1.5)
    (warning,) = diagnose(rising)
    assert warning.startswith("loss diverging: 73 after 2;")


def test_a_loss_that_grows_by_more_than_multipliers_explain_is_sick() -> None:
    def aimed(loss: float, multiplier: float) -> Record:
        return record(loss=loss, aims={"row": {"multiplier": multiplier}})

    assert diagnose([aimed(0.01, 1.0), aimed(1.79, 3.0)]) == []  # 20 x 9 x .01 is 1.8
    (warning,) = diagnose([aimed(0.01, 1.0), aimed(1.81, 3.0)])
    assert warning.startswith("loss diverging: 1.81 after 0.01;")
    # Multipliers that fall excuse nothing, and those that rise from 0 anything.
    assert diagnose([aimed(0.1, 3.0), aimed(1.9, 1.0)]) == []
    assert len(diagnose([aimed(0.1, 3.0), aimed(2.1, 1.0)])) == 1
    assert diagnose([aimed(1e-9, 0.0), aimed(2.0, 0.1)]) == []


def test_losses_of_other_stages_are_no_measure() -> None:
    assert diagnose([record(loss=0.01, stage="1"), record(loss=5.0, stage="2")]) == []


def test_what_was_asked_for_is_no_fault() -> None:
    far = record(kl_to_prior_per_token=5.0)
    assert diagnose([far], expected_kl=math.inf) == []
    assert diagnose([far], expected_kl=4.5) == []
    assert diagnose([far], expected_kl=4.0)[0].startswith("KL running away")


def test_a_small_problem_has_few_sequences_from_the_beginning() -> None:
    first = record(distinct=0.1, step=0)
    assert diagnose([first]) == []
    assert diagnose([first, record(distinct=0.08, step=500)]) == []
    (warning,) = diagnose([first, record(distinct=0.01, step=500)])
    assert warning.startswith("collapse: only 1% of the sampled sequences are distinct after 10%")


def test_an_opening_that_has_taken_over_is_named_beside_the_priors() -> None:
    first = record(commonest_opening=0.14, step=0)
    assert diagnose([first, record(commonest_opening=0.45)]) == []
    (warning,) = diagnose([first, record(commonest_opening=0.87)], opening="rhythm of bar 1")
    assert warning.startswith(
        "one rhythm of bar 1 has taken over: 87% of the sampled sequences share it (prior: 14%)"
    )
    (warning,) = diagnose([first, record(commonest_opening=0.87)], real="real tunes: 17%")
    assert "(prior: 14%, real tunes: 17%)" in warning
    usual = [record(commonest_opening=0.6, step=0), record(commonest_opening=0.9)]
    assert diagnose(usual) == []  # the prior writes little else
    assert diagnose([first, record(commonest_opening=0.87)], HealthSettings(opening=0.9)) == []
