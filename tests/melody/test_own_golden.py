"""The nine rules on a hundred melodies of our own, in several keys and lengths.

The values were recorded while `test_golden.py` found the rules equal to the published system's on
531 other melodies, which are not in this repository. `python tests/melody/test_own_golden.py`
records them anew.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch

from kit import melody_counts
from sequence_tutor.melody.encoding import FIRST_NOTE, HOLD, NOTE_OFF, VOCAB_SIZE
from sequence_tutor.melody.reward import RuleConstants
from sequence_tutor.melody.scales import Key
from sequence_tutor.melody.view import Melodies
from sequence_tutor.sequences import SequenceBatch

GOLDEN = Path(__file__).parent / "golden.jsonl"
RULES = tuple(RuleConstants.model_fields)
KEYS = [
    *({}, {}, {"tonic": "G"}, {"tonic": "F#"}),
    *({"tonic": "A", "scale": "harmonic_minor"}, {"tonic": "D", "scale": [2, 4, 7, 9]}),
]
LENGTHS = (32, 32, 8, 16, 48, 64)


Line = dict[str, Any]  # JSON


@pytest.fixture(scope="module")
def golden() -> list[Line]:
    return [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]


def found(line: Line) -> Line:
    """What the rules pay at every step and what is counted of the melody."""
    batch = SequenceBatch.full(torch.tensor([line["tokens"]]))
    melodies = Melodies(batch, key=Key(**line["key"]))
    rules = {rule.name: rule(melodies)[0].tolist() for rule in RuleConstants().all}
    counts = {name: one.item() for name, one in melody_counts(batch, melodies.key).items()}
    return {"rules": rules, "counts": {name: one for name, one in counts.items() if one == one}}


@pytest.fixture(scope="module")
def present(golden: list[Line]) -> list[Line]:
    return [found(line) for line in golden]


def test_the_melodies_are_many_and_the_rules_are_nine(golden: list[Line]) -> None:
    assert len(golden) == 100
    assert {len(line["tokens"]) for line in golden} == set(LENGTHS)
    for name in RULES:
        paid = sum(any(line["rules"][name]) for line in golden)
        assert paid >= 10, f"{name} pays in {paid} melodies alone"


@pytest.mark.parametrize("name", RULES)
def test_a_rule_pays_what_it_paid(name: str, golden: list[Line], present: list[Line]) -> None:
    for line, now in zip(golden, present, strict=True):
        expected = line["rules"][name]
        assert now["rules"][name] == pytest.approx(expected, rel=0, abs=1e-9), line


def test_counts_are_what_they_were(golden: list[Line], present: list[Line]) -> None:
    for line, now in zip(golden, present, strict=True):
        assert now["counts"] == pytest.approx(line["counts"], rel=0, abs=1e-9), line


def walk(numbers: random.Random, length: int, steps: tuple[int, ...]) -> list[int]:
    """Notes by steps of the C major scale, with rests and holds."""
    scale = [note for note in range(FIRST_NOTE, VOCAB_SIZE) if (note - FIRST_NOTE) % 12 in MAJOR]
    place, tokens = numbers.randrange(len(scale)), list[int]()
    while len(tokens) < length:
        place = min(max(place + numbers.choice(steps), 0), len(scale) - 1)
        tokens += [scale[place], *numbers.choices([[], [HOLD], [HOLD] * 3, [NOTE_OFF]])[0]]
    return tokens[:length]


MAJOR = (0, 2, 4, 5, 7, 9, 11)


def melody(kind: str, numbers: random.Random, length: int) -> list[int]:
    """Any tokens, steps, leaps, a motif that comes again, few notes again and again."""
    if kind == "any":
        return [numbers.randrange(VOCAB_SIZE) for _ in range(length)]
    if kind == "steps":
        return walk(numbers, length, (-1, 0, 1))
    if kind == "leaps":
        return walk(numbers, length, (-7, -5, -1, 1, 5, 7))
    if kind == "motif":
        return (walk(numbers, 8, (-2, -1, 1, 2)) * length)[:length]
    return numbers.choices([NOTE_OFF, HOLD, 14, 21], [1, 4, 4, 1], k=length)


def _record() -> None:
    numbers = random.Random(0)
    kinds = ("any", "steps", "leaps", "motif", "few")
    with GOLDEN.open("w", encoding="utf-8") as file:
        for place in range(100):
            tokens = melody(kinds[place % 5], numbers, LENGTHS[place % 6])
            if place % 2 and KEYS[place % 6] == {}:  # in C it begins and ends on the tonic
                tokens[0] = tokens[-4] = 14
            line = {"key": KEYS[place % 6], "tokens": tokens}
            line |= found(line)
            file.write(f"{json.dumps(_rounded(line), separators=(',', ':'))}\n")


def _rounded(value: Any) -> Any:
    """With twelve digits after the point, and whole numbers as such."""
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    if isinstance(value, float):
        return int(value) if value == int(value) else round(value, 12)
    return value


if __name__ == "__main__":
    _record()
