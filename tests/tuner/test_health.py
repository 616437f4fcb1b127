from sequence_tutor.tuner.health import diagnose


def record(**changes: float) -> dict[str, float]:
    return {"distinct": 1.0, "kl_to_prior_per_token": 0.3, "loss": 1.0, **changes}


def test_a_healthy_run_has_no_warning() -> None:
    assert diagnose([]) == []
    assert diagnose([record(), record(loss=5.0)]) == []


def test_each_sickness_has_its_name() -> None:
    assert diagnose([record(distinct=0.2)])[0].startswith("collapse: only 20%")
    assert diagnose([record(kl_to_prior_per_token=3.0)])[0].startswith("KL running away: 3.00")
    assert diagnose([record(), record(loss=50.0)])[0].startswith("loss diverging: 50 after 1")
