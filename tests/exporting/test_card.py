"""The card of a run says what its folder records."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

import sequence_tutor as st
from kit import run
from sequence_tutor.config.aims import asked_table, parse_aims
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.run_record import load_spec

QUICK = {"steps": 2, "batch": 8, "collect": 8, "evaluate_every": 2, "evaluate_samples": 64}


def test_a_run_with_aims_has_its_prices(tmp_path: Path) -> None:
    folder, file = tmp_path / "toward", tmp_path / "card.md"
    aims = {"starts_with_0": ">= 50 %"}
    st.tune("toy", folder, overrides={"tune": QUICK}, aims=aims, threads=1, quiet=True)
    assert run("card", folder, "--out", file) == 0
    text, last = file.read_text(), read_log(folder / "training.jsonl")[-1]
    assert text.startswith("# toward\n")
    assert "## Aims and prices" in text
    assert "starts_with_0" in text
    assert f"| kl_to_prior_per_token | {last['kl_to_prior_per_token']:.4g} |" in text
    assert "sequence-tutor tune toy --algorithm psi --steps 2 --seed 0" in text
    assert '--aim "starts_with_0 >= 50 %"' in text
    assert "| steps | 2 |" in text


def test_the_command_can_be_pasted_and_asks_for_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "toward"
    aims = {"starts_with_0": ">= 50.125 % within 0.05"}
    st.tune("toy", folder, overrides={"tune": QUICK}, aims=aims, threads=1, quiet=True)
    (line,) = [one for one in st.card(folder).splitlines() if one.startswith("sequence-tutor tune")]
    words = shlex.split(line)
    asked = asked_table([words[words.index("--aim") + 1]], "card")
    assert parse_aims(asked) == load_spec(folder).tune.aims
    record = json.loads((folder / "run.json").read_text())
    record["prior"] = "toy; touch x"  # a place with a space, or a folder from a stranger
    record["tune"]["aims"][0]["row"] = 'matches "$(touch x)"'
    (folder / "run.json").write_text(json.dumps(record))
    (line,) = [one for one in st.card(folder).splitlines() if one.startswith("sequence-tutor tune")]
    words = shlex.split(line)
    assert words[words.index("--prior") + 1] == "toy; touch x"
    assert words[words.index("--aim") + 1].startswith('matches "$(touch x)" >= 50.125 %')


def test_the_data_of_the_prior_and_the_weights_of_the_rules(melody_run: Path) -> None:
    with pytest.raises(st.UserError, match="the log of a finished run"):
        st.card(melody_run)  # it has a policy but no log


def test_no_run_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("card", tmp_path) == 2
    assert "no run of this program there" in capsys.readouterr().err
