"""Text from a file of lines to a tuned model and back to lines."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

import sequence_tutor
from sequence_tutor import UserError, find_domain, load_model
from sequence_tutor.reward.check import check_reward
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.text import TextDomain
from sequence_tutor.text.reward import TextRewardSettings

CARD = {"text": {"tokens": ["a", "b", "c"], "tokeniser": "characters", "longest": 6}}
SMALL = {
    "train": {
        "network": {"width": 16},
        "steps": 100,
        "evaluate_every": 50,
        "learning_rate": 0.02,
    }
}
QUICK = {
    "steps": 60,
    "batch": 64,
    "collect": 64,
    "collect_every": 2,
    "evaluate_every": 30,
    "evaluate_samples": 256,
    "optimiser": {"learning_rate": 0.01, "warm_up": 5},
}


@pytest.fixture(scope="module")
def prior(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of lines such as `abba`, half of which have a c."""
    folder, numbers = tmp_path_factory.mktemp("text"), random.Random(0)
    lines = ("".join(numbers.choices("aabbc", k=numbers.randint(3, 6))) for _ in range(500))
    (folder / "lines.txt").write_text("\n".join(lines))
    out = folder / "prior"
    sequence_tutor.pretrain(
        "text", [folder / "lines.txt"], out, overrides=SMALL, threads=1, quiet=True
    )
    return out


@pytest.mark.long
def test_a_prior_is_tuned_away_from_a_letter_and_keeps_its_ends(
    prior: Path, tmp_path: Path
) -> None:
    reward = {"terms": {"no_c": {"kind": "pattern", "regex": "c"}}}
    model = sequence_tutor.tune(
        "text",
        tmp_path / "run",
        prior=prior,
        overrides={"tune": {**QUICK, "c": 0.3}, "reward": reward},
        threads=1,
        quiet=True,
    )
    before, after = (
        column.statistics
        for column in sequence_tutor.evaluate(
            [sequence_tutor.prior_of(model), model], samples=500, particles=0
        ).columns
    )
    assert after["lines_with_no_c"].value < 0.5 * before["lines_with_no_c"].value
    assert after["finished"].value > 0.9
    assert abs(after["length"].value - before["length"].value) < 1.0
    assert 0 < after["known_lines"].value < 1
    batch = sequence_tutor.sample(load_model(tmp_path / "run"), 8, tmp_path / "out", quiet=True)
    lines = (tmp_path / "out" / "lines.txt").read_text().splitlines()
    assert len(lines) == len(batch) == 8
    assert set("".join(lines)) <= set("abc")


@pytest.mark.long
def test_rules_of_ones_own_see_lines_and_the_run_remembers_what_it_found(
    prior: Path, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.py"
    rules.write_text(
        "def short(texts):\n    return texts.at_end([-len(line) / 6 for line in texts.lines])\n"
    )
    sequence_tutor.tune(
        "text",
        tmp_path / "run",
        prior=prior,
        rules=rules,
        overrides={"tune": {**QUICK, "steps": 30}},
        threads=1,
        quiet=True,
    )
    records = read_log(tmp_path / "run" / "training.jsonl")
    assert set(records[-1]["reward_terms"]) == {"repetition", "again", "short"}
    assert records[0]["reward_terms"]["again"] == 0  # nothing found yet
    assert records[-1]["reward_terms"]["again"] < 0


def test_the_reward_keeps_its_promises() -> None:
    domain = TextDomain(CARD)
    check_reward(domain.reward(TextRewardSettings(), None), domain.vocab_size)


def test_the_same_line_again_costs_and_the_memory_can_be_put_back() -> None:
    domain = TextDomain(CARD)
    reward = domain.reward(TextRewardSettings(weights={"repetition": 0.0}), None)
    batch = SequenceBatch.from_lists([[0, 3], [0, 1, 3]])
    assert not reward(batch).any()
    reward.remember(batch[:1])
    assert reward(batch).sum(1).flatten().tolist() == [-1, 0]
    again = domain.reward(TextRewardSettings(weights={"repetition": 0.0}), None)
    again.restore(reward.state())
    assert torch.equal(again(batch), reward(batch))


def test_names_of_terms_are_given_once(tmp_path: Path) -> None:
    rules = tmp_path / "rules.py"
    rules.write_text("def again(texts):\n    return texts.nothing()\n")
    with pytest.raises(UserError, match=r"rule 'again' of .* has the name of a term"):
        TextDomain(CARD).reward(TextRewardSettings(), rules)
    with pytest.raises(UserError, match="weight for unknown rule 'agan'"):
        TextDomain(CARD).reward(TextRewardSettings(weights={"agan": 1.0}), None)
    with pytest.raises(UserError, match=r"no term, expected a table reward\.terms\.NAME or rules"):
        TextDomain(CARD).reward(TextRewardSettings(terms={}), None)


def test_files_are_read_in_the_tokens_of_the_prior(tmp_path: Path) -> None:
    domain, file = TextDomain(CARD), tmp_path / "lines.txt"
    file.write_text("ab\n\ncc\n")
    assert domain.read_sequences(file) == [[0, 1, 3], [2, 2, 3]]
    assert domain.begin(file, domain.output_settings()).tokens == [0, 1]
    assert (domain.length, domain.end_token, domain.vocab_size) == (7, 3, 4)
    file.write_text("ab\n\nabd\n")
    with pytest.raises(UserError, match=r"lines\.txt line 3: line 'abd': token 'd' is unknown"):
        domain.read_sequences(file)
    file.write_text("")
    with pytest.raises(UserError, match="no line in it, expected one to begin with"):
        domain.begin(file, domain.output_settings())


def test_any_line_is_scored_without_a_prior(tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_text("aaaa é\nplain\n")
    scored = sequence_tutor.score("text", [file], quiet=True)
    assert [one["line"] for one in scored] == ["aaaa é", "plain"]
    assert scored[0]["reward"]["repetition"] == [0, 0, -1, -1, 0, 0, 0]
    assert find_domain("text").score_row(scored[0]) == {
        "line": "aaaa é",
        "repetition": "-2",
        "again": "0",
        "total": "-2",
    }


def test_there_is_no_prior_of_text_in_general(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="text has no prior of its own, expected --prior DIR"):
        sequence_tutor.tune("text", tmp_path / "run", quiet=True)
    with pytest.raises(UserError, match="the prior's card has no vocabulary, expected tokens"):
        TextDomain({})
