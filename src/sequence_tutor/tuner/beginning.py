"""What a run begins with: its action values, and the sampler of its replay.

Action values begin with the weights of a prior. A black box, such as a user's function or a table,
has none, and only G-learning can do without: at a correction of zero its policy is the prior. Every
other method begins with a policy in its own network, which would first have to imitate the prior.
"""

from __future__ import annotations

from collections.abc import Callable

from sequence_tutor.errors import UserError
from sequence_tutor.models import (
    ActionValueNetwork,
    RecurrentNetwork,
    RecurrentSettings,
    Start,
    seeing_place,
)
from sequence_tutor.prior.protocol import OwnsWeights, Prior, device_of
from sequence_tutor.randomness import named_generator
from sequence_tutor.replay.sampling import PrioritySampler, Sampler
from sequence_tutor.replay.sequences import SequenceReplay
from sequence_tutor.tuner.collecting_settings import ReplaySettings
from sequence_tutor.tuner.settings import TuneSettings


def chosen_start(prior: Prior, settings: TuneSettings) -> Start:
    """How the values of a run begin.

    Raises:
        UserError: the algorithm cannot begin so, or not with this prior, or a network was asked for
            that nothing would be built of.
    """
    if isinstance(prior, OwnsWeights) and settings.network != RecurrentSettings():
        raise UserError(
            "network is set but plays no part: the prior is no black box, and values are learned "
            "in a copy of its own network; leave it out"
        )
    algorithm = settings.traits
    start = algorithm.starts[0] if settings.start == "default" else settings.start
    if start not in algorithm.starts:
        raise UserError(
            f"start is {start!r}, expected one of {', '.join(algorithm.starts)} "
            f"for {algorithm.name}"
        )
    if start != "zero" and not isinstance(prior, OwnsWeights):
        raise UserError(
            f"{algorithm.name} with start {start!r} begins with the weights of the prior, and this "
            "prior is a black box without any; expected algorithm 'g' with start 'zero'"
        )
    return start


def initial_values(
    prior: Prior, settings: TuneSettings, start: Start, length: int
) -> ActionValueNetwork:
    """The network of values before the first update.

    Args:
        prior: p.
        settings: of the run.
        start: how they begin.
        length: T, most tokens of a sequence.
    """
    if isinstance(prior, OwnsWeights):
        values = prior.action_values(start)
        if settings.sees_place and isinstance(values.network, RecurrentNetwork) and length > 1:
            values.network = seeing_place(values.network, length)
        return values
    generator = named_generator(settings.seed, "values")
    return ActionValueNetwork.fresh(settings.network, prior.vocab_size, generator).to(
        device_of(prior)
    )


def make_sampler(
    settings: ReplaySettings,
    replay: SequenceReplay,
    first_step: int,
    own: Callable[[SequenceReplay], Sampler] | None = None,
) -> Sampler:
    """By TD error where priorities are asked for, else by rank of return; or what `own` makes.

    Tokens before `first_step` were given to the policy and are not learned from.
    """
    if own is not None:
        return own(replay)
    if settings.priority == "none":
        return Sampler(replay, settings.by_return, settings.shift)
    return PrioritySampler(
        replay,
        by_step=settings.priority == "step",
        exponent=settings.priority_exponent,
        importance=(settings.importance_begin, settings.importance_end),
        first_step=first_step,
    )
