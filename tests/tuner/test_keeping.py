"""The policy of the best stretch: worked by hand, and the same after an interruption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from kit import KilledError, silent, toy_task
from sequence_tutor.config.aims import parse_aims
from sequence_tutor.domain.rows import SHARE
from sequence_tutor.errors import UserError
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy.rows import ToyRows
from sequence_tutor.tuner.aimed_rows import bounds_of
from sequence_tutor.tuner.bound_features import features
from sequence_tutor.tuner.callbacks import Callback, Evaluated
from sequence_tutor.tuner.extensions import Extensions
from sequence_tutor.tuner.keeping import Keeping
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.multipliers import Multipliers
from sequence_tutor.tuner.settings import TuneSettings


def multipliers() -> Multipliers:
    """Half of the sequences are heads, as many tails; one bound is tight, the other is slack."""
    bounds = bounds_of(parse_aims({"heads": ">= 60 %", "tails": ">= 10 %"}))
    heads = (torch.arange(1000) < 500).double()
    ones = torch.ones_like(heads)
    counts = torch.stack([heads, ones, 1 - heads, ones], 1)
    rows = {"heads": SHARE, "tails": SHARE}
    return Multipliers(bounds, rows, counts, features(bounds, counts, None))


def kept_of(shares: Sequence[float], begun: float = 0.5, collections: int = 2) -> list[float]:
    """The weight and the multipliers kept where collection n has weight n and multipliers n."""
    found, network = multipliers(), nn.Linear(1, 1, bias=False)
    keeping = Keeping(network, found, collections)
    for number, share in enumerate(shares):
        with torch.no_grad():
            network.weight.fill_(number)
        found.values = torch.full((2,), float(number), dtype=torch.float64)
        keeping.follow(torch.tensor([share, 1.0, 1 - share, 1.0]).double(), number, begun)
    keeping.put_back()
    return [network.weight.item(), *found.values.tolist()]


def test_the_worst_miss_by_hand() -> None:
    # a share of .5 has the standard deviation .5
    found = multipliers()
    spread = torch.tensor([0.0, 1.0, 1.0, 0.0]).var(0).item() ** 0.5 * 0.75**0.5
    assert spread == pytest.approx(0.5)
    for share, worst in ((0.5, 0.2), (0.6, 0.0), (0.7, -0.2), (0.95, 0.1)):
        mean = torch.tensor([share, 1.0, 1 - share, 1.0]).double()
        assert found.worst(mean) == pytest.approx(worst, abs=1e-3)
    assert found.worst(torch.zeros(4).double()) == torch.inf  # nothing was counted


def test_the_best_stretch_is_kept_with_its_multipliers() -> None:
    # means .58, .665, .67, .645, .70 and .82, of which .70 is farthest from both bounds
    shares = [0.50, 0.66, 0.67, 0.67, 0.62, 0.78, 0.86]
    assert kept_of(shares) == [4.5, 4.5, 4.5]


def test_a_stretch_begins_in_the_middle_of_the_one_before() -> None:
    # stretches of 0..3, 2..5, 4..7: means .50, .60, .65
    shares = [0.40, 0.40, 0.60, 0.60, 0.60, 0.60, 0.70, 0.70]
    assert kept_of(shares, collections=4) == [5.5, 5.5, 5.5]
    assert kept_of(shares[:6], collections=4) == [3.5, 3.5, 3.5]


def test_the_last_policy_stays_where_no_stretch_is_complete() -> None:
    assert kept_of([0.7, 0.5], collections=3) == [1.0, 1.0, 1.0]


def test_what_came_before_the_second_half_is_no_candidate() -> None:
    assert kept_of([0.7, 0.7, 0.5], begun=0.49) == [2.0, 2.0, 2.0]


def settings(**changes: object) -> TuneSettings:
    given = {
        "aims": {"token_2": ">= 40 %", "token_0": "<= 90 %"},
        "aims_alone": True,
        "aims_keep": 4,
        "batch": 32,
        "collect": 64,
        "collect_every": 2,
        "steps": 60,
        "evaluate_every": 20,
        "evaluate_samples": 256,
        "replay": {"capacity": 1024},
        "optimiser": {"learning_rate": 0.01},
        **changes,
    }
    return TuneSettings.model_validate(given)


def tuner(folder: Path, chosen: TuneSettings) -> Tuner:
    return Tuner(toy_task(), chosen, folder, rows=ToyRows(4))


def weights(made: Tuner) -> list[Tensor]:
    return [one.clone() for one in made.learner.averaged.parameters()]


@pytest.mark.parametrize("average", [0.0, 10.0])
def test_a_resumed_run_keeps_the_same_policy(tmp_path: Path, average: float) -> None:
    chosen = settings(optimiser={"learning_rate": 0.01, "average": average})
    whole = tuner(tmp_path / "whole", chosen)
    whole.run(silent)
    last = tuner(tmp_path / "last", settings(**{**chosen.model_dump(), "aims_keep": 0}))
    last.run(silent)
    assert any(not torch.equal(a, b) for a, b in zip(weights(whole), weights(last), strict=True))

    def kill(_n: int = 1, /, **_live: float | str) -> None:
        if killed.step == 47:
            raise KilledError

    killed = tuner(tmp_path / "killed", chosen)
    with pytest.raises(KilledError):
        killed.run(kill)
    resumed = tuner(tmp_path / "killed", chosen)
    assert resumed.step == 40
    resumed.run(silent)
    for mine, theirs in zip(weights(resumed), weights(whole), strict=True):
        assert torch.equal(mine, theirs)
    own, other = resumed.log.records[-1], whole.log.records[-1]
    assert own["aims"] == other["aims"]
    assert own["kept"] == other["kept"]
    assert own["kept"][1] - own["kept"][0] == 6  # four collections, two updates apart


class Dear:
    """Pays nothing, and each score costs much. Satisfies `Reward` and `KeepsScores`."""

    names = ("ones",)
    weights = torch.ones(1, dtype=torch.float64)
    is_expensive = True

    def __call__(self, batch: SequenceBatch) -> Tensor:
        return torch.zeros(*batch.tokens.shape, 1, dtype=torch.float64)

    def keep_scores(self, folder: Path) -> None:
        pass


def test_the_last_policy_is_kept_and_said_where_each_score_costs_much(tmp_path: Path) -> None:
    said: list[str] = []
    task = replace(toy_task(), reward=Dear())
    made = Tuner(task, settings(), tmp_path, said.append, rows=ToyRows(4))
    assert made.steering.keeping is None
    assert any("aims_keep = 4 has no effect" in one for one in said)


def test_a_new_stage_forgets_what_met_the_aims_before(tmp_path: Path) -> None:
    made = tuner(tmp_path, settings())
    made.run(silent)
    assert made.steering.keeping is not None
    assert "best.collections" in made.steering.keeping.state()
    made.steering.begin_stage()
    assert "best.collections" not in made.steering.keeping.state()


def staged(*stages: dict[str, object], **changes: object) -> TuneSettings:
    """Aims alone pay nothing else, so a stage that may stall does so at its second evaluation."""
    return settings(stages=stages, **changes)


Stages = tuple[dict[str, object], dict[str, object]]
STALLS: dict[str, object] = {"until_stalled": 1}
EARLY: list[Stages] = [
    ({"steps": 400, **STALLS}, {"steps": 60, **STALLS}),  # 40 of 400 updates, then 40 of 60
    ({"steps": 400, **STALLS}, {"steps": 40}),  # the second one whole
    ({"steps": 40}, {"steps": 60, **STALLS}),
]


@pytest.mark.parametrize("stages", EARLY)
def test_a_stage_that_ends_early_keeps_its_own_best_stretch(
    tmp_path: Path, stages: Sequence[dict[str, object]]
) -> None:
    made = tuner(tmp_path, staged(*stages))
    seen: dict[int, list[Tensor]] = {}  # updates made -> the weights that sample then

    def note(_n: int = 1, /, **_live: float | str) -> None:
        seen[made.step] = weights(made)

    made.run(note)
    *_, before, last = made.log.records
    assert made.step == last["step"] == 80
    begun, ended = last["kept"]
    assert begun >= 40  # where the second stage began
    assert ended == begun + 6
    sampled = [seen[step] for step in range(begun, ended + 1, 2)]
    kept = [torch.stack(one).mean(0) for one in zip(*sampled, strict=True)]
    for mine, expected in zip(weights(made), kept, strict=True):
        torch.testing.assert_close(mine, expected)
    if "until_stalled" in stages[1]:  # what ended the run is of the last policy
        assert before["step"] == 80
        assert "kept" not in before
        assert before["kl_to_prior_per_token"] != last["kl_to_prior_per_token"]
    assert last["stage"] == "2"


def test_a_run_killed_before_the_last_line_of_its_best_policy_ends_the_same(tmp_path: Path) -> None:
    class Kill(Callback):
        def evaluated(self, moment: Evaluated) -> None:
            if "kept" in moment.records[-1]:
                raise UserError("killed")

    chosen = staged(*EARLY[0])
    whole = tuner(tmp_path / "whole", chosen)
    whole.run(silent)
    killed = Tuner(
        *(toy_task(), chosen, tmp_path / "killed"),
        rows=ToyRows(4),
        extensions=Extensions(callbacks=[Kill()]),
    )
    with pytest.raises(UserError, match="killed"):
        killed.run(silent)
    resumed = tuner(tmp_path / "killed", chosen)
    assert resumed.step == 80
    resumed.run(silent)
    for mine, theirs in zip(weights(resumed), weights(whole), strict=True):
        assert torch.equal(mine, theirs)
    for own, other in zip(resumed.log.records, whole.log.records, strict=True):
        assert {**own, "seconds": 0} == {**other, "seconds": 0}


def test_the_last_policy_of_a_stage_too_short_for_a_stretch_is_kept_and_said(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    chosen = staged({"steps": 60}, {"steps": 400, **STALLS}, aims_keep=25)
    made = Tuner(toy_task(), chosen, tmp_path, said.append, rows=ToyRows(4))
    made.run(silent)
    assert made.step == 100  # the stretch that the first stage would have had is none of its own
    assert "kept" not in made.log.records[-1]
    assert sum("aims_keep = 25: the run ended before" in one for one in said) == 1


def test_a_callback_that_ends_the_run_has_its_policy_as_it_is(tmp_path: Path) -> None:
    class Enough(Callback):
        def evaluated(self, moment: Evaluated) -> bool:
            return moment.step == 40

    extensions = Extensions(callbacks=[Enough()])
    made = Tuner(toy_task(), settings(), tmp_path, rows=ToyRows(4), extensions=extensions)
    made.run(silent)
    assert made.step == 40
    assert "kept" not in made.log.records[-1]


def test_a_stage_that_stops_early_leaves_the_goals_the_rest_of_the_run(tmp_path: Path) -> None:
    chosen = settings(
        aims={"token_2": ">= 80 %"}, stages=[{"steps": 900, **STALLS}, {"steps": 80}], seed=1
    )
    made = tuner(tmp_path / "whole", chosen)
    made.run(silent)
    assert made.course.done(made.step) == 1
    last = made.log.records[-1]
    assert last["step"] == 120
    # 40 of 980 updates were made, so that half of the run is done where (.5 - 40 / 980) /
    # (1 - 40 / 980) of the 80 are: after 38.3
    assert last["kept"][0] >= 80
    (entry,) = last["aims"].values()
    assert entry["prior"] == pytest.approx(0.305, abs=0.02)
    assert entry["goal"] > 0.8
    assert entry["met"]

    def kill(_n: int = 1, /, **_live: float | str) -> None:
        if killed.step == 93:
            raise KilledError

    killed = tuner(tmp_path / "killed", chosen)
    with pytest.raises(KilledError):
        killed.run(kill)
    resumed = tuner(tmp_path / "killed", chosen)
    assert resumed.step == 80
    assert resumed.course.done(80) == pytest.approx(40 / 980 + 940 / 980 * 40 / 80)
    resumed.run(silent)
    for mine, theirs in zip(weights(resumed), weights(made), strict=True):
        assert torch.equal(mine, theirs)
    assert resumed.log.records[-1]["aims"] == last["aims"]


def test_aims_that_are_met_end_no_run_before_its_last_stage(tmp_path: Path) -> None:
    stages = [{"steps": 60}, {"steps": 60}]
    easy = {"token_2": ">= 1 %"}
    made = tuner(tmp_path, settings(aims=easy, aims_keep=0, evaluate_every=10, stages=stages))
    made.run(silent)
    assert all(own["met"] for one in made.log.records for own in one["aims"].values())
    # The first three evaluations of the last stage are at 70, 80 and 90.
    assert [made.log.records[-1][name] for name in ("stage", "step")] == ["2", 90]
