r"""Melodies of 16 and 32 bars of a prior beside held-out real tunes of that length: docs/priors.md.

    python benchmarks/long_melodies.py --prior tunes --data lieder.tar.gz quartets.tar.gz \
        cre.tar.gz openewld.tar.gz --lengths 256 512 --samples 500 --seeds 3

Real tunes are those of the validation and test sides with at least so many sixteenths, cut there.
Bars are of sixteen tokens; a bar without a new note counts as no bar. Shares in percent:

- `bars`: bars equal to an earlier one; `transposed`: those, and bars with the rhythm and intervals
  of an earlier one; `rhythms`: bars with the rhythm of an earlier one;
- `phrases`: of the phrases of four bars from the second on, those equal to an earlier one in at
  least three of their bars;
- `ends`: phrases of eight bars that end on a note or rest of at least a quarter;
  `tonic`: those whose last note is the tonic of C major or A minor;
- `off key, first` and `last`: notes outside C major in the first and the last four bars;
- `range`: semitones between the highest and lowest note; `onsets`: notes a bar;
- `from training`: stretches of two bars that stand in the training tunes.
"""

from __future__ import annotations

import argparse
import json
import statistics
from itertools import pairwise
from pathlib import Path

from torch import Tensor

from sequence_tutor.config.presets import build
from sequence_tutor.domain import find_domain
from sequence_tutor.domain.fingerprints import WINDOWS
from sequence_tutor.melody.encoding import FIRST_NOTE
from sequence_tutor.melody.heard import from_training
from sequence_tutor.melody.scales import C_MAJOR
from sequence_tutor.prior.finding import find_prior
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.sequences import SequenceBatch

BAR, PHRASE, SECTION = 16, 4, 8
TONICS = (0, 9)
"""Pitch classes of C and A."""


def main() -> None:
    """Print a line of JSON for the real tunes and for each seed of the prior."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prior", default="tunes")
    parser.add_argument("--data", nargs="+", type=Path, required=True)
    parser.add_argument("--lengths", nargs="+", type=int, default=[256, 512])
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    stored = find_prior(arguments.prior)
    windows = stored.tensors[WINDOWS]
    real = held_out(arguments.data)
    for length in arguments.lengths:
        rows = [row[:length] for row in real if len(row) >= length]
        show("real", length, SequenceBatch.from_lists(rows), windows)
        for seed in range(arguments.seeds):
            noise = named_generator(seed, "long melodies", "cpu")
            written = rollout(stored.prior, arguments.samples, length, noise).batch
            show(f"{arguments.prior}, seed {seed}", length, written, windows)


def held_out(paths: list[Path]) -> list[list[int]]:
    """The tunes of the validation and test sides, as `pretrain` divides them."""
    domain = find_domain("melody")
    settings = build(domain.data_settings, {"meters": ["4/4", "2/2"]}, "this benchmark")
    found = domain.read_training(paths, settings, None, lambda *_: None)
    return [*found.validation.rows(), *found.test.rows()]


def show(name: str, length: int, batch: SequenceBatch, windows: Tensor) -> None:
    """Print what is measured of melodies (B, T)."""
    found = {row: round(value, 2) for row, value in measured(batch, windows).items()}
    print(json.dumps({"of": name, "tokens": length, "melodies": len(batch), **found}), flush=True)


def measured(batch: SequenceBatch, windows: Tensor) -> dict[str, float]:
    """Every figure of melodies of one length, see the heading."""
    rows = batch.to_lists()
    found = [of_melody(row) for row in rows]
    known = from_training(batch, windows)["two_bars_from_training"]
    shares = {
        name: 100 * sum(one[name][0] for one in found) / max(1, sum(one[name][1] for one in found))
        for name in found[0]
    }
    pitched = [[token for token in row if token >= FIRST_NOTE] for row in rows]
    ranges = [max(notes) - min(notes) for notes in pitched if notes]
    return {
        **shares,
        "range": statistics.mean(ranges),
        "range, widest tenth": sorted(ranges)[int(0.9 * len(ranges))],
        "onsets": BAR * sum(map(len, pitched)) / sum(map(len, rows)),
        "from training": 100 * float(known.numerators.sum() / known.denominators.sum()),
    }


def of_melody(row: list[int]) -> dict[str, tuple[int, int]]:
    """Numerators and denominators of the shares of one melody."""
    bars = [tuple(row[at : at + BAR]) for at in range(0, len(row) - BAR + 1, BAR)]
    counted = [bar for bar in bars if any(token >= FIRST_NOTE for token in bar)]
    phrases = [bars[at : at + PHRASE] for at in range(0, len(bars) - PHRASE + 1, PHRASE)]
    back = sum(
        any(alike(one, earlier) >= PHRASE - 1 for earlier in phrases[:place])
        for place, one in enumerate(phrases)
    )
    ends = [
        row[at - BAR * SECTION : at] for at in range(BAR * SECTION, len(row) + 1, BAR * SECTION)
    ]
    first, last = row[: BAR * PHRASE], row[-BAR * PHRASE :]
    return {
        "bars": again(counted),
        "transposed": again([(rhythm(bar), intervals(bar)) for bar in counted]),
        "rhythms": again([rhythm(bar) for bar in counted]),
        "phrases": (back, max(0, len(phrases) - 1)),
        "ends": (sum(map(rests_at_its_end, ends)), len(ends)),
        "tonic": (sum(map(ends_on_tonic, ends)), len(ends)),
        "off key, first": off_key(first),
        "off key, last": off_key(last),
    }


def again(things: list[object]) -> tuple[int, int]:
    """How many were there before, and how many there are."""
    return len(things) - len(set(things)), len(things)


def alike(one: list[tuple[int, ...]], other: list[tuple[int, ...]]) -> int:
    """In how many bars two phrases are equal."""
    return sum(bar == theirs for bar, theirs in zip(one, other, strict=True))


def rhythm(bar: tuple[int, ...]) -> tuple[int, ...]:
    """Its tokens without pitches."""
    return tuple(min(token, FIRST_NOTE) for token in bar)


def intervals(bar: tuple[int, ...]) -> tuple[int, ...]:
    """Semitones between its notes."""
    notes = [token for token in bar if token >= FIRST_NOTE]
    return tuple(after - before for before, after in pairwise(notes))


def rests_at_its_end(row: list[int]) -> bool:
    """Whether nothing new begins in its last three sixteenths."""
    return all(token < FIRST_NOTE for token in row[-3:])


def ends_on_tonic(row: list[int]) -> bool:
    """Whether its last note is a tonic."""
    notes = [token for token in row if token >= FIRST_NOTE]
    return bool(notes) and (notes[-1] - FIRST_NOTE) % 12 in TONICS


def off_key(row: list[int]) -> tuple[int, int]:
    """Notes outside C major, and notes."""
    notes = [token for token in row if token >= FIRST_NOTE]
    return sum(token not in C_MAJOR.tokens for token in notes), len(notes)


if __name__ == "__main__":
    main()
