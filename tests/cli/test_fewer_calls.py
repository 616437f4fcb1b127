"""The settings that molecules.md recommends for expensive scores, killed and resumed."""

import re
import tomllib
from pathlib import Path

import pytest
import tomli_w

from kit import kill_once_there, program, run
from sequence_tutor.storage.checkpoints import load_checkpoint
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.loop import STATE_FILE
from sequence_tutor.tuner.run_folder import POLICY_FILE

PAGE = Path(__file__).parents[2] / "docs" / "molecules.md"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """The block of the page, with small numbers."""
    (block,) = re.findall(r"```toml\n(# fewer_calls.*?)```", PAGE.read_text("utf-8"), re.S)
    tables = tomllib.loads(block)
    tables["tune"] |= {
        "steps": 40,
        "batch": 16,
        "collect": 16,
        "evaluate_every": 8,
        "evaluate_samples": 16,
        "replay": tables["tune"]["replay"] | {"capacity": 256},
        "critic": tables["tune"]["critic"] | {"most": 100, "children": 20, "generations": 2},
    }
    path = tmp_path / "fewer_calls.toml"
    path.write_text(tomli_w.dumps(tables), encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_run_with_a_critic_that_is_killed_ends_bit_for_bit_the_same(
    tmp_path: Path, settings: Path
) -> None:
    common = ("tune", "molecule", "--config", settings, "--threads", 1, "--quiet")
    assert run(*common, "--out", tmp_path / "whole") == 0
    killed = tmp_path / "killed"
    kill_once_there(killed / STATE_FILE, program(*common, "--out", killed))
    assert not (killed / POLICY_FILE).exists()
    assert run(*common, "--out", killed) == 0
    for name in (POLICY_FILE, "found.csv"):
        assert (killed / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    one, other = (
        load_checkpoint(folder / STATE_FILE)[0] for folder in (killed, tmp_path / "whole")
    )
    assert one.keys() == other.keys()
    assert all(bool((one[name] == other[name]).all()) for name in one)
    assert len(one["chooser.held"]) < len(one["chooser.paid"])  # there was more than it holds
    scored = read_log(killed / LOG_FILE)[-1]["scored_sequences"]
    assert 100 < scored <= 10 * 16
