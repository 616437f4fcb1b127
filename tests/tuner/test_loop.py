import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from sequence_tutor.checkpoints import load_checkpoint
from sequence_tutor.errors import UserError
from sequence_tutor.measure import Task
from sequence_tutor.run_log import read_log
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.algorithms import ALGORITHMS
from sequence_tutor.tuner.loop import LOG_FILE, STATE_FILE, Tuner
from sequence_tutor.tuner.settings import AlgorithmName, TuneSettings


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


def toy_task() -> Task:
    toy = make_toy(0, length=4, width=16)
    return Task(toy.prior, toy.reward, 4)


def silent(_n: int = 1, /, **_live: float) -> None:
    pass


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


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("form", FORMS, ids=["one-step", "every", "whole"])
def test_every_algorithm_learns_the_trivial_task(
    algorithm: AlgorithmName, form: dict[str, object], tmp_path: Path
) -> None:
    toy = make_toy(0, length=4, width=16)
    settings = quick(
        algorithm=algorithm,
        c=0.3,
        steps=600,
        evaluate_every=600,
        evaluate_samples=512,
        optimiser={"learning_rate": 0.02},
        **form,
    )
    tuner = Tuner(Task(toy.prior, CountOfOnes(), 4), settings, tmp_path)
    tuner.run(silent)
    before, after = (record["reward_per_sequence"] for record in tuner.log.records)
    assert after > 3.0 > before  # of at most 4


@pytest.mark.parametrize("algorithm", ["psi", "g", "q"])
def test_same_seed_same_result_and_another_seed_another(
    algorithm: AlgorithmName, tmp_path: Path
) -> None:
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


LONGER = quick(steps=400, evaluate_every=20)
SCRIPT = """
import sys, torch
from pathlib import Path
torch.set_num_threads(1)
sys.path.insert(0, {tests!r})
from test_loop import LONGER, Tuner, silent, toy_task
Tuner(toy_task(), LONGER, Path({folder!r})).run(silent)
"""


def test_a_killed_run_goes_on_and_ends_the_same_bit_for_bit(tmp_path: Path) -> None:
    interrupted, whole = tmp_path / "interrupted", tmp_path / "whole"
    interrupted.mkdir()
    code = SCRIPT.format(tests=str(Path(__file__).parent), folder=str(interrupted))
    process = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 120
    while not (interrupted / STATE_FILE).exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    killed_at = read_log(interrupted / LOG_FILE)[-1]["step"]
    assert 0 < killed_at < LONGER.steps

    for folder in (interrupted, whole):
        Tuner(toy_task(), LONGER, folder).run(silent)
    resumed, uninterrupted = (load_checkpoint(f / STATE_FILE)[0] for f in (interrupted, whole))
    assert resumed.keys() == uninterrupted.keys()
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

    def stop_at_45(_n: int = 1, /, **_live: float) -> None:
        if tuner.step == 45:
            raise Killed

    tuner = Tuner(toy_task(), settings, tmp_path)
    with pytest.raises(Killed):
        tuner.run(stop_at_45)
    tuner = Tuner(toy_task(), settings, tmp_path)
    assert tuner.step == 40
    assert tuner.exploration.strength == 1.0
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
