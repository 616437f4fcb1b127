"""`aims`: what may be aimed at, aims read off real sequences, and what aims would cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.aimed import ListedRow, aims_of, rows_of
from sequence_tutor.evaluation.foretold import Foretold, foretell
from sequence_tutor.evaluation.model import Model, model_of_prior
from sequence_tutor.evaluation.real import read_real
from sequence_tutor.progress import progress
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.files import PathLike, listed_paths, optional_path
from sequence_tutor.tuner.given import Given
from sequence_tutor.tuner.order import Order, open_order
from sequence_tutor.tuner.settings_tables import with_executor

SAMPLES = 2_000
"""Of the prior, by default."""

PRICED = 5_000
"""Of the prior where aims are priced: those that count at the optimum are fewer."""


@dataclass(frozen=True)
class AimsRead:
    """Aims read off real sequences.

    Attributes:
        rows: with their values over the real sequences and under the prior.
        count: how many real sequences there are.
        length: T, tokens of a sequence.
        what: what they are, such as real tunes.
        at_most: whether they may be shorter than that.
    """

    rows: Sequence[ListedRow]
    count: int
    length: int
    what: str
    at_most: bool = False

    @property
    def aims(self) -> dict[str, str]:
        """Row -> aim, as the table `aims` of a settings file has them."""
        return aims_of(self.rows)

    def toml(self) -> str:
        """A settings file with the aims, the values that they were read off in comments."""
        most = "at most " if self.at_most else ""
        said = f"# read off {self.count:,} {self.what} of {most}{self.length} tokens"
        lines = [said, "[aims]"]
        for row in self.rows:
            if row.wanted:
                real, prior = (f"{row.unit * one.value:.3g}" for one in (row.real, row.prior))
                name = row.name if row.name.isidentifier() else f'"{_escaped(row.name)}"'
                lines.append(f'{name} = "{row.wanted}"  # real {real}, prior {prior}')
        return "\n".join(lines) + "\n"

    def to_json(self) -> dict[str, Any]:
        """As plain JSON: `rows`, `count`, `length`, `aims`."""
        return {
            "rows": [row.to_json() for row in self.rows],
            "count": self.count,
            "length": self.length,
            "aims": self.aims,
        }


def list_aims(
    domain: str,
    *,
    names: Sequence[str] | None = None,
    prior: PathLike | None = None,
    preset: str = "default",
    config: PathLike | None = None,
    rules: PathLike | None = None,
    length: int | None = None,
    executor: str | None = None,
    trust: bool = False,
    samples: int = SAMPLES,
    seed: int = 0,
) -> list[ListedRow]:
    """Every row that may be aimed at, with what it can be and its value under the prior.

    Args:
        domain: such as "melody".
        names: of some rows, also those that are asked for by what they say, such as "TPSA in
            40..90"; None: those of the tables.
        prior: as `tune` takes it; None: the shipped one.
        preset: shipped settings, whose reward's terms are rows.
        config: settings file whose values win.
        rules: the user's own, which are rows too.
        length: T; None: that of the settings.
        executor: which scores, see `tune`.
        trust: run the code that a folder from elsewhere names.
        samples: sequences of the prior that its values are estimated from.
        seed: of the sampling.

    Raises:
        UserError: something cannot be used, or there is no such row.
    """
    order = _order(domain, prior, preset, config, rules, length, executor, trust)
    model = model_of_prior(order, "prior")
    return rows_of(model, samples, seed, names)


def aims_from(
    domain: str,
    paths: PathLike | Sequence[PathLike],
    *,
    names: Sequence[str] | None = None,
    prior: PathLike | None = None,
    preset: str = "default",
    config: PathLike | None = None,
    rules: PathLike | None = None,
    length: int | None = None,
    held_out: bool = False,
    executor: str | None = None,
    trust: bool = False,
    samples: int = SAMPLES,
    seed: int = 0,
    quiet: bool = False,
) -> AimsRead:
    """Aims read off real sequences: each row within the 95 % interval of its value over them.

    Args:
        domain: such as "melody".
        paths: files, folders and archives, read as `pretrain` reads them.
        names: of the rows; None: those of the tables that say nothing of training data.
        prior: as `tune` takes it; None: the shipped one.
        preset: shipped settings; likewise `config`, `rules`, `length`, see `list_aims`.
        config: settings file whose values win.
        rules: the user's own, which are rows too.
        length: T; None: that of the settings.
        held_out: take only what a prior trained on these files would be tested on.
        executor: which scores, see `tune`.
        trust: run the code that a folder from elsewhere names.
        samples: sequences of the prior that stand beside.
        seed: of the sampling.
        quiet: show no progress.

    Raises:
        UserError: something cannot be used, there is no such row, or too few sequences give no
            aim at all.
    """
    order = _order(domain, prior, preset, config, rules, length, executor, trust)
    model = model_of_prior(order, "prior")
    real = read_beside(model, listed_paths(paths), held_out=held_out, quiet=quiet)
    rows = rows_of(model, samples, seed, names, real)
    if names is None:
        rows = [row for row in rows if _can_be_read(row)]
    if not any(row.wanted for row in rows):
        raise UserError(
            f"{', '.join(map(str, listed_paths(paths)))}: no row has an interval over "
            f"{len(real)} {model.domain.real}, expected more of them to read aims off"
        )
    at_most = model.domain.end_token is not None
    return AimsRead(rows, len(real), model.length, model.domain.real, at_most)


def price_aims(
    domain: str,
    aims: Mapping[str, Any] | None = None,
    *,
    prior: PathLike | None = None,
    preset: str = "default",
    config: PathLike | None = None,
    rules: PathLike | None = None,
    length: int | None = None,
    executor: str | None = None,
    trust: bool = False,
    samples: int = PRICED,
    seed: int = 0,
    quiet: bool = False,
) -> Foretold:
    """What aims would cost at the optimum, from the prior's own sequences, before any training.

    Args:
        domain: such as "melody".
        aims: row -> what it should be, such as ">= 90 %"; None: those of the settings.
        prior: as `tune` takes it; None: the shipped one.
        preset: shipped settings; likewise `config`, `rules`, `length`, see `list_aims`.
        config: settings file whose values win.
        rules: the user's own, which are rows too.
        length: T; None: that of the settings.
        executor: which scores, see `tune`.
        trust: run the code that a folder from elsewhere names.
        samples: sequences of the prior.
        seed: of the sampling.
        quiet: show no progress.

    Raises:
        UserError: something cannot be used, or the aims are too far from the prior.
    """
    order = _order(domain, prior, preset, config, rules, length, executor, trust, aims)
    wanted, model = order.spec.tune.aims, model_of_prior(order, "prior")
    with progress("sampling the prior", samples, quiet=quiet) as advance:
        return foretell(model, wanted, samples, seed, advance)


def read_beside(
    model: Model, paths: Sequence[Path], *, held_out: bool = False, quiet: bool = False
) -> SequenceBatch:
    """Real sequences as long as a model's, to stand beside it.

    Raises:
        UserError: see `read_real`.
    """
    return read_real(
        model.domain, model.stored.card, paths, model.length, held_out=held_out, quiet=quiet
    )


def _order(
    domain: str,
    prior: PathLike | None,
    preset: str,
    config: PathLike | None,
    rules: PathLike | None,
    length: int | None,
    executor: str | None,
    trust: bool,
    aims: Mapping[str, Any] | None = None,
) -> Order:
    """What `tune` would be asked, with aims in place of those of the settings; see `list_aims`."""
    asked: dict[str, Any] = {} if aims is None else {"aims": aims}
    if length is not None:
        asked["length"] = length
    overrides = with_executor(asked, executor)
    given = Given(prior, optional_path(rules))
    file = optional_path(config)
    return open_order(domain, preset, file, overrides, given, weighs=False, trust=trust)


def _can_be_read(row: ListedRow) -> bool:
    """Whether real sequences say anything of a row of the tables that is of use."""
    unfit = row.range.of_training or row.range.of_reward
    return not unfit and not math.isnan(row.real.value)


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')
