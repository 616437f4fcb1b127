"""Near copies: a policy may repeat a sequence with one token changed."""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.estimates import UNDEFINED, Estimate, wilson
from sequence_tutor.sequences import SequenceBatch

MOST = 400
"""Number of sequences that are compared, each with each."""

FEW = 2
"""Sequences that are near to no more than so many others are copies that came together."""

CLASSES = 64
"""Classes of tokens, by remainder, for a quick first comparison."""

SHARE = 16
"""Two are near copies if at most one token in so many is changed, inserted or deleted."""


def near_copies(sequences: SequenceBatch) -> Estimate:
    """The share of some sequences that are near or exact copies of another of them.

    Args:
        sequences: the first `MOST` are compared. The share grows with their number, so compare it
            only with that of equally many others.

    Copies come together, not one by one: a pair that is there or not is two sequences more or less,
    so that rare ones have twice the variance of independent sequences. Those of a sequence that the
    model often writes come one by one. So the interval is Wilson's of n / (1 + s) sequences, with s
    the share of the copies that are near to only one or two others; 1 where there is no copy.
    """
    few = sequences[:MOST]
    if len(few) < 2:
        return UNDEFINED
    one, other = _candidates(few)
    near = _are_near(few[one], few[other])
    others = torch.bincount(torch.cat([one[near], other[near]]), minlength=len(few))  # (B,)
    copied = others > 0
    by_pairs = float((others[copied] <= FEW).double().mean()) if bool(copied.any()) else 1.0
    return wilson(copied.double().mean().item(), len(few) / (1 + by_pairs))


def _candidates(few: SequenceBatch) -> tuple[Tensor, Tensor]:
    """The pairs whose tokens, whatever their order, could be those of near copies.

    A change moves two counts of tokens by one each at most, in any classes of tokens.
    """
    classes = (few.tokens % CLASSES).where(few.mask, CLASSES)  # (B, T)
    counts = torch.nn.functional.one_hot(classes, CLASSES + 1).sum(1)[:, :CLASSES].double()
    apart = torch.cdist(counts, counts, p=1)  # (B, B)
    most = few.lengths[:, None].maximum(few.lengths) // SHARE
    one, other = (apart <= 2 * most).triu(1).nonzero(as_tuple=True)
    return one, other


def _are_near(one: SequenceBatch, other: SequenceBatch) -> Tensor:
    """(P,) bool: edit distance at most a sixteenth of the longer of each pair."""
    most = one.lengths.maximum(other.lengths) // SHARE  # (P,)
    if not len(one):
        return most.bool()
    return edit_distances(one, other, int(most.max())) <= most


def edit_distances(one: SequenceBatch, other: SequenceBatch, most: int) -> Tensor:
    """(P,) Levenshtein distances of pairs, exact up to `most`; above that `most` + 1 or more.

    Only the 2 * most + 1 diagonals on which so near a pair can be aligned are computed, for all
    pairs at once.

    Source: Ukkonen, Algorithms for approximate string matching, 1985.
    """
    pairs, width = len(one), 2 * most + 1
    far = most + 1
    a, b = one.tokens, other.tokens
    steps = torch.arange(width) - most  # (W,): column minus row
    row = steps.clamp(min=-1).where(steps >= 0, far).clamp(max=far).expand(pairs, width)
    result = row[:, most:].gather(1, other.lengths.clamp(max=most)[:, None]).squeeze(1)
    for i in range(1, a.shape[1] + 1):
        columns = i + steps  # (W,)
        inside = (columns >= 1) & (columns <= b.shape[1])
        at = (columns - 1).clamp(0, b.shape[1] - 1)
        changed = row + (b[:, at] != a[:, i - 1 : i])
        left_out = torch.nn.functional.pad(row[:, 1:], (0, 1), value=far) + 1
        new = changed.where(inside, far).minimum(left_out)
        new = torch.where(columns == 0, i, new).where(columns >= 0, far)
        # Put in: d[j] = min over k <= j of new[k] + (j - k), a running minimum.
        places = torch.arange(width)
        row = ((new - places).cummin(1).values + places).clamp(max=far)
        ends = one.lengths == i
        place = (other.lengths - i + most).clamp(0, width - 1)
        here = row.gather(1, place[:, None]).squeeze(1)
        near = (other.lengths - i).abs() <= most
        result = torch.where(ends, here.where(near, far), result)
    return result
