"""Fine-tune sequence generators with rewards while staying close to what they learned from data.

Example:
    >>> import sequence_tutor
    >>> tuned = sequence_tutor.tune("melody", "runs/psi")
    >>> sequence_tutor.sample(tuned, 10, "melodies")
    >>> sequence_tutor.evaluate([sequence_tutor.prior_of(tuned), tuned])

A file or a folder is named by a string or a `Path`. The names of `__all__` are the public
interface; everything else may change.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sequence_tutor.algorithms.check import check_algorithm
    from sequence_tutor.domain import Domain, Ends, Near, Scaffold, check_domain, find_domain
    from sequence_tutor.errors import UserError
    from sequence_tutor.estimates import Estimate
    from sequence_tutor.evaluation.evaluate import evaluate
    from sequence_tutor.evaluation.loading import load_model
    from sequence_tutor.evaluation.model import Model, prior_of
    from sequence_tutor.evaluation.table import Evaluation
    from sequence_tutor.prior.check import check_prior
    from sequence_tutor.prior.protocol import Prior
    from sequence_tutor.prior.store import StoredPrior
    from sequence_tutor.replay.check import check_sampler
    from sequence_tutor.reporting.samples import Samples
    from sequence_tutor.reward.check import check_reward
    from sequence_tutor.reward.protocol import Reward
    from sequence_tutor.sequences import SequenceBatch
    from sequence_tutor.tracking import Logger, check_logger
    from sequence_tutor.tuner.callbacks import Callback
    from sequence_tutor.tuner.check_callback import check_callback
    from sequence_tutor.tuner.exploration import check_exploration
    from sequence_tutor.verbs.bench import bench
    from sequence_tutor.verbs.benchmark import benchmark, moses
    from sequence_tutor.verbs.card import card
    from sequence_tutor.verbs.check import check
    from sequence_tutor.verbs.compare import compare
    from sequence_tutor.verbs.design import design
    from sequence_tutor.verbs.export import export
    from sequence_tutor.verbs.fill import fill
    from sequence_tutor.verbs.frontier import frontier
    from sequence_tutor.verbs.pretrain import pretrain
    from sequence_tutor.verbs.report import report
    from sequence_tutor.verbs.results import demo, tables
    from sequence_tutor.verbs.sample import sample
    from sequence_tutor.verbs.score import score
    from sequence_tutor.verbs.studio import serve_studio
    from sequence_tutor.verbs.study import (
        analyse_study,
        export_study,
        make_study,
        serve_study,
        simulate_study,
    )
    from sequence_tutor.verbs.tune import tune
    from sequence_tutor.verbs.verify import verify
    from sequence_tutor.verbs.work import work

__all__ = [
    "Callback",
    "Domain",
    "Ends",
    "Estimate",
    "Evaluation",
    "Logger",
    "Model",
    "Near",
    "Prior",
    "Reward",
    "Samples",
    "Scaffold",
    "SequenceBatch",
    "StoredPrior",
    "UserError",
    "analyse_study",
    "bench",
    "benchmark",
    "card",
    "check",
    "check_algorithm",
    "check_callback",
    "check_domain",
    "check_exploration",
    "check_logger",
    "check_prior",
    "check_reward",
    "check_sampler",
    "compare",
    "demo",
    "design",
    "evaluate",
    "export",
    "export_study",
    "fill",
    "find_domain",
    "frontier",
    "load_model",
    "make_study",
    "moses",
    "pretrain",
    "prior_of",
    "report",
    "sample",
    "score",
    "serve_studio",
    "serve_study",
    "simulate_study",
    "tables",
    "tune",
    "verify",
    "work",
]

_MODULES = {
    "algorithms.check": ("check_algorithm",),
    "domain": ("Domain", "Ends", "Near", "Scaffold", "check_domain", "find_domain"),
    "errors": ("UserError",),
    "estimates": ("Estimate",),
    "evaluation.evaluate": ("evaluate",),
    "evaluation.loading": ("load_model",),
    "evaluation.model": ("Model", "prior_of"),
    "evaluation.table": ("Evaluation",),
    "prior.check": ("check_prior",),
    "prior.protocol": ("Prior",),
    "prior.store": ("StoredPrior",),
    "reporting.samples": ("Samples",),
    "reward.check": ("check_reward",),
    "reward.protocol": ("Reward",),
    "replay.check": ("check_sampler",),
    "sequences": ("SequenceBatch",),
    "tracking": ("Logger", "check_logger"),
    "tuner.callbacks": ("Callback",),
    "tuner.check_callback": ("check_callback",),
    "tuner.exploration": ("check_exploration",),
    "verbs.benchmark": ("benchmark", "moses"),
    "verbs.results": ("demo", "tables"),
    "verbs.studio": ("serve_studio",),
    "verbs.study": ("analyse_study", "export_study", "make_study", "serve_study", "simulate_study"),
}
"""Module -> the public names that it defines; any other name is a verb's, `verbs.NAME`."""


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: `sequence-tutor --help` does not need torch."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = next((home for home, names in _MODULES.items() if name in names), f"verbs.{name}")
    return getattr(import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    return __all__
