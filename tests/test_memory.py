"""Freed blocks serve again: counted by the pages that the system has to bring."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

FAULTS_OF_TEN_BLOCKS = """
import resource
from sequence_tutor.memory import keep_freed_memory
if {keep}:
    assert keep_freed_memory()
def brought():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
len(b"x" * {size})
before = brought()
for _ in range(10):
    len(b"x" * {size})
print(brought() - before)
"""


def faults(keep: bool) -> int:
    """Of ten blocks of 64 MiB, one after the other, after a first one."""
    program = FAULTS_OF_TEN_BLOCKS.format(keep=keep, size=64 * 2**20)
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return int(ran.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library than glibc")
def test_a_freed_block_serves_again() -> None:
    assert faults(keep=True) * 10 < faults(keep=False)
