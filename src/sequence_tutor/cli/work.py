"""`sequence-tutor work`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from sequence_tutor.cli.arguments import Quiet, Trust
from sequence_tutor.cli.parsing import option
from sequence_tutor.cli.printing import show
from sequence_tutor.errors import UserError

if TYPE_CHECKING:
    from sequence_tutor.verbs.shard_summary import Summary


@dataclass(frozen=True)
class Work:
    """Compute what is left of work that was divided into shards.

    sample --shards and score --shards begin such work: a folder with a description, one file for
    each shard, and the leases of the processes that compute one. Any number of processes may
    work in one folder at once, in two shells or on the machines of a cluster that share a disk.
    A process that is killed loses only the shard that it was at, and another takes that shard
    over; the files are the same whoever wrote them.

    Example: sequence-tutor work library
             sequence-tutor work library --status
             sequence-tutor work library --slurm
             sequence-tutor work library --executor ray
    """

    folder: Annotated[Path, option("folder of the work", "FOLDER")]
    _: KW_ONLY
    status: Annotated[bool, option("show how far it is, and do nothing")] = False
    slurm: Annotated[bool, option("print a script for sbatch, and do nothing")] = False
    jobs: Annotated[int, option("of the script: jobs in the array", "N")] = 16
    executor: Annotated[
        str | None,
        option(
            "computes shards side by side: local on the cores of this machine, ray on the nodes of "
            "a cluster; else this process does, one after the other",
            "NAME",
        ),
    ] = None
    trust: Trust = False
    quiet: Quiet = False

    def run(self) -> None:
        """Work, or show what there is."""
        from sequence_tutor.verbs.work import slurm_script, work

        if self.jobs < 1:
            raise UserError(f"--jobs {self.jobs}, expected at least 1")
        if self.slurm:
            print(slurm_script(self.folder, self.jobs), end="")
        elif self.status:
            self._show_status()
        else:
            from sequence_tutor.threads import set_threads

            set_threads(1)  # what a shard holds must not depend on the machine
            found = work(self.folder, executor=self.executor, trust=self.trust, quiet=self.quiet)
            show_summary(found, self.folder, quiet=self.quiet)

    def _show_status(self) -> None:
        from sequence_tutor.drawing.table import Table
        from sequence_tutor.verbs.work import status

        found = status(self.folder)
        rows = [
            ["shards", f"{found.shards:,}"],
            ["done", f"{found.done:,}"],
            ["running", f"{found.running:,}"],
            ["left", f"{found.shards - found.done - found.running:,}"],
            ["size", f"{found.bytes / 1e6:,.1f} MB"],
            ["time left", _in_words(found.seconds_left)],
        ]
        show(Table(["", str(self.folder)], rows))


def show_summary(found: Summary | None, folder: Path, *, quiet: bool) -> None:
    """Print what a folder of work holds, or that it is not whole yet."""
    if quiet:
        return
    if found is None:
        show(f"All shards of {folder} are done or are being computed by other processes.")
        return
    error = f" (standard error {found.distinct_error:.2%})" if found.distinct_error else ""
    mean = "" if found.mean_total is None else f", mean reward {found.mean_total:.4g}"
    show(
        f"{folder} holds {found.rows:,} sequences, {found.distinct:,} of them different{error}, in "
        f"{found.bytes / 1e6:,.1f} MB{mean}."
    )


def _in_words(seconds: float | None) -> str:
    if seconds is None:
        return "not known before two shards are done"
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"
