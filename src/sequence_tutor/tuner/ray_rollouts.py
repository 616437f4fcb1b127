"""Collections that are sampled on the nodes of a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.algorithms.policy import TunedPolicy
from sequence_tutor.errors import UserError
from sequence_tutor.execution.ray_cluster import connect
from sequence_tutor.execution.ray_executor import RayExecutor
from sequence_tutor.execution.registry import find_executor
from sequence_tutor.sampling.measure import Task
from sequence_tutor.tuner.exploration import Exploration
from sequence_tutor.tuner.rollouts import (
    Part,
    PartsHere,
    Roller,
    Rollouts,
    SamplesParts,
    Written,
)

LOOK_SECONDS = 1.0  # between two looks whether the cluster is still there


class PartsOnRay:
    """Samples parts on the nodes of a Ray cluster, by actors. Satisfies `SamplesParts`.

    The weights are sent once a collection. An actor that dies is started again, elsewhere if its
    node died, and what it had is asked again. The nodes compute on their CPUs.

    Args:
        address: of the cluster, see `ray_cluster.connect`.
        roller: what is copied to each actor.
        policy: whose weights are sent.
        most: actors.

    Raises:
        UserError: the cluster cannot be reached, or the policy cannot be sent.
    """

    def __init__(self, address: str | None, roller: Roller, policy: TunedPolicy, most: int) -> None:
        if roller.device.type != "cpu":
            raise UserError(
                f"tune.rollouts is above 0 and the device {roller.device}, expected cpu: copies of "
                "the policy sample on the CPUs of the nodes"
            )
        self._cluster = connect(address)
        import ray

        try:
            copied = ray.put(roller)
        except Exception as error:  # whatever the parts of a prior raise
            raise UserError(
                f"the policy cannot be sent to the nodes ({type(error).__name__}: {error}), "
                "expected tune.rollouts = 0"
            ) from error
        self._policy = policy
        cores = sum(node.cores for node in self._cluster.nodes())
        # no CPU of their own: an actor that lost its node finds room on any other
        options = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": -1}
        made = ray.remote(_Actor).options(**options, scheduling_strategy="SPREAD")
        self._actors = [made.remote(copied) for _ in range(max(1, min(most, cores)))]

    def begin(self, parts: Sequence[Part]) -> Callable[[], list[Written]]:
        """Send the weights once, and ask each actor for its share of the parts."""
        import ray

        values = self._policy.values.state_dict()
        weights = ray.put({name: one.detach().cpu() for name, one in values.items()})
        asked = [
            self._actors[part.number % len(self._actors)].sample.remote(weights, part)
            for part in parts
        ]
        return lambda: self._arrived(asked)

    def _arrived(self, asked: Sequence[Any]) -> list[Written]:
        """Wait for the parts; a head that has ended is a `UserError`."""
        import ray

        left = list(asked)
        try:
            while left:
                arrived, left = ray.wait(left, num_returns=len(left), timeout=LOOK_SECONDS)
                if not arrived:
                    self._cluster.check()
            found: list[Written] = ray.get(list(asked))
        except ConnectionError as error:
            raise self._cluster.gone() from error
        except ray.exceptions.RayTaskError as error:
            raise RuntimeError(f"a node failed:\n{error}") from error
        except ray.exceptions.RayError as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise UserError(f"a copy of the policy cannot begin on a node: {lines[-1]}") from error
        return found


class _Actor:
    """Is given a roller by Ray, which fetches it from the object store."""

    def __init__(self, roller: Roller) -> None:
        self._roller = roller

    def sample(self, weights: Mapping[str, Tensor], part: Part) -> Written:
        return self._roller.sample(weights, part)


def rollouts_of(
    parts: int,
    policy: TunedPolicy,
    exploration: Exploration,
    task: Task,
    device: torch.device,
    executor: str | None,
    *,
    compares: bool,
) -> Rollouts:
    """Copies of a policy that sample its collections, on a cluster where the executor is one.

    Args:
        parts: of a collection.
        policy, exploration, task, device, compares: see `Roller`.
        executor: its name; None: there is none, and this process samples.

    Raises:
        UserError: the cluster cannot be reached, or the policy cannot be sent.
    """
    roller = Roller(policy, exploration, task, device, compares=compares)
    kind = None if executor is None else find_executor(executor)
    sampler: SamplesParts = PartsHere(roller)
    if kind is not None and issubclass(kind, RayExecutor):
        sampler = PartsOnRay(kind.address, roller, policy, parts)
    return Rollouts(parts, sampler, exploration)
