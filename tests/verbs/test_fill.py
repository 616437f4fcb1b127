"""Keeping bars of a tune and writing the others: what is heard, ranked and refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from kit import run, sentence
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import Model
from sequence_tutor.melody.encoding import FIRST_NOTE, Note, decode
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.reading.own_tunes import own_tunes
from sequence_tutor.melody.rules.chords import Chords
from sequence_tutor.melody.scales import Key
from sequence_tutor.melody.view import Melodies
from sequence_tutor.melody.writing.abc import write_abc
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.verbs.fill import fill

BARS = 4
TOKENS = [token for pitch in (14, 18, 21, 18) for token in [pitch, 1, pitch + 2, 1] * 4]
"""Four bars of eighths."""


@pytest.fixture(scope="module")
def prior(melody_prior: Path) -> Model:
    return load_model(melody_prior)


@pytest.fixture
def tune(tmp_path: Path) -> Path:
    write_abc(tmp_path / "mine.abc", TOKENS)
    return tmp_path / "mine.abc"


def notes(path: Path) -> tuple[list[Note], int]:
    """The notes of a file where they stand, and how many sixteenths it has."""
    (read,) = own_tunes(path)
    return list(read.notes), read.steps


def test_kept_bars_are_heard_as_they_were(prior: Model, tune: Path, tmp_path: Path) -> None:
    found = fill(prior, 6, tmp_path / "out", source=tune, keep="1, 4", quiet=True)
    rows = found.to_lists()
    assert len({tuple(row) for row in rows}) == 6
    assert all(row[:16] == TOKENS[:16] and row[48:] == TOKENS[48:] for row in rows)
    assert rows[0][16:48] != TOKENS[16:48]
    for kind in ("abc", "mid", "musicxml"):
        read, steps = notes(tmp_path / "out" / f"melody-0001.{kind}")
        assert [note for note in read if note.start < 16] == decode(TOKENS[:16])
        assert steps == 64
    lines = (tmp_path / "out" / "candidates.jsonl").read_text().splitlines()
    candidates = [json.loads(line) for line in lines]
    assert [one["tokens"] for one in candidates] == rows
    assert [one["rank"] for one in candidates] == [1, 2, 3, 4, 5, 6]
    assert all(0 < one["distance"] <= 1 for one in candidates)
    likely = [one["log_prior"] for one in candidates]  # nothing is rewarded
    assert likely == sorted(likely, reverse=True)
    log_p = prior.stored.prior.sequence_log_probs(torch.tensor(rows[:1]))
    total = log_p.gather(2, torch.tensor(rows[:1])[:, :, None]).sum()
    assert likely[0] == pytest.approx(float(total), rel=1e-4)
    assert found.drawn >= 6
    assert 1 <= found.effective <= found.drawn
    again = fill(prior, 6, source=tune, keep="1, 4", quiet=True)
    assert again.to_lists() == rows


def test_a_tune_in_another_key_and_meter_stays_where_it_is(prior: Model, tmp_path: Path) -> None:
    waltz = [token for pitch in (14, 18, 21, 14) for token in [pitch, 1, 1, 1] * 3]
    path = tmp_path / "waltz.abc"
    write_abc(path, waltz, heard=Heard(Key(tonic="D"), Meter(3, 4), transpose=2))
    found = fill(prior, 2, tmp_path / "out", source=path, keep="2-3", quiet=True)
    assert "M:3/4" in (tmp_path / "out" / "melody-0001.abc").read_text()
    assert "K:D" in (tmp_path / "out" / "melody-0001.abc").read_text()
    before, _ = notes(path)
    after, steps = notes(tmp_path / "out" / "melody-0002.abc")
    kept = [note for note in before if 12 <= note.start < 36]
    assert [note for note in after if 12 <= note.start < 36] == kept
    assert steps == len(waltz)
    assert len(found) == 2


def test_rewards_are_paid_rule_by_rule_and_rank(prior: Model, tune: Path) -> None:
    plain = fill(prior, 8, source=tune, keep="1", quiet=True)
    weighed = fill(prior, 8, source=tune, keep="1", weights={"key": 2.0, "leap": 0.1}, quiet=True)
    rewards = [one["reward"] for one in weighed.candidates]
    assert rewards == sorted(rewards, reverse=True)
    first = weighed.candidates[0]
    assert set(first["paid"]) == {"key", "leap"}
    assert sum(first["paid"].values()) == pytest.approx(first["reward"])
    scale = {0, 1} | set(Key().tokens)
    outside = [
        sum(token not in scale for row in found.to_lists() for token in row)
        for found in (plain, weighed)
    ]
    assert outside[1] < outside[0] / 2
    best = fill(
        prior, 8, source=tune, keep="1", weights={"key": 2.0, "leap": 0.1}, best=3, quiet=True
    )
    assert best.to_lists() == weighed.to_lists()[:3]
    assert weighed.table().header == ["", "key", "leap", "reward", "log p a token", "distance"]


def test_a_run_guides_by_its_values_and_rewards(melody_run: Path, tmp_path: Path) -> None:
    model = load_model(melody_run)
    path = tmp_path / "two.jsonl"
    path.write_text(json.dumps({"tokens": TOKENS[:32]}) + "\n")
    found = fill(model, 4, source=path, keep="1", c=0.5, quiet=True)
    free = fill(model, 4, source=path, keep="1", c=1e6, quiet=True)
    tonic = [sum(one["paid"]["tonic"] for one in each.candidates) / 4 for each in (found, free)]
    assert tonic[1] < 20 < 26 < tonic[0]  # of 45: weight 3, on the tonic first and at the end
    with pytest.raises(UserError, match="tuned at a length of 32 tokens"):
        fill(model, 4, source=path, keep="1", length=64, quiet=True)


@pytest.mark.long
def test_on_the_command_line(
    melody_prior: Path, tune: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--threads", 1, "-n", 4, "--no-wav", "--out", tmp_path / "out")
    assert run("sample", melody_prior, "--from", tune, "--vary", 0.3, *options) == 0
    output = capsys.readouterr().out
    assert "distance" in output
    assert "log Z is at least" in output
    for line in (tmp_path / "out" / "candidates.jsonl").read_text().splitlines():
        assert json.loads(line)["distance"] == pytest.approx(0.3, abs=0.03)
    wishes = ("--range", "G4..E5", "--scale", "A minor pentatonic", "--length", 32)
    assert run("sample", melody_prior, *wishes, "--quiet", *options) == 0
    for path in sorted((tmp_path / "out").glob("*.mid")):
        for note in notes(path)[0]:
            assert 67 <= note.pitch <= 76
            assert note.pitch % 12 in {9, 0, 2, 4, 7}
    wishes = ("--range", "piccolo", "--scale", "E dorian", "--length", 32)
    assert run("sample", melody_prior, *wishes, "--quiet", *options) == 0
    (read,) = own_tunes(tmp_path / "out" / "melody-0001.abc")
    assert all(74 <= note.pitch <= 108 for note in read.notes)
    assert {note.pitch % 12 for note in read.notes} <= {4, 6, 7, 9, 11, 1, 2}


def test_over_chords(
    prior: Model, melody_prior: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    options = ("--length", 64, "-n", 4, "--threads", 1, "--quiet", "--out", out)
    wishes = ("--chords", "Em7 | A7 / / D", "--accompaniment", "--weights", "chords 6")
    assert run("sample", melody_prior, *wishes, *options) == 0
    text = (out / "melody-0001.abc").read_text()
    assert "K:D" in text  # where the chords belong
    assert text.count('"Em7"') == 2
    assert text.count('"A7"') == 2
    candidates = [json.loads(line) for line in (out / "candidates.jsonl").read_text().splitlines()]
    plain = fill(prior, 4, pitch_range="C3..B5", length=64, quiet=True)
    rule = Chords(progression="Em7 | A7 / / D", transpose=2)
    rows = torch.tensor(plain.to_lists())
    pays = rule(Melodies(SequenceBatch.full(rows))).sum(1)
    assert candidates[-1]["paid"]["chords"] / 6 > float(pays.mean()) + 2
    # the symbols of a file stay, and count where that is asked for
    source = out / "melody-0001.musicxml"
    kept = fill(prior, 2, tmp_path / "kept", source=source, keep="1-2", quiet=True)
    assert kept.candidates[0]["paid"] == {}
    assert (tmp_path / "kept" / "melody-0001.abc").read_text().count('"Em7"') == 2
    counted = fill(prior, 2, source=source, keep="1-2", chords="file", quiet=True)
    assert set(counted.candidates[0]["paid"]) == {"chords"}
    capsys.readouterr()
    fill(prior, 2, source=source, keep="1-2", chords="Em | A | D | D | G | G")
    assert "chords of 6 bars: the melody has 4, so that the last 2 of" in capsys.readouterr().err
    for given, complaint in (("H7", "'H7' is no chord"), ("file", "needs a tune with chord")):
        assert run("sample", melody_prior, "--chords", given, *options) == 2
        assert complaint in sentence(capsys)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--keep", "1"], "need a tune: say which file with --from"),
        (["--from", "mine.abc"], "say which bars to keep"),
        (["--from", "mine.abc", "--keep", "1-4"], "all bars are kept"),
        (["--from", "mine.abc", "--keep", "5"], "expected bars from 1 to 4"),
        (["--from", "mine.abc", "--vary", "2"], "vary is 2, expected above 0 and at most 1"),
        (["--from", "mine.abc", "--keep", "1", "--length", "16"], "at least the 64 sixteenths"),
        (["--range", "C9..D9", "--key", "C"], "no pitch of C9..D9 is among the three octaves"),
        (["--scale", "H minor"], "--scale: unknown key"),
        (["--weights", "key"], "'key' is no weight"),
        (["--weights", "keys 2"], "did you mean 'key'?"),
        (["--weights", "key 2, leap 1, key 3"], "key has two weights"),
        (["--range", "flute", "--temperature", "2"], "do not go with what is kept"),
        (["--range", "flute", "--best", "0"], "best is 0, expected 1 to"),
        (["--range", "flute", "--particles", "1"], "particles is 1"),
        (["--range", "flute", "--smc"], "do not go with --keep"),
        (["--range", "flute", "--c", "inf"], "--c: c is inf, expected a finite number"),
        (["--range", "flute", "--c", "1e-300"], "--c: c is 1e-300, expected"),
        (["--range", "flute", "--c", "0"], "--c: c is 0.0, expected a number greater than 0"),
    ],
)
def test_what_is_refused(
    melody_prior: Path,
    tune: Path,
    options: list[str],
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tune.parent)
    assert run("sample", melody_prior, *options, "--threads", 1, "--quiet", "--out", "out") == 2
    assert complaint in sentence(capsys)
    assert not Path("out").exists()


def test_other_domains_have_no_bars(
    molecule_prior: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = ("--range", "flute", "--quiet", "--out", tmp_path / "out")
    assert run("sample", molecule_prior, *options) == 2
    assert "are of melodies, not of molecule" in sentence(capsys)


def test_few_fillings_are_not_an_error(prior: Model, tune: Path) -> None:
    """The pitches of a bar of eight notes in sixteen steps fix much; a range of one pitch more."""
    found = fill(
        prior, 4, source=tune, keep="1-3, 4 rhythm", pitch_range="C4..C4", quiet=True, particles=2
    )
    assert 1 <= len(found) <= 4
    assert all(
        token < FIRST_NOTE or token in (14, *TOKENS) for row in found.to_lists() for token in row
    )
