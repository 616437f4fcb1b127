"""An analysis as a figure and as Markdown."""

from __future__ import annotations

import math
from pathlib import Path

from sequence_tutor.drawing.figures import GRID, INK, PALETTE, new_figure, save_png, tidy
from sequence_tutor.drawing.table import Table
from sequence_tutor.estimates import Estimate
from sequence_tutor.storage.files import write_json, write_text
from sequence_tutor.study.analysis import Analysis

PUBLISHED = (
    "The paper's study: 192 ratings of four models, H = 109.48 with 3 degrees of freedom, "
    "p < 0.001 (section 5.1 of https://arxiv.org/abs/1611.02796)."
)

CONTRAST_COLUMNS = (
    "models",
    "first preferred",
    "U",
    "p",
    "p, Holm",
    "p, dealt",
    "p, dealt, Holm",
    "rank-biserial",
)
NOTES = (
    "Brackets are 95 % intervals: Wilson's for shares, Wald's for Bradley-Terry scores. `p` "
    "assumes independent ratings, as the paper does; `p, dealt` does not: it permutes the models "
    "within whole clip pairs."
)


def write_analysis(folder: Path, analysis: Analysis) -> None:
    """Write `analysis.md`, `analysis.json` and `wins.png`."""
    draw_wins(folder / "wins.png", analysis)
    write_json(folder / "analysis.json", analysis.to_json())
    write_text(folder / "analysis.md", as_markdown(analysis))


def draw_wins(path: Path, analysis: Analysis) -> None:
    """Figure 3 of the paper, with intervals: how often each model was preferred."""
    standings = analysis.standings
    longest = max((len(one.model) for one in standings), default=0)
    figure = new_figure(1.6 + max(1.1, 0.08 * longest) * len(standings), 3.6)  # no name on the next
    axes = figure.add_subplot()
    tidy(axes)
    axes.grid(color=GRID, linewidth=0.7, axis="y")
    for place, one in enumerate(standings):
        axes.bar(place, 100 * one.share.value, width=0.62, color=PALETTE[0])
        below, above = one.share.value - one.share.low, one.share.high - one.share.value
        reach = [[100 * below], [100 * above]]
        axes.errorbar(place, 100 * one.share.value, reach, color=INK, capsize=5, linewidth=1.4)
    axes.axhline(50, color=INK, linewidth=1, linestyle="--")
    labels = [f"{one.model}\n{one.wins} of {one.comparisons}" for one in standings]
    axes.set_xticks(range(len(standings)), labels)
    axes.set_ylim(0, 100)
    axes.set_ylabel("preferred in % of its comparisons", color=INK)
    save_png(figure, path)


def as_markdown(analysis: Analysis) -> str:
    """Two tables, and sentences about their data."""
    models = Table(
        ["model", "preferred", "share %", "mean rating", "Bradley-Terry"],
        [
            [
                one.model,
                f"{one.wins} of {one.comparisons}",
                _estimate(one.share, 100, 1),
                _number(one.mean_rating, 2),
                _estimate(one.score, 1, 2),
            ]
            for one in analysis.standings
        ],
    )
    contrasts = Table(
        CONTRAST_COLUMNS,
        [
            [
                f"{one.a} and {one.b}",
                f"{one.wins} of {one.comparisons}",
                _number(one.test.statistic, 1),
                _p(one.test.p),
                _p(one.p_holm),
                _p(one.test.p_permutation),
                _p(one.p_permutation_holm),
                _number(one.effect, 2),
            ]
            for one in analysis.contrasts
        ],
    )
    return (
        f"{_who(analysis)}\n\n{models.markdown()}\n{_overall(analysis)}\n\n"
        f"{contrasts.markdown()}\n{NOTES}\n\n{PUBLISHED}\n"
    )


def _who(analysis: Analysis) -> str:
    who = analysis.attention
    left = who.left_chosen / who.choices
    return (
        f"{analysis.ratings} ratings by {who.answered} listeners, of whom {who.finished} finished. "
        f"{who.failed_identical} failed the check of two equal sounds, {who.failed_broken} that of "
        f"a broken one; the answers of {who.left_out} are excluded. {who.contradictions} answers "
        f"prefer the clip that was not chosen. The left clip was chosen in {left:.0%}."
    )


def _overall(analysis: Analysis) -> str:
    test = analysis.overall
    return (
        f"Kruskal-Wallis: H = {_number(test.statistic, 2)} with {analysis.degrees_of_freedom} "
        f"degrees of freedom, p {_relation(test.p)}; by permutation, p "
        f"{_relation(test.p_permutation)}."
    )


def _estimate(estimate: Estimate, unit: float, places: int) -> str:
    if math.isnan(estimate.value):
        return "undefined"
    value, low, high = (
        f"{unit * number:.{places}f}" for number in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} [{low}, {high}]"


def _number(value: float, places: int) -> str:
    return "undefined" if math.isnan(value) else f"{value:.{places}f}"


def _p(p: float) -> str:
    return "undefined" if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _relation(p: float) -> str:
    shown = _p(p)
    return shown if shown.startswith("<") else f"is {shown}" if math.isnan(p) else f"= {shown}"
