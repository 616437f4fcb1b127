"""Terms that score many molecules in one call: a user's functions and programs.

They are called in the process that tunes, with the canonical SMILES of distinct valid molecules
that are not in their cache.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from sequence_tutor.errors import UserError
from sequence_tutor.execution.answers import VALUE
from sequence_tutor.execution.batch_program import BatchProgram
from sequence_tutor.execution.external import ExternalProgram
from sequence_tutor.molecule.terms.term import Term

if TYPE_CHECKING:  # workers load the terms, and need not wait for torch
    from sequence_tutor.reward.user_terms import UserTerm

BatchFunction = Callable[[Sequence[str]], Sequence[float]]
"""SMILES in, as many numbers out; NaN where there is none."""

EXPENSIVE = "evaluations use what was collected last, so that they ask for nothing"
ERROR = "error"
"""Key of an answer that says why there is no number."""

ENOUGH = 8
"""If a function fails for each of at least so many molecules, it is broken."""


class Program(Term):
    """An external program: it reads JSON lines of SMILES and writes JSON lines of numbers."""

    unit: ClassVar[str] = "the program's own"
    newer: ClassVar[frozenset[str]] = Term.newer | {
        "number",
        "processes",
        "failures",
        "convention",
        "expensive",
    }
    kind: Literal["program"] = "program"
    command: str = Field(description="as on a command line, such as 'python dock.py'")
    timeout: float = Field(60.0, gt=0, description="seconds for one answer")
    folder: str | None = Field(None, description="its working directory; unset: the current one")
    number: str = Field(VALUE, description="which number of its answers, where it gives several")
    processes: int = Field(1, ge=1, description="so many of it compute side by side")
    failures: int = Field(
        10, ge=1, description="the run stops once it has ended or was late so often in a row"
    )
    convention: Literal["lines", "reinvent"] = Field(
        "lines",
        description="lines: JSON lines, started once; reinvent: started for each batch, as "
        "REINVENT 4 does",
    )
    expensive: bool = Field(False, description=EXPENSIVE)

    def prepare(self) -> ExternalProgram | BatchProgram:
        """The program, which starts at its first call."""
        kind = ExternalProgram if self.convention == "lines" else BatchProgram
        limits = self.timeout, self.folder, self.processes, self.failures
        return kind(self.command, *limits, (self.number,))


class Function(Term):
    """A function of yours from the file given with --rules; the table has its name."""

    unit: ClassVar[str] = "the function's own"
    newer: ClassVar[frozenset[str]] = Term.newer | {"expensive"}
    kind: Literal["function"] = "function"
    expensive: bool = Field(False, description=f"{EXPENSIVE}; its numbers are kept on the disk")


class UserFunction:
    """A user's function of a list of SMILES.

    Attributes:
        name: the function's name.
        weight: its weight unless settings say otherwise.
        file: where it was defined.
    """

    def __init__(self, term: UserTerm) -> None:
        self.name, self.weight, self.file = term.name, term.weight, term.file
        self._function: Callable[[list[str]], Any] = term.function

    def __call__(self, smiles: Sequence[str]) -> list[float]:
        """A number for each molecule, NaN for those it fails for.

        If it raises for a list, it is called molecule by molecule, so that only the molecules that
        it fails for have no number.

        Raises:
            UserError: it does not return as many numbers, or raises for each of several molecules.
        """
        try:
            return self._numbers(self._function(list(smiles)), len(smiles))
        except UserError:
            raise
        except Exception as error:
            return self._one_by_one(smiles, error)

    def answer(self, molecule: str) -> dict[str, Any]:
        """The number of one molecule as a program gives it, or under `ERROR` what was raised.

        Raises:
            UserError: it does not return one number.
        """
        try:
            return {VALUE: self._numbers(self._function([molecule]), 1)[0]}
        except UserError:
            raise
        except Exception as error:
            return {ERROR: f"{type(error).__name__}: {error}"}

    def _one_by_one(self, smiles: Sequence[str], error: Exception) -> list[float]:
        values = []
        for one in smiles:
            try:
                values += self._numbers(self._function([one]), 1)
            except UserError:
                raise
            except Exception as newer:
                values.append(math.nan)
                error = newer
        if len(values) >= ENOUGH and all(map(math.isnan, values)):
            from sequence_tutor.reward.python_file import what_happened

            raise self._broken(
                f"failed for each of {len(values)} molecules{what_happened(error, self.file)}"
            ) from error
        return values

    def _numbers(self, given: Any, count: int) -> list[float]:
        try:
            found = list(given)
        except TypeError:
            raise self._broken(
                f"gave a {type(given).__name__}, expected a list of {count} numbers"
            ) from None
        if len(found) != count:
            raise self._broken(f"gave {len(found)} numbers for {count} molecules")
        return [self._number(value) for value in found]

    def _number(self, value: Any) -> float:
        """A number as float; NaN for None and what is not finite."""
        if value is None:
            return math.nan
        if isinstance(value, str | bytes):
            raise self._broken(f"gave {value!r}, expected a number, or None for none")
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise self._broken(
                f"gave a {type(value).__name__}, expected a number, or None for none"
            ) from None
        return number if math.isfinite(number) else math.nan

    def _broken(self, what: str) -> UserError:
        return UserError(f"term {self.name!r} of {Path(self.file)} {what}")
