"""Checks that a domain fulfils the interface of `Domain`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from sequence_tutor.config.presets import build
from sequence_tutor.config.settings import Settings
from sequence_tutor.domain.base import Domain
from sequence_tutor.domain.data import Figure
from sequence_tutor.domain.exhibit import Exhibit, Material
from sequence_tutor.domain.rows import RowRange, Rows
from sequence_tutor.errors import UserError, trying
from sequence_tutor.estimates import Estimate
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.prior.user_file import BlackBoxPrior
from sequence_tutor.reward.check import check_reward
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sequences import SequenceBatch

ROWS, MOST_TOKENS = 8, 16
DIRECTIONS = (None, "higher", "lower", "nearer 0")
_LOADS = re.compile(r"""\b(src|href)=["']?(?!data:|#)[^"'\s>]+""")


def check_domain(domain: Domain) -> None:
    """Try a domain on random sequences and report the first violation of its interface.

    Checked are its attributes, settings, reward, statistics, written files and display; not the
    reading of files, which needs some.

    Raises:
        UserError: one sentence that says what was found and what was expected.
    """
    name = f"domain {getattr(domain, 'name', type(domain).__name__)!r}"
    with trying(name, domain):
        problem = next(_problems(domain), None)
    if problem is not None:
        raise UserError(f"{name}: {problem}")


@dataclass(frozen=True)
class _Trial:
    """A model with the uniform policy; satisfies `ShownModel`."""

    framed_domain: Domain
    reward: Reward
    length: int
    name: str = "trial"
    device: torch.device = torch.device("cpu")  # noqa: RUF009 (devices are immutable)

    @property
    def policy(self) -> Prior:
        size = self.framed_domain.vocab_size
        even = torch.zeros(size).log_softmax(0)
        return BlackBoxPrior(lambda tokens: even.expand(len(tokens), size), size)

    def files(self) -> Settings:
        return self.framed_domain.output_settings()


def _problems(domain: Domain) -> Iterator[str]:
    """Violations, lazily."""
    yield from _attributes(domain)
    reward_settings = build(domain.reward_settings, {}, "reward_settings")
    files = build(domain.output_settings, {}, "output_settings")
    build(domain.data_settings, {}, "data_settings")
    reward = domain.reward(domain.computed_here(reward_settings), None)
    check_reward(reward, domain.vocab_size)
    batch = _sequences(domain)
    yield from _statistics(domain, reward_settings, batch)
    yield from _rows(domain.rows(domain.computed_here(reward_settings), reward), batch)
    with TemporaryDirectory() as folder:
        told: list[tuple[int, int]] = []
        domain.write(batch[:2], Path(folder), files, lambda done, units: told.append((done, units)))
        if not any(Path(folder).iterdir()):
            yield "write wrote no file into the folder that it was given"
        if told != sorted(told) or any(done > units for done, units in told):
            yield f"write told a progress of {told}, expected (done, all) that grows up to all"
    for token in range(domain.vocab_size):
        if token != domain.end_token and not isinstance(domain.token_text(token), str):
            yield f"token_text gave no text for token {token}"
    model = _Trial(domain, reward, batch.tokens.shape[1])
    shown = domain.exhibit(
        Material([model], lambda most: [batch[:most]], lambda _: [batch], "by its default", "trial")
    )
    if not isinstance(shown, Exhibit):
        yield f"exhibit gave a {type(shown).__name__}, expected an Exhibit"
    for name, html in (("exhibit", shown.html), ("display", domain.display(model, batch, files))):
        if not isinstance(html, str):
            yield f"{name} gave a {type(html).__name__}, expected HTML as text"
        elif found := _LOADS.search(html):
            yield f"{name} has {found[0]!r}, expected a data: address: a page loads nothing"


def _attributes(domain: Domain) -> Iterator[str]:
    names = ("name", "vocab_size", "length", "end_token")
    kinds = ("data_settings", "reward_settings", "output_settings")
    for name in (*names, *kinds):
        if not hasattr(domain, name):
            yield f"has no {name}"
    for name, least in (("vocab_size", 2), ("length", 1)):
        number = getattr(domain, name)
        if not isinstance(number, int) or number < least:
            yield f"{name} is {number!r}, expected a whole number from {least}"
    tokens = [token for token in (domain.end_token, *domain.note_tokens) if token is not None]
    for token in tokens:
        if token not in range(domain.vocab_size):
            yield f"token {token!r} is end_token or in note_tokens, expected 0 to V - 1"
    for name in kinds:
        kind = getattr(domain, name)
        if not (isinstance(kind, type) and issubclass(kind, Settings)):
            yield f"{name} is {kind!r}, expected a class that inherits Settings"
    for statistic, figure in domain.figures.items():
        if not isinstance(figure, Figure):
            yield f"figures has a {type(figure).__name__} for {statistic!r}, expected a Figure"
        elif figure.better not in DIRECTIONS:
            yield f"{statistic} is better {figure.better!r}, expected {', '.join(DIRECTIONS[1:])}"


def _sequences(domain: Domain) -> SequenceBatch:
    """Random ones of several lengths, with end tokens if there are any."""
    generator = torch.Generator().manual_seed(0)
    length, end = min(domain.length, MOST_TOKENS), domain.end_token
    tokens: Tensor = torch.randint(domain.vocab_size, (ROWS, length), generator=generator)
    rows: list[list[int]] = tokens.tolist()
    if end is not None:
        rows = [[*(token for token in row[1:] if token != end), end] for row in rows]
    return SequenceBatch.from_lists(rows)


def _statistics(domain: Domain, settings: Settings, batch: SequenceBatch) -> Iterator[str]:
    statistics = domain.statistics(settings)
    for begin in range(0, len(batch), ROWS // 2):
        statistics.update(batch[begin : begin + ROWS // 2])
    plain = Figure()
    for name, found in statistics.result().items():
        if not isinstance(found, Estimate):
            yield f"statistic {name!r} is a {type(found).__name__}, expected an Estimate"
        elif domain.figures.get(name, plain).share and (found.value < 0 or found.value > 1):
            yield f"statistic {name!r} is {found.value:g}, expected a share from 0 to 1"


def _rows(rows: Rows, batch: SequenceBatch) -> Iterator[str]:
    counts, ranges = rows.count(batch), rows.ranges()
    if counts.keys() != ranges.keys():
        name = min(counts.keys() ^ ranges.keys())
        yield f"row {name!r} is counted without a range, or has a range and is not counted"
    for name, one in counts.items():
        if one.numerators.shape != batch.lengths.shape:
            yield f"row {name!r} counts {len(one.numerators)} sequences, expected {len(batch)}"
        elif not (one.numerators.isfinite().all() and one.denominators.isfinite().all()):
            yield f"row {name!r} counts what is no finite number, expected finite ones"
        elif name in ranges and not (math.isnan(one.value) or _is_within(ranges[name], one.value)):
            yield (
                f"row {name!r} is {one.value:g}, expected {ranges[name].low:g} to "
                f"{ranges[name].high:g}"
            )


def _is_within(range_: RowRange, value: float) -> bool:
    return range_.low - 1e-9 <= value <= range_.high + 1e-9
