"""Settings that play no part in the run that the others describe.

One that was asked for and does nothing would make two runs of one kind look like an experiment, so
it is refused. What a preset says beside what was asked for may be idle: presets serve several
algorithms.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sequence_tutor.algorithms.loss_settings import UNREAD
from sequence_tutor.config.settings import Settings

if TYPE_CHECKING:
    from sequence_tutor.tuner.settings import TuneSettings

ASKED = "asked"
"""In the context of a validation: dotted names of the settings that were asked for; without it
all that were given were asked for."""


def refuse_idle(settings: TuneSettings, asked: Collection[str]) -> None:
    """Refuse a setting that was asked for, by dotted name, and does nothing.

    Raises:
        ValueError: the first such setting, its value, and why it plays no part.
    """
    for name, why in idle(settings).items():
        value, usual = _value(settings, name), _value(type(settings)(), name)
        if name in asked and value not in (usual, *_NOTHING.get(name, ())):
            raise ValueError(f"{name} is {value!r} but plays no part: {why}; leave it out")


_NOTHING: Mapping[str, tuple[object, ...]] = {"value_weight": (0.0,), "replay.by_return": (0.0,)}
"""Values besides the usual that ask for nothing."""


def given_names(settings: Settings) -> set[str]:
    """Dotted names of what was given to settings that were made directly."""
    return set(_given(settings, ""))


def names_in(tables: Mapping[str, Any]) -> set[str]:
    """Dotted names of all values in nested tables."""
    names = set()
    for name, value in tables.items():
        inside = names_in(value) if isinstance(value, Mapping) else ()
        names |= {f"{name}.{inner}" for inner in inside} or {name}
    return names


def idle(settings: TuneSettings) -> dict[str, str]:
    """Dotted name -> why, for each setting that plays no part, whatever its value."""
    parts = (
        _of_the_algorithm,
        _of_the_form,
        _of_temperature,
        _of_experience,
        _of_the_critic,
        _of_the_fence,
        _of_the_aims,
    )
    found: dict[str, str] = {}
    for name, why in chain.from_iterable(part(settings) for part in parts):
        found.setdefault(name, why)
    return found


def _of_the_algorithm(settings: TuneSettings) -> Iterator[tuple[str, str]]:
    for name, why in UNREAD.items():
        if name not in settings.traits.reads:
            yield name, why.format(settings.algorithm)


def _of_the_form(settings: TuneSettings) -> Iterator[tuple[str, str]]:
    if "paths" not in settings.traits.reads:
        return
    if settings.n_steps != 1:
        yield "double", "it changes one-step targets alone (n_steps = 1, paths = 'every')"
        yield "eta", "only one-step targets (n_steps = 1, paths = 'every') have a slow network"
    if settings.paths not in ("whole", "both"):
        yield "value_weight", f"with paths = {settings.paths!r} V is part of the one error"


def _of_temperature(settings: TuneSettings) -> Iterator[tuple[str, str]]:
    if settings.target_kl is not None:
        yield "c_anneal", "target_kl finds c"
    elif settings.c_begin is None:
        yield "c_anneal", "c_begin is not set, so that c is the same throughout"


def _of_experience(settings: TuneSettings) -> Iterator[tuple[str, str]]:
    replay = settings.replay
    if settings.exploration.kind == "policy":
        for name in ("begin", "end", "anneal"):
            yield f"exploration.{name}", "exploration.kind is 'policy'"
    if not settings.traits.takes_given:
        for name in ("given", "given_anneal"):
            yield f"exploration.{name}", f"{settings.algorithm} is given no data, as mixer is"
    if replay.fresh == 1:
        for name in ("keep", "sampler", "priority", "by_return"):
            yield f"replay.{name}", "replay.fresh is 1: nothing but the newest is learned from"
    if replay.sampler:
        for name in ("priority", "by_return", "shift"):
            yield f"replay.{name}", f"replay.sampler is {replay.sampler!r}"
    if replay.priority == "none" or replay.fresh == 1:
        for name in ("priority_exponent", "importance_begin", "importance_end"):
            yield f"replay.{name}", "nothing is drawn by priority"
    else:
        for name in ("by_return", "shift"):
            yield f"replay.{name}", f"replay.priority is {replay.priority!r}"
    if not settings.traits.held:
        yield "replay.rank_by", f"the optimum of {settings.algorithm} knows no prior"
    if not _ranks(settings):
        yield "replay.rank_by", "no stored sequence is drawn, kept or bred by rank"
    if replay.shift:
        yield "replay.by_return", "replay.shift says how ranks are drawn"
    if replay.fresh == 1:
        for name in ("shift", "respell"):
            yield f"replay.{name}", "replay.fresh is 1: nothing is replayed"


def _ranks(settings: TuneSettings) -> bool:
    """Whether it matters which stored sequences are the best."""
    replay, explored = settings.replay, settings.exploration
    by_rank = replay.priority == "none" and (replay.by_return or replay.shift)
    drawn = replay.fresh < 1 and (replay.sampler or by_rank)
    return bool(drawn or replay.keep == "best" or explored.regrow or explored.breed)


def _of_the_critic(settings: TuneSettings) -> Iterator[tuple[str, str]]:
    critic = settings.critic
    if not critic.is_on:
        for name in type(critic).model_fields:
            yield f"critic.{name}", "critic.candidates is 0: there is no critic"
    if not settings.exploration.breed:
        for name in ("generations", "children"):
            yield f"critic.{name}", "exploration.breed is 0: nothing is bred"


def _of_the_fence(settings: TuneSettings) -> Iterator[tuple[str, str]]:
    if not settings.fence.is_on:
        for name in ("samples", "depth"):
            yield f"fence.{name}", "nothing is bounded: there is no fence"
    elif not settings.fence.takes_samples:
        yield "fence.samples", "no bound of the fence is a percentile"


def _of_the_aims(settings: TuneSettings) -> Iterator[tuple[str, str]]:
    if not settings.aims:
        for name in ("aims_alone", "aims_react", "aims_margin", "aims_keep"):
            yield name, "no row is aimed at"
        return
    stages = [stage.steps or settings.steps for stage in settings.stages] or [settings.steps]
    steps, every = sum(stages), settings.collect_every
    begun = max(steps, 2 * (steps - stages[-1]))  # of the last stage, its part of the second half
    collections = -(-steps // every) - -(-begun // (2 * every))
    if settings.aims_keep > collections:
        where = f"the second half of {steps:,} updates"
        where = f"what the last stage has of {where}" if len(stages) > 1 else where
        yield "aims_keep", f"{where} has {collections:,} collections"


def _value(settings: Settings, name: str) -> Any:
    return attrgetter(name)(settings)


def _given(settings: Settings, before: str) -> Iterator[str]:
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        if isinstance(value, Settings):
            yield from _given(value, f"{before}{name}.")
        else:
            yield before + name
