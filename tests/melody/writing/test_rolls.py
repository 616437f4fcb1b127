from __future__ import annotations

import math

import pytest

from sequence_tutor.melody.writing.rolls import (
    GAP,
    LEAST_BAR,
    LEFT,
    PITCH,
    RULE_HEIGHT,
    STEP,
    draw_roll,
    shown_pitches,
)

# a rest, C4 held for two sixteenths, E4
TOKENS = [0, 14, 1, 18]


def test_notes_stand_at_their_time_and_pitch() -> None:
    roll = draw_roll(TOKENS, {}, (60, 64), 1.0)
    (c, c_name), (e, e_name) = roll.notes
    assert c[:2] == pytest.approx((LEFT + STEP + 0.5, 4 * PITCH))  # at the bottom
    assert c[2] == pytest.approx(2 * STEP - 1)
    assert e[:2] == pytest.approx((LEFT + 3 * STEP + 0.5, 0))
    assert (c_name, e_name) == ("C4, sixteenths 2 to 3", "E4, sixteenths 4 to 4")
    assert roll.words == "C4 E4"
    assert roll.inner_width == 4 * STEP
    assert [name for _, name in roll.keys] == ["C4"]
    assert len(roll.dark_keys) == 2  # C sharp and D sharp


def test_what_was_earned_stands_above_the_line_and_what_was_lost_below() -> None:
    roll = draw_roll(TOKENS, {"leap": [0, 3.0, 0, -100.0]}, (60, 64), 100.0)
    (row,) = roll.rules
    assert row.baseline == 5 * PITCH + GAP + RULE_HEIGHT / 2
    assert row.total == -97
    earned, lost = row.payments
    assert earned.earned
    assert not lost.earned
    x, y, _, height = earned.place
    assert x == LEFT + STEP + 1
    assert y + height == pytest.approx(row.baseline)
    assert height == round((RULE_HEIGHT / 2 - 1) * math.log1p(3) / math.log1p(100), 1)
    assert lost.place[1] == row.baseline
    assert lost.place[3] == RULE_HEIGHT / 2 - 1
    assert (earned.text, lost.text) == ("sixteenth 2: +3", "sixteenth 4: -100")


def test_the_smallest_payment_is_seen() -> None:
    roll = draw_roll(TOKENS, {"leap": [1e-6, 0, 0, 0]}, (60, 64), 100.0)
    assert roll.rules[0].payments[0].place[3] == LEAST_BAR


def test_an_octave_is_shown_at_least() -> None:
    assert shown_pitches([TOKENS]) == (59, 73)
    assert shown_pitches([[2], [37]]) == (47, 84)
    assert shown_pitches([[0, 1]]) == (59, 73)


def test_a_melody_of_nothing_is_silence() -> None:
    assert draw_roll([0, 1], {}, (59, 73), 1.0).words == "silence"
