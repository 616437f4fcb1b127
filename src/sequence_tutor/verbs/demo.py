"""`demo`: tune the shipped prior with Psi-learning and show what changed."""

from __future__ import annotations

from dataclasses import replace

from sequence_tutor.evaluation.model import prior_of
from sequence_tutor.evaluation.table import Evaluation
from sequence_tutor.storage.files import PathLike, named_path
from sequence_tutor.storage.folder_lock import writing_in
from sequence_tutor.verbs.report import report
from sequence_tutor.verbs.results import draw_curves, write_results
from sequence_tutor.verbs.sample import sample
from sequence_tutor.verbs.tune import tune

MELODIES = 20
REPORT = "report.html"


def demo(
    out: PathLike,
    *,
    samples: int = 100_000,
    seed: int = 0,
    preset: str = "default",
    threads: int | None = None,
    quiet: bool = False,
) -> Evaluation:
    """Tune, compare with the prior on many melodies, write some of both and a page with all of it.

    Args:
        out: folder for everything; the tuned model is in `out/psi`.
        samples: melodies that the table's figures come from.
        seed: of tuning and sampling.
        preset: of tuning.
        threads: torch's threads; None measures.
        quiet: show no progress.
    """
    out = named_path(out)
    with writing_in(out):
        run = out / "psi"
        tuned = tune(
            "melody",
            run,
            preset=preset,
            overrides={"tune": {"algorithm": "psi", "seed": seed}},
            threads=threads,
            quiet=quiet,
        )
        prior = prior_of(tuned)
        evaluation = write_results(
            out, [prior, replace(tuned, name="psi")], samples, seed, quiet=quiet
        )
        draw_curves(out / "learning_curves.png", {"psi": run})
        for name, model in (("melodies", tuned), ("melodies_of_the_prior", prior)):
            sample(model, MELODIES, out / name, seed=seed, quiet=quiet)
        report([run], out / REPORT, table=out / "table.json", seed=seed, quiet=quiet)
    return evaluation
