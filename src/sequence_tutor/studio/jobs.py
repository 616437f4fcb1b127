"""Tuning in the background: processes of their own, which outlive the page and the studio.

A job is a `tune` in a folder of the workspace. It is started as the leader of a session of its
own, one after the other, and its run goes on bit for bit after any kill.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomli_w

from sequence_tutor.errors import UserError, printable, shown
from sequence_tutor.storage.files import write_text
from sequence_tutor.storage.processes import machine, start_of
from sequence_tutor.studio.job_folder import (
    JOB_FILE,
    OUTPUT_FILE,
    RUN_FOLDER,
    SETTINGS_FILE,
    Job,
    Worker,
    load_job,
    process_of,
    standing,
    state_of,
)
from sequence_tutor.studio.orders import Checked
from sequence_tutor.studio.shelf import Listed

AT_ONCE = 1
"""Jobs that run at the same time; the page needs the other cores."""

MOST_UNFINISHED = 20
"""Jobs that wait, run, or were stopped."""

LOOK_EVERY = 1.0
"""Seconds between looks at which jobs have ended."""

KINDLY = 10
"""Niceness of a job: who waits for a melody comes first."""

_LEFT: list[subprocess.Popen[bytes]] = []
"""Processes that went on when their studio ended; Python complains of those it forgets."""

_ID = re.compile(r"tuned-(\d{1,6})")


class Jobs:
    """The jobs of a workspace, and the thread that starts them.

    Args:
        workspace: that this process holds.
    """

    def __init__(self, workspace: Path) -> None:
        self._folder = workspace.absolute() / "jobs"
        self._guard, self._ended = threading.RLock(), threading.Event()
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._latest = 0  # no id is given twice: a model of a removed job may be in memory
        self._watch = threading.Thread(target=self._look, name="jobs", daemon=True)
        self._watch.start()

    def close(self) -> None:
        """Start no more; what runs goes on."""
        self._ended.set()
        self._watch.join()
        _LEFT.extend(self._children.values())

    def add(self, checked: Checked, model: str, name: str) -> str:
        """Put a job at the end of the queue; its id.

        Raises:
            UserError: too many are unfinished.
        """
        with self._guard:
            every = self._every()
            unfinished = sum(state_of(job, self._at(job)) != "done" for job in every)
            if unfinished >= MOST_UNFINISHED:
                raise UserError(
                    f"{unfinished} jobs are unfinished, expected fewer than {MOST_UNFINISHED}; "
                    "remove some from the workspace's folder jobs"
                )
            names = [entry.name for entry in self._folder.glob("tuned-*")]
            numbers = [int(found[1]) for found in map(_ID.fullmatch, names) if found]
            self._latest = max([self._latest, *numbers]) + 1
            own = f"tuned-{self._latest}"
            folder = self._folder / own
            folder.mkdir(parents=True)
            try:
                write_text(folder / SETTINGS_FILE, tomli_w.dumps(checked.tables))
                fields = (checked.domain, checked.prior, checked.preset, checked.steps)
                Job(own, printable(name.strip(), 60) or own, model, *fields).save(folder)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            return own

    def stop(self, name: str) -> None:
        """End a job's process, which leaves all it has done; a finished job stays finished.

        Raises:
            UserError: there is no such job.
        """
        with self._guard:
            job = self._job(name)
            replace(job, wanted=False).save(self._at(job))
            process = process_of(job, self._at(job))
            if process is not None:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGTERM)

    def resume(self, name: str) -> None:
        """Put a job that was stopped, or failed, into the queue again.

        Raises:
            UserError: there is no such job, or it is done.
        """
        with self._guard:
            job = self._job(name)
            if job.wanted and process_of(job, self._at(job)) is not None:
                return
            if state_of(job, self._at(job)) == "done":
                raise UserError(f"job {name} is done, there is nothing to resume")
            # a process that is still ending has the lock of the run, and is waited for
            replace(job, wanted=True, worker=None).save(self._at(job))

    def remove(self, name: str, *, run: bool) -> None:
        """Forget a job that does not run; its folder's name is not given again.

        Args:
            name: its id.
            run: whether its run is deleted too; else it stays where it is, as a run of its own.

        Raises:
            UserError: there is no such job, a process works on it, or the disk refuses.
        """
        with self._guard:
            job = self._job(name)
            folder = self._at(job)
            if process_of(job, folder) is not None:
                raise UserError(f"job {name} is running or still ending, expected it to be stopped")
            try:
                (folder / JOB_FILE).unlink()  # first: what is half removed is no job any more
                for entry in list(folder.iterdir()) if run else ():
                    if entry.is_dir() and not entry.is_symlink():
                        shutil.rmtree(entry)
                    else:
                        entry.unlink()
            except OSError as error:
                raise UserError(f"job {name} cannot be removed: {error.strerror}") from error

    def show(self) -> list[dict[str, Any]]:
        """All jobs, the newest last."""
        with self._guard:
            return [standing(job, self._at(job)) for job in self._every()]

    def finished(self) -> list[Listed]:
        """Runs that are done, as models."""
        with self._guard:
            return [
                Listed(job.id, job.name, job.domain, str(self._at(job) / RUN_FOLDER), tuned=True)
                for job in self._every()
                if state_of(job, self._at(job)) == "done"
            ]

    def _job(self, name: str) -> Job:
        """By its id, which is looked for among those there are and never used as a path."""
        for job in self._every():
            if job.id == name:
                return job
        raise UserError(f"there is no job {shown(name)}")

    def _every(self) -> list[Job]:
        """All that can be read, in the order in which they were asked for."""
        found = []
        for folder in self._folder.glob("tuned-*"):
            if _ID.fullmatch(folder.name) and (folder / JOB_FILE).is_file():
                with suppress(UserError):
                    found.append(load_job(folder))
        return sorted(found, key=lambda job: int(job.id.rpartition("-")[2]))

    def _at(self, job: Job) -> Path:
        return self._folder / job.id

    def _look(self) -> None:
        """Start what waits, until the studio ends."""
        while not self._ended.wait(LOOK_EVERY):
            with self._guard, suppress(OSError):
                for name, child in list(self._children.items()):
                    if child.poll() is not None:
                        del self._children[name]
                self._start_next()

    def _start_next(self) -> None:
        every = self._every()
        running = sum(process_of(job, self._at(job)) is not None for job in every)
        for job in every:
            if running >= AT_ONCE:
                return
            if job.id not in self._children and state_of(job, self._at(job)) == "waiting":
                self._start(job)
                running += 1

    def _start(self, job: Job) -> None:
        """Start the process of a job as the leader of a session of its own."""
        folder = self._at(job)
        # -P: nothing of the folder is taken for a module
        command = [sys.executable, "-P", "-m", "sequence_tutor", "tune", job.domain]
        command += [f"--prior={job.prior}", f"--preset={job.preset}", "--threads=1"]
        command += [f"--config={folder / SETTINGS_FILE}", f"--out={folder / RUN_FOLDER}"]
        with (folder / OUTPUT_FILE).open("wb") as output:
            child = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._children[job.id] = child
        worker = Worker(child.pid, start_of(child.pid), machine())
        replace(job, worker=worker).save(folder)
        if hasattr(os, "setpriority"):
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, child.pid, KINDLY)
