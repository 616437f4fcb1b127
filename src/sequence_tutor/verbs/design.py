"""`sample --scaffold`, `--ends` and `--near`: molecules around what is given, ranked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sequence_tutor.config.presets import build
from sequence_tutor.config.settings import Settings, check_least
from sequence_tutor.domain import Around, Designer, Draws, Reward, SequenceBatch
from sequence_tutor.drawing.table import Table
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model, check_model
from sequence_tutor.evaluation.yardstick import scored_here
from sequence_tutor.execution.memory import require_memory
from sequence_tutor.progress import heading, progress
from sequence_tutor.randomness import named_generator
from sequence_tutor.reporting.samples import Samples
from sequence_tutor.sampling.rollout import check_temperature
from sequence_tutor.storage.files import PathLike, optional_path
from sequence_tutor.verbs.fill import CANDIDATES_FILE, rewarding
from sequence_tutor.verbs.sample import write_samples
from sequence_tutor.workbench.wished import described, with_weights, worth

LEAST, MOST = 32, 256
"""Draws at a time."""

PATIENCE = 16
"""Times of drawing without a new sequence after which there are no more."""

SHOWN = 20
"""Rows of the table that is printed."""


@dataclass(frozen=True)
class Candidates(Samples):
    """Distinct sequences around what was given, the best first.

    Attributes:
        candidates: one object a sequence, as `CANDIDATES_FILE` has them: `rank`, `smiles`, what the
            design says of it (`groups`, `linker`, or `similarity`, `changed` and `by`), `numbers`
            (name -> property), `reward` and `paid` (null and empty where nothing is rewarded),
            `log_prior`, `log_prior_per_token`, `tokens`.
        drawn: how many were tried.
        dropped: reason -> how many of them were dropped.
    """

    candidates: Sequence[Mapping[str, Any]] = ()
    drawn: int = 0
    dropped: Mapping[str, int] | None = None

    def to_json(self) -> dict[str, Any]:
        """The model, how many were drawn and dropped, and the candidates."""
        return {
            "model": self.model.name,
            "drawn": self.drawn,
            "dropped": dict(self.dropped or {}),
            "candidates": list(self.candidates),
        }

    def table(self) -> Table:
        """A row for each of the best."""
        first = self.candidates[0]
        similar = ["similarity"] if "similarity" in first else []
        rewarded = ["reward"] if first["reward"] is not None else []
        header = ["", *first["numbers"], *similar, *rewarded, "log p a token", "SMILES"]
        rows = [
            [
                str(row["rank"]),
                *(f"{number:.2f}" for number in row["numbers"].values()),
                *(f"{row[name]:.2f}" for name in (*similar, *rewarded)),
                f"{row['log_prior_per_token']:.2f}",
                row["smiles"],
            ]
            for row in self.candidates[:SHOWN]
        ]
        return Table(header, rows, self.said())

    def said(self) -> str:
        """How many were drawn and dropped, in words."""
        lost = [f"{count:,} {reason}" for reason, count in (self.dropped or {}).items() if count]
        dropped = f"; dropped: {', '.join(lost)}" if lost else ", none dropped"
        return f"{self.drawn:,} drawn{dropped}"


def design(
    model: Model,
    around: Around,
    count: int = 20,
    out: PathLike | None = None,
    *,
    temperature: float = 1.0,
    weights: Mapping[str, float] | None = None,
    config: PathLike | None = None,
    best: int | None = None,
    length: int | None = None,
    seed: int = 0,
    settings: Settings | None = None,
    quiet: bool = False,
) -> Candidates:
    """Distinct valid molecules that contain a part, link two, or resemble a whole one.

    Args:
        model: a prior, or a tuned run, whose policy then writes the groups or changes.
        around: `Scaffold`, the SMILES of a part with one `[*]` or more, each where a group is to
            be; `Ends`, the SMILES of two parts with one `[*]` each, as `A[*].B[*]`; or `Near`, the
            SMILES of a molecule, which is not among the found, and the window of the similarity to
            it: Tanimoto's, of Morgan fingerprints of radius 2, 2,048 bits.
        count: number of distinct molecules to find.
        out: folder for the domain's files and `candidates.jsonl`; None: write nothing.
        temperature: divides log pi: below 1 favours likely groups, above 1 varied ones.
        weights: of the reward's terms, by which the molecules are ranked, in place of those of the
            run or the file; of a prior there are no others. Nothing is drawn by them.
        config: settings file whose table `reward` is what they are ranked by; None: that of a run,
            of a prior none.
        best: keep so many, those of the highest reward, or without one those that the prior finds
            likeliest a token; None: all.
        length: most tokens of a molecule; None: that of the model.
        seed: the same seed gives the same molecules on the same machine.
        settings: of the domain's files; None: those of the model.
        quiet: show no progress and no remarks.

    Raises:
        UserError: a part or molecule that cannot be read, or a number out of range.
    """
    check_model(model)
    ranked = _Ranked(model, weights, config)
    check_least(1, count=count)
    if best is not None and not 1 <= best <= count:
        raise UserError(f"best is {best}, expected 1 to {count}, the number that is looked for")
    check_temperature(temperature)
    model = ranked.rewarding()
    length = model.length if length is None else length
    require_memory("count", count, 8 * length)
    settings = settings or model.files()
    designer = model.framed_domain.design(around, length)
    with progress("designing", count, quiet=quiet) as advance:
        found = _found(model, designer, count, temperature, seed, advance)
    if not found.facts:
        raise UserError(
            f"{model.name}: nothing was found in {found.drawn:,} draws ({found.reasons()}); give "
            "a wider window, a larger --length, or other points"
        )
    if len(found.facts) < count:
        heading(
            f"{count} distinct {model.domain.sequences} were asked for, but only "
            f"{len(found.facts)} came: what is given leaves little else",
            quiet=quiet,
        )
    reward = scored_here(model).reward if ranked.is_rewarded else None
    rows = _rows(model, designer, found.facts, reward)[:best]
    batch = SequenceBatch.from_lists([row["tokens"] for row in rows])
    folder = optional_path(out)
    if folder is not None:
        write_samples(model, batch, folder, settings, CANDIDATES_FILE, rows, quiet=quiet)
    dropped = {name: number for name, number in found.dropped.items() if number}
    return Candidates(batch, model, settings, folder, None, rows, found.drawn, dropped)


@dataclass(frozen=True)
class _Ranked:
    """What molecules are written and ranked by; the arguments of `design`."""

    model: Model
    weights: Mapping[str, float] | None
    config: PathLike | None

    @property
    def is_rewarded(self) -> bool:
        """Whether the user asked for a reward."""
        model = self.model
        asked = model.tune is not None or model.rules is not None or model.aims is not None
        return asked or bool(self.weights) or self.config is not None

    def rewarding(self) -> Model:
        """The model with the reward that is asked for."""
        weights = self.weights or {}
        model = rewarding(self.model, {}, self.config)
        if not weights:
            return model
        if model.tune is not None or self.config is not None:
            return with_weights(model, weights, {})
        settings = build(model.domain.reward_settings, {"weights": dict(weights)}, "weights")
        return replace(model, reward_settings=settings)


@dataclass
class _Found:
    """What was found so far: tokens -> facts, and how many draws it took."""

    facts: dict[tuple[int, ...], Mapping[str, Any]]
    dropped: Counter[str]
    drawn: int = 0

    def reasons(self) -> str:
        """Why the others were dropped, in words."""
        return ", ".join(f"{number:,} {why}" for why, number in self.dropped.most_common(3))


def _found(
    model: Model,
    designer: Designer,
    count: int,
    temperature: float,
    seed: int,
    advance: Callable[[int], None],
) -> _Found:
    """Distinct sequences, in the order in which they were found."""
    generator = named_generator(seed, "design", model.device)
    found, since_new = _Found({}, Counter()), 0
    while len(found.facts) < count and since_new < PATIENCE:
        before = len(found.facts)
        asked = min(max(count - before, LEAST), MOST)
        written = designer.write(
            Draws(model.policy, model.stored.prior, asked, generator, temperature)
        )
        for tokens, facts in zip(written.tokens, written.facts, strict=True):
            if len(found.facts) < count:
                found.facts.setdefault(tuple(tokens), facts)
        found.dropped.update(written.dropped)
        found.drawn += written.drawn
        since_new = 0 if len(found.facts) > before else since_new + 1
        advance(len(found.facts) - before)
    return found


def _rows(
    model: Model,
    designer: Designer,
    facts: Mapping[tuple[int, ...], Mapping[str, Any]],
    reward: Reward | None,
) -> list[dict[str, Any]]:
    """One object a sequence, the best first."""
    rows: list[dict[str, Any]] = []
    every = list(facts)
    for begin in range(0, len(every), MOST):
        batch = SequenceBatch.from_lists([list(one) for one in every[begin : begin + MOST]])
        for own in described(model, batch, reward)[0]:
            numbers = dict(designer.numbers(own["tokens"]))
            rows.append({**facts[tuple(own["tokens"])], "numbers": numbers, **own})
    rows.sort(key=worth, reverse=True)
    return [{"rank": rank, **row} for rank, row in enumerate(rows, start=1)]
