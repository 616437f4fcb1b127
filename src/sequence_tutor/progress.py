"""Progress of a long command: a bar on a terminal, a line from time to time in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol, TextIO

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from sequence_tutor.errors import printable

LOG_INTERVAL = 10.0  # seconds between lines when there is no terminal


class Advance(Protocol):
    """Reports progress made."""

    def __call__(self, n: int = 1, /, **live_values: float | str) -> None:
        """Count `n` more units as done and show the latest values, such as `reward=3.2`."""


@contextmanager
def progress(
    description: str,
    total: int | None,
    *,
    quiet: bool = False,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Advance]:
    """Show the rate, the time left and live values while a piece of work runs.

    Example:
        with progress("tuning", total=1000) as advance:
            for _ in range(1000):
                advance(1, reward=3.2, kl=0.4)

    Args:
        description: of the work.
        total: units of work in all; None: unknown.
        quiet: show nothing at all.
        stream: standard error by default. If it is no terminal, a plain line is written at most
            every `LOG_INTERVAL` seconds, and none for work shorter than that.
        clock: seconds since any fixed moment.
    """
    stream = sys.stderr if stream is None else stream
    if quiet:
        yield _silent
    elif stream.isatty():
        with _TwoLines(console=Console(file=stream)) as bar:
            task = bar.add_task(description, total=total, live="")
            yield lambda n=1, /, **live_values: bar.update(task, advance=n, live=_live(live_values))
    else:
        log = _Log(description, total, stream, clock)
        yield log.advance
        log.close()


@contextmanager
def counted(description: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Like `progress` for work of unknown size; yields a function of units done and in all."""
    done_before = 0
    with ExitStack() as stack:
        bar: list[Advance] = []

        def report(done: int, total: int) -> None:
            nonlocal done_before
            if not bar:
                bar.append(stack.enter_context(progress(description, total, quiet=quiet)))
            bar[0](done - done_before)
            done_before = done

        yield report


def heading(what: str, *, quiet: bool = False) -> None:
    """Print a line to standard error, such as the name of the work whose progress follows."""
    if not quiet:
        print(printable(what), file=sys.stderr, flush=True)


def warner(*, quiet: bool) -> Callable[[str], None]:
    """A function that prints a warning to standard error."""
    console = Console(stderr=True, quiet=quiet)
    return lambda message: console.print(
        Text.assemble(("warning:", "yellow"), f" {printable(message)}")
    )


def _silent(_n: int = 1, /, **_live_values: float | str) -> None:
    """Report nothing."""


class _TwoLines(Progress):
    """The bar on one line and the live values below it, so that neither is cut off."""

    def __init__(self, console: Console) -> None:
        super().__init__(
            TextColumn("{task.description}", style="progress.description", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console,
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        for task in self.tasks:
            yield Text("  " + task.fields["live"], style="dim", overflow="ellipsis", no_wrap=True)


class _Rate(ProgressColumn):
    """Units a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{_number(speed)}/s", style="progress.data.speed")


class _Log:
    """Plain lines for a stream that is no terminal."""

    def __init__(
        self, description: str, total: int | None, stream: TextIO, clock: Callable[[], float]
    ) -> None:
        self._description, self._total = description, total
        self._stream, self._clock = stream, clock
        self._began = self._printed = clock()
        self._done = self._done_when_printed = 0
        self._live = ""

    def advance(self, n: int = 1, /, **live_values: float | str) -> None:
        """Count, and write a line if the last one is old enough."""
        self._done += n
        self._live = _live(live_values)
        if self._clock() - self._printed >= LOG_INTERVAL:
            self._print()

    def close(self) -> None:
        """Write a last line, if there was any before."""
        if self._printed > self._began and self._done > self._done_when_printed:
            self._print()

    def _print(self) -> None:
        self._printed = self._clock()
        self._done_when_printed = self._done
        seconds, of_all, left = self._printed - self._began, "", ""
        if self._total is not None:
            of_all = f"/{self._total}"
            left = f"{seconds * max(self._total - self._done, 0) / max(self._done, 1):.0f} s left"
        done = f"{self._description}: {self._done}{of_all}"
        parts = [done, f"{_number(self._done / seconds)}/s", left, self._live]
        print(", ".join(part for part in parts if part), file=self._stream, flush=True)


def _live(values: dict[str, float | str]) -> str:
    return "  ".join(
        f"{name} {value if isinstance(value, str) else _number(value)}"
        for name, value in values.items()
    )


def _number(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
