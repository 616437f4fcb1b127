"""What extends a run from outside: objects in memory, or names of what installed packages offer.

What changes the numbers of a run is part of its settings: `tune.replay.sampler` and
`tune.exploration.kind` have the name that a package offers it under, or `object NAME` for an object
in memory. So a run that goes on with another one is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sequence_tutor.config.packages import loaded, loaded_class, made, offered
from sequence_tutor.config.presets import Tables
from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError, shown
from sequence_tutor.replay.check import check_sampler
from sequence_tutor.replay.sampling import Sampler
from sequence_tutor.replay.sequences import SequenceReplay
from sequence_tutor.tracking.registry import loggers_of
from sequence_tutor.tuner.callbacks import Callback
from sequence_tutor.tuner.collecting_settings import KINDS
from sequence_tutor.tuner.exploration import Explores, check_exploration
from sequence_tutor.tuner.settings import TuneSettings

OBJECT = "object "
SAMPLERS, EXPLORATIONS, CALLBACKS = (
    f"sequence_tutor.{kind}" for kind in ("samplers", "explorations", "callbacks")
)
"""Groups of entry points."""

MakesSampler = Callable[[SequenceReplay], Sampler]
"""Such as a class that derives from `Sampler`."""


@dataclass(frozen=True)
class Extensions:
    """Objects in memory that extend a run.

    Attributes:
        sampler: makes the sampler of replay; None: the settings say which.
        exploration: changes what is sampled from while collecting; None: as the settings say.
        callbacks: beside those of the settings.
        log_to: names, loggers and functions, beside those of the settings.
    """

    sampler: MakesSampler | None = None
    exploration: Explores | None = None
    callbacks: Sequence[Callback] = ()
    log_to: Sequence[Any] = ()

    def named(self) -> Tables:
        """The settings that say which objects change the run's numbers."""
        tables: dict[str, Any] = {}
        if self.sampler is not None:
            tables["replay"] = {"sampler": _object(self.sampler)}
        if self.exploration is not None:
            tables["exploration"] = {"kind": _object(self.exploration)}
        return {"tune": tables} if tables else {}

    def with_named(
        self, settings: TuneSettings, callbacks: Sequence[str], log_to: Sequence[str], project: str
    ) -> Extensions:
        """These objects and what settings name, found and checked.

        Args:
            settings: of tuning.
            callbacks: names of callbacks.
            log_to: names of loggers.
            project: under which trackers file the run.

        Raises:
            UserError: nothing installed offers what is named, or it breaks a promise.
        """
        for one in self.callbacks:
            if not isinstance(one, Callback):
                raise UserError(
                    f"a callback is {shown(one)}, expected an object of a class that derives from "
                    "sequence_tutor.Callback"
                )
        named = [
            made(_offered(CALLBACKS, "callbacks", name, Callback), f"callbacks is {name!r}")
            for name in callbacks
        ]
        loggers = loggers_of((*log_to, *self.log_to), project)
        return Extensions(
            sampler_of(settings, self.sampler),
            exploration_of(settings, self.exploration),
            (*named, *self.callbacks),
            loggers,
        )

    def check(self, vocab_size: int) -> None:
        """Ask sampler and exploration a few questions.

        Args:
            vocab_size: V.

        Raises:
            UserError: the first broken promise.
        """
        if self.sampler is not None:
            check_sampler(self.sampler)
        if self.exploration is not None:
            check_exploration(self.exploration, vocab_size)


NOTHING = Extensions()


def sampler_of(settings: TuneSettings, given: MakesSampler | None) -> MakesSampler | None:
    """What makes the sampler that the settings name; None: one of ours.

    Raises:
        UserError: nothing installed offers it, or it is an object in memory that is not given.
    """
    name = settings.replay.sampler
    if name == "":
        return None
    _check_given("tune.replay.sampler", name, "sampler", given)
    found = given or _offered(SAMPLERS, "tune.replay.sampler", name, Sampler)
    if not callable(found):
        raise UserError(
            f"the sampler is {shown(found)}, expected a class that derives from "
            "sequence_tutor.replay.Sampler"
        )
    return found


def exploration_of(settings: TuneSettings, given: Explores | None) -> Explores | None:
    """The exploration that the settings name; None: one of ours.

    Raises:
        UserError: nothing installed offers it, or it is an object in memory that is not given.
    """
    kind = settings.exploration.kind
    if kind in KINDS:
        return None
    _check_given("tune.exploration.kind", kind, "exploration", given)
    if given is not None:
        return given
    points = offered(EXPLORATIONS)
    if kind not in points:
        known = nearest(kind, (*KINDS, *points))
        raise UserError(f"tune.exploration.kind is {shown(kind)}: {known}")
    found: Explores = loaded(points[kind], f"tune.exploration.kind is {kind!r}")
    return found


def _object(given: object) -> str:
    """How settings name an object."""
    return f"{OBJECT}{getattr(given, '__name__', type(given).__name__)}"


def _check_given(setting: str, name: str, argument: str, given: object) -> None:
    if name.startswith(OBJECT) and given is None:
        raise UserError(
            f"{setting} is {shown(name)}, an object in memory that is not given; expected it with "
            f"{argument}="
        )


def _offered(group: str, setting: str, name: str, kind: type) -> Any:
    """A class that a package offers.

    Raises:
        UserError: there is none, or it is of another kind.
    """
    points = offered(group)
    if name not in points:
        known = nearest(name, points) if points else "no installed package offers any"
        raise UserError(f"{setting} is {shown(name)}: {known}")
    return loaded_class(points[name], kind, f"{setting} is {name!r}")
