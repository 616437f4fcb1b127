"""Aims: what rows of a table should be, as a user writes it.

starts_with_tonic >= 90 %
autocorrelation_lag1 -0.1 .. 0.1
length = 12
distinct >= 99.9 % of 100,000
mean_qed >= 0.85 within 0.002
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Self

from pydantic import Field, model_validator

from sequence_tutor.config.presets import build
from sequence_tutor.config.settings import Settings
from sequence_tutor.errors import SettingsError, UserError, settings_of, shown

DISTINCT = "distinct"
"""The share of distinct sequences; `distinct_NAME` is that of a property of sequences."""

DRAWS, DRAWS_OF_PROPERTY = 100_000, 1000
"""Of `distinct` and of `distinct_NAME`, where an aim does not say of how many."""

WHOLE = r"(?:[1-9]\d{0,2}(?:,\d{3})+|\d+(?:_\d+)*)"
"""A comma parts thousands. It is no decimal point: 0,6 is refused, and not read as 6."""

NUMBER = rf"[-+\u2212]?(?:{WHOLE}\.?\d*|\.\d+)(?:[eE][-+]?\d{{1,3}})?"
SIGNS = "<>=\u2264\u2265"
VALUE = rf"(?:{NUMBER})\s*%?"
AIM = re.compile(
    rf"(?:(?P<sign>>=|<=|=|\u2265|\u2264)\s*)?"
    rf"(?P<low>{VALUE})(?:\s*(?:\.\.|\u2026)\s*(?P<high>{VALUE}))?"
    rf"(?:\s+of\s+(?P<draws>{WHOLE}))?"
    rf"(?:\s+within\s+(?P<within>{VALUE}))?"
)
"""What follows the name of a row."""

REAL = re.compile(r"(?P<sign>>=|<=|=|\u2265|\u2264)?\s*real")
"""In place of a number: what real sequences have, see `tuner.real_aims`."""

HOW = "such as '>= 90 %', '<= 0.6 %', '= 0.25' or '-0.1 .. 0.1'"
COMMA = re.compile(r"\d,\d")


class Aim(Settings):
    """What one row should be."""

    row: str = Field(description="of the domain's table")
    low: float | None = Field(None, description="at least")
    high: float | None = Field(None, description="at most")
    within: float = Field(0.0, ge=0, description="by so much it may be missed and still be met")
    draws: int | None = Field(
        None, ge=2, description="of `distinct` and the like: of how many draws"
    )
    share: bool = Field(False, description="whether it was written with a percent sign")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("neither low nor high is given")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"at least {self.low:g} and at most {self.high:g} exclude each other")
        if (self.draws is not None) != is_distinct(self.row):
            raise ValueError(
                f"'of N' is said of {DISTINCT} and {DISTINCT}_NAME, and of no other row"
            )
        return self

    def __str__(self) -> str:
        of = "" if self.draws is None else f" of {self.draws:,}"
        return f"{self.row} {self.wanted}{of}"

    @property
    def text(self) -> str:
        """All that was asked for, as a command takes it."""
        within = f" within {self.within:.10g}" if self.within else ""
        return f"{self}{within}"

    @property
    def wanted(self) -> str:
        """Its bounds, as a table shows them."""
        low = None if self.low is None else self.bound(self.low)
        high = None if self.high is None else self.bound(self.high)
        if low is None or high is None:
            return f">= {low}" if high is None else f"<= {high}"
        return f"{low} .. {high}"

    def bound(self, value: float) -> str:
        """A bound of the row as it was written: 99.995 % is not 100 %."""
        return f"{100 * value:.10g} %" if self.share else f"{value:.10g}"

    def number(self, value: float) -> str:
        """A measured value of the row, in percent where the aim is."""
        return f"{100 * value:.4g} %" if self.share else f"{value:.4g}"

    def miss(self, value: float) -> float:
        """By how much a value of the row misses it; 0 where it is met."""
        below = 0.0 if self.low is None else self.low - value
        above = 0.0 if self.high is None else value - self.high
        return max(below, above, 0.0)


def is_distinct(row: str) -> bool:
    """Whether a row is the share of what differs among so many draws."""
    return row == DISTINCT or row.startswith(f"{DISTINCT}_")


def split_aim(text: str) -> tuple[str, str]:
    """The row and the rest of an aim, such as those of a command line.

    Raises:
        SettingsError: it is no aim.
    """
    for found in re.finditer(r"\s*(?=>=|<=|=|\u2265|\u2264)|\s+", text):
        row, rest = text[: found.start()].strip(), text[found.end() :].strip()
        if row.strip(SIGNS) and _is_wanted(rest):
            return row, rest
    raise SettingsError(f"aim {shown(text)}: expected a row and what it should be, {_how(text)}")


def table_of(aims: Iterable[str], source: str) -> dict[str, list[str]]:
    """Aims in words as the table of a settings file.

    Args:
        aims: such as "starts_with_tonic >= 90 %".
        source: of them, for the error's sentence.

    Raises:
        UserError: one that is no aim.
    """
    table: dict[str, list[str]] = {}
    with settings_of(source):
        for row, wanted in map(split_aim, aims):
            table.setdefault(row, []).append(wanted)
    return table


def asked_table(aims: Iterable[str], source: str) -> dict[str, Any]:
    """The same, with the word `default` among them for the table's `extends = "default"`."""
    own = list(aims)
    table: dict[str, Any] = {"extends": "default"} if "default" in own else {}
    return table | table_of([one for one in own if one != "default"], source)


