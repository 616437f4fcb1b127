"""Molecules in a report or notebook: structures with terms, histograms, a table to save."""

from __future__ import annotations

import csv
import io
import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from sequence_tutor.domain import Exhibit, Material, ShownModel
from sequence_tutor.drawing.fragments import data_uri, fragment
from sequence_tutor.drawing.plot import Plot
from sequence_tutor.estimates import finite_or_none
from sequence_tutor.molecule.chemistry import parse
from sequence_tutor.molecule.domain import MoleculeDomain
from sequence_tutor.molecule.held_out import held_out_properties
from sequence_tutor.molecule.histograms import PROPERTIES, histogram_plot
from sequence_tutor.molecule.scoring.front import FRONT, on_front, score_columns
from sequence_tutor.molecule.scoring.rewarded_table import TOTAL, raw_names, rewarded_table
from sequence_tutor.molecule.scoring.terminal_reward import MoleculeReward
from sequence_tutor.molecule.statistics import TABLE_TERMS
from sequence_tutor.molecule.writing.marks import NOTHING, Marks
from sequence_tutor.molecule.writing.pictures import picture_svg
from sequence_tutor.reward.weighted import explaining
from sequence_tutor.sequences import SequenceBatch

SHOWN, FEW = 8, 4
"""Structures in each grid, and in that of one term."""

BROWSED = 60
"""Structures of a model that are sorted and filtered in the page."""

MOST, DISPLAYED = 400, 200
"""Most sequences of a model in a report and in a notebook's cell."""

PACKAGE = "sequence_tutor.molecule"
PAID_FOR = "paid for "
"""Begins the name of what a term of the reward pays, times its weight."""


@dataclass(frozen=True)
class ScoredMolecule:
    """One valid molecule: canonical SMILES, total reward, terms."""

    smiles: str
    total: float
    terms: Mapping[str, float]


@dataclass(frozen=True)
class Structure:
    """A molecule as text for a page, and its picture as a data URI.

    Attributes:
        found: patterns and alerts of the reward that are marked in the picture.
        is_on_front: no other molecule of the model is better in every term.
        numbers: the total, as `reward`, and the terms, where they are finite.
    """

    smiles: str
    picture: str
    total: str
    terms: Sequence[tuple[str, str]]
    found: Sequence[str] = ()
    is_on_front: bool = False
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Grids:
    """The molecules of one model.

    Attributes:
        model, style: name of the model, and its position in the list.
        sampled, valid: number of sequences, and of distinct molecules among them.
        best, chance: structures of the highest reward, and of a random sample.
        by_term: term -> structures with its best scores, where the reward has several terms.
        on_front: number of molecules on the first front.
        browsed: structures of the highest reward, more of them, to be sorted and filtered.
        csv: data URI of the table of all valid molecules.
        file: file name of the table.
    """

    model: str
    style: int
    sampled: int
    valid: int
    best: Sequence[Structure]
    chance: Sequence[Structure]
    csv: str
    file: str
    by_term: Mapping[str, Sequence[Structure]] = field(default_factory=dict)
    on_front: int = 0
    browsed: Sequence[Structure] = ()

    @property
    def names(self) -> list[str]:
        """Numbers that some of `browsed` has."""
        return list(dict.fromkeys(name for one in self.browsed for name in one.numbers))

    @property
    def marks(self) -> list[str]:
        """Patterns and alerts that are marked in some of `browsed`."""
        return sorted({name for one in self.browsed for name in one.found})


def exhibit(shown: Material) -> Exhibit:
    """Structures of every model, and histograms of all models."""
    grids, histograms = molecule_grids(shown.models, shown.at_most(MOST))
    html = fragment(
        PACKAGE,
        "molecules.html",
        section=shown.section,
        judged_by=shown.judged_by,
        grids=grids,
        histograms=histograms,
        lines=max((chart.lines for chart in histograms), key=len, default=[]),
    )
    return Exhibit("Look", html)


def display(model: ShownModel, batch: SequenceBatch) -> str:
    """The best molecules of one model and a random sample."""
    (grids,), _ = molecule_grids([model], [batch[:DISPLAYED]])
    return fragment(PACKAGE, "display.html", shown=grids)


