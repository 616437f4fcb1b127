"""Finished runs with logs, small enough to be made on the spot."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from selenium import webdriver

from browsing import started
from sequence_tutor.storage.run_log import Record
from sequence_tutor.verbs.report import report


def record(step: int, reward: float, **terms: float) -> Record:
    """One evaluation."""
    return {
        "step": step,
        "seconds": 0.5 * step,
        "reward_per_sequence": reward,
        "reward_terms": terms,
        "kl_to_prior_per_token": step / 100,
    }


def write_log(folder: Path, records: Sequence[Record]) -> None:
    """As a run does."""
    lines = "".join(json.dumps(one) + "\n" for one in records)
    (folder / "training.jsonl").write_text(lines)


def with_log(run: Path, folder: Path) -> Path:
    """A copy of a run with three evaluations."""
    shutil.copytree(run, folder)
    write_log(folder, [record(step, step / 10, tonic=step / 20) for step in (0, 50, 100)])
    return folder


@pytest.fixture
def run(melody_run: Path, tmp_path: Path) -> Path:
    """The folder of a finished run with a log of three evaluations."""
    return with_log(melody_run, tmp_path / "runs" / "likes-c")


@pytest.fixture(scope="module")
def page_file(melody_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page about that run."""
    folder = tmp_path_factory.mktemp("report")
    made = with_log(melody_run, folder / "likes-c")
    return report([made], folder / "report.html", samples=50, quiet=True)


@pytest.fixture
def runs(run: Path) -> Callable[[Sequence[str]], list[Path]]:
    """Copies of that run under other names."""

    def copied(names: Sequence[str]) -> list[Path]:
        folders = [run.parent / name for name in names]
        for folder in folders:
            shutil.copytree(run, folder)
        return folders

    return copied


@pytest.fixture
def browser() -> Iterator[webdriver.Chrome]:
    """Chromium, if it is here."""
    driver = started("--autoplay-policy=no-user-gesture-required")
    try:
        yield driver
    finally:
        driver.quit()
