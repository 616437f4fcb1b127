"""Weights & Biases, MLflow and Trackio as loggers; each library is imported when it is asked for.

Where a tracker keeps its runs, and whether it sends them over a network, is set by its own
environment variables: WANDB_MODE=offline, MLFLOW_TRACKING_URI, TRACKIO_DIR.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from sequence_tutor.errors import require
from sequence_tutor.storage.flat_tables import flattened
from sequence_tutor.storage.run_log import Record
from sequence_tutor.tracking.logger import LoggedRun, Logger, numbers_of

_LONGEST_PARAMETER = 500
_AT_ONCE = 100
"""Parameters in one request to MLflow, its limit."""


class Tracker(Logger):
    """A library that files runs under projects.

    Args:
        project: name of the project.

    Raises:
        UserError: the library is not installed; it is an extra of its name.
    """

    def __init__(self, project: str) -> None:
        require(self.name, f"the logger {self.name} needs {self.name}", self.name)
        self._project = project


class WandbLogger(Tracker):
    """Weights & Biases."""

    name = "wandb"

    def begin(self, run: LoggedRun) -> str | None:
        """Begin the run of that identity, or go on with it."""
        import wandb

        self._run: Any = wandb.init(
            project=self._project,
            name=run.folder.resolve().name,
            id=run.identity,
            resume=None if run.identity is None else "allow",
            dir=run.folder,
            config=dict(run.settings),
            settings=wandb.Settings(silent=True, console="off", disable_git=True),
        )
        return str(self._run.id)

    def write(self, record: Record) -> None:
        """Copy the numbers."""
        self._run.log(numbers_of(record), step=record["step"])

    def end(self, *, finished: bool) -> None:
        """Send what is left; an interrupted run is marked as crashed until it goes on."""
        self._run.finish(exit_code=0 if finished else 1)


class MlflowLogger(Tracker):
    """MLflow, by its client alone: no run is active in the process."""

    name = "mlflow"

    def begin(self, run: LoggedRun) -> str | None:
        """Begin a run of the experiment, or open the one of that identity."""
        from mlflow import MlflowClient
        from mlflow.entities import Param

        self._client = MlflowClient()
        if run.identity is not None:
            self._identity = run.identity
            self._client.update_run(run.identity, status="RUNNING")
            return run.identity
        experiment = self._client.get_experiment_by_name(self._project)
        number = (
            self._client.create_experiment(self._project)
            if experiment is None
            else experiment.experiment_id
        )
        begun = self._client.create_run(number, run_name=run.folder.resolve().name)
        self._identity = str(begun.info.run_id)
        params = [
            Param(_named(name), str(value)[:_LONGEST_PARAMETER])
            for name, value in flattened(run.settings).items()
        ]
        for first in range(0, len(params), _AT_ONCE):
            self._client.log_batch(self._identity, params=params[first : first + _AT_ONCE])
        return self._identity

    def write(self, record: Record) -> None:
        """Copy the numbers."""
        from mlflow.entities import Metric

        now, step = int(time.time() * 1000), record["step"]
        metrics = [
            Metric(_named(name), value, now, step) for name, value in numbers_of(record).items()
        ]
        self._client.log_batch(self._identity, metrics=metrics)

    def end(self, *, finished: bool) -> None:
        """Mark the run as finished, or as killed until it goes on."""
        self._client.set_terminated(self._identity, "FINISHED" if finished else "KILLED")


class TrackioLogger(Tracker):
    """Trackio, Hugging Face's local tracker."""

    name = "trackio"

    def begin(self, run: LoggedRun) -> str | None:
        """Begin a run of the folder's name and a time, or go on with the one of that name."""
        import trackio

        name = run.identity or f"{run.folder.resolve().name}-{int(time.time())}"
        resume = "never" if run.identity is None else "allow"
        trackio.init(self._project, name=name, config=dict(run.settings), resume=resume)
        return name

    def write(self, record: Record) -> None:
        """Copy the numbers."""
        import trackio

        trackio.log(numbers_of(record), step=record["step"])

    def end(self, *, finished: bool) -> None:
        """Write what is left."""
        import trackio

        trackio.finish()


def _named(name: str) -> str:
    """A name with the characters that MLflow takes."""
    return re.sub(r"[^\w\-. /]", "_", name)


TRACKERS: Mapping[str, type[Tracker]] = {
    kind.name: kind for kind in (TrackioLogger, WandbLogger, MlflowLogger)
}
