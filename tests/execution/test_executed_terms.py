"""Rules of a user's file that an executor computes: the numbers of one process."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import torch

from execution.test_executors import kill_one_worker, logged, site
from kit import run, sentence
from sequence_tutor import evaluate, load_model, score, tune
from sequence_tutor.domain import find_domain
from sequence_tutor.errors import UserError
from sequence_tutor.reward.protocol import Prepares
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.run_folder import POLICY_FILE

__all__ = ["site"]

MELODY_RULES = """
from pathlib import Path
import torch

WEIGHTS = {"high": 0.5}
LOWEST = float(Path(__file__).with_name("lowest.txt").read_text())

def high(melodies):
    return (melodies.tokens > LOWEST).double() * melodies.mask / 3

def alone(melodies):
    if len(melodies.tokens) > 1:
        return torch.zeros_like(melodies.tokens).double()
    with open(SEEN, "a") as seen:
        seen.write(f"{melodies.tokens.tolist()[0]}\\n")
    return torch.zeros_like(melodies.tokens).double()
"""
TEXT_RULES = """
def short(texts):
    return texts.at_end([-len(line) / 7 for line in texts.lines])
"""
SHORT: dict[str, Any] = {
    "tune": {"batch": 8, "collect": 8, "steps": 6, "evaluate_every": 3, "evaluate_samples": 16}
}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Rules that read a file beside them, and write down what they are asked."""
    (tmp_path / "lowest.txt").write_text("20")
    path = tmp_path / "mine.py"
    path.write_text(f"SEEN = {str(tmp_path / 'seen.txt')!r}\n{MELODY_RULES}")
    return path


def melodies(path: Path, count: int = 40) -> Path:
    rng = torch.Generator().manual_seed(0)
    rows = [torch.randint(2, 38, (4 + n % 9,), generator=rng).tolist() for n in range(count)]
    path.write_text("".join(f'{{"tokens": {row}}}\n' for row in rows + rows[:3]))
    return path


@pytest.mark.usefixtures("site")
def test_files_are_scored_the_same_each_sequence_once(tmp_path: Path, rules: Path) -> None:
    file = melodies(tmp_path / "some.jsonl")
    found = {
        name: list(score("melody", file, rules=rules, executor=name, quiet=True))
        for name in (None, "serial", "threads")
    }
    assert repr(found["threads"]) == repr(found["serial"]) == repr(found[None])
    asked = (tmp_path / "seen.txt").read_text().splitlines()
    assert len(asked) == len(set(asked)) == 40  # by threads alone, which got one at a time

    lines = tmp_path / "lines.txt"
    lines.write_text("a line\nanother\n\na line\n")
    own = tmp_path / "text_rules.py"
    own.write_text(TEXT_RULES)
    for name in ("serial", "threads"):
        found[name] = list(score("text", lines, rules=own, executor=name, quiet=True))
    assert repr(found["threads"]) == repr(found["serial"])
    assert found["serial"][0]["reward"]["short"][-1] == -6 / 7


@pytest.mark.usefixtures("site")
def test_what_is_prepared_is_not_asked_again(tmp_path: Path, rules: Path) -> None:
    domain = find_domain("melody").executed_by("threads")
    reward = domain.reward(domain.reward_settings(), rules)
    assert isinstance(reward, Prepares)
    assert reward.is_slow
    batch = SequenceBatch.from_lists([[20, 21, 22], [23, 1]])
    reward.prepare(batch)
    assert len((tmp_path / "seen.txt").read_text().splitlines()) == 2
    paid = reward(batch)
    assert len((tmp_path / "seen.txt").read_text().splitlines()) == 2
    assert paid[..., reward.names.index("high")].tolist() == [[0, 1 / 3, 1 / 3], [1 / 3, 0, 0]]


@pytest.mark.usefixtures("site")
def test_a_broken_rule_is_named(tmp_path: Path) -> None:
    own = tmp_path / "broken.py"
    own.write_text("def broken(melodies):\n    return melodies.none_such\n")
    file = melodies(tmp_path / "some.jsonl", 3)
    with pytest.raises(UserError, match=r"rule 'broken' of .*broken.py failed at line 2"):
        list(score("melody", file, rules=own, executor="threads", quiet=True))


def test_without_rules_an_executor_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = melodies(tmp_path / "some.jsonl", 3)
    assert run("score", "melody", file, "--executor", "local", "--quiet") == 2
    assert "melodies without a file of rules are scored in this process" in sentence(capsys)
    assert run("score", "melody", file, "--executor", "serial", "--quiet") == 0


@pytest.mark.long
@pytest.mark.parametrize("lag", [0, 2])
def test_a_run_learns_the_same_also_when_a_worker_dies(
    tmp_path: Path, rules: Path, lag: int
) -> None:
    tables = {"tune": {**SHORT["tune"], "lag": lag}}
    given: dict[str, Any] = {"rules": rules, "overrides": tables, "threads": 1, "quiet": True}
    tune("melody", tmp_path / "none", **given)
    stop, killed = threading.Event(), list[int]()
    killer = threading.Thread(target=kill_one_worker, args=(stop, killed))
    killer.start()
    tune("melody", tmp_path / "local", executor="local", **given)
    stop.set()
    killer.join()
    assert killed
    policies = [(tmp_path / name / POLICY_FILE).read_bytes() for name in ("none", "local")]
    assert policies[0] == policies[1]
    assert logged(tmp_path / "none") == logged(tmp_path / "local")
    if lag == 0:
        models = [load_model(tmp_path / "none", trust=True)]
        tables_of = [
            evaluate(models, samples=16, executor=name).to_json()["models"]
            for name in (None, "local")
        ]
        assert repr(tables_of[0]) == repr(tables_of[1])