def molecule_grids(
    models: Sequence[ShownModel], batches: Sequence[SequenceBatch]
) -> tuple[list[Grids], list[Plot]]:
    """Grids of every model, and histograms of their properties.

    Args:
        models: the prior first; all scored by one reward.
        batches: distinct samples of each model.
    """
    found = [_molecules(model, batch) for model, batch in zip(models, batches, strict=True)]
    domain = models[0].framed_domain
    assert isinstance(domain, MoleculeDomain)
    data = held_out_properties(domain.tensors)
    show = cache(_Drawing(_marks_of(models[0])))
    grids = []
    for style, (model, batch, own) in enumerate(zip(models, batches, found, strict=True)):
        wanted = _wanted(model, own)
        own = _with_front(own, wanted)
        found[style] = own
        best = sorted(own, key=lambda one: -one.total)[:BROWSED]
        chance = random.Random(0).sample(own, min(SHOWN, len(own)))
        grids.append(
            Grids(
                model.name,
                style,
                sampled=len(batch),
                valid=len(own),
                best=[_structure(one, show) for one in best[:SHOWN]],
                chance=[_structure(one, show) for one in chance],
                csv=data_uri(table(own).encode(), "text/csv"),
                file=f"{model.name}.csv",
                by_term={
                    name.removesuffix("_score"): [
                        _structure(one, show) for one in _best_by(name, way, own)
                    ]
                    for name, way in (wanted.items() if len(wanted) > 1 else ())
                },
                on_front=sum(one.terms.get(FRONT) == 1 for one in own),
                browsed=[_structure(one, show) for one in best],
            )
        )
    sets = {model.name: own for model, own in zip(models, found, strict=True)}
    shown = _shown(one for own in found for one in own)
    own_terms = [name for name in shown if name not in TABLE_TERMS and name != FRONT]
    terms = [*own_terms, *PROPERTIES]
    charts = []
    for term in terms:
        values = {
            name: [one.terms.get(term, math.nan) for one in own] for name, own in sets.items()
        }
        charts.append(histogram_plot(term, values, data.get(term, [])))
    return grids, [chart for chart in charts if chart is not None]


def _molecules(model: ShownModel, batch: SequenceBatch) -> list[ScoredMolecule]:
    """The distinct valid molecules of a batch, in its order."""
    domain = model.framed_domain
    assert isinstance(domain, MoleculeDomain)
    table = rewarded_table(domain.measuring.scorer_here, domain.vocabulary, batch, model.reward)
    totals = table.numbers[TOTAL]
    found: dict[str, ScoredMolecule] = {}
    for row, canonical in enumerate(table.canonical):
        if canonical is not None and canonical not in found:
            terms = {name: own[row] for name, own in table.numbers.items() if name != TOTAL}
            paid = {f"{PAID_FOR}{name}": own[row] for name, own in table.paid.items()}
            found[canonical] = ScoredMolecule(canonical, totals[row], {**terms, **paid})
    return list(found.values())


def _shown(molecules: Iterable[ScoredMolecule]) -> list[str]:
    """The names of terms that are shown: raw numbers, those of the reward first."""
    names = dict.fromkeys(name for one in molecules for name in one.terms)
    return raw_names(name for name in names if not name.startswith(PAID_FOR))


def table(found: Sequence[ScoredMolecule]) -> str:
    """Molecules as CSV: SMILES, total, every term; empty where there is no number."""
    names = list(found[0].terms) if found else []
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["smiles", "total", *(name.replace(" ", "_") for name in names)])
    for one in found:
        numbers = (finite_or_none(one.terms[name]) for name in names)
        writer.writerow([one.smiles, one.total, *numbers])
    return text.getvalue()


def _wanted(model: ShownModel, found: Sequence[ScoredMolecule]) -> dict[str, float]:
    """Score of each paid term, by its name in the table -> which way it is wanted."""
    own = explaining(model.reward)
    if not isinstance(own, MoleculeReward) or not found:
        return {}
    return score_columns(own.wanted, found[0].terms)


def _with_front(
    found: Sequence[ScoredMolecule], wanted: Mapping[str, float]
) -> list[ScoredMolecule]:
    """The molecules with `front` as a number, where the reward has several terms."""
    if len(wanted) < 2:
        return list(found)
    columns = {name: [one.terms.get(name, math.nan) for one in found] for name in wanted}
    front = on_front(columns, wanted, len(found))
    return [
        replace(one, terms={**one.terms, FRONT: float(is_on)})
        for one, is_on in zip(found, front, strict=True)
    ]


def _best_by(name: str, way: float, found: Sequence[ScoredMolecule]) -> list[ScoredMolecule]:
    """Those with the best scores in a term; of equals those of the higher total come first."""
    known = [one for one in found if math.isfinite(one.terms.get(name, math.nan))]
    return sorted(known, key=lambda one: (-way * one.terms[name], -one.total))[:FEW]


def _marks_of(model: ShownModel) -> Marks:
    own = explaining(model.reward)
    return Marks(own.terms if isinstance(own, MoleculeReward) else {})


class _Drawing:
    """Draws molecules with what is marked in them."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks

    def __call__(self, smiles: str) -> tuple[str, Sequence[str]]:
        """The picture as a data URI, and the names of what is marked."""
        mol = parse(smiles)
        marked = NOTHING if mol is None else self._marks.of(mol)
        return data_uri(picture_svg(smiles, marked).encode(), "image/svg+xml"), marked.found


def _structure(
    molecule: ScoredMolecule, show: Callable[[str], tuple[str, Sequence[str]]]
) -> Structure:
    numbers = {name: molecule.terms[name] for name in _shown([molecule]) if name != FRONT}
    numbers = {name: number for name, number in numbers.items() if math.isfinite(number)}
    terms = [(name, f"{number:.3g}") for name, number in numbers.items()]
    picture, found = show(molecule.smiles)
    total, is_on_front = f"{molecule.total:.3g}", molecule.terms.get(FRONT) == 1
    numbers = {"reward": molecule.total, **numbers}
    return Structure(molecule.smiles, picture, total, terms, found, is_on_front, numbers)
