"""The two suites of goal-directed tasks: tasks, figures and published figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rdkit import Chem

from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError
from sequence_tutor.molecule.benchmarks.oracle import Oracle, top_auc, top_mean
from sequence_tutor.molecule.benchmarks.plausible import diverse_hits, hit_score
from sequence_tutor.molecule.benchmarks.published import GUACAMOL_PUBLISHED, PMO_PUBLISHED, Columns
from sequence_tutor.molecule.benchmarks.tasks import GUACAMOL, PMO, TASKS, BenchmarkTask
from sequence_tutor.molecule.chemistry import parse

TOPS = (1, 10, 100)

FIRST = 1000
"""Calls of PMO-1K, whose figure every longer run has, too."""

EARLY = "auc_top10_first_1000"
"""The figure of PMO after the first calls alone."""

INSIDE, EARLY_INSIDE = "auc_top10_inside", "auc_top10_inside_first_1000"
HITS, HITS_INSIDE = "diverse_hits", "diverse_hits_inside"
"""Figures of the molecules inside a fence, see `plausible`."""

Figures = Callable[[Oracle, Sequence[int]], dict[str, float]]
"""Figures of a finished run by name, given the task's `tops`."""


@dataclass(frozen=True)
class Suite:
    """A benchmark.

    Attributes:
        name: as users ask for it.
        tasks: their names, in the order of the table.
        figures: computes the figures of a run.
        figure: the one that the table shows, and sums.
        published: figures of other methods.
        caption: how the published figures were obtained.
        counts_inside: whether its figures are given for molecules inside a fence, too.
    """

    name: str
    tasks: tuple[str, ...]
    figures: Figures
    figure: str
    published: Columns
    caption: str
    counts_inside: bool = False

    def chosen(self, names: Sequence[str]) -> list[BenchmarkTask]:
        """The tasks of these names; without names, all tasks.

        Raises:
            UserError: this suite has no task of a name, or one is named twice, whose runs would
                count twice.
        """
        for name in names:
            if names.count(name) > 1:
                raise UserError(f"task {name!r} is given twice, expected each once")
            if name not in self.tasks:
                raise UserError(
                    f"unknown task {name!r} of {self.name}: {nearest(name, self.tasks)}"
                )
        return [TASKS[name] for name in names or self.tasks]


def pmo_figures(oracle: Oracle, _tops: Sequence[int] = ()) -> dict[str, float]:
    """Areas under the curves of the best 10, 1 and 100, and the last points of the curves."""
    scores = [score for _, score in oracle.calls]
    areas = {f"auc_top{top}": top_auc(scores, top, oracle.budget) for top in (10, 1, 100)}
    if oracle.budget > FIRST:
        areas[EARLY] = top_auc(scores[:FIRST], 10, FIRST)
    return areas | {f"top{top}": top_mean(scores, top) for top in TOPS}


def inside_figures(oracle: Oracle, inside: Sequence[bool], task: str) -> dict[str, float]:
    """The area under the curve of the ten best inside the fence, hits, and the share inside.

    Molecules outside count as calls of score 0.

    Args:
        oracle: of a finished run.
        inside: whether each call was of a molecule inside.
        task: says what a hit is.
    """
    scores = [score if one else 0.0 for (_, score), one in zip(oracle.calls, inside, strict=True)]
    own = [call for call, one in zip(oracle.calls, inside, strict=True) if one]
    least = hit_score(task)
    early = {EARLY_INSIDE: top_auc(scores[:FIRST], 10, FIRST)} if oracle.budget > FIRST else {}
    return {
        INSIDE: top_auc(scores, 10, oracle.budget),
        **early,
        "top10_inside": top_mean(scores, 10),
        "share_inside": len(own) / max(len(scores), 1),
        HITS: float(diverse_hits(oracle.calls, least)),
        HITS_INSIDE: float(diverse_hits(own, least)),
    }


def guacamol_figures(oracle: Oracle, tops: Sequence[int]) -> dict[str, float]:
    """The score of GuacaMol: the mean over the task's n of the mean of the best n molecules.

    As published, molecules are compared and scored without stereochemistry, and where fewer than n
    were found, the missing ones score 0.
    """
    scores = flat_scores(oracle, max(*tops, *TOPS))
    means = {top: sum(scores[:top]) / top for top in (*tops, *TOPS)}
    score = sum(means[top] for top in tops) / len(tops)
    return {"score": score} | {f"top{top}": means[top] for top in TOPS}


def flat_scores(oracle: Oracle, count: int) -> list[float]:
    """The scores of the best `count` distinct molecules without stereochemistry, best first.

    They are scored again by `Oracle.judge`, which uses no calls.
    """
    found: dict[str, float] = {}
    for smiles, _ in sorted(oracle.calls, key=lambda call: -call[1]):
        if len(found) == count:
            break
        molecule = parse(smiles)
        if molecule is not None:
            flat = Chem.MolToSmiles(molecule, isomericSmiles=False)
            if flat not in found:
                found[flat] = oracle.judge(flat)
    return sorted(found.values(), reverse=True)


SUITES: Mapping[str, Suite] = {
    suite.name: suite
    for suite in (
        Suite(
            "pmo",
            PMO,
            pmo_figures,
            "auc_top10",
            PMO_PUBLISHED,
            "AUC of the mean top 10; * as published by Gao et al. 2022 and Kim et al. 2024, "
            "10,000 calls, their data ZINC250k",
            counts_inside=True,
        ),
        Suite(
            "guacamol",
            GUACAMOL,
            guacamol_figures,
            "score",
            GUACAMOL_PUBLISHED,
            "score of GuacaMol v2; * as published by Brown et al. 2019, their data ChEMBL, their "
            "calls not limited",
        ),
    )
}
"""Every suite by its name."""
