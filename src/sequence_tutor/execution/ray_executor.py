"""The executor `ray`: the cores of a Ray cluster.

Each node has one actor, which owns a pool of processes as `local` has it. Items are sent in chunks,
at most `ray_handle.IN_FLIGHT` to an actor, so that none waits for the next. If an actor, or its
node, dies, its chunks are given to others; Ray starts the actor again where the node is alive. An
item that lost its actor `ray_handle.MOST_DEATHS` times is `Lost`. Nodes that join later are used
too.
"""

from __future__ import annotations

import math
import pickle
import sys
import time
import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from sequence_tutor.errors import UserError
from sequence_tutor.execution.pool import GIB
from sequence_tutor.execution.protocol import CLOSED, Executor, Item, Lost, Result
from sequence_tutor.execution.ray_cluster import ClusterNode, connect
from sequence_tutor.execution.ray_handle import AGAIN_SECONDS, IN_FLIGHT, NodeHandle, Work
from sequence_tutor.execution.ray_node import PACKAGES, Chunk, NodeJob, NodeState, versions_here

LOOK_SECONDS = 5.0  # between two looks for new nodes
PATIENCE = 120.0  # for a first node


class RayExecutor(Executor[Item, Result]):
    """Computes on the nodes of a Ray cluster; close it, or use it in a `with`.

    Args:
        function: an item in, a result out; all three picklable, and importable on the nodes.
        workers: not used: every node has as many processes as Ray counts CPUs of it.
        timeout: seconds for one item.
        memory: bytes that each process may allocate after it has loaded the function.

    Attributes:
        replaced: workers and actors that had to be replaced so far.

    Raises:
        UserError: Ray is not installed, or its cluster cannot be reached.
    """

    address: ClassVar[str | None] = None

    def __init__(
        self,
        function: Callable[[Item], Result],
        workers: int = 1,
        timeout: float = 10.0,
        memory: int = 2 * GIB,
    ) -> None:
        self._cluster = connect(self.address)
        import ray

        versions = versions_here([name for name in PACKAGES if name in sys.modules])
        self._job = ray.put(NodeJob(pickle.dumps(function), timeout, memory, versions))
        self._nodes: dict[str, NodeHandle] = {}
        self._refused: dict[str, str] = {}  # nodes that can do nothing, and why
        self._remarks: set[str] = set()
        self._looked = -math.inf
        self.replaced = 0
        self._end = weakref.finalize(self, _end_all, self._nodes)  # if it is never closed
        self._look_for_nodes()

    @classmethod
    def at(cls, address: str) -> type[RayExecutor[Item, Result]]:
        """The executor for the cluster at `ray://HOST:PORT`."""
        return type("RayExecutorAt", (cls,), {"address": address})

    @property
    def cores(self) -> int:
        """Processes of all nodes."""
        return sum(node.cores for node in self._nodes.values())

    @property
    def pids(self) -> tuple[int, ...]:
        """None: they may be on other machines."""
        return ()

    def map(self, items: Sequence[Item]) -> list[Result | Lost]:
        """The function of each item, in the order of `items`.

        Raises:
            UserError: raised by the function; the cluster has ended, or has no node that can work.
            RuntimeError: the function is broken.
            ValueError: it is closed.
        """
        return self.stream(items, lambda *_: None)

    def stream(
        self, items: Sequence[Item], told: Callable[[Item, Result | Lost], None]
    ) -> list[Result | Lost]:
        """As `map`; `told` gets each item and its result as soon as its chunk is there."""
        if not self._end.alive:
            raise ValueError(CLOSED)
        work = Work[Item, Result](items, told)
        is_whole = False
        try:
            while work.unfinished:
                self._look_for_nodes()
                self._hand_out(work)
                self._listen(work)
            is_whole = True
        except ConnectionError as error:
            raise self._cluster.gone() from error
        finally:
            if not is_whole:  # nothing will read the answers of these
                _end_all(self._nodes)
                self._looked = -math.inf
        return work.results

    def close(self) -> None:
        """End the actors, with their workers."""
        self._end()

    def _look_for_nodes(self) -> None:
        """Make an actor on each new node, and ask those that were lost whether they are back."""
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS or not self._nodes:
            self._looked = now
            known = {one.key: one for one in self._await_nodes()}
            for key in self._nodes.keys() - known.keys():
                self._nodes[key].is_gone = True
            for key in known.keys() - self._nodes.keys() - self._refused.keys():
                self._nodes[key] = NodeHandle(known[key], self._job)
        for key, node in list(self._nodes.items()):
            if node.is_gone and not node.waiting:
                node.end()
                del self._nodes[key]
            elif not (node.is_ready or node.waiting) and now >= node.ask_again:
                node.ask()

    def _await_nodes(self) -> list[ClusterNode]:
        """The nodes of the cluster that are not refused; waits until there is one.

        Raises:
            UserError: all refuse, or there is none for long.
        """
        until = time.monotonic() + PATIENCE
        while True:
            every = self._cluster.nodes()
            usable = [one for one in every if one.key not in self._refused]
            if usable:
                return usable
            if every:
                why = list(self._refused.values())[-1]
                raise UserError(f"no node of the Ray cluster can work, the last because it {why}")
            if time.monotonic() > until:
                raise UserError(
                    f"the Ray cluster at {self._cluster.address} has no node with a CPU, expected "
                    "at least one that was started with `ray start`"
                )
            time.sleep(AGAIN_SECONDS)

    def _hand_out(self, work: Work[Item, Result]) -> None:
        """Chunks for all nodes, a first one for each before the second of any."""
        for turn in range(IN_FLIGHT):
            for node in self._nodes.values():
                is_able = node.is_ready and not node.is_gone
                if is_able and len(node.waiting) <= turn and work.left:
                    share = math.ceil(work.left * node.cores / self.cores)
                    chunk = work.take(node.chunk_size(share))
                    node.give(chunk, [work.items[position] for position in chunk])

    def _listen(self, work: Work[Item, Result]) -> None:
        """Take what has arrived; wait for it at most a second."""
        import ray

        owners = {ref: node for node in self._nodes.values() for ref in node.waiting}
        if not owners:
            time.sleep(AGAIN_SECONDS / 4)
            return
        arrived, _ = ray.wait(list(owners), num_returns=1, timeout=AGAIN_SECONDS)
        if not arrived:
            self._cluster.check()
        for ref in arrived:
            self._take(ref, owners[ref], work)

    def _take(self, ref: Any, node: NodeHandle, work: Work[Item, Result]) -> None:
        import ray

        chunk = node.waiting.pop(ref)
        try:
            answer = ray.get(ref)
        except ray.exceptions.RayTaskError as error:
            raise RuntimeError(f"a node failed:\n{error}") from error
        except ray.exceptions.RayError as error:  # the actor, its node, or its answer is gone
            if getattr(error, "actor_init_failed", False):
                self._refuse(node, _reason(error))
            answer = None
        if answer is None:
            self.replaced += node.is_ready
            node.lose()
            work.lose(chunk)
        elif isinstance(answer, Exception):
            raise answer
        elif isinstance(answer, NodeState):
            self._welcome(node, answer)
        else:
            self._keep(node, chunk, answer, work)

    def _keep(
        self, node: NodeHandle, chunk: Sequence[int], answer: Chunk, work: Work[Item, Result]
    ) -> None:
        self.replaced += answer.replaced
        node.seconds = 0.5 * node.seconds + 0.5 * answer.seconds / len(chunk)
        work.finish(chunk, pickle.loads(answer.results))

    def _welcome(self, node: NodeHandle, state: NodeState) -> None:
        if state.refusal:
            self._refuse(node, state.refusal)
            return
        if state.remark and state.remark not in self._remarks:
            self._remarks.add(state.remark)
            warnings.warn(f"node {node.name} {state.remark}", stacklevel=2)
        node.is_ready = True

    def _refuse(self, node: NodeHandle, why: str) -> None:
        """Use a node no more; say why, once for all nodes with the same reason."""
        if why not in self._refused.values():
            warnings.warn(f"node {node.name} is not used: it {why}", stacklevel=2)
        self._refused[node.key] = why
        node.is_gone = True
        self._looked = -math.inf


def _end_all(nodes: dict[str, NodeHandle]) -> None:
    import ray

    if not ray.is_initialized():  # at the end of a process: Ray would start anew
        nodes.clear()
    while nodes:
        _, node = nodes.popitem()
        node.end()


def _reason(error: Exception) -> str:
    """Why an actor could not begin: the last line of what Ray tells."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"cannot begin: {lines[-1] if lines else type(error).__name__}"
