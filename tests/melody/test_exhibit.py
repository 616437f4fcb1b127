from __future__ import annotations

import base64
import io
import sys
import wave
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import prior_of
from sequence_tutor.melody.exhibit import SAMPLE_RATES, SOUND_BUDGET, melody_rounds, room_for
from sequence_tutor.melody.midi import read_midi
from sequence_tutor.melody.writing.output import MelodyOutputSettings

C_AND_REST = [14, *[1] * 15, 0, *[1] * 15]  # two bars: a whole note and a whole rest


def content(uri: str) -> bytes:
    return base64.b64decode(uri.partition(",")[2])


def test_the_sound_lasts_as_long_as_its_card_says(melody_run: Path) -> None:
    tuned = load_model(melody_run)
    ((card,),) = melody_rounds([tuned], [[C_AND_REST]], 22050)
    assert card.seconds == 4.0  # two bars at 120 quarters a minute
    assert card.wav.startswith("data:audio/wav;base64,")
    with wave.open(io.BytesIO(content(card.wav))) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 22050)
        assert sound.getnframes() / 22050 == card.duration
    assert card.seconds < card.duration < card.seconds + 0.1  # the release


def test_the_midi_file_holds_the_melody(melody_run: Path) -> None:
    ((card,),) = melody_rounds([load_model(melody_run)], [[C_AND_REST]], 22050)
    (part,) = read_midi(content(card.files["MIDI"][1]), "embedded").parts
    assert part.pitches.tolist() == [60]
    assert part.starts.tolist() == [0.0]
    assert part.ends.tolist() == [4.0]


def test_rules_are_paid_as_the_model_weighs_them(melody_run: Path) -> None:
    tuned = load_model(melody_run)
    ((card,),) = melody_rounds([tuned], [[C_AND_REST]], 22050)
    rows = {row.rule: row for row in card.roll.rules}
    assert "tonic" in rows
    assert all(row.payments for row in rows.values())  # rules that paid nothing have no row
    assert len(rows) < len(tuned.reward.names)
    first = rows["tonic"].payments[0]
    assert first.text == "sixteenth 1: +9"  # the rule pays 3, and weighs 3
    assert card.total == pytest.approx(sum(row.total for row in rows.values()))


def test_a_round_has_one_card_a_model_on_one_scale(melody_run: Path) -> None:
    tuned = load_model(melody_run)
    melodies = [[C_AND_REST, C_AND_REST], [[16] * 32, [18] * 32]]
    rounds = melody_rounds([prior_of(tuned), tuned], melodies, 11025)
    assert [[card.model for card in row] for row in rounds] == [["prior", "likes-c"]] * 2
    assert [card.file for card in rounds[1]] == ["prior-2", "likes-c-2"]
    assert rounds[0][0].roll.height == rounds[0][1].roll.height


@pytest.mark.parametrize(
    ("models", "steps", "rounds", "rate"),
    [
        (2, 32, 12, 22050),
        (2, 128, 8, 16000),
        (11, 32, 8, 11025),
        (11, 128, 2, 11025),
        (50, 512, 1, 11025),
    ],
)
def test_sounds_have_a_budget(models: int, steps: int, rounds: int, rate: int) -> None:
    assert room_for(models, steps) == (rounds, rate)
    assert rate in SAMPLE_RATES
    size = rounds * models * steps * 0.125 * rate * 2 * 4 / 3
    assert rounds == 1 or size <= SOUND_BUDGET


def test_the_score_is_in_the_key_and_left_out_where_nothing_draws(
    melody_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned = load_model(melody_run)
    in_d = MelodyOutputSettings(key="D")
    ((card,), (same,)) = melody_rounds([tuned], [[C_AND_REST, C_AND_REST]], 11025, in_d)
    assert card.score is not None
    assert card.score == same.score
    picture = fromstring(content(card.score))
    kinds = [group.get("class") for group in picture.iter("{http://www.w3.org/2000/svg}g")]
    assert kinds.count("keyAccid") == 2  # the sharps of D
    monkeypatch.setitem(sys.modules, "verovio", None)
    ((card,),) = melody_rounds([tuned], [[C_AND_REST]], 11025)
    assert card.score is None


def test_scores_of_one_page_have_notes_of_one_size(melody_run: Path) -> None:
    tuned = load_model(melody_run)
    busy = [14, 16] * 16
    rounds = melody_rounds([tuned], [[C_AND_REST, busy]], 11025)
    boxes = [fromstring(content(card.score or "")).get("viewBox") or "" for (card,) in rounds]
    widths = [box.split()[2] for box in boxes]
    assert widths[0] == widths[1]
    assert all(int(width) > 0 for width in widths)
