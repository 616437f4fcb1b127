"""`demo` and `tables`: the shipped prior of melodies tuned, evaluated and drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sequence_tutor.algorithms.registry import SHIPPED, algorithm_names
from sequence_tutor.config.presets import merged
from sequence_tutor.config.settings import check_least
from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.figures import titles
from sequence_tutor.evaluation.model import Model, prior_of
from sequence_tutor.evaluation.seeds import between_seeds, seeds_table
from sequence_tutor.evaluation.statistics import check_samples
from sequence_tutor.evaluation.table import Evaluation
from sequence_tutor.melody.exhibit import heard_of
from sequence_tutor.melody.writing.pictures import next_token_probabilities
from sequence_tutor.progress import progress
from sequence_tutor.randomness import named_generator
from sequence_tutor.reward.user_terms import rules_file
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.storage.files import PathLike, named_path, write_json, write_text
from sequence_tutor.storage.folder_lock import writing_in
from sequence_tutor.storage.own_results import check_results
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.verbs.report import report
from sequence_tutor.verbs.sample import sample
from sequence_tutor.verbs.training import Training, train_side_by_side
from sequence_tutor.verbs.tune import tune
from sequence_tutor.workbench.aimed_comparison import with_aims
from sequence_tutor.workbench.comparison import draw_comparison

MELODIES = 20
REPORT = "report.html"

COLUMNS: dict[str, tuple[str, str]] = {
    "Q": ("weights", "q"),
    "Psi": ("weights", "psi"),
    "G": ("weights", "g"),
    "RL only": ("weights", "rl-only"),
    "Psi (paper)": ("paper", "psi"),
}
"""Column of the table of results -> preset and algorithm."""

SHOWN = "musical"
"""Preset that `demo` shows."""

IN_MINUTES: dict[str, Any] = {"batch": 32, "collect": 256}
"""Its settings there: half of the sequences an update, so that nobody waits long."""

PANELS = titles(
    "reward_per_sequence", "log_prior_per_token", "kl_to_prior_per_token", "entropy_per_token"
)
"""Logged figures that are drawn, with their titles (figure 2 of the paper, and two more)."""

RESULTS = ("table.json", "table.md", "next_tokens.png", "learning_curves.png")
"""What is written in the folder beside the runs; the first one first."""


def demo(
    out: PathLike,
    *,
    samples: int = 10_000,
    seed: int = 0,
    preset: str = SHOWN,
    threads: int | None = None,
    quiet: bool = False,
) -> Evaluation:
    """Tune, compare with the prior on many melodies, write some of both and a report of all.

    Args:
        out: folder for everything; the tuned model is in `out/psi`.
        samples: melodies that the table is computed from.
        seed: of tuning and sampling.
        preset: of tuning; `musical` writes eight bars, here with half of its batch, see
            `IN_MINUTES`.
        threads: torch's threads; None measures.
    """
    out = named_path(out)
    check_samples(samples)
    check_results(out, (*RESULTS, REPORT), "models")
    with writing_in(out):
        run = out / "psi"
        quick = IN_MINUTES if preset == SHOWN else {}
        tuned = tune(
            "melody",
            run,
            preset=preset,
            overrides={"tune": {**quick, "algorithm": "psi", "seed": seed}},
            threads=threads,
            quiet=quiet,
        )
        prior = prior_of(tuned)
        models = [prior, replace(tuned, name="psi")]
        evaluation = _write_results(out, models, samples, seed, quiet=quiet)
        _draw_curves(out / "learning_curves.png", {"psi": run})
        for name, model in (("melodies", tuned), ("melodies_of_the_prior", prior)):
            sample(model, MELODIES, out / name, seed=seed, quiet=quiet)
        report([run], out / REPORT, table=out / "table.json", seed=seed, quiet=quiet)
    return evaluation


def columns() -> dict[str, tuple[str, str]]:
    """Column -> preset and algorithm: ours, and the algorithms of installed packages."""
    others = [name for name in algorithm_names() if name not in SHIPPED]
    return {**COLUMNS, **{name: ("weights", name) for name in others}}


def tables(
    out: PathLike,
    *,
    samples: int = 100_000,
    seed: int = 0,
    seeds: int = 1,
    overrides: Mapping[str, Any] | None = None,
    rules: PathLike | None = None,
    executor: str | None = None,
    threads: int | None = None,
    quiet: bool = False,
) -> Evaluation:
    """Tune every column from the shipped prior and evaluate all of them side by side.

    The same call continues an interrupted one; one with more seeds adds them.

    Args:
        out: folder for runs, table, figures.
        samples: melodies of each column.
        seed: of tuning and sampling.
        seeds: trainings of each column, with seeds from that one on; with two or more `seeds.md`
            and `seeds.json` give the scatter of each figure between them. The table is of the
            first.
        overrides: settings that win over the presets'.
        rules: rules of the user's own, as for `tune`; each is a row of the table.
        executor: computes the columns' trainings side by side, on as many cores as there are:
            "local", "ray" or one of an installed package; None: one after the other, in this
            process.
        threads: torch's threads; None measures, and with an executor it is 1 a training.

    Raises:
        UserError: `seeds` is below 1, rules or executor cannot be used, or a folder holds another
            run.
    """
    check_least(1, seeds=seeds)
    check_samples(samples)
    out, rules = named_path(out), rules_file(rules)
    check_results(out, (*RESULTS, "seeds.md", "seeds.json"), "models")
    with writing_in(out):
        asked = {
            (column, place): Training(
                out / (_folder(column) + (f"-seed-{seed + place}" if place else "")),
                preset,
                merged(overrides or {}, {"tune": {"algorithm": algorithm, "seed": seed + place}}),
                rules,
            )
            for place in range(seeds)
            for column, (preset, algorithm) in columns().items()
        }
        if executor is not None:
            train_side_by_side(list(asked.values()), executor, threads or 1, quiet=quiet)
        models = {
            (column, place): replace(training.finish(threads, quiet=quiet), name=column)
            for (column, place), training in asked.items()
        }
        runs = {column: training.out for (column, place), training in asked.items() if not place}
        first = [models[column, 0] for column in runs]
        evaluation = _write_results(out, [prior_of(first[0]), *first], samples, seed, quiet=quiet)
        _draw_curves(out / "learning_curves.png", runs)
        if seeds > 1:
            others = [models[column, place] for place in range(1, seeds) for column in runs]
            _write_seeds(out, evaluation, others, samples, seed, quiet=quiet)
    return evaluation


def _folder(column: str) -> str:
    return column.lower().replace(" ", "-").translate({40: None, 41: None})


def _write_results(
    out: Path, models: Sequence[Model], samples: int, seed: int, *, quiet: bool
) -> Evaluation:
    """Evaluate models, prior first; write `table.md`, `table.json` and `next_tokens.png`."""
    with progress("evaluating", samples * len(models), quiet=quiet) as advance:
        evaluation = evaluate(models, samples, seed, advance)
    write_json(out / RESULTS[0], evaluation.to_json())
    write_text(out / "table.md", evaluation.table().markdown())
    _draw_next_tokens(out / "next_tokens.png", models, seed)
    return evaluation


def _write_seeds(
    out: Path,
    evaluation: Evaluation,
    others: Sequence[Model],
    samples: int,
    seed: int,
    *,
    quiet: bool,
) -> None:
    """Evaluate the columns of other training seeds too; write `seeds.md` and `seeds.json`.

    The reward of `evaluation`, which is of the first seed, is used for all.
    """
    first = [column.model for column in evaluation.columns if column.model.tune is not None]
    with progress("evaluating other seeds", samples * len(others), quiet=quiet) as advance:
        beside = evaluate([first[0], *others], samples, seed, advance, particles=0)
    groups = between_seeds([*evaluation.to_json()["models"], *beside.to_json()["models"][1:]])
    write_text(out / "seeds.md", seeds_table(groups, first[0].domain).markdown())
    write_json(out / "seeds.json", {"groups": [group.to_json() for group in groups]})


def _draw_curves(path: Path, runs: Mapping[str, Path]) -> None:
    """Figure 2 of the paper: the evaluations of each run against updates; aims, if all have."""
    logs = {name: [read_log(run / LOG_FILE)] for name, run in runs.items()}
    draw_comparison(path, *with_aims(logs, PANELS), "step", "updates")


def _draw_next_tokens(path: Path, models: Sequence[Model], seed: int) -> None:
    """Figure 4 of the paper: every model's next-token probabilities along one melody."""
    last = models[-1]
    generator = named_generator(seed, "next tokens", last.device)
    melody = rollout(last.policy, 1, last.length, generator).batch.tokens  # (1, T)
    log_probs = {
        model.name: model.policy.sequence_log_probs(melody)[0].cpu().numpy() for model in models
    }
    meter = heard_of(last).meter
    next_token_probabilities(melody[0].tolist(), log_probs, path, meter=meter)
