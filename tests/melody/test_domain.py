from __future__ import annotations

from pathlib import Path

import pytest
import torch

from kit import uncounted
from sequence_tutor.domain import find_domain
from sequence_tutor.errors import UserError
from sequence_tutor.melody.domain import MelodyDomain
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.midi import read_midi, write_midi
from sequence_tutor.melody.reading.corpus import MelodyDataSettings
from sequence_tutor.melody.reward import MelodyRewardSettings
from sequence_tutor.melody.scales import Key
from sequence_tutor.melody.writing.abc import write_abc
from sequence_tutor.melody.writing.output import MelodyOutputSettings
from sequence_tutor.reward.check import check_reward
from sequence_tutor.sequences import SequenceBatch

MELODY = [15, 1, 19, 1, 22, 1, 0, 1, 15, 1, 1, 20]
ROOM = MelodyDomain()


def tune(seed: int, bars: int = 8) -> list[int]:
    """A different melody for each seed: a note at every quarter."""
    generator = torch.Generator().manual_seed(seed)
    notes = torch.randint(2, 38, (4 * bars,), generator=generator).tolist()
    return [token for note in notes for token in (note, 1, 1, 1)]


def test_the_domain_is_found_by_its_name() -> None:
    assert isinstance(find_domain("melody"), MelodyDomain)
    with pytest.raises(UserError, match="did you mean 'melody'"):
        find_domain("melodies")


