"""What each listener hears, in which order and on which side: a function of the study alone.

Nothing of it is stored: a listener's number gives the same schedule at every start of the service.
"""

from __future__ import annotations

import torch

from sequence_tutor.randomness import named_generator
from sequence_tutor.study.design import Pair, Study


def schedule(study: Study, listener: int) -> list[Pair]:
    """The trials of one listener, sides as they are to be shown.

    Listeners go round through the pairs of each two models, `rounds` at a time, so that every pair
    is heard equally often; every second time round the sides are swapped, so that every clip is as
    often left as right. The order is shuffled, and neither check comes first.

    Args:
        study: the study.
        listener: 0, 1, 2 and so on, in order of arrival.

    Returns:
        `study.trials` pairs.
    """
    trials: list[Pair] = []
    for a, b in study.combinations:
        own = [pair for pair in study.pairs if {*study.models_of(pair)} == {a, b}]
        for turn in range(listener * study.rounds, (listener + 1) * study.rounds):
            passes, place = divmod(turn, len(own))
            trials.append(mirrored(own[place]) if passes % 2 else own[place])
    generator = named_generator(study.seed, f"listener {listener}")
    trials = [trials[place] for place in torch.randperm(len(trials), generator=generator).tolist()]
    for check in study.checks:
        shown = mirrored(check) if torch.randint(2, (), generator=generator) else check
        place = 1 + int(torch.randint(len(trials), (), generator=generator))
        trials.insert(place, shown)
    return trials


def mirrored(pair: Pair) -> Pair:
    """The same pair with its sides swapped."""
    return Pair(left=pair.right, right=pair.left)
