"""Strands as rows of coloured squares, one a base."""

from __future__ import annotations

from html import escape

from sequence_tutor.domain import SequenceBatch, ShownModel

BASES = "ACGT"
COLOURS = ("#3a923a", "#3274a1", "#e1812c", "#c03d3e")
SIZE = 10
SHOWN = 12


def picture(model: ShownModel, batch: SequenceBatch) -> str:
    """The first strands of a model, with what each is paid, as HTML."""
    batch = batch[:SHOWN]
    rows = batch.to_lists()
    totals = (model.reward(batch) @ model.reward.weights).sum(1).tolist()  # (B, T, R) -> (B,)
    width, height = SIZE * (max(map(len, rows)) + 6), SIZE * len(rows)
    drawn = [_strand(*one) for one in zip(range(len(rows)), rows, totals, strict=True)]
    name = escape(model.name)
    return (
        f'<article class="card"><h3>{name}</h3>\n'
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'aria-label="Strands of {name}">{"".join(drawn)}</svg></article>\n'
    )


def _strand(row: int, tokens: list[int], total: float) -> str:
    """One row: its bases, then what it is paid."""
    y = SIZE * row
    squares = [
        f'<rect x="{SIZE * x}" y="{y}" width="{SIZE - 1}" height="{SIZE - 1}" '
        f'fill="{COLOURS[token]}"><title>{BASES[token]}</title></rect>'
        for x, token in enumerate(tokens)
        if token < len(BASES)
    ]
    paid = f'<text x="{SIZE * len(tokens)}" y="{y + 9}" font-size="9">{total:.1f}</text>'
    return "".join([*squares, paid])
