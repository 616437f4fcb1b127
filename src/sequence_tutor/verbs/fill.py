"""`sample --keep` and the like: what is kept of a user's sequence, and what is written anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from sequence_tutor.config.presets import DEFAULT, build
from sequence_tutor.config.settings import Settings
from sequence_tutor.domain import SequenceBatch, Wishes
from sequence_tutor.drawing.table import Table
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.evaluate import scored_here
from sequence_tutor.evaluation.model import Model
from sequence_tutor.progress import heading, progress
from sequence_tutor.randomness import named_generator
from sequence_tutor.reporting.samples import Samples
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sampling.measure import score
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.storage.files import PathLike, optional_path
from sequence_tutor.storage.token_lines import write_json_lines
from sequence_tutor.tuner.own_reward import NamesOthers
from sequence_tutor.tuner.settings_tables import read_reward, read_tables
from sequence_tutor.verbs.draws import log_likelihood
from sequence_tutor.verbs.sample import check_length, write_samples
from sequence_tutor.workbench.filled import PARTICLES, Candidates, candidates

CANDIDATES_FILE = "candidates.jsonl"

NATS_A_POINT = 2.0
"""What a point of a rule that a wish brings counts, unless it is given a weight."""

OF_WISHES = ("chords", "form")
"""Rules that wishes bring, and not settings."""

FEW = 0.25
"""An effective sample size below this share of the candidates drawn is worth a remark."""


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
    check_length(model, asked.length)
    for remark in [*model.framed_domain.check_output(asked.settings), *asked.remarks]:
        heading(remark, quiet=quiet)
    c = c or (1.0 if model.tune is None else model.tune.c)
    if asked.rules:
        own = {name: (weights or {}).get(name, NATS_A_POINT * c) for name in asked.rules}
        model = with_weights(model, own, asked.rules)
    reward = scored_here(model).reward if is_rewarded(model) else None
    with progress("writing", count, quiet=quiet) as advance:
        found = candidates(model, asked.guide, reward, c, count, generator, advance, particles)
    for remark in _remarks(found, count):
        heading(remark, quiet=quiet)
    rows = _described(model, found.batch, reward)
    if asked.distance is not None:
        for row, distance in zip(rows, asked.distance(found.batch).tolist(), strict=True):
            row["distance"] = distance
    order = sorted(range(len(rows)), key=lambda n: _worth(rows[n]), reverse=True)[:best]
    rows = [{"rank": rank, **rows[n]} for rank, n in enumerate(order, start=1)]
    batch = found.batch[torch.tensor(order)]
    folder = optional_path(out)
    if folder is not None:
        write_samples(
            *(model, batch, folder, asked.settings),
            beside=lambda: write_json_lines(folder / CANDIDATES_FILE, rows),
            quiet=quiet,
        )
    figures = (found.log_z_bound, found.effective, found.drawn)
    return Filled(batch, model, asked.settings, folder, None, rows, *figures)


def _check(count: int, best: int | None, particles: int, c: float | None) -> None:
    if count < 1:
        raise UserError(f"count is {count}, expected at least 1")
    if best is not None and not 1 <= best <= count:
        raise UserError(f"best is {best}, expected 1 to {count}, the number that is drawn")
    if not 2 <= particles <= 10_000:
        raise UserError(f"particles is {particles}, expected 2 to 10,000 for each candidate")
    if c is not None and not c > 0:
        raise UserError(f"c is {c:g}, expected a number above 0")


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


def with_weights(
    model: Model, weights: Mapping[str, float], rules: Mapping[str, Mapping[str, Any]]
) -> Model:
    """The model with more or other weights, and rules that need constants.

    Rules that nothing has given a weight are off for a prior: it was not tuned to follow them.
    """
    settings = model.reward_settings
    kind: object = model.domain.reward_settings
    if is_rewarded(replace(model, rules=None)) or not isinstance(kind, NamesOthers):
        table = settings.model_dump(mode="json")
    else:
        table = {**settings.model_dump(mode="json"), **kind.others_off({"weights": {}})}
    table["weights"] = {**table.get("weights", {}), **weights}
    if rules:
        table["rules"] = {**table.get("rules", {}), **rules}
    return replace(model, reward_settings=build(model.domain.reward_settings, table, "weights"))


def is_rewarded(model: Model) -> bool:
    """Whether the user asked for a reward: by a run, by weights, or by rules of their own."""
    asked = "weights" in model.reward_settings.model_fields_set
    return model.tune is not None or model.rules is not None or asked


def _remarks(found: Candidates, count: int) -> list[str]:
    remarks = []
    if len(found.batch) < count:
        remarks.append(
            f"{count} distinct sequences were asked for, but only {len(found.batch)} came: what is "
            "kept leaves little else"
        )
    if found.effective < FEW * found.drawn:
        remarks.append(
            f"the {found.drawn} candidates drawn are worth {found.effective:.1f} independent ones: "
            "what is kept and rewarded is far from what the model writes; more --particles or a "
            "larger --c help"
        )
    return remarks


def _worth(row: Mapping[str, Any]) -> float:
    """What sequences are ranked by."""
    return float(row["log_prior_per_token"] if row["reward"] is None else row["reward"])


def _described(model: Model, batch: SequenceBatch, reward: Reward | None) -> list[dict[str, Any]]:
    """One object a sequence: tokens, the weighted sum of each rule and of all, and log p."""
    on_device = batch.to(model.device)
    log_prior = log_likelihood(model.stored.prior, on_device, 0)
    rows: list[dict[str, Any]] = [
        {
            "tokens": tokens,
            "reward": None,
            "paid": {},
            "log_prior": one,
            "log_prior_per_token": one / max(1, len(tokens)),
        }
        for tokens, one in zip(batch.to_lists(), log_prior, strict=True)
    ]
    if reward is not None:
        paid = score(reward, on_device).sum(1)  # (B, R)
        paid = paid * reward.weights.to(paid)
        for row, each, total in zip(rows, paid.tolist(), paid.sum(1).tolist(), strict=True):
            row["paid"] = dict(zip(reward.names, each, strict=True))
            row["reward"] = total
    return rows
