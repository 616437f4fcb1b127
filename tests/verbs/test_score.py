from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import torch

from sequence_tutor.domain.step_scores import step_scores
from sequence_tutor.errors import UserError
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.midi import write_midi
from sequence_tutor.melody.reward import MelodyReward
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.verbs.score import score
from sequence_tutor.verbs.work import score_shards

NINE = [
    "key",
    "tonic",
    "repetition",
    "autocorrelation",
    "motif",
    "repeated_motif",
    "interval",
    "leap",
    "unique_extrema",
]
GOLDEN = Path(__file__).parents[3] / "shared" / "golden" / "music_rewards.jsonl.gz"


def lines(path: Path, *sequences: list[int]) -> Path:
    path.write_text("".join(json.dumps({"tokens": tokens}) + "\n" for tokens in sequences))
    return path


def test_lines_come_back_in_order_with_all_nine_rules(tmp_path: Path) -> None:
    sequences = [[14, 1, 1, 0, 16], [3], [1] * 512, [14, 1, 1, 0, 16, 18]]
    out = tmp_path / "deep" / "scores.jsonl"
    score("melody", [lines(tmp_path / "mine.jsonl", *sequences)], out)
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert [entry["tokens"] for entry in found] == sequences
    for entry, tokens in zip(found, sequences, strict=True):
        assert list(entry) == ["name", "key", "key_from", "tokens", "reward", "total"]
        assert list(entry["reward"]) == NINE
        assert all(len(values) == len(tokens) for values in entry["reward"].values())
        steps = zip(*entry["reward"].values(), strict=True)
        assert [sum(step) for step in steps] == pytest.approx(entry["total"])
    assert "-0.0" not in out.read_text()
    assert found[1]["reward"]["key"] == [-1.0]  # token 3 is C sharp


def test_each_melody_is_scored_as_if_it_were_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(1, 200, (700,), generator=generator).tolist()
    sequences = [torch.randint(0, 38, (n,), generator=generator).tolist() for n in lengths]
    reward = MelodyReward()
    for place, entry in enumerate(step_scores(reward, sequences)):
        if place % 70 == 0:
            alone = reward(SequenceBatch.from_lists([sequences[place]]))[0]  # (T, R)
            for column, name in enumerate(reward.names):
                assert entry["reward"][name] == alone[:, column].tolist()


@pytest.mark.data
def test_the_published_programs_values(tmp_path: Path) -> None:
    if not GOLDEN.is_file():
        pytest.skip("the golden melodies are not beside this repository")
    with gzip.open(GOLDEN, "rt") as file:
        golden = [json.loads(line) for line in file]
    path = lines(tmp_path / "golden.jsonl", *(entry["tokens"] for entry in golden))
    for found, expected in zip(score("melody", [path]), golden, strict=True):
        for name in set(NINE) - {"autocorrelation"}:  # at ties, see tests/melody/test_golden.py
            assert found["reward"][name] == pytest.approx(expected["reward"][name], abs=1e-9), name


def test_several_files_of_several_kinds(tmp_path: Path) -> None:
    write_midi(tmp_path / "tune.mid", [14, 1, 16, 1])
    files = [tmp_path / "tune.mid", lines(tmp_path / "mine.jsonl", [18])]
    assert [entry["tokens"] for entry in score("melody", files)] == [[14, 1, 16, 1], [18]]


def test_weights_key_and_a_users_rules(tmp_path: Path) -> None:
    config, rules = tmp_path / "mine.toml", tmp_path / "mine.py"
    config.write_text('[reward.key]\ntonic = "Db"\n[reward.weights]\nkey = 2.0\n')
    rules.write_text("def rests(melodies):\n    return (melodies.tokens == 0).double()\n")
    path = lines(tmp_path / "mine.jsonl", [14, 0])
    (entry,) = score("melody", [path], rules=rules, config=config)
    assert entry["reward"]["key"] == [0.0, 0.0]  # C is the seventh of D flat
    assert entry["reward"]["rests"] == [0.0, 1.0]
    config.write_text("[reward.weights]\nkye = 2.0\n")
    with pytest.raises(UserError, match=r"\.toml: reward: weight for .* did you mean 'key'"):
        score("melody", [path], config=config)


def test_a_bad_line_leaves_nothing_behind(tmp_path: Path) -> None:
    path, out = tmp_path / "mine.jsonl", tmp_path / "scores.jsonl"
    path.write_text('{"tokens": [14]}\n{"tokens": [40]}\n')
    with pytest.raises(UserError, match=r"mine\.jsonl line 2: token 40"):
        score("melody", [path], out)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.jsonl"]


def test_an_empty_file_is_refused_unless_another_has_something(tmp_path: Path) -> None:
    none, out = lines(tmp_path / "none.jsonl"), tmp_path / "out.jsonl"
    with pytest.raises(UserError, match=r"none\.jsonl: no melodies to score, expected at least"):
        score("melody", [none], out)
    assert not out.exists()
    assert len(score("melody", [none, lines(tmp_path / "one.jsonl", [14])], out)) == 1
    (tmp_path / "none.smi").touch()
    with pytest.raises(UserError, match=r"none\.smi: no molecules to score"):
        score_shards("molecule", tmp_path / "none.smi", 2, tmp_path / "work", quiet=True)
    assert not (tmp_path / "work").exists()


def test_tunes_are_judged_in_their_own_key_under_their_own_names(tmp_path: Path) -> None:
    in_d = [16, 1, 20, 1, 23, 1, 28, 1, 27, 1, 25, 1, 23, 1, 20, 1, 16, 1]  # D major
    write_midi(tmp_path / "mine.mid", in_d)
    two = lines(tmp_path / "two.jsonl", [14], [16])
    found = score("melody", [tmp_path / "mine.mid", two])
    assert [entry["name"] for entry in found] == ["mine.mid", "two.jsonl:1", "two.jsonl:2"]
    assert [entry["key"] for entry in found] == ["D major", "C major", "C major"]
    assert sum(found[0]["reward"]["key"]) == 0.0
    assert found[0]["reward"]["tonic"][0] == 3.0
    (tmp_path / "c.toml").write_text('[reward.key]\ntonic = "C"\n')
    (asked,) = score("melody", [tmp_path / "mine.mid"], config=tmp_path / "c.toml")
    assert (asked["key"], asked["key_from"]) == ("C major", "settings")
    assert sum(asked["reward"]["key"]) < 0


def test_files_of_one_name_go_by_their_paths(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        lines(tmp_path / folder / "mine.jsonl", [14])
    paths = [tmp_path / "a" / "mine.jsonl", tmp_path / "b" / "mine.jsonl"]
    assert [entry["name"] for entry in score("melody", paths)] == [str(path) for path in paths]


def test_what_reading_changed_is_said_once_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_midi(tmp_path / "high.mid", [14, 1, 18, 1, 21, 1], Heard(transpose=36))
    write_midi(tmp_path / "plain.mid", [14, 1, 18, 1, 21, 1])
    score("melody", [tmp_path / "high.mid", tmp_path / "plain.mid"])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("high.mid: 3 notes in C major, as its notes tell; judged 2 octaves down")
    score("melody", [tmp_path / "high.mid"], quiet=True)
    assert capsys.readouterr().err == ""
