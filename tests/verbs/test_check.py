"""Rules and priors of one's own are checked before they cost hours."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from sequence_tutor import UserError, check
from sequence_tutor.cli import main
from sequence_tutor.verbs.check import strength


def test_sound_rules_are_timed(
    melody_prior: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules.py"
    rules.write_text("def rests(melodies):\n    return (melodies.tokens == 0).double()\n")
    out = tmp_path / "check.json"
    given = ["check", "melody", "--prior", str(melody_prior), "--rules", str(rules)]
    assert main([*given, "--json", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "rests" in shown
    assert "keep their promises. 512 sequences took" in shown
    found = json.loads(out.read_text())
    assert 0 < found["terms"]["rests"] < 32
    assert found["c"] == 8
    own = found["strengths"]["rests"]
    assert own["odds"] == pytest.approx(math.exp(1 / 8))
    assert own["odds_of_a_spread"] == pytest.approx(math.exp(own["spread"] / 8))
    assert own["proposed"] == pytest.approx(8 / own["spread"])
    assert "e^(weight / c) times as likely" in shown
    assert found["sequences"] == 512
    assert found["scoring_seconds"] > 0


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("return melodies.tokens[:, 0].double()", r"rule 'broken' of .* gave shape"),
        ("return melodies.tokens / 0", r"rule 'broken' of .* expected finite numbers"),
        (
            "import torch\n    return torch.rand(melodies.tokens.shape)",
            "two answers to one batch, expected it deterministic",
        ),
        (
            "return melodies.tokens.sum(1, keepdim=True).expand(melodies.tokens.shape)",
            "term 'broken' paid step 1 otherwise when only later tokens were others",
        ),
        ("return melodies.tokens.nothing", r"rule 'broken' of .* failed at line 2: AttributeError"),
    ],
)
def test_the_first_broken_promise_of_a_rule(
    body: str, sentence: str, melody_prior: Path, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.py"
    rules.write_text(f"def broken(melodies):\n    {body}\n")
    with pytest.raises(UserError, match=sentence):
        check("melody", prior=melody_prior, rules=rules)


def test_a_prior_is_checked_too(tmp_path: Path) -> None:
    prior = tmp_path / "prior.py"
    prior.write_text(
        "import torch\ndef log_probs(tokens):\n    return torch.zeros(len(tokens), 4)\n"
    )
    with pytest.raises(UserError, match="normalise them with log_softmax"):
        check("toy", prior=prior)


def test_strength_by_hand() -> None:
    found = strength(spread=2.0, weight=-4.0, c=8.0)
    assert found.odds == pytest.approx(math.exp(-0.5))
    assert found.odds_of_a_spread == pytest.approx(math.exp(-1.0))
    assert found.proposed == -4.0  # 4 x 2 / 8 is 1 nat already
    assert strength(0.0, 1.0, 8.0).proposed is None
    assert strength(1e6, 1e6, 1e-3).odds_of_a_spread == math.exp(700)


def test_c_is_that_of_the_settings_file(melody_prior: Path, tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text("[tune]\nc = 2.0\n[reward.weights]\nkey = 6.0\n")
    found = check("melody", prior=melody_prior, config=config)
    assert found.strengths["key"].odds == pytest.approx(math.exp(3))


def test_what_is_checked_is_as_long_as_what_is_tuned(melody_prior: Path, tmp_path: Path) -> None:
    rules, config = tmp_path / "rules.py", tmp_path / "long.toml"
    rules.write_text("def written(melodies):\n    return melodies.mask.double()\n")
    config.write_text("length = 48\n")
    assert check("melody", prior=melody_prior, rules=rules, config=config).terms["written"] == 48


def test_aims_alone_are_not_said_to_be_weighed(
    melody_prior: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["check", "melody", "--prior", str(melody_prior)]
    assert main([*given, "--aim", "loops <= 3 %"]) == 0
    shown = capsys.readouterr().out
    assert "Tuning has 1 aim and nothing else" in shown
    assert "odds" not in shown
    assert not check("melody", prior=melody_prior).aims_alone