@pytest.mark.parametrize("suffix", [".jsonl", ".mid", ".KAR", ".abc"])
def test_a_melody_is_read_as_it_stands(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tune{suffix}"
    if suffix in (".mid", ".KAR"):
        write_midi(path, MELODY)
    elif suffix == ".abc":
        write_abc(path, MELODY)
    else:
        path.write_text(f'{{"tokens": {MELODY}}}\n')
    assert ROOM.read_sequences(path) == [MELODY]


def test_long_rests_do_not_divide_a_tune_that_is_to_be_scored(tmp_path: Path) -> None:
    melody = [14, 0, *[1] * 40, 16]
    write_midi(tmp_path / "pause.mid", melody)
    assert ROOM.read_sequences(tmp_path / "pause.mid") == [melody]


def test_what_cannot_be_scored_is_named(tmp_path: Path) -> None:
    write_midi(tmp_path / "long.mid", tune(0, bars=33))
    with pytest.raises(UserError, match=r"long\.mid: 5\d\d tokens, expected 1 to 512"):
        ROOM.read_sequences(tmp_path / "long.mid")
    (tmp_path / "bad.mid").write_bytes(b"MThd nonsense")
    with pytest.raises(UserError, match=r"bad\.mid: damaged"):
        ROOM.read_sequences(tmp_path / "bad.mid")
    for name in ("tune.txt", "folder"):
        with pytest.raises(UserError, match="unknown kind of file"):
            ROOM.read_sequences(tmp_path / name)
    with pytest.raises(UserError, match="no such file"):
        ROOM.read_sequences(tmp_path / "missing.mid")


def test_a_prime_is_moved_to_where_the_model_thinks(tmp_path: Path) -> None:
    path = tmp_path / "prime.jsonl"
    path.write_text('{"tokens": [16, 1, 20]}\n{"tokens": [2]}\n')
    assert ROOM.begin(path, MelodyOutputSettings(key="D")).tokens == [14, 1, 18]
    path.write_text("\n")
    with pytest.raises(UserError, match="no melody in it"):
        ROOM.begin(path, MelodyOutputSettings())


def test_training_data_with_summary_skips_and_sides(tmp_path: Path) -> None:
    folder = tmp_path / "tunes"
    folder.mkdir()
    for seed in range(40):
        write_midi(folder / f"{seed:02d}.mid", tune(seed))
    (folder / "empty.mid").write_bytes(b"")
    reported: list[tuple[int, int]] = []
    settings = MelodyDataSettings(validation=0.2, test=0.2, split_seed=3)
    data = ROOM.read_training(
        [folder], settings, tmp_path / "cache", lambda done, total: reported.append((done, total))
    )
    assert reported[-1] == (41, 41)
    assert len(data.train) + len(data.validation) + len(data.test) == 40
    assert data.train.rows()
    assert data.validation
    assert data.test
    assert data.summary["all"]["tunes"] == 40
    assert data.summary["all"]["skipped"] == 1
    assert [Path(name).name for name, _ in data.skipped] == ["empty.mid"]
    assert data.provenance["sources"] == ["tunes"]
    assert data.card == {"melody": {"meter": "4/4"}}
    again = ROOM.read_training([folder], settings, tmp_path / "cache", uncounted)
    assert again.train.rows() == data.train.rows()


def test_the_reward_keeps_its_promises_with_a_users_rules(tmp_path: Path) -> None:
    rules = tmp_path / "mine.py"
    rules.write_text("def rests(melodies):\n    return (melodies.tokens == 0).double()\n")
    reward = ROOM.reward(MelodyRewardSettings(weights={"key": 0.0}), rules)
    assert reward.names[-1] == "rests"
    assert "key" not in reward.names
    check_reward(reward, ROOM.vocab_size)


def test_statistics_are_in_the_rewards_key() -> None:
    batch = SequenceBatch.from_lists([[16, 1] * 16])  # D, outside of D flat major
    for tonic, off_key in (("D", 0.0), ("Db", 0.5)):
        statistics = ROOM.statistics(MelodyRewardSettings(key=Key(tonic=tonic)))
        statistics.update(batch)
        assert statistics.result()["notes_not_in_key"].value == off_key


def test_settings_of_another_kind_are_refused() -> None:
    with pytest.raises(TypeError, match="expected MelodyRewardSettings"):
        ROOM.reward(MelodyOutputSettings(), None)


def test_the_meter_of_most_melodies_is_that_of_the_prior(tmp_path: Path) -> None:
    for seed, meter in enumerate(["6/8", "6/8", "4/4"]):
        write_midi(tmp_path / f"{seed}.mid", tune(seed), Heard(meter=Meter.parse(meter)))
    settings = MelodyDataSettings(meters=())
    for _ in ("read", "from the cache"):
        data = ROOM.read_training([tmp_path], settings, tmp_path / "cache", lambda _d, _t: None)
        assert data.card == {"melody": {"meter": "6/8"}}
    room = ROOM.with_prior(data.card)
    assert (room.frame.meter, ROOM.frame.meter) == (Meter(6, 8), Meter(4, 4))
    batch = SequenceBatch.from_lists([tune(0)])
    room.write(batch, tmp_path / "out", MelodyOutputSettings(wav=False), lambda _d, _t: None)
    assert "M:6/8" in (tmp_path / "out" / "melody-0001.abc").read_text()
    in_three = MelodyOutputSettings(wav=False, score=False, meter="3/4")
    room.write(batch, tmp_path / "out", in_three, lambda _d, _t: None)
    assert "M:3/4" in (tmp_path / "out" / "melody-0001.abc").read_text()


def test_a_run_writes_in_the_key_of_its_rules(tmp_path: Path) -> None:
    key = Key(tonic="D", scale="dorian")
    room = ROOM.framed(MelodyRewardSettings(key=key))
    batch = SequenceBatch.from_lists([[16, 1, 19, 1, 23, 1, 25, 1]])  # D F A B
    for asked, pitches, written in (
        (None, [62, 65, 69, 71], "K:Ddor"),
        ("D", [62, 65, 69, 71], "K:Ddor"),
        ("E", [64, 67, 71, 73], "K:Edor"),
    ):
        settings = MelodyOutputSettings(key=asked, score=False, wav=False)
        room.write(batch, tmp_path, settings, uncounted)
        assert written in (tmp_path / "melody-0001.abc").read_text()
        score = read_midi((tmp_path / "melody-0001.mid").read_bytes(), "melody")
        assert score.parts[0].pitches.tolist() == pitches
    with pytest.raises(UserError, match="this run was tuned in D dorian"):
        room.check_output(MelodyOutputSettings(key="D major"))
    with pytest.raises(UserError, match="this run was tuned in D dorian"):
        room.write(batch, tmp_path / "new", MelodyOutputSettings(key="Dm"), lambda _d, _t: None)
    assert not (tmp_path / "new").exists()


def test_settings_of_files_of_old_runs_say_nothing_of_the_key() -> None:
    assert ROOM.recorded({"key": "C", "tempo": 90.0, "wav": True, "score": True}) == {}
    recorded = MelodyOutputSettings(tempo=90).model_dump(mode="json")
    assert ROOM.recorded(recorded) == recorded


def test_a_row_of_scores_has_the_name_the_key_and_what_the_rule_key_pays(tmp_path: Path) -> None:
    write_midi(tmp_path / "tune.mid", [16, 1, 20, 1, 23, 1, 28, 1, 27, 1, 28, 1])
    (scored,) = ROOM.scores([tmp_path / "tune.mid"], MelodyRewardSettings(), None)
    row = ROOM.score_row(scored)
    assert (row["sequence"], row["judged in"]) == ("tune.mid", "D major, as its notes tell")
    assert row["key"] == "0.00"


def test_a_minor_key_asked_of_a_run_in_major_is_spoken_of() -> None:
    room = ROOM.framed(MelodyRewardSettings())
    (said,) = room.check_output(MelodyOutputSettings(key="Em"))
    assert "it is heard in G major" in said
    assert room.check_output(MelodyOutputSettings(key="E")) == []
    assert ROOM.check_output(MelodyOutputSettings(key="Em")) == []  # a prior writes in minor too


def test_the_rhythms_of_bars_are_a_property() -> None:
    melodies = SequenceBatch.full(torch.tensor([[5, 0] * 16, [7, 0] * 16, [5, 1] + [5, 0] * 15]))
    (rhythms,) = MelodyDomain().properties().values()
    one, same, other = rhythms(melodies)
    assert one == same != other
    (second,) = MelodyDomain().properties(given=1).values()  # the bar after the given one
    assert len(set(second(melodies))) == 1
    (none,) = MelodyDomain().properties(given=17).values()
    assert none(melodies) == [None, None, None]
