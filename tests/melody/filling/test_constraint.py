"""What constraints allow, by walking along them, and the machine that looks ahead."""

from __future__ import annotations

import torch
from torch import Tensor

from kit import generator
from sequence_tutor.melody.encoding import FIRST_NOTE, HOLD, NOTE_OFF, VOCAB_SIZE
from sequence_tutor.melody.filling.constraint import MelodyConstraint, Tolerance, differing
from sequence_tutor.melody.filling.parts import Part
from sequence_tutor.melody.filling.sounding import (
    AFTER,
    NOTHING,
    machine_of,
    sound_of,
    states_along,
)
from sequence_tutor.sampling.guide import Guide

ANY = torch.arange(VOCAB_SIZE) >= FIRST_NOTE
TUNE = [14, 1, 16, 1, 18, 1, 1, 1, 1, 19, 0, 21]
"""Three bars of four steps: C D, E held into the third bar, F, a rest, G."""
BARS = [(0, 4), (4, 8), (8, 12)]


def walks(constraint: MelodyConstraint, count: int = 400) -> Tensor:
    """Melodies at random among those that a guide leads to."""
    guide = Guide(machine_of(torch.tensor([TUNE]), 4), constraint)
    place, columns = guide.first(count), []
    source = generator(1)
    for t in range(guide.length):
        log_probs, places = guide.propose(t, place, torch.zeros(count, VOCAB_SIZE))
        token = log_probs.exp().multinomial(1, generator=source)
        place = places.gather(1, token).squeeze(1)
        columns.append(token)
    return torch.cat(columns, 1)


def constraint(
    *parts: Part, may_start: Tensor = ANY, vary: Tolerance | None = None
) -> MelodyConstraint:
    each = [part for part in parts for _ in range(4)]
    return MelodyConstraint(each, BARS, TUNE, may_start, vary)


def test_what_sounds() -> None:
    states = states_along(torch.tensor([TUNE]))[0]
    assert states[0] == NOTHING
    assert sound_of(states)[1:].tolist() == [14, 14, 16, 16, 18, 18, 18, 18, 18, 19, 0, 21]
    assert int(AFTER[NOTHING, NOTE_OFF]) == int(AFTER[NOTHING, HOLD]) == NOTHING


def test_kept_bars_stay_and_the_others_are_anything() -> None:
    found = walks(constraint(Part.ALL, Part.NOTHING, Part.ALL))
    assert torch.equal(found[:, :4], torch.tensor([TUNE[:4]]).expand(len(found), -1))
    assert torch.equal(found[:, 9:], torch.tensor([TUNE[9:]]).expand(len(found), -1))
    # what is held into the third bar sounds there: held on, or started anew
    sounds = sound_of(states_along(found))
    assert (sounds[:, 9] == 18).all()
    held = found[:, 8] == HOLD
    assert torch.equal(held, sounds[:, 8] == 18)
    assert 0 < held.sum() < len(held)
    assert len(found[:, 4:8].unique(dim=0)) > 300


def test_rhythm_alone() -> None:
    found = walks(constraint(Part.RHYTHM, Part.RHYTHM, Part.RHYTHM))
    kinds = torch.tensor(TUNE).clamp(max=FIRST_NOTE)
    assert (found.clamp(max=FIRST_NOTE) == kinds).all()
    assert len(found.unique(dim=0)) > 390


def test_pitches_alone_in_their_order() -> None:
    found = walks(constraint(Part.NOTHING, Part.NOTHING, Part.PITCHES))
    for row in found[:, 8:].tolist():
        assert [token for token in row if token >= FIRST_NOTE] == [19, 21]
    assert len(found[:, 8:].unique(dim=0)) > 10


def test_new_notes_are_of_the_pitches_allowed_and_kept_ones_need_not_be() -> None:
    few = torch.zeros(VOCAB_SIZE, dtype=torch.bool)
    few[[20, 25]] = True
    found = walks(constraint(Part.ALL, Part.NOTHING, Part.RHYTHM, may_start=few))
    assert set(found[:, 4:8].flatten().tolist()) <= {NOTE_OFF, HOLD, 20, 25, 18}  # 18 may stay
    assert set(found[:, 8:].flatten().tolist()) <= {NOTE_OFF, HOLD, 20, 25, 18, 19, 21}
    assert found[:, :4].tolist() == [TUNE[:4]] * len(found)


def test_a_variation_has_the_distance_asked_for() -> None:
    wanted = Tolerance.about(0.5, 8)
    assert wanted == Tolerance(3, 5)
    found = walks(constraint(Part.ALL, Part.NOTHING, Part.NOTHING, vary=wanted))
    steps = differing(found, TUNE).sum(1)
    assert set(steps.tolist()) <= {3, 4, 5}
    assert not differing(found, TUNE)[:, :4].any()


def test_what_differs() -> None:
    other = torch.tensor([[14, 1, 17, 1, 18, 1, 18, 1, 1, 19, 0, 21]])  # D sharp; E struck again
    assert differing(other, TUNE)[0].nonzero().squeeze(1).tolist() == [2, 3, 6]
    assert Tolerance.about(0.01, 128) == Tolerance(1, 4)
    assert Tolerance.about(1.0, 8) == Tolerance(7, 8)


def test_the_machine_counts_what_it_is_shown() -> None:
    melodies = torch.tensor([[14, 1, 16, 1] * 4]).repeat(100, 1)
    machine = machine_of(melodies, 4)
    assert machine.log_probs.logsumexp(2).abs().max() < 1e-9
    sounding_c = 14 - 1
    assert machine.log_probs[1, sounding_c, HOLD].exp() > 0.98  # always held at place 1
    assert machine.log_probs[2, sounding_c, 16].exp() > 0.9  # D follows C at place 2
