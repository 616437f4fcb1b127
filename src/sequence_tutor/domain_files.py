"""What a domain may offer beyond `Domain` for reading and writing files."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, runtime_checkable

from sequence_tutor.domain import Domain
from sequence_tutor.errors import UserError
from sequence_tutor.step_scores import Scored


@runtime_checkable
class ReadsTables(Protocol):
    """A domain whose files leave a choice of what is read of them."""

    def reading(
        self, column: str | None, standardise: str | None, remark: Callable[[str], None]
    ) -> Domain:
        """The same domain, reading files so.

        Args:
            column: of tables, the one with the sequences; None: the one whose name says so.
            standardise: which part of what is written is meant; None: as is usual for the purpose.
            remark: told in a sentence what a user should know, such as what was left out.
        """


@runtime_checkable
class WritesScores(Protocol):
    """A domain whose scores people open in other programs."""

    def score_writer(self, path: Path) -> AbstractContextManager[Callable[[Scored], None]]:
        """What takes the scores of one sequence after the other, and writes them into a file.

        Raises:
            UserError: the name of the file says no kind that can be written.
        """


def with_reading(
    domain: Domain, column: str | None, standardise: str | None, remark: Callable[[str], None]
) -> Domain:
    """The domain, reading files as asked; see `ReadsTables.reading`.

    Raises:
        UserError: something is asked of a domain that leaves no choice.
    """
    if isinstance(domain, ReadsTables):
        return domain.reading(column, standardise, remark)
    for name, value in (("--column", column), ("--standardise", standardise)):
        if value is not None:
            raise UserError(f"{name} is of molecules, not of {domain.name}")
    return domain
