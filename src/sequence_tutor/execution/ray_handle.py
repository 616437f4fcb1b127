"""What the executor `ray` knows of a node and of its items."""

from __future__ import annotations

import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Generic

from sequence_tutor.execution.protocol import Item, Lost, Result
from sequence_tutor.execution.ray_cluster import ClusterNode
from sequence_tutor.execution.ray_node import NodeActor

IN_FLIGHT = 2  # chunks that an actor has
MOST_DEATHS = 5  # of actors that had the item
CHUNK_SECONDS = 0.5  # much longer than a message takes, much shorter than a batch
LARGEST_CHUNK = 4096
AGAIN_SECONDS = 1.0  # between two questions whether an actor is back


class NodeHandle:
    """An actor, and the chunks that it has.

    Attributes:
        key: of the node.
        name: of the node, for messages.
        cores: processes of the actor.
        waiting: positions of the chunk that an answer is awaited for; none: it is asked for its
            state.
        is_ready: whether it is known to be there.
        is_gone: whether it is never to be asked again.
        ask_again: when it may be asked for its state.
        seconds: for one item: a running mean.
    """

    def __init__(self, node: ClusterNode, job: Any) -> None:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        self.key, self.name, self.cores = node.key, node.name, node.cores
        self._actor: Any = (
            ray.remote(NodeActor)
            .options(
                num_cpus=0,  # several executors of one run take turns
                max_restarts=-1,
                max_concurrency=IN_FLIGHT + 1,  # its end does not wait for its chunks
                scheduling_strategy=NodeAffinitySchedulingStrategy(node.key, soft=False),
            )
            .remote(secrets.token_hex(16))
        )
        self._job = job
        self.waiting: dict[Any, Sequence[int]] = {}
        self.is_ready = self.is_gone = False
        self.ask_again = 0.0
        self.seconds = CHUNK_SECONDS / 2

    def ask(self) -> None:
        """Let it begin, which it does again if it was started again."""
        self.waiting[self._actor.begin.remote(self._job, self.cores)] = ()

    def give(self, chunk: Sequence[int], items: Sequence[Any]) -> None:
        """Let it compute a chunk."""
        self.waiting[self._actor.compute.remote(items)] = chunk

    def chunk_size(self, share: int) -> int:
        """Chunks become smaller, so that all nodes finish together, but use all cores.

        Args:
            share: of the items that no node has, this node's by its cores.
        """
        most = max(2 * self.cores, int(CHUNK_SECONDS / max(self.seconds, 1e-9)))
        fair = max(-(-share // 2), min(share, self.cores))
        return max(1, min(most, fair, LARGEST_CHUNK))

    def lose(self) -> None:
        """Give it nothing until it has said that it is back."""
        self.is_ready = False
        self.ask_again = time.monotonic() + AGAIN_SECONDS

    def end(self) -> None:
        """End the actor, with all that it has started."""
        import ray

        with suppress(Exception):  # it may be gone, and the cluster too
            if self.is_ready and not self.is_gone:
                ray.wait([self._actor.close.remote()], timeout=AGAIN_SECONDS)
            ray.kill(self._actor)


class Work(Generic[Item, Result]):
    """The items of one call: those that no node has, and the results so far."""

    def __init__(self, items: Sequence[Item], told: Callable[[Item, Result | Lost], None]) -> None:
        self.items, self._told = items, told
        self.results: list[Result | Lost] = [Lost.DIED] * len(items)
        self.unfinished = len(items)
        self._free = deque(range(len(items)))
        self._deaths: Counter[int] = Counter()

    @property
    def left(self) -> int:
        """Items that no node has."""
        return len(self._free)

    def take(self, size: int) -> Sequence[int]:
        """The next positions; fewer of those that cost an actor, as one of them may be to blame."""
        size = max(1, size >> self._deaths[self._free[0]])
        return [self._free.popleft() for _ in range(min(size, len(self._free)))]

    def finish(self, chunk: Sequence[int], results: Sequence[Result | Lost]) -> None:
        """Keep the results of a chunk."""
        for position, result in zip(chunk, results, strict=True):
            self.results[position] = result
            self._told(self.items[position], result)
        self.unfinished -= len(chunk)

    def lose(self, chunk: Sequence[int]) -> None:
        """Let others compute a chunk, without the items that cost too many actors."""
        for position in reversed(chunk):
            self._deaths[position] += 1
            if self._deaths[position] >= MOST_DEATHS:
                self.finish((position,), (Lost.DIED,))
            else:
                self._free.appendleft(position)
