from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from kit import kill_fork_once_there, silent, toy_task
from sequence_tutor.domain.gathering import Collected
from sequence_tutor.errors import UserError
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.checkpoints import load_checkpoint
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.loop import STATE_FILE, Tuner
from sequence_tutor.tuner.settings import TuneSettings


def quick(**changes: object) -> TuneSettings:
    given = {
        "c": 1.0,
        "steps": 60,
        "batch": 16,
        "collect": 16,
        "collect_every": 2,
        "evaluate_every": 20,
        "evaluate_samples": 64,
        "replay": {"capacity": 100},
        **changes,
    }
    return TuneSettings.model_validate(given)


class CountOfOnes:
    """Pays 1 for every token 1: the trivial task."""

    names = ("ones",)
    weights = torch.ones(1, dtype=torch.float64)

    def __call__(self, batch: SequenceBatch) -> torch.Tensor:
        return ((batch.tokens == 1) & batch.mask).double()[:, :, None]


FORMS: list[dict[str, object]] = [
    {"n_steps": 1, "paths": "every", "eta": 0.2},
    {"n_steps": "all", "paths": "every"},
    {"n_steps": "all", "paths": "whole"},
]


@pytest.mark.parametrize(
    "algorithm",
    ["psi", *(pytest.param(name, marks=pytest.mark.long) for name in ("g", "q")), "rl-only"],
)
@pytest.mark.parametrize(
    "form",
    [
        pytest.param(FORMS[0], marks=pytest.mark.long, id="one-step"),
        pytest.param(FORMS[1], marks=pytest.mark.long, id="every"),
        pytest.param(FORMS[2], id="whole"),
    ],
)
def test_every_algorithm_learns_the_trivial_task(
    algorithm: str, form: dict[str, object], tmp_path: Path
) -> None:
    toy = make_toy(0, length=4, width=16)
    settings = quick(
        algorithm=algorithm,
        c=0.3,
        steps=150,
        evaluate_every=150,
        evaluate_samples=512,
        optimiser={"learning_rate": 0.05},
        **form,
    )
    tuner = Tuner(Task(toy.prior, CountOfOnes(), 4), settings, tmp_path)
    tuner.run(silent)
    before, after = (record["reward_per_sequence"] for record in tuner.log.records)
    assert after > 3.0 > before  # of at most 4


@pytest.mark.parametrize(
    "algorithm", ["psi", *(pytest.param(name, marks=pytest.mark.long) for name in ("g", "q"))]
)
def test_same_seed_same_result_and_another_seed_another(algorithm: str, tmp_path: Path) -> None:
    runs = [
        Tuner(toy_task(), quick(algorithm=algorithm, seed=seed), tmp_path / str(place))
        for place, seed in enumerate((3, 3, 4))
    ]
    tokens = torch.tensor([[0, 1, 2, 3]])
    first, again, other = (run.run(silent).sequence_log_probs(tokens) for run in runs)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_evaluation_leaves_training_untouched(tmp_path: Path) -> None:
    tokens = torch.tensor([[0, 1, 2, 3]])
    often, rarely = (
        Tuner(toy_task(), quick(evaluate_every=every), tmp_path / str(every))
        .run(silent)
        .sequence_log_probs(tokens)
        for every in (5, 60)
    )
    assert torch.equal(often, rarely)


def test_exploration_is_annealed_by_updates_and_not_by_evaluation(tmp_path: Path) -> None:
    settings = quick(
        exploration={"kind": "epsilon-greedy", "begin": 1.0, "end": 0.0, "anneal": 0.5}
    )
    tuner = Tuner(toy_task(), settings, tmp_path)
    tuner.run(silent)
    strengths = [record["exploration"] for record in tuner.log.records]
    assert strengths == pytest.approx([1.0, 1 - 18 / 30, 0.0, 0.0])


