"""What a user's programs, functions and models say of molecules: each is asked once, and kept."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from rdkit import rdBase

from sequence_tutor.execution.answers import VALUE, Answer
from sequence_tutor.execution.batch_program import BatchProgram
from sequence_tutor.execution.cache import Cache
from sequence_tutor.execution.closing import Closing
from sequence_tutor.execution.external import ExternalProgram
from sequence_tutor.execution.protocol import Lost
from sequence_tutor.molecule.predicting.asked import AskedModel, Featurise, features_here
from sequence_tutor.molecule.terms import Function, ModelTerm, Program, Term, UserFunction
from sequence_tutor.storage.score_store import ScoreStore
from sequence_tutor.storage.trust import program_code

Told = Callable[[str, Answer], None]
LOST, TIMEOUT = "lost", "timeout"
"""Keys of a stored answer: why there is none, and the time limit in seconds that it had."""


class Asks(Protocol):
    """A program, or a function in its place."""

    def ask(self, smiles: Sequence[str], told: Told) -> list[Answer]:
        """The answers; `told` gets each molecule and its answer as soon as it is there."""

    def close(self) -> None:
        """End what it started."""


class AskedElsewhere(Protocol):
    """Makes what asks programs and functions on other machines."""

    def program(self, terms: Sequence[Program]) -> Asks:
        """Asks the program that some terms have in common."""

    def function(self, function: UserFunction) -> Asks:
        """Asks a function, molecule by molecule."""


class FunctionAsks:
    """A user's function as a program that is in this process. Satisfies `Asks`."""

    def __init__(self, function: UserFunction) -> None:
        self._function = function

    def ask(self, smiles: Sequence[str], told: Told) -> list[Answer]:
        """The function's numbers."""
        answers: list[Answer] = [{VALUE: value} for value in self._function(smiles)]
        for one, answer in zip(smiles, answers, strict=True):
            told(one, answer)
        return answers

    def close(self) -> None:
        """There is nothing to end."""


class Source(Closing):
    """Answers of one program or function, from memory, from a store, or asked for.

    Args:
        scorer: the program or function.
        what: it is, in words.
        digest: of all that its answers depend on.
        kept: answers in memory, beside those of a store.
        timeout: seconds for one molecule; lost molecules are asked again with a longer one.
        stores: whether its answers are worth a store.

    Attributes:
        asked: molecules that it was asked for.
        is_expensive: whether evaluations are to do without it, see `Program`.
    """

    def __init__(
        self,
        scorer: Asks,
        what: str,
        digest: str,
        kept: int,
        timeout: float = math.inf,
        *,
        stores: bool = True,
        is_expensive: bool = False,
    ) -> None:
        self._scorer, self._what, self._digest, self._timeout = scorer, what, digest, timeout
        self._memory: Cache[Answer] = Cache(kept)
        self._stores = stores
        self._store: ScoreStore | None = None
        self.is_expensive = is_expensive
        self.asked = 0
        self._asking = threading.Lock()

    def keep_in(self, store: ScoreStore) -> None:
        """Read answers from a store, and write new ones there; also those in memory."""
        if not self._stores or self._store is not None:
            return
        self._store = store
        for molecule, answer in self._memory.items():
            if molecule not in store.answers(self._digest):
                self._write(molecule, answer)
        store.sync()

    def __call__(self, molecules: Sequence[str]) -> dict[str, Answer]:
        """The answer to each molecule, by its canonical SMILES.

        Raises:
            UserError: the program or function is broken.
        """
        known = {one: self._known(one) for one in dict.fromkeys(molecules)}
        new = [one for one, answer in known.items() if answer is None]
        if new:
            with self._asking:
                if self._store is not None:
                    self._store.refresh()
                # another run or thread may have asked meanwhile
                known |= {one: self._known(one) for one in new}
                new = [one for one in new if known[one] is None]
                known |= self._asked(new) if new else {}
        return {one: {} if answer is None else answer for one, answer in known.items()}

    def _asked(self, molecules: Sequence[str]) -> dict[str, Answer]:
        self.asked += len(molecules)
        try:
            answers = self._scorer.ask(molecules, self._write)
        finally:
            if self._store is not None:
                self._store.sync()
        for one, answer in zip(molecules, answers, strict=True):
            self._memory.put(one, answer)
        return dict(zip(molecules, answers, strict=True))

    def close(self) -> None:
        """End the program."""
        self._scorer.close()

    def _known(self, molecule: str) -> Answer | None:
        if (remembered := self._memory.get(molecule)) is not None or self._store is None:
            return remembered
        stored = self._store.answers(self._digest).get(molecule)
        if stored is None or LOST not in stored:
            return stored
        is_enough = float(stored.get(TIMEOUT, 0.0)) >= self._timeout
        return Lost(stored[LOST]) if is_enough else None

    def _write(self, molecule: str, answer: Answer) -> None:
        if self._store is not None:
            if isinstance(answer, Lost):
                limit = self._timeout if math.isfinite(self._timeout) else 0.0
                answer = {LOST: answer.value, TIMEOUT: limit}
            self._store.put(self._digest, self._what, molecule, _storable(answer))


