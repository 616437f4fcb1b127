"""When a run is saved, and what its checkpoint holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from sequence_tutor.errors import UserError, reading
from sequence_tutor.execution.interruptions import Interruptions
from sequence_tutor.reward.protocol import KeepsScores, Prepares, Remembers, Reward
from sequence_tutor.storage.checkpoints import Tensors, load_checkpoint, named, under
from sequence_tutor.storage.run_log import Record
from sequence_tutor.tuner.run_record import scores_folder

if TYPE_CHECKING:
    from sequence_tutor.tuner.loop import Tuner

FORMAT = 2  # of the state; 2: replay keeps the prior's log p


class Saving:
    """Saves a run when the process is to end, when a scorer breaks, and every few minutes.

    Args:
        save: writes the state.
        minutes: between two checkpoints.
    """

    def __init__(self, save: Callable[[], None], minutes: float) -> None:
        self.signals = Interruptions()
        self._save, self._seconds = save, 60 * minutes
        self._saved_at = time.perf_counter()

    def check(self) -> None:
        """Between two updates: save if it is time to.

        Raises:
            KeyboardInterrupt: the process is to end.
        """
        if self.signals.is_asked or time.perf_counter() - self._saved_at >= self._seconds:
            self._save()
            self._saved_at = time.perf_counter()
        self.signals.check()

    @contextmanager
    def interruptible(self, reward: Reward) -> Iterator[None]:
        """Signals and broken scorers may end the block anywhere; then the state before it is saved.

        Nothing that the block changes may be part of the state, but for what the reward counts. Of
        a reward that is not slow, signals wait for the end of the update.
        """
        if not (isinstance(reward, Prepares) and reward.is_slow):
            yield
            return
        before = reward.state() if isinstance(reward, Remembers) else None
        try:
            with self.signals.allowed():
                yield
        except (KeyboardInterrupt, UserError):
            if before is not None and isinstance(reward, Remembers):
                reward.restore(before)
            self._save()
            raise


def state_of(tuner: Tuner) -> tuple[Tensors, dict[str, Any]]:
    """Everything that changes in a run: tensors, and JSON."""
    info: dict[str, Any] = {
        "fingerprint": fingerprint_of(tuner),
        "step": tuner.step,
        "stage": [tuner.course.place, tuner.course.began],
        "done_before_stage": tuner.course.done_before,
        "transitions": tuner.transitions,
        "scored": tuner.supply.scored,
        "seconds": tuner.seconds,
        "exploration": tuner.supply.exploration.strength,
        "log": tuner.log.stand,
        "sampled": tuner.supply.sampled_at,
        **({} if tuner.due is None else {"due": tuner.due}),
    }
    keeping = tuner.steering.keeping
    tensors = {
        **tuner.learner.state(),
        **tuner.supply.state(),
        **({} if tuner.aiming is None else named("aims", tuner.aiming.state())),
        **({} if keeping is None else named("keeping", keeping.state())),
    }
    return tensors, info


def standing_of(tuner: Tuner) -> Record:
    """How far a run is, for a line of its log; an update's own figures are put over these."""
    course = tuner.course
    return {
        "step": tuner.step,
        "transitions": tuner.transitions,
        "scored_sequences": tuner.supply.scored,
        "c": tuner.c,
        "learning_c": course.learning_c(max(course.began, tuner.step - 1)),
        "seconds": round(tuner.seconds, 4),
        **({} if course.stage.name is None else {"stage": course.stage.name}),
        **tuner.supply.exploration.record(),
        "loss": None,
        "gradient_norm": None,
    }


def fingerprint_of(tuner: Tuner) -> dict[str, Any]:
    """What two runs have in common if one may continue the other; JSON."""
    task = tuner.task
    return {
        "format": FORMAT,
        "settings": tuner.settings.model_dump(mode="json"),
        "reward": dict(zip(task.reward.names, task.reward.weights.tolist(), strict=True)),
        "length": task.length,
        "prefix": list(task.prefix),
    }


def restored(tuner: Tuner) -> Mapping[str, Any] | None:
    """Put the saved state back, and say how far the log went with it.

    Args:
        tuner: as it was made.

    Raises:
        UserError: the state is damaged, or that of a run with other settings.
    """
    tensors, info = load_checkpoint(tuner.state_path)
    if info.get("fingerprint") != fingerprint_of(tuner):
        raise UserError(
            f"{tuner.state_path.parent}: holds a run with other settings or of another version; "
            "use another --out, or delete it to begin anew"
        )
    with reading(tuner.state_path, "the state of a run"):
        place, began = info["stage"]
        tuner.course.begin(int(place), int(began))
        # Runs of before this was kept have what their course would be if no stage ended early.
        tuner.course.done_before = float(info.get("done_before_stage", tuner.course.done_before))
        _put_back(tuner, tensors, info)
        stand = info.get("log")
        if stand is None:
            return None
        return {"size": int(stand["size"]), "sha256": str(stand["sha256"])}


def _put_back(tuner: Tuner, tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> None:
    """Restore a `state_of` a run; those of older versions lack its last parts."""
    tuner.learner.restore(tensors)
    tuner.supply.restore(tensors)
    if tuner.aiming is not None:
        tuner.aiming.restore(under("aims", tensors))
        tuner.learner.experiences.payments = tuner.aiming.payments
    if tuner.steering.keeping is not None:
        tuner.steering.keeping.restore(under("keeping", tensors))
    tuner.step, tuner.seconds = int(info["step"]), float(info["seconds"])
    tuner.transitions, tuner.supply.scored = int(info["transitions"]), int(info["scored"])
    tuner.supply.exploration.strength = info["exploration"]
    tuner.supply.sampled_at = int(info.get("sampled", tuner.step - 1))
    tuner.due = info.get("due")


def keep_scores(reward: Reward, run: Path) -> None:
    """Let a reward with scores that cost much keep them in a run's folder."""
    if isinstance(reward, KeepsScores):
        reward.keep_scores(scores_folder(run))
