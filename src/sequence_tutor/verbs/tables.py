"""`tables`: the whole of Table 1 - every algorithm, the baselines, the published columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sequence_tutor.config.presets import merged
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model, prior_of
from sequence_tutor.evaluation.table import Evaluation
from sequence_tutor.storage.files import PathLike, named_path
from sequence_tutor.storage.folder_lock import writing_in
from sequence_tutor.verbs.results import draw_curves, write_results, write_seeds
from sequence_tutor.verbs.tune import tune

COLUMNS: dict[str, tuple[str, str]] = {
    "Q": ("default", "q"),
    "Psi": ("default", "psi"),
    "G": ("default", "g"),
    "RL only": ("default", "rl-only"),
    "Psi (paper)": ("paper", "psi"),
}
"""Column -> preset and algorithm."""


def tables(
    out: PathLike,
    *,
    samples: int = 100_000,
    seed: int = 0,
    seeds: int = 1,
    overrides: Mapping[str, Any] | None = None,
    threads: int | None = None,
    quiet: bool = False,
) -> Evaluation:
    """Tune every column from the shipped prior and evaluate all of them side by side.

    A second call goes on where the first was interrupted; one with more seeds adds them.

    Args:
        out: folder for runs, table, figures.
        samples: melodies of each column.
        seed: of tuning and sampling.
        seeds: trainings of each column, with seeds from that one on; with two and more `seeds.md`
            and `seeds.json` say how far each figure scatters between them. The table is of the
            first.
        overrides: settings that win over the presets'.
        threads: torch's threads; None measures.
        quiet: show no progress.

    Raises:
        UserError: there is to be no seed at all, or a folder holds another run.
    """
    if seeds < 1:
        raise UserError(f"seeds is {seeds}, expected at least 1")
    out = named_path(out)
    with writing_in(out):
        runs = {column: out / _folder(column) for column in COLUMNS}
        models: dict[tuple[str, int], Model] = {}
        for place in range(seeds):
            for column, (preset, algorithm) in COLUMNS.items():
                own = {"algorithm": algorithm, "seed": seed + place}
                model = tune(
                    "melody",
                    runs[column] if place == 0 else out / f"{_folder(column)}-seed-{seed + place}",
                    preset=preset,
                    overrides=merged(overrides or {}, {"tune": own}),
                    threads=threads,
                    quiet=quiet,
                )
                models[column, place] = replace(model, name=column)
        first = [models[column, 0] for column in COLUMNS]
        evaluation = write_results(out, [prior_of(first[0]), *first], samples, seed, quiet=quiet)
        draw_curves(out / "learning_curves.png", runs)
        if seeds > 1:
            others = [models[column, place] for place in range(1, seeds) for column in COLUMNS]
            write_seeds(out, evaluation, others, samples, seed, quiet=quiet)
    return evaluation


def _folder(column: str) -> str:
    return column.lower().replace(" ", "-").translate({40: None, 41: None})