def sources_of(
    terms: Mapping[str, Term],
    functions: Mapping[str, UserFunction],
    kept: int,
    elsewhere: AskedElsewhere | None = None,
    featurise: Featurise = features_here,
) -> dict[str, tuple[Source, str]]:
    """The source of each program's, function's or model's term, and the number of its answers.

    Terms with the same command and folder share one program, which is asked once for all of them.

    Args:
        terms: name -> term, of all kinds.
        functions: name -> the function of a term of the kind `function`.
        kept: answers of each source in memory.
        elsewhere: asks programs and expensive functions on other machines; None: in this process.
        featurise: computes the features of models.
    """
    groups: dict[tuple[str, str | None, str], dict[str, Program]] = {}
    found: dict[str, tuple[Source, str]] = {}
    for name, term in terms.items():
        if isinstance(term, Function):
            found[name] = _of_function(functions[name], term, kept, elsewhere), VALUE
        elif isinstance(term, ModelTerm):
            model = AskedModel(name, term, featurise)
            digest = _digest("model", model.depends_on, rdBase.rdkitVersion)
            found[name] = Source(model, model.what, digest, kept), VALUE
        elif isinstance(term, Program):
            key = term.command, term.folder, term.convention
            groups.setdefault(key, {})[name] = term
    for programs in groups.values():
        source = _of_programs(list(programs.values()), kept, elsewhere)
        found |= {name: (source, term.number) for name, term in programs.items()}
    return {name: found[name] for name in terms if name in found}


def _of_function(
    function: UserFunction, term: Function, kept: int, elsewhere: AskedElsewhere | None
) -> Source:
    file = Path(function.file)
    content = file.read_bytes() if file.is_file() else b""
    digest = _digest("function", function.name, hashlib.sha256(content).hexdigest())
    what = f"function {function.name} of {file}"
    asks: Asks = FunctionAsks(function)
    if elsewhere is not None and term.expensive:
        asks = elsewhere.function(function)
    return Source(asks, what, digest, kept, stores=term.expensive, is_expensive=term.expensive)


def _of_programs(terms: Sequence[Program], kept: int, elsewhere: AskedElsewhere | None) -> Source:
    """One source for terms that have a program in common; the largest of their limits hold."""
    first, timeout = terms[0], max(term.timeout for term in terms)
    folder = Path(first.folder or ".").absolute()
    digest = _digest(first.convention, program_code(first.command, folder).digest)
    what = f"program {first.command} in {folder}"
    is_expensive = any(term.expensive for term in terms)
    asks: Asks = _program(terms, timeout) if elsewhere is None else elsewhere.program(terms)
    return Source(asks, what, digest, kept, timeout, is_expensive=is_expensive)


def _program(terms: Sequence[Program], timeout: float) -> ExternalProgram | BatchProgram:
    first = terms[0]
    kind = ExternalProgram if first.convention == "lines" else BatchProgram
    return kind(
        first.command,
        timeout,
        first.folder,
        max(term.processes for term in terms),
        max(term.failures for term in terms),
        tuple(dict.fromkeys(term.number for term in terms)),
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _storable(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """An answer without what JSON has no word for."""
    return {name: None if _is_odd(value) else value for name, value in answer.items()}


def _is_odd(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
