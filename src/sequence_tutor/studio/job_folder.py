"""One job as its folder tells: what was asked, whether a process works on it, how far it is.

WORKSPACE/jobs/ID/job.json       what was asked, and the process that works on it
WORKSPACE/jobs/ID/settings.toml  the settings file of `tune`
WORKSPACE/jobs/ID/output.log     what it printed
WORKSPACE/jobs/ID/run            the run itself

Nothing is known of a job that its folder does not say, so that a studio which was killed finds
everything again.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from sequence_tutor.errors import UserError, printable, reading
from sequence_tutor.storage.files import write_json
from sequence_tutor.storage.folder_lock import writer_of
from sequence_tutor.storage.processes import is_alive, machine
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.run_folder import is_finished

JOB_FILE, SETTINGS_FILE, OUTPUT_FILE, RUN_FOLDER = "job.json", "settings.toml", "output.log", "run"
FORMAT = 1

State = Literal["waiting", "running", "done", "failed", "stopped"]

_TAIL = 16_384  # bytes of the output that are looked at
_PROGRESS = re.compile(r"^[^:\n]*: (\d+)/(\d+), [^,\n]+/s(?:, (\d+) s left)?(?:, (.*))?$", re.M)
_COMPLAINT = re.compile(r"^sequence-tutor: (.*)$", re.M)


@dataclass(frozen=True)
class Worker:
    """A process that works on a job.

    Attributes:
        number: of the process.
        start: when it began, as the system says.
        machine: on which.
    """

    number: int
    start: str | None
    machine: str


@dataclass(frozen=True)
class Job:
    """What was asked, and by whom it is done.

    Attributes:
        id: name of its folder.
        name: of the model to come.
        model: id of the model that it began with.
        domain: of it.
        prior: that `tune` begins with.
        preset: of `tune`.
        steps: updates in all.
        wanted: whether it is to run: waiting or begun, and not stopped by the user.
        worker: the process that was started last; None: none yet.
    """

    id: str
    name: str
    model: str
    domain: str
    prior: str
    preset: str
    steps: int
    wanted: bool = True
    worker: Worker | None = None
    format: int = field(default=FORMAT)

    def save(self, folder: Path) -> None:
        """Write it into its folder."""
        write_json(folder / JOB_FILE, asdict(self))


def load_job(folder: Path) -> Job:
    """The job of a folder.

    Raises:
        UserError: there is none of this version.
    """
    with reading(folder / JOB_FILE, "a job"):
        fields = json.loads((folder / JOB_FILE).read_text(encoding="utf-8"))
        if fields["format"] != FORMAT or fields["id"] != folder.name:
            raise ValueError("another format or another id")
        worker = fields.pop("worker")
        job = Job(**fields, worker=None if worker is None else Worker(**worker))
        if not (isinstance(job.steps, int) and isinstance(job.name, str)):
            raise TypeError("steps and name, expected a number and a text")
        return job


def process_of(job: Job, folder: Path) -> int | None:
    """The process that works on a job; None: nobody does.

    One that a killed studio started, and did not live to note, holds the lock of its run.
    """
    worker = job.worker
    if worker is not None and worker.machine == machine() and is_alive(worker.number, worker.start):
        return worker.number
    return writer_of(folder / RUN_FOLDER)


def state_of(job: Job, folder: Path) -> State:
    """Where a job stands."""
    if process_of(job, folder) is not None:
        return "running" if job.wanted else "stopped"  # it is about to end
    if is_finished(folder / RUN_FOLDER):
        return "done"
    if not job.wanted:
        return "stopped"
    if job.worker is None:
        return "waiting"
    return "failed" if _complaint(folder) else "stopped"  # it or the machine was killed


def standing(job: Job, folder: Path) -> dict[str, Any]:
    """A job as /v1/jobs shows it."""
    state = state_of(job, folder)
    step, seconds, live = 0, None, ""
    lines = list(_PROGRESS.finditer(_tail(folder)))
    if lines:
        found = lines[-1]
        step, live = int(found[1]), found[4] or ""
        seconds = int(found[3]) if found[3] and state == "running" else None
    if state == "done":
        step, live = job.steps, _met(folder) or live
    return {
        "id": job.id,
        "name": job.name,
        "model": job.model,
        "domain": job.domain,
        "state": state,
        "step": min(step, job.steps),
        "steps": job.steps,
        "seconds_left": seconds,
        "live": printable(live, 300),
        "error": _complaint(folder) if state == "failed" else None,
    }


def _met(folder: Path) -> str:
    """How many of its aims a finished run meets; empty: it has none, or its log is damaged."""
    try:
        aims = read_log(folder / RUN_FOLDER / LOG_FILE)[-1].get("aims") or {}
    except (UserError, IndexError):
        return ""
    met = sum(bool(own.get("met")) for own in aims.values())
    return f"{met} of {len(aims)} aims met" if aims else ""


def _complaint(folder: Path) -> str:
    """The sentence that a process ended with; empty: it was interrupted, or said nothing."""
    text = _tail(folder).rstrip()
    last = text.splitlines()[-1] if text else ""
    found = _COMPLAINT.match(last)
    if found is not None:
        interrupted = found[1].startswith(("terminated", "interrupted"))
        return "" if interrupted else printable(found[1], 500)
    return printable(last, 500) if "Traceback (most recent call last)" in text else ""


def _tail(folder: Path) -> str:
    """The end of what it printed since it was started last."""
    try:
        with (folder / OUTPUT_FILE).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
