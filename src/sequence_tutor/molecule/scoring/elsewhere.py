"""Programs and expensive functions of a user, asked on the nodes of a Ray cluster."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from sequence_tutor.errors import UserError
from sequence_tutor.execution.answers import Answer
from sequence_tutor.execution.protocol import Lost
from sequence_tutor.execution.ray_executor import RayExecutor
from sequence_tutor.execution.shipped import ShippedFiles, ShippedProgram
from sequence_tutor.molecule.scoring.sources import Told
from sequence_tutor.molecule.terms.batch import ENOUGH, ERROR, Program, UserFunction

NO_LIMIT = 1 << 50  # bytes: a program may need more memory than a term
START_SECONDS = 120.0  # a program's own start
LARGEST = 64  # molecules that a program which is started for each batch gets at once
FUNCTION_SECONDS = 24 * 3600.0  # for one molecule: functions have no limit of their own


class ShippedFunction:
    """A function of a user's file, which is read where it is first called.

    Args:
        function: as it is on this machine.
    """

    def __init__(self, function: UserFunction) -> None:
        self._name, self._path = function.name, Path(function.file)
        self._files = ShippedFiles({self._path.name: (self._path.read_bytes(), 0o600)})
        self._function: UserFunction | None = None

    def __call__(self, molecules: Sequence[str]) -> list[Answer]:
        """The number of one molecule, or the error that the function raised."""
        if self._function is None:
            from sequence_tutor.reward.user_terms import load_user_terms

            terms = load_user_terms(self._files.unpack() / self._path.name)
            self._function = UserFunction(next(one for one in terms if one.name == self._name))
        return [self._function.answer(one) for one in molecules]

    def check(self, answers: Sequence[Answer]) -> None:
        """Refuse a function that raised an error for each of many molecules.

        Raises:
            UserError: it did.
        """
        errors = [one[ERROR] for one in answers if not isinstance(one, Lost) and ERROR in one]
        if len(errors) == len(answers) >= ENOUGH:
            raise UserError(
                f"term {self._name!r} of {self._path} failed for each of {len(errors)} molecules: "
                f"{errors[-1]}"
            )


class Elsewhere:
    """A program or function as it is asked on other machines. Satisfies `Asks`.

    Its executor connects at the first question.

    Args:
        asked: molecules in, answers out; it can be sent to other machines.
        kind: of the executor.
        timeout: seconds for one molecule.
        is_batch: whether many molecules are to be asked at once.
    """

    def __init__(
        self,
        asked: ShippedProgram | ShippedFunction,
        kind: type[RayExecutor[Sequence[str], list[Answer]]],
        timeout: float,
        *,
        is_batch: bool = False,
    ) -> None:
        self._asked, self._kind, self._timeout, self._is_batch = asked, kind, timeout, is_batch
        self._executor: RayExecutor[Sequence[str], list[Answer]] | None = None

    def ask(self, smiles: Sequence[str], told: Told) -> list[Answer]:
        """The answers; `told` gets each molecule and its answer as soon as it is there.

        Raises:
            UserError: the program or function is broken, or the cluster has ended.
        """
        if self._executor is None:
            # a program asks a molecule again when it was late or its process ended
            seconds = START_SECONDS + 2 * self._timeout * (LARGEST if self._is_batch else 1)
            self._executor = self._kind(self._asked, 1, seconds, NO_LIMIT)
        size = 1
        if self._is_batch:
            size = min(LARGEST, math.ceil(len(smiles) / max(1, self._executor.cores)))
        groups = [smiles[begin : begin + size] for begin in range(0, len(smiles), size)]

        def tell(group: Sequence[str], found: list[Answer] | Lost) -> None:
            for one, answer in zip(group, _each(group, found), strict=True):
                told(one, answer)

        found = self._executor.stream(groups, tell)
        answers = [
            answer for group, one in zip(groups, found, strict=True) for answer in _each(group, one)
        ]
        if isinstance(self._asked, ShippedFunction):
            self._asked.check(answers)
        return answers

    def close(self) -> None:
        """End it on all nodes."""
        if self._executor is not None:
            self._executor.close()


class OnNodes:
    """Asks on the nodes of a cluster. Satisfies `AskedElsewhere`.

    Args:
        kind: the executor.
    """

    def __init__(self, kind: type[RayExecutor[Sequence[str], list[Answer]]]) -> None:
        self._kind = kind

    def program(self, terms: Sequence[Program]) -> Elsewhere:
        """Asks the program that some terms have in common; the largest of their limits hold."""
        first, timeout = terms[0], max(term.timeout for term in terms)
        shipped = ShippedProgram(
            first.command,
            Path(first.folder or ".").absolute(),
            timeout,
            max(term.failures for term in terms),
            tuple(dict.fromkeys(term.number for term in terms)),
            is_batch=first.convention != "lines",
        )
        return Elsewhere(shipped, self._kind, timeout, is_batch=first.convention != "lines")

    def function(self, function: UserFunction) -> Elsewhere:
        """Asks a function, molecule by molecule."""
        return Elsewhere(ShippedFunction(function), self._kind, FUNCTION_SECONDS)


def _each(group: Sequence[str], found: list[Answer] | Lost) -> list[Answer]:
    return [found] * len(group) if isinstance(found, Lost) else found
