"""Does a sampler of replay keep its promises?"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from sequence_tutor.errors import UserError, printable, trying
from sequence_tutor.replay.sampling import Drawn, Sampler
from sequence_tutor.replay.sequences import SequenceReplay, Stored
from sequence_tutor.sequences import SequenceBatch

LENGTH, STORED, DRAWN = 4, 12, 9
"""T of the store that a sampler is tried on, its sequences, and draws at a time."""


def check_sampler(make: Callable[[SequenceReplay], Sampler]) -> None:
    """Draw from a small store, learn, go on from a saved state, and stop at the first fault.

    Args:
        make: the class, or what makes a sampler of a store.

    Raises:
        UserError: one sentence that says what was found and what was expected.
    """
    with trying(f"the sampler {getattr(make, '__name__', type(make).__name__)}", make):
        _check(make)


def _check(make: Callable[[SequenceReplay], Sampler]) -> None:
    replay, sampler = _tried(make)
    name = type(sampler).__name__
    for share in (0.0, 1.0):
        drawn = _draw(sampler, share)
        _check_drawn(name, drawn, replay)
        newest = sampler.newest(3, _generator())
        if (newest.steps is None) != (drawn.steps is None):
            raise UserError(
                f"sampler {name} gives steps from only one of newest and draw, expected both or "
                "neither"
            )
        by_sequence = torch.linspace(0, 1, DRAWN)
        by_step = torch.ones(DRAWN, LENGTH)
        sampler.learned(drawn, by_sequence, by_step)
        _check_equal(name, _draw(sampler, share), _draw(sampler, share), "one generator state")
    if any(not isinstance(tensor, Tensor) for tensor in sampler.state().values()):
        raise UserError(f"sampler {name}: state has values that are no tensors, expected tensors")
    saved = {key: tensor.clone() for key, tensor in sampler.state().items()}
    _, again = _tried(make)
    again.restore(saved)
    _check_equal(name, _draw(sampler, 1.0), _draw(again, 1.0), "one saved state")


def _tried(make: Callable[[SequenceReplay], Sampler]) -> tuple[SequenceReplay, Sampler]:
    """A store that was filled while the sampler looked on."""
    replay = SequenceReplay(STORED, LENGTH, torch.ones(1))
    try:
        sampler = make(replay)
    except Exception as error:
        raise UserError(
            f"the sampler cannot be made of a store ({type(error).__name__}: "
            f"{printable(str(error))}), expected a class that takes a SequenceReplay"
        ) from error
    if not isinstance(sampler, Sampler):
        raise UserError(
            f"the sampler is a {type(sampler).__name__}, expected a class that derives from "
            "sequence_tutor.replay.Sampler"
        )
    for first in (0, STORED // 2):
        rows = [[(first + row) % 3] * (1 + (first + row) % LENGTH) for row in range(STORED // 2)]
        batch = SequenceBatch.from_lists(rows)
        shape = batch.tokens.shape
        terms = torch.arange(len(batch.tokens) * 1.0)[:, None, None].expand(*shape, 1)
        places = replay.add(Stored(batch, terms * batch.mask[..., None], torch.zeros(shape)))
        sampler.added(places, replay.lengths(places))
    return replay, sampler


def _draw(sampler: Sampler, share: float) -> Drawn:
    try:
        return sampler.draw(DRAWN, share, _generator())
    except Exception as error:
        raise UserError(
            f"draw of the sampler {type(sampler).__name__} failed: {type(error).__name__}: "
            f"{printable(str(error))}"
        ) from error


def _check_drawn(name: str, drawn: object, replay: SequenceReplay) -> None:
    if not isinstance(drawn, Drawn):
        raise UserError(
            f"draw of the sampler {name} gave a {type(drawn).__name__}, expected a "
            "sequence_tutor.replay.Drawn"
        )
    for what, found in (("places", drawn.places), ("weights", drawn.weights)):
        if tuple(found.shape) != (DRAWN,):
            raise UserError(
                f"sampler {name} gave {what} of shape {tuple(found.shape)}, expected (B,) = "
                f"({DRAWN},)"
            )
    places, weights = drawn.places, drawn.weights
    if places.dtype != torch.int64 or bool((places < 0).any() | (places >= len(replay)).any()):
        raise UserError(
            f"sampler {name} gave the places {places.tolist()}, expected int64 from 0 to "
            f"{len(replay) - 1}, the sequences stored"
        )
    if not bool((weights.isfinite() & (weights >= 0)).all()):
        raise UserError(
            f"sampler {name} gave the weights {weights.tolist()}, expected finite numbers of at "
            "least 0"
        )
    if drawn.steps is not None:
        lengths = replay.lengths(places)
        if drawn.steps.shape != places.shape or bool(
            ((drawn.steps < 0) | (drawn.steps >= lengths)).any()
        ):
            raise UserError(
                f"sampler {name} gave the steps {drawn.steps.tolist()}, expected one within each "
                "sequence"
            )


def _check_equal(name: str, one: Drawn, other: Drawn, what: str) -> None:
    pairs = [(one.places, other.places), (one.weights, other.weights)]
    if one.steps is not None and other.steps is not None:
        pairs.append((one.steps, other.steps))
    if not all(torch.equal(*pair) for pair in pairs):
        raise UserError(
            f"sampler {name} drew two different batches from {what}, expected the same: all "
            "randomness comes from the generator, and state() has everything that changes"
        )


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
