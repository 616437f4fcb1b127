"""The part of the executor `ray` that runs on a node: an actor that owns a pool of processes."""

from __future__ import annotations

import os
import pickle
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sequence_tutor.execution.pool import WorkerPool
from sequence_tutor.execution.protocol import Lost
from sequence_tutor.storage.processes import end_marked

PACKAGES = {"sequence_tutor": "sequence-tutor", "rdkit": "rdkit"}
"""Modules whose versions change numbers, with the packages that they are installed from."""
EXTRAS = {"rdkit": "molecule", "pyarrow": "parquet", "transformers": "hf"}
"""Modules that an extra installs."""

MARK = "SEQUENCE_TUTOR_NODE"
"""Environment variable of what an actor starts, programs of the user among it."""


@dataclass(frozen=True)
class NodeJob:
    """What an actor is made of; it can be sent to another machine.

    Attributes:
        function: an item in, a result out, pickled.
        timeout: seconds for one item.
        memory: bytes that a worker may allocate, see `WorkerPool`.
        versions: of the packages in `PACKAGES` that are loaded where the run is.
    """

    function: bytes
    timeout: float
    memory: int
    versions: Mapping[str, str]


@dataclass(frozen=True)
class NodeState:
    """What a node says before it gets work.

    Attributes:
        refusal: why it can do none; empty: it can.
        remark: what the user should know; empty: nothing.
    """

    refusal: str = ""
    remark: str = ""


@dataclass(frozen=True)
class Chunk:
    """The results of a chunk, and what they took.

    Attributes:
        results: one for each item, pickled: arrays that Ray itself unpickled would be read-only,
            and each would keep its whole chunk in the object store.
        seconds: for the whole chunk.
        replaced: workers that had to be replaced meanwhile.
    """

    results: bytes
    seconds: float
    replaced: int


class NodeActor:
    """Computes chunks of items with as many processes as its node has cores.

    So single items are stopped, and blamed, on each node as they are on one machine. Chunks take
    turns; `close` may be called while one is computed.

    Args:
        mark: random, of this actor: if Ray starts it again, programs that it had started are ended.
    """

    def __init__(self, mark: str) -> None:
        end_marked(MARK, mark)
        self._mark = os.environ[MARK] = mark
        self._turn = threading.Lock()
        self._pool: WorkerPool[Any, Any] | None = None

    def begin(self, job: NodeJob, cores: int) -> NodeState:
        """Start the processes, unless they were started; whether it can compute."""
        with self._turn:
            if self._pool is not None:
                return NodeState()
            try:
                function: Callable[[Any], Any] = pickle.loads(job.function)
            except (ImportError, AttributeError) as error:  # a module, or what another version has
                return NodeState(refusal=_what_is_missing(error))
            self._pool = WorkerPool(function, cores, job.timeout, job.memory)
            return NodeState(remark=_what_differs(job.versions))

    def compute(self, items: Sequence[Any]) -> Chunk | Exception | None:
        """The results of some items; an error of the function is given back, not raised.

        None: it was started again since it began.
        """
        with self._turn:
            if self._pool is None:
                return None
            begun, before = time.monotonic(), self._pool.replaced
            try:
                results: list[Any | Lost] = self._pool.map(items)
            except Exception as error:  # Ray would hide it in an error of its own
                return error
            seconds, replaced = time.monotonic() - begun, self._pool.replaced - before
            return Chunk(pickle.dumps(results), seconds, replaced)

    def close(self) -> None:
        """End the workers, and programs that they have started."""
        if self._pool is not None:
            self._pool.close()
        os.environ.pop(MARK, None)
        end_marked(MARK, self._mark)


def versions_here(names: Sequence[str]) -> dict[str, str]:
    """The versions of some modules of `PACKAGES`."""
    found = {}
    for name in names:
        try:
            found[name] = version(PACKAGES[name])
        except PackageNotFoundError:  # a checkout that was not installed
            continue
    return found


def _what_is_missing(error: ImportError | AttributeError) -> str:
    module = (error.name or "").partition(".")[0]
    how = f"pip install 'sequence-tutor[{EXTRAS[module]}]'" if module in EXTRAS else "install it"
    if not isinstance(error, ModuleNotFoundError):  # the module is there, but is another
        how = "install the same version"
    return f"cannot load what it is to compute ({error}); {how} there"


def _what_differs(asked: Mapping[str, str]) -> str:
    own = versions_here(list(asked))
    differences = [
        f"{PACKAGES[name]} {own[name]}, not {wanted}"
        for name, wanted in asked.items()
        if name in own and own[name] != wanted
    ]
    return f"has {' and '.join(differences)}: its numbers may differ" if differences else ""
