"""The events of a run, read back as TensorBoard reads them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from sequence_tutor.errors import UserError
from sequence_tutor.storage.run_log import Record, RunLog, read_log
from sequence_tutor.storage.tensorboard_events import (
    FOLDER,
    EventFile,
    ask_for_events,
    require_tensorboard,
)
from sequence_tutor.verbs.pretrain import pretrain
from sequence_tutor.verbs.tune import tune

TOY = {"tune": {"steps": 4, "evaluate_every": 2, "evaluate_samples": 4}}


def record(step: int) -> Record:
    terms = {"tonic": step / 4, "leap": None}
    return {"step": step, "seconds": 2.0 * step, "reward_terms": terms, "stage": "a", "ok": True}


def scalars(run: Path) -> dict[str, list[tuple[int, float]]]:
    """Name -> (step, value) of every point."""
    events = EventAccumulator(str(run / FOLDER), purge_orphaned_data=False)
    events.Reload()
    return {
        name: [(point.step, point.value) for point in events.Scalars(name)]
        for name in events.Tags()["scalars"]
    }


def test_a_log_that_is_not_asked_writes_none(tmp_path: Path) -> None:
    RunLog(tmp_path / "log.jsonl").append(record(1))
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]


def test_every_number_is_there_under_its_name(tmp_path: Path) -> None:
    ask_for_events(tmp_path)
    log = RunLog(tmp_path / "log.jsonl")
    for step in (1, 2):
        log.append(record(step))
        assert scalars(tmp_path)["seconds"][-1] == (step, 2.0 * step)  # at once
    assert scalars(tmp_path) == {
        "seconds": [(1, 2.0), (2, 4.0)],
        "reward_terms/tonic": [(1, 0.25), (2, 0.5)],
    }


@pytest.mark.parametrize("lost", [0, 7])
def test_what_is_done_again_is_there_once(tmp_path: Path, lost: int) -> None:
    ask_for_events(tmp_path)
    log = RunLog(tmp_path / "log.jsonl")
    for step in (1, 2, 3):
        log.append(record(step))
    (events,) = (tmp_path / FOLDER).iterdir()
    whole = events.read_bytes()
    events.unlink()
    events.with_name("events.out.tfevents.1.older").write_bytes(whole[: len(whole) - lost])
    log = RunLog(tmp_path / "log.jsonl", resumed_at=1)
    for step in (2, 3):
        log.append(record(step))
    assert len(list((tmp_path / FOLDER).iterdir())) == 1
    assert scalars(tmp_path)["reward_terms/tonic"] == [(1, 0.25), (2, 0.5), (3, 0.75)]


def test_its_clock_stands_still_while_the_run_does(tmp_path: Path) -> None:
    EventFile(tmp_path, [record(1), record(2)]).append(record(4))
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    times = [point.wall_time for point in events.Scalars("seconds")]
    assert [time - times[0] for time in times] == pytest.approx([0.0, 2.0, 6.0], abs=1e-3)


def test_a_run_that_goes_on_writes_on(tmp_path: Path) -> None:
    tune("toy", tmp_path / "run", overrides=TOY, threads=1, tensorboard=True, quiet=True)
    tune("toy", tmp_path / "run", overrides=TOY, threads=1, quiet=True)
    logged = read_log(tmp_path / "run" / "training.jsonl")
    found = scalars(tmp_path / "run")
    assert [step for step, _ in found["reward_per_sequence"]] == [0, 2, 4]
    for name in ("reward_per_sequence", "kl_to_prior_per_token", "distinct"):
        assert [value for _, value in found[name]] == pytest.approx([one[name] for one in logged])


def test_training_a_prior_writes_them_too(tmp_path: Path) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("".join(f"line {number:03d}\n" for number in range(60)))
    quick = {"train": {"steps": 4, "evaluate_every": 2, "batch": 8}}
    out = tmp_path / "prior"
    pretrain("text", [lines], out, overrides=quick, threads=1, tensorboard=True, quiet=True)
    logged = read_log(out / "training.jsonl")
    found = scalars(out)["validation_nll"]
    assert [step for step, _ in found] == [one["step"] for one in logged]
    assert [nll for _, nll in found] == pytest.approx([one["validation_nll"] for one in logged])


def test_without_tensorboard_the_extra_is_named_and_nothing_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(UserError, match=r"pip install 'sequence-tutor\[tensorboard\]'"):
        require_tensorboard()
    with pytest.raises(UserError, match="events need tensorboard"):
        tune("toy", tmp_path / "run", overrides=TOY, tensorboard=True, quiet=True)
    assert not (tmp_path / "run").exists()
