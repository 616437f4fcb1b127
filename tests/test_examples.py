"""Scripts of `examples/` do what their pages say, in small."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_a_bias_is_removed_and_nothing_else(tmp_path: Path) -> None:
    biased, kept, figures = script("removing_a_bias").run(
        tmp_path, lines=4000, steps=400, samples=4000
    )
    assert all(abs(before - 0.5) > 0.15 for before, _ in biased.values())
    assert all(abs(after - 0.5) < 0.1 for _, after in biased.values())
    assert all(abs(after - before) < 0.04 for before, after in kept.values())
    assert figures["gap_per_sequence"] < 0.1
