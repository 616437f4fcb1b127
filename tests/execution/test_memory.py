"""What cannot fit is refused before it is tried."""

from __future__ import annotations

import pytest
import torch

from sequence_tutor.errors import UserError
from sequence_tutor.execution.memory import require_memory, too_large, total_memory
from sequence_tutor.tuner.checks import sizes
from sequence_tutor.tuner.collecting_settings import ReplaySettings
from sequence_tutor.tuner.settings import TuneSettings


def test_a_size_that_fits_no_machine_is_refused_with_the_memory_it_takes() -> None:
    total = total_memory()
    assert total is not None
    assert total > 2**27
    require_memory("tune.batch", 128, 1000)
    with pytest.raises(UserError, match=r"tune.batch is 1,000,.*at least 4.86 EB of memory; expec"):
        require_memory("tune.batch", 10**15, 32 * 38 * 4)


def test_every_size_of_tuning_is_bounded() -> None:
    huge = 10**13
    settings = TuneSettings(
        batch=huge, collect=huge, replay=ReplaySettings(capacity=huge, warm_start=huge)
    )
    refused = []
    for size, number, each in sizes(settings, 32, 38, 8):
        with pytest.raises(UserError):
            require_memory(size, number, each)
        refused.append(size)
    assert refused == [
        "tune.batch",
        "tune.collect",
        "tune.replay.capacity",
        "tune.replay.warm_start",
    ]
    for size, number, each in sizes(TuneSettings(), 32, 38, 8):
        require_memory(size, number, each)


def test_exhausted_memory_is_a_sentence_and_other_errors_are_none() -> None:
    for wanted in (2**55, 2**62):
        with pytest.raises(RuntimeError) as error:
            torch.zeros(wanted, 8)
        assert (too_large(error.value) or "").startswith("there is not enough memory for that")
    assert "not enough memory" in (too_large(MemoryError()) or "")
    assert too_large(RuntimeError("shapes differ")) is None
    assert too_large(ValueError("out of memory")) is None
