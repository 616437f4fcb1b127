"""Histograms of the properties of molecules, the models beside the prior's data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from sequence_tutor.drawing.plot import Plot, Series, plot

BINS = 24
DATA = "test data of the prior"

PROPERTIES = {"logp": "logP", "qed": "QED", "sa": "minus the SA score"}
"""Term -> title of its histogram."""


def histogram(label: str, style: int, values: Sequence[float], edges: Sequence[float]) -> Series:
    """The outline of a histogram: the share of finite values in each bin.

    `edges` has the shape (N + 1,) for N bins; values outside are not shown.
    """
    finite = [value for value in values if math.isfinite(value)]
    counts, _ = np.histogram(finite, bins=np.asarray(edges))
    shares = counts / max(len(finite), 1)
    x = np.repeat(edges, 2)
    y = np.concatenate([[0.0], np.repeat(shares, 2), [0.0]])
    return Series(label, style, x.tolist(), y.tolist())


def histogram_plot(
    term: str, values: Mapping[str, Sequence[float]], known: Sequence[float]
) -> Plot | None:
    """The histogram of a term of all models, and of the data if known.

    Args:
        term: its name.
        values: name of a model -> its numbers, NaN where there is none.
        known: the numbers of the prior's held-out data; empty: unknown.

    Returns:
        None: there are no finite numbers.
    """
    every = np.array([*known, *(value for own in values.values() for value in own)])
    every = every[np.isfinite(every)]
    if len(every) == 0:
        return None
    low, high = np.quantile(every, [0.005, 0.995])
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1).tolist()
    series = [
        histogram(name, place, own, edges) for place, (name, own) in enumerate(values.items())
    ]
    if known:
        series.append(histogram(DATA, len(values), known, edges))
    means = "; ".join(map(_in_words, [*values, DATA], [*values.values(), known]))
    called = PROPERTIES.get(term, term)
    title = f"{called}, share of molecules"
    return plot(title, called, series, summary=f"{title}: {means}")


def _in_words(label: str, values: Sequence[float]) -> str:
    finite = [value for value in values if math.isfinite(value)]
    return f"{label} {sum(finite) / len(finite):.3g} in the mean" if finite else f"{label} none"
