"""`sample --keep` and the like: what is kept of a user's sequence, and what is written anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sequence_tutor.config.presets import DEFAULT, build
from sequence_tutor.config.settings import Settings, check_least
from sequence_tutor.domain import SequenceBatch, Wishes
from sequence_tutor.drawing.table import Table
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model, check_model
from sequence_tutor.progress import heading, progress
from sequence_tutor.randomness import named_generator
from sequence_tutor.reporting.samples import Samples
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.storage.files import PathLike, optional_path
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.settings_tables import read_reward, read_tables
from sequence_tutor.verbs.sample import write_samples
from sequence_tutor.workbench.filled import PARTICLES
from sequence_tutor.workbench.wished import OF_WISHES, with_weights, write_wished

CANDIDATES_FILE = "candidates.jsonl"


@dataclass(frozen=True)
class Filled(Samples):
    """Samples of the optimum under a constraint, the best first.

    Attributes:
        candidates: one object a sequence, as `CANDIDATES_FILE` has them.
        log_z_bound: lower bound on log Z in expectation, in nats.
        effective: how many independent candidates those drawn are worth.
        drawn: how many were drawn.
    """

    candidates: Sequence[Mapping[str, Any]] = ()
    log_z_bound: float = 0.0
    effective: float = 0.0
    drawn: int = 0

    def to_json(self) -> dict[str, Any]:
        """The model, the figures of the sampling and the candidates."""
        return {
            "model": self.model.name,
            "log_z_bound": self.log_z_bound,
            "effective_sample_size": self.effective,
            "drawn": self.drawn,
            "candidates": list(self.candidates),
        }

    def table(self) -> Table:
        """A row for each sequence: what each rule pays in all, and the reward."""
        first = self.candidates[0]
        paid = [name for name in first["paid"] if any(row["paid"][name] for row in self.candidates)]
        header = ["", *paid]
        header += ["reward"] if first["reward"] is not None else []
        header += ["log p a token"]
        header += ["distance"] if "distance" in first else []
        rows = []
        for row in self.candidates:
            cells = [str(row["rank"]), *(f"{row['paid'][name]:.2f}" for name in paid)]
            cells += [f"{row['reward']:.2f}"] if row["reward"] is not None else []
            cells += [f"{row['log_prior_per_token']:.2f}"]
            cells += [f"{100 * row['distance']:.0f} %"] if "distance" in row else []
            rows.append(cells)
        return Table(
            header,
            rows,
            f"log Z is at least {self.log_z_bound:.2f} nats; the {self.drawn} candidates drawn are "
            f"worth {self.effective:.1f} independent ones",
        )


def fill(
    model: Model,
    count: int = 8,
    out: PathLike | None = None,
    *,
    source: PathLike | None = None,
    keep: str = "",
    vary: float | None = None,
    pitch_range: str = "",
    scale: str = "",
    chords: str = "",
    form: str = "",
    weights: Mapping[str, float] | None = None,
    config: PathLike | None = None,
    c: float | None = None,
    best: int | None = None,
    particles: int = PARTICLES,
    length: int | None = None,
    seed: int = 0,
    settings: Settings | None = None,
    quiet: bool = False,
) -> Filled:
    """Sample p(x) exp(r(x)/c) among the sequences that meet a constraint, without tuning.

    Args:
        model: a prior, or a tuned run, whose values then guide.
        count: number of distinct sequences to draw.
        out: folder for the domain's files and `candidates.jsonl`; None: write nothing.
        source: file with the user's own sequence.
        keep: the bars of it that are kept, such as "1-2, 5 rhythm, 7 pitches".
        vary: the share of the other steps that is to sound otherwise than in it.
        pitch_range: two pitches, such as "C4..G5", or an instrument.
        scale: of new notes, such as "D dorian".
        chords: that the melody should fit, bar by bar, such as "Dm7 | G7 | C"; "file": those of the
            source. The weight of the rule is 2 c unless `weights` names it.
        form: of the sections, such as "A A' B A"; a rule of weight 2 c likewise.
        weights: of rules, by name; of a run they replace its own, of a prior the others are off.
        config: settings file whose table `reward` is what is rewarded, in place of the model's.
        c: temperature; None: that of the run, of a prior 1.
        best: keep so many, those of the highest reward; None: all. Without a reward those that the
            prior finds likeliest.
        particles: of a candidate.
        length: tokens of a sequence; None: those of the source, else of the model.
        seed: the same seed gives the same sequences on the same machine.
        settings: of the domain's files; None: those of the model.
        quiet: show no progress and no remarks.

    Raises:
        UserError: a wish that cannot be met or does not fit the tune, or a number out of range.
    """
    _check(count, best, particles, c)
    check_model(model)
    model = rewarding(model, weights or {}, optional_path(config))
    source = optional_path(source)
    settings = settings or model.files(primed=source is not None)
    wishes = Wishes(source, keep, vary, pitch_range, scale, chords, form)
    generator = named_generator(seed, "fill", model.device)

    def write(number: int, steps: int) -> SequenceBatch:
        return rollout(
            model.policy, number, steps, generator, end_token=model.domain.end_token
        ).batch

    if source is None and length is None:
        length = model.length
    asked = model.framed_domain.constrain(wishes, settings, length, write)
    model.check_length(asked.length)
    for remark in [*model.framed_domain.check_output(asked.settings), *asked.remarks]:
        heading(remark, quiet=quiet)
    with progress("writing", count, quiet=quiet) as advance:
        written = write_wished(model, asked, weights or {}, c, count, generator, advance, particles)
    for remark in written.remarks(count):
        heading(remark, quiet=quiet)
    batch = written.batch[:best]
    rows = [{"rank": rank, **row} for rank, row in enumerate(written.rows[:best], start=1)]
    folder = optional_path(out)
    if folder is not None:
        write_samples(model, batch, folder, asked.settings, CANDIDATES_FILE, rows, quiet=quiet)
    found = written.found
    figures = (found.log_z_bound, found.effective, found.drawn)
    return Filled(batch, model, asked.settings, folder, None, rows, *figures)


def _check(count: int, best: int | None, particles: int, c: float | None) -> None:
    check_least(1, count=count)
    if best is not None and not 1 <= best <= count:
        raise UserError(f"best is {best}, expected 1 to {count}, the number that is drawn")
    if not 2 <= particles <= 10_000:
        raise UserError(f"particles is {particles}, expected 2 to 10,000 for each candidate")
    if c is not None:
        build(TuneSettings, {"c": c}, "--c")


def rewarding(model: Model, weights: Mapping[str, float], config: PathLike | None) -> Model:
    """The model with the reward of a settings file, and with other weights."""
    config = optional_path(config)
    if config is not None and read_tables(config).reward:
        settings = read_reward(model.domain, DEFAULT, config)
        model = replace(model, reward_settings=settings, aims=None)
    weights = {name: weight for name, weight in weights.items() if name not in OF_WISHES}
    if not weights and (model.tune is not None or model.rules is None):
        return model
    return with_weights(model, weights, {})
