"""Two network namespaces, which are two hosts with addresses of their own, as one Ray cluster."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from execution.conftest import MARK, TIMES
from sequence_tutor.storage.processes import end_marked

pytest.importorskip("ray", reason="the extra [ray] is not installed")
pytestmark = pytest.mark.slow

HEAD, OTHER = "10.213.77.1", "10.213.77.2"
NODE = ("--num-cpus=1", "--object-store-memory=100000000", "--disable-usage-stats")
LONGEST = 900  # seconds for a node to start, on a busy machine
FUNCTIONS = """
import os
import time


def where(item):
    time.sleep(0.05)
    return item, os.readlink("/proc/self/ns/net")
"""
PROGRAM = """
import json
from functions_of_hosts import where
from sequence_tutor.execution.ray_executor import RayExecutor

items = list(range(200))
with RayExecutor(where) as executor:
    found = executor.map(items)
    while len({place for _, place in found}) < 2:  # the other host needs longer to begin
        found = executor.map(items)
print(json.dumps([[item for item, _ in found] == items, sorted({one for _, one in found})]))
"""


@dataclass(frozen=True)
class Host:
    """A network namespace with an address."""

    name: str
    address: str
    environment: dict[str, str]

    def run(self, *command: object) -> str:
        """What a command prints there."""
        inside = ["ip", "netns", "exec", self.name, *map(str, command)]
        done = subprocess.run(
            inside, env=self.environment, capture_output=True, text=True, timeout=LONGEST
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    """Two hosts, joined by a cable; on each what they need to start Ray on a busy machine."""
    if shutil.which("ip") is None:
        pytest.skip("there is no program ip to make network namespaces with")
    key = secrets.token_hex(3)
    names, ends = [f"st{key}{n}" for n in "ab"], [f"v{key}{n}" for n in "ab"]
    mark = secrets.token_hex(16)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    own = {"PYTHONPATH": path, "RAY_AUTH_MODE": "disabled", MARK: mark, "OMP_NUM_THREADS": "1"}
    environment = {**os.environ, **TIMES, **own}
    try:
        try:
            for name in names:
                ip("netns", "add", name)
            ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
            for name, end, address in zip(names, ends, (HEAD, OTHER), strict=True):
                ip("link", "set", end, "netns", name)
                ip("-n", name, "address", "add", f"{address}/24", "dev", end)
                for device in (end, "lo"):
                    ip("-n", name, "link", "set", device, "up")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network namespaces can be made here ({error.stderr.decode().strip()})")
        first, second = (
            Host(name, address, environment)
            for name, address in zip(names, (HEAD, OTHER), strict=True)
        )
        yield first, second
    finally:
        end_marked(MARK, mark)
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


def test_two_hosts_are_one_cluster(hosts: tuple[Host, Host], tmp_path: Path) -> None:
    head, other = hosts
    (tmp_path / "functions_of_hosts.py").write_text(FUNCTIONS)
    ray = Path(sys.executable).with_name("ray")
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as files:  # for names of sockets
        at_head = (f"--node-ip-address={HEAD}", "--include-dashboard=false", f"--temp-dir={files}")
        head.run(ray, "start", "--head", "--port=6379", *at_head, *NODE)
        other.run(ray, "start", f"--address={HEAD}:6379", f"--node-ip-address={OTHER}", *NODE)
        asked = {**head.environment, "RAY_ADDRESS": f"{HEAD}:6379"}
        printed = Host(head.name, HEAD, asked).run(sys.executable, "-c", PROGRAM)
    networks = [one.run("readlink", "/proc/self/ns/net").strip() for one in hosts]
    assert f'[true, ["{min(networks)}", "{max(networks)}"]]' == printed.strip().splitlines()[-1]
