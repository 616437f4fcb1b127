"""What `demo` and `tables` leave behind: the table, the curves, the probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sequence_tutor.evaluation.evaluate import Evaluation, evaluate
from sequence_tutor.evaluation.model import Model
from sequence_tutor.evaluation.seeds import between_seeds, seed_rows, seeds_markdown
from sequence_tutor.evaluation.statistics import SHARES
from sequence_tutor.evaluation.table import as_json, as_markdown
from sequence_tutor.figures import Curve, Panel, learning_curves
from sequence_tutor.files import write_json, write_text
from sequence_tutor.melody.exhibit import heard_of
from sequence_tutor.melody.pictures import next_token_probabilities
from sequence_tutor.progress import progress
from sequence_tutor.randomness import named_generator
from sequence_tutor.rollout import rollout
from sequence_tutor.run_log import read_log
from sequence_tutor.tuner.logbook import LOG_FILE

PANELS = {
    "reward_per_sequence": "reward a melody",
    "log_prior_per_token": "log p(a|s) a token, nats",
    "kl_to_prior_per_token": "KL to the prior a token, nats",
    "entropy_per_token": "entropy a token, nats",
}
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
    write_text(out / "table.md", as_markdown(evaluation))
    write_json(out / "table.json", as_json(evaluation))
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
    models = [*as_json(evaluation)["models"], *as_json(beside)["models"][1:]]
    groups = between_seeds(models)
    domain = first[0].domain
    rows = seed_rows(groups, domain.shares | SHARES, domain.shares_of)
    write_text(out / "seeds.md", seeds_markdown(rows))
    write_json(out / "seeds.json", {"groups": [group.to_json() for group in groups]})


def draw_curves(path: Path, runs: Mapping[str, Path]) -> None:
    """Figure 2 of the paper: what each run's evaluations said, against updates."""
    logs = {name: read_log(run / LOG_FILE) for name, run in runs.items()}
    panels = [
        Panel(
            title,
            [
                Curve(name, [r["step"] for r in records], [r[figure] for r in records])
                for name, records in logs.items()
            ],
        )
        for figure, title in PANELS.items()
    ]
    learning_curves(panels, path, x_label="updates")


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
