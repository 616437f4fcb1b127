"""What `demo` and `tables` leave behind: the table, the curves, the probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.figures import titles
from sequence_tutor.evaluation.model import Model
from sequence_tutor.evaluation.seeds import between_seeds, seeds_table
from sequence_tutor.evaluation.table import Evaluation
from sequence_tutor.melody.exhibit import heard_of
from sequence_tutor.melody.writing.pictures import next_token_probabilities
from sequence_tutor.progress import progress
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.storage.files import write_json, write_text
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.workbench.comparison import draw_comparison

PANELS = titles(
    "reward_per_sequence", "log_prior_per_token", "kl_to_prior_per_token", "entropy_per_token"
)
"""Logged figures that are drawn, with their titles (figure 2 of the paper, and two more)."""


def write_results(
    out: Path, models: Sequence[Model], samples: int, seed: int, *, quiet: bool
) -> Evaluation:
    """Evaluate models and write `table.md`, `table.json` and `next_tokens.png`.

    Args:
        out: folder.
        models: prior first.
        samples: melodies of each.
        seed: of the sampling.
        quiet: show no progress.
    """
    with progress("evaluating", samples * len(models), quiet=quiet) as advance:
        evaluation = evaluate(models, samples, seed, advance)
    write_text(out / "table.md", evaluation.table().markdown())
    write_json(out / "table.json", evaluation.to_json())
    draw_next_tokens(out / "next_tokens.png", models, seed)
    return evaluation


def write_seeds(
    out: Path,
    evaluation: Evaluation,
    others: Sequence[Model],
    samples: int,
    seed: int,
    *,
    quiet: bool,
) -> None:
    """Evaluate the same columns of other training seeds; write `seeds.md` and `seeds.json`.

    Args:
        out: folder.
        evaluation: of the first seed, whose reward judges all.
        others: models of the other seeds, under the names of their columns.
        samples: melodies of each.
        seed: of the sampling.
        quiet: show no progress.
    """
    first = [column.model for column in evaluation.columns if column.model.tune is not None]
    with progress("evaluating other seeds", samples * len(others), quiet=quiet) as advance:
        beside = evaluate([first[0], *others], samples, seed, advance, particles=0)
    groups = between_seeds([*evaluation.to_json()["models"], *beside.to_json()["models"][1:]])
    write_text(out / "seeds.md", seeds_table(groups, first[0].domain).markdown())
    write_json(out / "seeds.json", {"groups": [group.to_json() for group in groups]})


def draw_curves(path: Path, runs: Mapping[str, Path]) -> None:
    """Figure 2 of the paper: what each run's evaluations said, against updates."""
    logs = {name: [read_log(run / LOG_FILE)] for name, run in runs.items()}
    draw_comparison(path, logs, "step", "updates", PANELS)


def draw_next_tokens(path: Path, models: Sequence[Model], seed: int) -> None:
    """Figure 4 of the paper: every model's next-token probabilities along one melody."""
    last = models[-1]
    generator = named_generator(seed, "next tokens", last.device)
    melody = rollout(last.policy, 1, last.length, generator).batch.tokens  # (1, T)
    log_probs = {
        model.name: model.policy.sequence_log_probs(melody)[0].cpu().numpy() for model in models
    }
    meter = heard_of(last).meter
    next_token_probabilities(melody[0].tolist(), log_probs, path, meter=meter)
