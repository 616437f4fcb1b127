"""The connection to a Ray cluster: one a process, as Ray has it."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sequence_tutor.errors import UserError, extra, shortened

CLIENT = "ray://"
LEAST_TRIES = 3  # to reach a head before it counts as gone
TRY_SECONDS = 2.0


@dataclass(frozen=True)
class ClusterNode:
    """A machine of the cluster, or a part of one.

    Attributes:
        key: Ray's own.
        name: its address, for messages.
        cores: processes that it has for us.
    """

    key: str
    name: str
    cores: int


@dataclass(frozen=True)
class Cluster:
    """A cluster that this process is connected to.

    Attributes:
        address: HOST:PORT of what must answer as long as it is there.
    """

    address: str

    def check(self) -> None:
        """Ask whether the head is there.

        Ray itself would wait for a minute, and then end this process.

        Raises:
            UserError: it is not; this process is then connected no more.
        """
        for _ in range(LEAST_TRIES):
            with suppress(OSError), _connection(self.address):
                return
            time.sleep(TRY_SECONDS / 2)
        raise self.gone()

    def gone(self) -> UserError:
        """The error for a cluster that has ended; this process is then connected no more."""
        disconnect()
        return UserError(
            f"the Ray cluster at {self.address} does not answer any more; start it again, then the "
            "same command continues"
        )

    def nodes(self) -> list[ClusterNode]:
        """The nodes that are alive and have CPUs.

        Raises:
            UserError: the head is gone.
        """
        import ray

        self.check()
        return [
            ClusterNode(
                one["NodeID"],
                str(one.get("NodeManagerHostname") or one["NodeManagerAddress"]),
                int(one["Resources"].get("CPU", 0)),
            )
            for one in ray.nodes()
            if one["Alive"] and one["Resources"].get("CPU", 0) >= 1
        ]


def connect(address: str | None) -> Cluster:
    """Connect this process to a cluster, unless it is.

    Args:
        address: `ray://HOST:PORT`; None: the cluster that the environment variable RAY_ADDRESS
            names, else one that runs on this machine, else a new one of this machine's cores, which
            ends with this process.

    Raises:
        UserError: Ray is not installed, or the cluster cannot be reached.
    """
    with extra("ray", "executor 'ray' needs Ray"):
        import ray
    named = os.environ.get("RAY_ADDRESS", "")
    if address is None and named.startswith(CLIENT):  # its head has another address inside
        address = named
    if ray.is_initialized():
        if address is not None and not ray.util.client.ray.is_connected():
            raise UserError(
                f"this process is connected to a Ray cluster already, expected that at {address}; "
                "ray.shutdown() leaves it"
            )
    else:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        quiet = {"log_to_driver": False, "logging_level": logging.CRITICAL}
        with _own_signals():
            if address is not None:
                _require_answer(address)
                _initialise(address, quiet)
            elif not _found_one(quiet):
                _initialise(None, {**quiet, "include_dashboard": False})
        _keep_notices_off_the_output()
    if address is not None:
        return Cluster(address.removeprefix(CLIENT))
    return Cluster(str(ray.get_runtime_context().gcs_address))


def disconnect() -> None:
    """Leave the cluster; one that `connect` started ends."""
    import ray

    with suppress(Exception):  # the head may be gone
        ray.shutdown()


def _found_one(quiet: dict[str, Any]) -> bool:
    """Connect to the cluster that the environment names or that runs here, if there is one."""
    import ray

    asked = os.environ.get("RAY_ADDRESS")
    if asked:
        _initialise(asked, quiet)
        return True
    try:
        ray.init("auto", **quiet)
    except (ConnectionError, RuntimeError):
        return False
    return True


def _initialise(address: str | None, options: dict[str, Any]) -> None:
    import ray

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the sentence says it
            ray.init(address, **options)
    except Exception as error:  # Ray has no one class for these
        raise _unreachable(address, error) from error


def _require_answer(address: str) -> None:
    """Refuse an address that nobody answers, for which Ray would wait half a minute."""
    try:
        with _connection(address.removeprefix(CLIENT)):
            pass
    except (OSError, ValueError) as error:
        raise _unreachable(address, error) from error


def _connection(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), TRY_SECONDS)


def _unreachable(address: str | None, error: Exception) -> UserError:
    reason = shortened(" ".join(str(error).split()), 160)
    what = f"the Ray cluster at {address} cannot be reached" if address else "Ray did not start"
    return UserError(
        f"{what} ({reason}); expected one that runs, see docs/cluster.md; `ray status` on its head "
        "tells whether it does"
    )


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the handlers of this process, which Ray replaces by its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # it was set by C
                signal.signal(number, handler)


def _keep_notices_off_the_output() -> None:
    """Ray prints notices of dead workers on standard output, where results are printed."""
    worker = sys.modules.get("ray._private.worker")
    if hasattr(worker, "print_to_stdstream"):
        worker.print_to_stdstream = lambda *_, **__: None  # type: ignore[union-attr]