class PaysOnce(CountOfOnes):
    """Remembers every sequence of the run, and pays for new ones only. Satisfies `Remembers`."""

    def __init__(self) -> None:
        self.known = torch.zeros(0, 5, dtype=torch.int64)

    def __call__(self, batch: SequenceBatch) -> torch.Tensor:
        rows = self.rows(batch)
        is_new = ~(rows[:, None] == self.known[None]).all(2).any(1)  # (B,)
        return super().__call__(batch) * is_new[:, None, None]

    def rows(self, batch: SequenceBatch) -> torch.Tensor:
        return torch.cat([batch.tokens, batch.lengths[:, None]], 1)

    def remember(self, batch: SequenceBatch) -> None:
        self.known = torch.cat([self.known, self.rows(batch)]).unique(dim=0)

    def state(self) -> dict[str, torch.Tensor]:
        return {"known": self.known}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        self.known = state["known"]


class Lines:
    """Writes a line for each sequence collected. Satisfies `Gatherer`."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("a+", encoding="utf-8")

    def gather(self, collected: Collected) -> None:
        for tokens, paid, prior, policy in zip(
            collected.batch.to_lists(),
            collected.terms.sum((1, 2)).tolist(),
            collected.log_prior.tolist(),
            collected.log_policy.tolist(),
            strict=True,
        ):
            self.file.write(f"{collected.step} {tokens} {paid} {prior:.9g} {policy:.9g}\n")

    def state(self) -> dict[str, torch.Tensor]:
        self.file.flush()
        return {"end": torch.tensor(self.file.tell())}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        self.file.truncate(int(state["end"]))

    def close(self) -> None:
        self.file.close()


LONGER = quick(
    steps=150,
    evaluate_every=20,
    n_steps=1,
    paths="every",
    exploration={"regrow": 0.25},
    replay={"capacity": 100, "priority": "step"},
    stages=[{"c": 2.0, "steps": 90}, {"weights": {"ones": 2.0}}],
)


def longer(folder: Path) -> None:
    """A run with everything there is to save; ends where its settings say."""
    toy = make_toy(0, length=4, width=16)
    lines = Lines(folder / "found.txt")
    task = Task(toy.prior, PaysOnce(), 4, end_token=3, prefix=(1,))
    Tuner(task, LONGER, folder, gatherer=lines, seeds=[[1, 1, 1, 1]]).run(silent)
    lines.close()


def test_a_killed_run_goes_on_and_ends_the_same_bit_for_bit(tmp_path: Path) -> None:
    interrupted, whole = tmp_path / "interrupted", tmp_path / "whole"
    interrupted.mkdir()
    whole.mkdir()
    kill_fork_once_there(interrupted / STATE_FILE, lambda: longer(interrupted))
    killed_at = read_log(interrupted / LOG_FILE)[-1]["step"]
    assert 0 < killed_at < 240

    for folder in (interrupted, whole):
        longer(folder)
    found = [(folder / "found.txt").read_text() for folder in (interrupted, whole)]
    assert found[0] == found[1]
    assert len(found[0].splitlines()) == 16 * 240 / 2
    resumed, uninterrupted = (load_checkpoint(f / STATE_FILE)[0] for f in (interrupted, whole))
    assert resumed.keys() == uninterrupted.keys()
    assert {"sampler.priorities", "reward.known", "gatherer.end"} <= resumed.keys()
    for name, tensor in resumed.items():
        assert torch.equal(tensor, uninterrupted[name]), name
    logs = [read_log(folder / LOG_FILE) for folder in (interrupted, whole)]
    for log in logs:
        for record in log:
            del record["seconds"]
    assert logs[0] == logs[1]


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    Tuner(toy_task(), quick(), tmp_path).run(silent)
    with pytest.raises(UserError, match="other settings"):
        Tuner(toy_task(), quick(c=2.0), tmp_path)


def test_a_reward_that_is_not_a_number_stops_with_its_name(tmp_path: Path) -> None:
    class Broken(CountOfOnes):
        def __call__(self, batch: SequenceBatch) -> torch.Tensor:
            return super().__call__(batch).log()

    toy = make_toy(0, length=4, width=16)
    with pytest.raises(UserError, match="'ones'"):
        Tuner(Task(toy.prior, Broken(), 4), quick(), tmp_path).run(silent)


def test_a_resumed_run_logs_the_exploration_of_its_last_collection(tmp_path: Path) -> None:
    settings = quick(
        collect_every=50,
        exploration={"kind": "epsilon-greedy", "begin": 1.0, "end": 0.0, "anneal": 1.0},
    )

    class Killed(Exception):  # noqa: N818 # what stops the run is no error of it
        pass

    def stop_at_45(_n: int = 1, /, **_live: float | str) -> None:
        if tuner.step == 45:
            raise Killed

    tuner = Tuner(toy_task(), settings, tmp_path)
    with pytest.raises(Killed):
        tuner.run(stop_at_45)
    tuner = Tuner(toy_task(), settings, tmp_path)
    assert tuner.step == 40
    assert tuner.supply.exploration.strength == 1.0
    tuner.run(silent)
    assert tuner.log.records[-1]["exploration"] == pytest.approx(1 - 50 / 60)


def test_a_gradient_that_overflows_stops_with_the_last_checkpoint_intact(tmp_path: Path) -> None:
    class Enormous(CountOfOnes):
        weights = torch.full((1,), 1e19, dtype=torch.float64)

    toy = make_toy(0, length=4, width=16)
    tuner = Tuner(Task(toy.prior, Enormous(), 4), quick(n_steps=1, paths="every"), tmp_path)
    with pytest.raises(UserError, match=r"diverged at step 0: the loss is .*, its gradient inf"):
        tuner.run(silent)
    assert all(bool(weight.isfinite().all()) for weight in tuner.learner.values.parameters())


def test_exploration_is_logged_only_where_it_is_used(tmp_path: Path) -> None:
    tuner = Tuner(toy_task(), quick(steps=2), tmp_path)
    tuner.run(silent)
    assert all("exploration" not in record for record in tuner.log.records)


def test_what_is_collected_is_handed_over_with_its_likelihoods(tmp_path: Path) -> None:
    class Keeps:
        def gather(self, collected: Collected) -> None:
            kept.append(collected)

        def state(self) -> dict[str, torch.Tensor]:
            return {}

        def restore(self, state: Mapping[str, torch.Tensor]) -> None:
            raise NotImplementedError("this run is not resumed")

        def close(self) -> None:
            pass

    kept: list[Collected] = []
    toy = make_toy(0, length=4, width=16)
    reward = PaysOnce()
    task = Task(toy.prior, reward, 4, end_token=3)
    tuner = Tuner(task, quick(steps=5), tmp_path, gatherer=Keeps())
    tuner.run(silent)
    assert [collected.step for collected in kept] == [0, 2, 4]
    first = kept[0]  # of the untouched policy, which is the prior
    torch.testing.assert_close(first.log_policy, first.log_prior, rtol=1e-4, atol=1e-4)
    log_probs = toy.prior.sequence_log_probs(first.batch.tokens)
    by_hand = [
        sum(float(log_probs[row, t, token]) for t, token in enumerate(tokens))
        for row, tokens in enumerate(first.batch.to_lists())
    ]
    assert first.log_prior.tolist() == pytest.approx(by_hand, rel=1e-5)
    # scored before it was remembered, remembered before the next is scored
    assert torch.equal(first.terms, CountOfOnes()(first.batch))
    assert float(reward(first.batch).abs().sum()) == 0


def test_seeds_are_in_replay_before_the_first_update(tmp_path: Path) -> None:
    tuner = Tuner(toy_task(), quick(steps=1), tmp_path, seeds=[[1, 2, 3, 0], [1, 1, 1, 1]])
    tuner.run(silent)
    stored = tuner.supply.replay.read(torch.arange(2))
    assert stored.batch.to_lists() == [[1, 2, 3, 0], [1, 1, 1, 1]]
    torch.testing.assert_close(stored.terms, toy_task().reward(stored.batch).float())


def test_every_sequence_begins_with_the_prefix_and_only_the_rest_is_counted(
    tmp_path: Path,
) -> None:
    toy = make_toy(0, length=4, width=16)
    task = Task(toy.prior, toy.reward, 4, prefix=(2, 1))
    tuner = Tuner(task, quick(steps=4), tmp_path)
    tuner.run(silent)
    stored = tuner.supply.replay.read(torch.arange(len(tuner.supply.replay))).batch.tokens
    assert stored[:, :2].unique(dim=0).tolist() == [[2, 1]]
    assert tuner.transitions == 4 * 16 * 2


def test_stages_follow_each_other_in_one_run_and_one_replay(tmp_path: Path) -> None:
    stages = [{"name": "a", "until_reward": -1e9}, {"name": "b", "weights": {"pair": 0.0}}]
    tuner = Tuner(toy_task(), quick(stages=stages, replay={"capacity": 1000}), tmp_path)
    tuner.run(silent)
    log = [(record["step"], record["stage"]) for record in tuner.log.records]
    assert log == [(0, "a"), (20, "a"), (40, "b"), (60, "b"), (80, "b")]
    assert len(tuner.supply.replay) == 80 / 2 * 16
    last = tuner.log.records[-1]
    assert last["reward_per_sequence"] == pytest.approx(last["reward_terms"]["prefix"])
    # a run that is over stays so
    again = Tuner(toy_task(), quick(stages=stages, replay={"capacity": 1000}), tmp_path)
    again.run(silent)
    assert again.step == 80


def test_a_sick_run_stops_with_its_last_checkpoint_intact(tmp_path: Path) -> None:
    """A pull toward one sequence, which a limit of KL stops once it is strong."""
    toy = make_toy(0, length=4, width=16)
    settings = quick(
        c=0.05,
        steps=400,
        evaluate_every=1,
        optimiser={"learning_rate": 0.02, "warm_up": 50},
        health={"stop": True, "kl_per_token": 0.1, "distinct": 0.0, "loss_growth": 1e9},
    )
    tuner = Tuner(Task(toy.prior, CountOfOnes(), 4), settings, tmp_path)
    with pytest.raises(UserError, match=r"stopped at step \d+ because .*: KL running away: 0\."):
        tuner.run(silent)
    info = load_checkpoint(tmp_path / STATE_FILE)[1]
    assert info["step"] == tuner.step - 1
    last = read_log(tmp_path / LOG_FILE)[-1]
    assert last["step"] == tuner.step
    assert last["warnings"]


def test_the_loss_of_a_policy_gradient_stops_no_run(tmp_path: Path) -> None:
    """It is a weighted log-likelihood: below 0 half of the time, and never a measure of success."""
    policy_gradient = quick(
        algorithm="reinforce-kl",
        steps=40,
        evaluate_every=2,
        batch=32,
        collect=32,
        collect_every=1,
        replay={"capacity": 32, "fresh": 1.0},
        health={"stop": True, "loss_growth": 1.01},
    )
    tuner = Tuner(toy_task(), policy_gradient, tmp_path)
    tuner.run(silent)
    losses = [record["loss"] for record in read_log(tmp_path / LOG_FILE)[1:]]
    assert losses[-1] > 1.01 * min(losses)


def test_a_warning_that_lasts_is_logged_each_time_and_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    settings = quick(health={"kl_per_token": 1e-9}, steps=20, evaluate_every=5)
    Tuner(toy_task(), settings, tmp_path, said.append).run(silent)
    logged = [record["warnings"] for record in read_log(tmp_path / LOG_FILE)]
    assert len(logged) == 5
    assert logged[0] == []  # the untouched policy is the prior
    assert all(any("KL" in warning for warning in warnings) for warnings in logged[1:])
    assert len([warning for warning in said if "KL" in warning]) == 1
