"""Records of many SMILES: each molecule is computed once, by workers that may fail.

What is known is kept twice, by string and by canonical SMILES, because a generator repeats itself
and writes one molecule in several ways. Strings that are new are first made canonical, then the
terms are computed of the molecules that are new: both in the same workers, or in this process.
A record is a function of the molecule alone, so it is the same to the last bit wherever it was
computed and under whichever string it was kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from sequence_tutor.execution.closing import Closing
from sequence_tutor.execution.pool import WorkerPool
from sequence_tutor.execution.worker import Lost, attempt
from sequence_tutor.molecule.terms.term_set import MoleculeRecord

Value = TypeVar("Value")

LONGEST_KEY = 1000
"""Characters; longer strings are not kept, so that a flood of them cannot fill the memory."""


class Cache(Generic[Value]):
    """Values by string; the one not asked for the longest goes first.

    Example:
        cache = Cache(100_000)
        cache.put("CCO", record)
        cache.get("CCO")

    Attributes:
        hits: how often `get` found something.
        misses: how often it did not.
    """

    def __init__(self, size: int) -> None:
        """Start empty.

        Args:
            size: how many values are kept at most; 0 keeps none.
        """
        if size < 0:
            raise ValueError(f"a cache of {size} values, expected 0 or more")
        self.size = size
        self.hits = 0
        self.misses = 0
        self._values: OrderedDict[str, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> Value | None:
        """The value kept under `key`, None where there is none (any more)."""
        value = self._values.get(key)
        if value is None:
            self.misses += 1
        else:
            self.hits += 1
            self._values.move_to_end(key)
        return value

    def put(self, key: str, value: Value) -> None:
        """Keep a value, and forget the one not used for the longest where that is too many."""
        if not self.size or len(key) > LONGEST_KEY:
            return
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self.size:
            self._values.popitem(last=False)


What = Literal["name", "record"]
Outcome = MoleculeRecord | Lost


class Terms(Protocol):
    """What computes records; it travels to the workers by pickle. A `TermSet` is one."""

    def evaluate(self, smiles: str | None) -> MoleculeRecord:
        """The record of a string; of None that of an invalid one."""

    def canonical(self, smiles: str) -> str | None:
        """The canonical SMILES of a string; None where it is no molecule."""

    def of_canonical(self, canonical: str) -> MoleculeRecord:
        """The record of the molecule with that canonical SMILES."""


@dataclass(frozen=True)
class Scores:
    """The records of some strings and how they came about; all counts are of strings.

    Attributes:
        records: one a string, in their order.
        timeouts: took too long, and count as invalid.
        failures: ended their worker, filled its memory or made RDKit fail; invalid too.
        cache_hits: no term had to be computed for them, because they, or the molecules they
            stand for, were known or came earlier in the same call.
    """

    records: list[MoleculeRecord]
    timeouts: int
    failures: int
    cache_hits: int


class Scorer(Closing):
    """Scores strings for as long as it is open; close it, or use it in a `with`.

    Example:
        with Scorer(TermSet({"qed": Qed()}), workers=2) as scorer:
            records = scorer.score(["CCO", "OCC", None]).records

    Attributes:
        computed: how many molecules' terms were computed so far.
    """

    def __init__(
        self,
        term_set: Terms,
        workers: int = 0,
        timeout: float = 10.0,
        cache_size: int = 100_000,
    ) -> None:
        """Start the workers, if there are to be any.

        Args:
            term_set: what to compute.
            workers: processes; 0 computes in this one, where nothing can end a molecule that
                hangs or crashes.
            timeout: seconds a molecule may take in a worker.
            cache_size: strings, and as many molecules, whose records are kept; 0 for none.
        """
        self._invalid = term_set.evaluate(None)
        self._spellings: Cache[Outcome] = Cache(cache_size)
        self._molecules: Cache[Outcome] = Cache(cache_size)
        self.computed = 0
        self._compute = _Compute(term_set)
        self._pool = WorkerPool(self._compute, workers, timeout) if workers else None

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """The processes at work."""
        return self._pool.pids if self._pool else ()

    @property
    def replaced(self) -> int:
        """How many workers had to be replaced so far."""
        return self._pool.replaced if self._pool else 0

    def score(self, smiles: Sequence[str | None]) -> Scores:
        """The records of some strings; None is a sequence that is no string, and invalid.

        Raises:
            UserError: raised by a term.
            RuntimeError: a term is broken, or workers do not even start.
        """
        outcomes, hits = self._outcomes([one for one in smiles if one is not None])
        found = [self._invalid if one is None else outcomes[one] for one in smiles]
        return Scores(
            records=[self._invalid if isinstance(one, Lost) else one for one in found],
            timeouts=sum(one is Lost.TIMED_OUT for one in found),
            failures=sum(one is Lost.DIED or one is Lost.FAILED for one in found),
            cache_hits=hits,
        )

    def close(self) -> None:
        """End the workers."""
        if self._pool:
            self._pool.close()

    def _outcomes(self, smiles: Sequence[str]) -> tuple[dict[str, Outcome], int]:
        """What became of each string, and for how many no term had to be computed."""
        outcomes = _look_up(self._spellings, smiles)
        new = [one for one in dict.fromkeys(smiles) if one not in outcomes]
        named = self._ask("name", new)
        valid = [one.canonical for one in named if not isinstance(one, Lost) and one.canonical]
        before = self.computed
        molecules = self._molecule_outcomes(valid)
        for one, name in zip(new, named, strict=True):
            if isinstance(name, Lost):
                outcomes[one] = name
            else:
                outcomes[one] = molecules.get(name.canonical or "", self._invalid)
            self._spellings.put(one, outcomes[one])
        return outcomes, len(smiles) - len(new) + len(valid) - (self.computed - before)

    def _molecule_outcomes(self, canonical: Sequence[str]) -> dict[str, Outcome]:
        """The records of some molecules, of which the unknown ones are computed."""
        molecules = _look_up(self._molecules, canonical)
        unknown = [one for one in dict.fromkeys(canonical) if one not in molecules]
        for one, outcome in zip(unknown, self._ask("record", unknown), strict=True):
            molecules[one] = outcome
            self._molecules.put(one, outcome)
        self.computed += len(unknown)
        return molecules

    def _ask(self, what: What, smiles: Sequence[str]) -> list[Outcome]:
        questions = [(what, one) for one in smiles]
        if self._pool:
            return self._pool.map(questions)
        return [attempt(self._compute, question) for question in questions]


class _Compute:
    """What a worker does."""

    def __init__(self, term_set: Terms) -> None:
        self._terms = term_set

    def __call__(self, question: tuple[What, str]) -> MoleculeRecord:
        """The record of a canonical SMILES, or a record with the name of any string alone."""
        what, smiles = question
        if what == "name":
            return MoleculeRecord(self._terms.canonical(smiles), None, ())
        return self._terms.of_canonical(smiles)


def _look_up(cache: Cache[Outcome], keys: Iterable[str]) -> dict[str, Outcome]:
    """What the cache knows of some keys."""
    found = {key: cache.get(key) for key in dict.fromkeys(keys)}
    return {key: outcome for key, outcome in found.items() if outcome is not None}
