"""Which settings of tuning go together; each that does not is refused in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sequence_tutor.errors import shown
from sequence_tutor.tuner.fence_settings import check_fence
from sequence_tutor.tuner.lag_settings import check_lag

if TYPE_CHECKING:
    from sequence_tutor.tuner.settings import TuneSettings

KL = "kl_to_prior_per_token"


def check_consistent(settings: TuneSettings) -> None:
    """Compare settings with each other.

    Raises:
        ValueError: two do not go together.
    """
    traits = settings.traits
    if settings.collect > settings.replay.capacity:
        raise ValueError(
            f"collect is {settings.collect}, expected at most replay.capacity "
            f"= {settings.replay.capacity}"
        )
    if settings.paths in ("whole", "first") and settings.n_steps != "all":
        raise ValueError(
            f"paths is {settings.paths!r} but n_steps is {settings.n_steps}, "
            "expected n_steps = 'all'"
        )
    if settings.paths == "both" and settings.n_steps == 1:
        raise ValueError(
            "paths is 'both' but n_steps is 1, expected 'all' or at least 2: "
            "one-step targets are the errors of paths = 'every' alone"
        )
    if settings.paths != "every" and settings.replay.priority == "step":
        raise ValueError(
            f"replay.priority is 'step' but paths is {settings.paths!r}, expected 'sequence': "
            "a whole sequence has one error"
        )
    if isinstance(settings.n_steps, int) and settings.n_steps < 1:
        raise ValueError(f"n_steps is {settings.n_steps}, expected 'all' or at least 1")
    if settings.double and traits.fits != "hard":
        raise ValueError(
            f"double is true, expected false for {settings.algorithm}: it takes no maximum"
        )
    if traits.on_policy:
        _check_on_policy(settings)
    by_batch = "paths" in traits.reads and settings.paths in ("whole", "both")
    if settings.batch == 1 and (by_batch or traits.compares):
        what = (
            f"paths is {settings.paths!r}" if by_batch else f"algorithm is {settings.algorithm!r}"
        )
        raise ValueError(
            f"batch is 1 but {what}, expected at least 2: a sequence is compared with the "
            "others of its batch"
        )
    check_lag(settings)
    if settings.target_kl is not None:
        _check_target_kl(settings)
    if settings.aims:
        _check_aims(settings)
    _check_candidates(settings)
    check_fence(settings)


def _check_target_kl(settings: TuneSettings) -> None:
    if settings.traits.fits == "hard" or not settings.traits.held or settings.exploration.given:
        raise ValueError(
            f"target_kl is {settings.target_kl} but algorithm is {settings.algorithm!r}, expected "
            "one whose c sets its divergence from the prior, such as psi or g"
        )
    _check_proposal(settings, "target_kl")
    if settings.stages:
        raise ValueError("target_kl finds one c, expected a run without stages")


def _check_aims(settings: TuneSettings) -> None:
    beside = f"aims are given but algorithm is {settings.algorithm!r}, "
    if not settings.traits.held:
        near = "expected one that a divergence holds near the prior, such as psi or g"
        raise ValueError(beside + near)
    if settings.exploration.given:
        raise ValueError(f"{beside}which learns from data, too; expected psi, g or the like")
    _check_proposal(settings, "aims")
    for name, found, expected in (
        ("target_kl", settings.target_kl, None),
        ("discount", settings.discount, 1),
        ("exploration.kind", settings.exploration.kind, "policy"),
    ):
        if found != expected:
            said = "none" if expected is None else shown(expected)
            hint = f"; aim at {KL} <= {found} instead" if name == "target_kl" else ""
            raise ValueError(f"{name} is {shown(found)} beside aims, expected {said}{hint}")


def _check_proposal(settings: TuneSettings, what: str) -> None:
    if settings.target_network == "proposal":
        raise ValueError(
            f"{what} follow what the policy itself has just sampled, and {settings.algorithm} "
            "samples from a former one; expected dpg, raml or another"
        )


def _check_candidates(settings: TuneSettings) -> None:
    """What others than the policy write, and a critic that ranks it."""
    explored, replay, asked = settings.exploration, settings.replay, settings.critic.candidates
    if explored.own <= 0:
        raise ValueError(
            f"exploration.regrow is {explored.regrow} and exploration.breed {explored.breed}, "
            "expected less than 1 together"
        )
    if replay.respell and replay.priority != "none":
        raise ValueError(
            f"replay.respell is {replay.respell} but replay.priority is {replay.priority!r}, "
            "expected 'none': an error belongs to one spelling"
        )
    if asked and settings.aims:
        raise ValueError(
            f"critic.candidates is {asked} beside aims, expected 0: a critic predicts what the "
            "reward pays, and aims change what is paid all the time"
        )
    if asked and settings.traits.on_policy:
        raise ValueError(
            f"critic.candidates is {asked} but {settings.algorithm} learns from what the policy "
            "itself has just sampled, not from the best of it; expected 0"
        )


def _check_on_policy(settings: TuneSettings) -> None:
    explores = settings.exploration.kind != "policy" or settings.exploration.own < 1
    if settings.replay.fresh != 1 or explores:
        raise ValueError(
            f"{settings.algorithm} learns from what the policy itself has just sampled, expected "
            "replay.fresh = 1, exploration.kind = 'policy', exploration.regrow = 0 and "
            "exploration.breed = 0"
        )
    repeats = settings.traits.target == "snapshot"
    if settings.optimiser.average and not repeats:
        raise ValueError(
            f"optimiser.average is {settings.optimiser.average} but {settings.algorithm} learns "
            "from what the policy itself has just sampled, not an average of it; expected 0"
        )
    if settings.replay.distinct:
        raise ValueError(
            f"replay.distinct is true but {settings.algorithm} learns from each sequence as often "
            "as it was sampled, expected false"
        )
    if settings.replay.priority == "step":
        raise ValueError(
            f"replay.priority is 'step' but {settings.algorithm} learns from whole sequences, "
            "expected 'none'"
        )
    if not repeats and (settings.batch, settings.collect_every) != (settings.collect, 1):
        raise ValueError(
            f"{settings.algorithm} learns once from each sequence, expected batch = collect and "
            f"collect_every = 1, found {settings.batch}, {settings.collect} and "
            f"{settings.collect_every}"
        )