def _how(text: str) -> str:
    """What an aim looks like, beside one that does not."""
    point = "; decimals follow a point, not a comma" if COMMA.search(text) else ""
    return HOW + point


def _is_wanted(rest: str) -> bool:
    found = AIM.fullmatch(rest)
    begins = found is not None and (rest[0] in SIGNS or found["high"] is not None)
    return begins or (REAL.fullmatch(rest) is not None and rest[0] in SIGNS)


def parse_aims(given: Mapping[str, Any]) -> tuple[Aim, ...]:
    """Aims from a table.

    Args:
        given: row -> what it should be, a list of such, or a table with `aim` and `within`.

    Raises:
        SettingsError: one that cannot be read, or bounds of one row that exclude each other.
    """
    parts: dict[str, dict[str, Any]] = {}
    for row, value in given.items():
        for text, more in _texts(row, value):
            own = {"row": row, **_parsed(row, text, more)}
            parts[row] = _joined(parts[row], own) if row in parts else own
    return tuple(map(_aim, parts.values()))


def _aim(own: Mapping[str, Any]) -> Aim:
    try:
        return build(Aim, _with_draws(own), f"aims.{own['row']}")
    except UserError as error:
        raise SettingsError(str(error)) from error


def _with_draws(own: Mapping[str, Any]) -> dict[str, Any]:
    draws = DRAWS if own["row"] == DISTINCT else DRAWS_OF_PROPERTY
    usual = {"draws": draws} if is_distinct(own["row"]) else {}
    return {**usual, **own}


def _texts(row: str, value: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What is wanted of a row, one text a bound, with what stands beside it."""
    if isinstance(value, str):
        yield value, {}
    elif isinstance(value, Sequence) and value:
        for one in value:
            yield from _texts(row, one)
    elif isinstance(value, Mapping) and isinstance(value.get("aim"), str):
        unknown = value.keys() - {"aim", "within"}
        if unknown:
            raise SettingsError(f"aims.{row}: unknown name {shown(min(unknown))}, expected within")
        yield value["aim"], {name: value[name] for name in value if name != "aim"}
    else:
        raise SettingsError(f"aims.{row} is {shown(value)}, expected {HOW}")


def _parsed(row: str, text: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an aim from one text."""
    found = AIM.fullmatch(text.strip())
    if found is None or (found["sign"] is None) == (found["high"] is None):
        raise SettingsError(f"aims.{row} is {shown(text)}, expected {_how(text)}")
    sign, low, high = found["sign"], found["low"], found["high"]
    is_share = "%" in (high or low)
    own: dict[str, Any] = {"share": is_share, **more}
    if high is not None:
        own |= {"low": float(_number(low, is_share)), "high": float(_number(high, is_share))}
    elif sign == "=":
        value, half = _number(low, is_share), _half_unit(low, is_share)
        own |= {"low": float(value - half), "high": float(value + half)}
    else:
        own["low" if sign in (">=", "\u2265") else "high"] = float(_number(low, is_share))
    if found["draws"] is not None:
        own["draws"] = int(re.sub("[,_]", "", found["draws"]))
    if found["within"] is not None:
        own["within"] = float(_number(found["within"], False))
    for name in ("low", "high", "within"):
        if isinstance(own.get(name), float) and not math.isfinite(own[name]):
            raise SettingsError(f"aims.{row} is {shown(text)}, expected finite numbers")
    return own


def _digits(text: str) -> Decimal:
    return Decimal(re.sub(r"[,_%\s]", "", text).replace("\u2212", "-"))


def _number(text: str, is_share: bool) -> Decimal:
    """Exactly what was written: 90 % is the same number as 0.9."""
    return _digits(text) / 100 if is_share or "%" in text else _digits(text)


def _half_unit(text: str, is_share: bool) -> Decimal:
    """Half a unit of the last digit written."""
    exponent = _digits(text).as_tuple().exponent
    assert isinstance(exponent, int)  # a number, not an infinity
    unit = Decimal(1).scaleb(exponent) / 2
    return unit / 100 if is_share else unit


def _joined(own: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Two aims for one row are one, with the narrower of their bounds.

    Raises:
        SettingsError: what an aim has once is not the same in both.
    """
    row, tolerances = own["row"], (own.get("within", 0.0), other.get("within", 0.0))
    if tolerances[0] != tolerances[1]:
        raise SettingsError(
            f"aims.{row}: two tolerances, {shown(tolerances[0])} and {shown(tolerances[1])}, "
            "expected the same 'within' in each aim for a row"
        )
    draws = own.get("draws"), other.get("draws")
    if None not in draws and draws[0] != draws[1]:
        raise SettingsError(
            f"aims.{row}: of {draws[0]:,} and of {draws[1]:,} draws, expected one number for a row"
        )
    both = {**other, **own}
    for name, narrower in (("low", max), ("high", min)):
        if name in own and name in other:
            both[name] = narrower(own[name], other[name])
    return both
