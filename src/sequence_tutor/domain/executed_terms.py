"""Rules of a user's file that an executor computes, sequence by sequence.

Rules that take long, such as those that ask a model, then use many processes or machines. A rule
gets one sequence at a time, so that what it pays cannot depend on how the work was divided.
"""

from __future__ import annotations

import hashlib
import threading
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sequence_tutor.domain.base import Domain
from sequence_tutor.errors import UserError, shown
from sequence_tutor.execution.cache import Cache
from sequence_tutor.execution.protocol import Executor, Lost
from sequence_tutor.execution.registry import SERIAL, find_executor, results_of, started
from sequence_tutor.execution.shipped import ShippedFiles
from sequence_tutor.reward.user_terms import UserTerm, load_user_terms
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.threads import cores_at_hand

LONGEST = 24 * 3600.0  # seconds for one sequence: rules have no limit of their own
KEPT = 50_000  # sequences
View = Callable[[SequenceBatch], object]
"""Makes what rules are given; it can be sent to other machines."""
Question = tuple[View, tuple[str, ...], list[int]]
"""A view, the names of rules, and the tokens of a sequence."""
Paid = NDArray[np.float64]


class ShippedTerms:
    """Rules that can be sent to another process or machine, where their file is read.

    A file with the same content that lies there under the same path is read in place, so that it
    finds what lies beside it.

    Args:
        file: defines them.
    """

    def __init__(self, file: Path) -> None:
        self._path, self._content = file.absolute(), file.read_bytes()
        self._files = ShippedFiles({file.name: (self._content, 0o600)})
        self._terms: dict[str, UserTerm] = {}

    def __call__(self, question: Question) -> Paid:
        """(R, L) what some rules pay a sequence of L tokens.

        Raises:
            UserError: a rule is broken.
        """
        view, names, tokens = question
        if not self._terms:
            self._terms = {term.name: term for term in load_user_terms(self._here())}
        seen: Any = view(SequenceBatch.from_lists([tokens]))
        return np.stack([self._terms[name](seen)[0].numpy() for name in names])

    def _here(self) -> Path:
        path = self._path
        if path.is_file() and path.read_bytes() == self._content:
            return path
        return self._files.unpack() / path.name


class TermsExecutor:
    """Where a domain's rewards have a user's rules computed; its processes start when asked.

    Args:
        name: of the executor; `serial`: this process computes them, many sequences at once.

    Raises:
        UserError: there is no such executor.
    """

    def __init__(self, name: str) -> None:
        find_executor(name)
        self._name = name
        self._asking = threading.Lock()  # an executor serves one call at a time
        self._executors: dict[Path, Executor[Question, Paid]] = {}

    def computes(self, terms: Sequence[UserTerm], view: View) -> ExecutedTerms | None:
        """Rules of one file as they are computed elsewhere; None: they are in this process.

        Args:
            terms: a user's; all other terms are quick.
            view: makes what they are given.
        """
        return ExecutedTerms(terms, view, self) if terms and self._name != SERIAL else None

    def map(self, file: Path, questions: Sequence[Question]) -> list[Paid | Lost]:
        """What rules of a file pay, in the order of the questions.

        Raises:
            UserError: a rule is broken, or a cluster has ended.
        """
        with self._asking:
            if file not in self._executors:
                made: Executor[Question, Paid] = started(
                    self._name, ShippedTerms(file), cores_at_hand(), LONGEST
                )
                weakref.finalize(self, made.close)
                self._executors[file] = made
            return results_of(self._name, self._executors[file], questions)


class ExecutedTerms:
    """Rules as an executor computes them. Satisfies `ComputesTerms`.

    Args:
        terms: of one file.
        view: makes what they are given.
        executor: computes them.

    Attributes:
        names: of the rules.
    """

    def __init__(self, terms: Sequence[UserTerm], view: View, executor: TermsExecutor) -> None:
        self.names: Collection[str] = tuple(term.name for term in terms)
        self._file, self._view, self._executor = terms[0].file, view, executor
        self._known: Cache[Paid] = Cache(KEPT)

    def __call__(self, batch: SequenceBatch, names: Collection[str]) -> Mapping[str, Tensor]:
        """(B, T) float64 for each of some rules, 0 beyond each sequence's length.

        Raises:
            UserError: a rule is broken, or ended its process.
        """
        asked = tuple(names)
        paid = torch.zeros(len(asked), *batch.tokens.shape, dtype=torch.float64)
        for row, found in enumerate(self._answers(asked, batch.to_lists())):
            paid[:, row, : found.shape[1]] = torch.from_numpy(found)
        return dict(zip(asked, paid.to(batch.tokens.device), strict=True))

    def _answers(self, names: tuple[str, ...], rows: Sequence[list[int]]) -> list[Paid]:
        keys = [hashlib.sha256(f"{names} {tokens}".encode()).hexdigest() for tokens in rows]
        known = {key: self._known.get(key) for key in keys}
        new = {key: row for key, row in zip(keys, rows, strict=True) if known[key] is None}
        questions = [(self._view, names, row) for row in new.values()]
        answers = self._executor.map(self._file, questions) if questions else []
        for (key, row), answer in zip(new.items(), answers, strict=True):
            if isinstance(answer, Lost):
                raise UserError(
                    f"rules of {self._file}: for the sequence {shown(row)} there is no answer "
                    f"({answer.value}), expected a number for each token"
                )
            self._known.put(key, answer)
            known[key] = answer
        return [found for key in keys if (found := known[key]) is not None]


def check_executor(domain: Domain, executor: str | None, rules: Path | None) -> None:
    """Refuse an executor that has nothing to do.

    Args:
        domain: whose sequences are scored.
        executor: its name; None: none was asked for.
        rules: a user's file; None: there is none.

    Raises:
        UserError: it would compute rules of a file, and there is none.
    """
    if domain.executes_rules_alone and rules is None and executor not in (None, SERIAL):
        raise UserError(
            f"executor is {shown(executor)}, but {domain.sequences} without a file of rules are "
            "scored in this process, where no executor plays a part; leave it out"
        )


def executed_where_possible(domain: Domain, executor: str | None) -> Domain:
    """The domain with its sequences scored by an executor, or itself where it can use none."""
    can = type(domain).executed_by is not Domain.executed_by
    return domain.executed_by(executor) if can else domain
