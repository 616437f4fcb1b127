"""The versions that a result was made with."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

import torch


def versions() -> dict[str, str]:
    """Versions of this package and its main dependencies, and the commit of a checkout."""
    found = {
        "sequence_tutor": version("sequence-tutor"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": version("numpy"),
    }
    commit = _commit()
    return {**found, "commit": commit} if commit else found


@cache
def _commit() -> str | None:
    """The checkout's commit, with a `+` if files have changed; None outside of git.

    As it was when first asked for: what is imported does not change with the checkout.
    """
    folder = Path(__file__).parents[1]
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--dirty=+"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
            timeout=5,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip() if (folder.parents[1] / "pyproject.toml").is_file() else None
