"""`tables`: the whole of Table 1 - every algorithm, the baselines, the published columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sequence_tutor.evaluation.evaluate import Evaluation
from sequence_tutor.evaluation.model import Model, prior_of
from sequence_tutor.files import PathLike, named_path
from sequence_tutor.folder_lock import writing_in
from sequence_tutor.verbs.results import draw_curves, write_results
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
    overrides: Mapping[str, Any] | None = None,
    threads: int | None = None,
    quiet: bool = False,
) -> Evaluation:
    """Tune every column from the shipped prior and evaluate all of them side by side.

    A second call goes on where the first was interrupted.

    Args:
        out: folder for runs, table, figures.
        samples: melodies of each column.
        seed: of tuning and sampling.
        overrides: settings that win over the presets'.
        threads: torch's threads; None measures.
        quiet: show no progress.
    """
    out = named_path(out)
    with writing_in(out):
        runs: dict[str, Path] = {}
        models: list[Model] = []
        for column, (preset, algorithm) in COLUMNS.items():
            runs[column] = out / column.lower().replace(" ", "-").translate({40: None, 41: None})
            table = {**(overrides or {}).get("tune", {}), "algorithm": algorithm, "seed": seed}
            model = tune(
                "melody",
                runs[column],
                preset=preset,
                overrides={**(overrides or {}), "tune": table},
                threads=threads,
                quiet=quiet,
            )
            models.append(replace(model, name=column))
        evaluation = write_results(out, [prior_of(models[0]), *models], samples, seed, quiet=quiet)
        draw_curves(out / "learning_curves.png", runs)
    return evaluation
