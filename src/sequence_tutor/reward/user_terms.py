"""Rewards of a user's own: functions in a file, checked at every call."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, Self

import torch
from torch import Tensor

from sequence_tutor.config.packages import offered
from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError
from sequence_tutor.reward.python_file import run_user_file, what_happened
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.files import PathLike, named_path


class BatchView(Protocol):
    """What a domain gives its rules."""

    @property
    def batch(self) -> SequenceBatch:
        """The sequences being scored."""

    def to(self, device: str) -> Self:
        """The same view of a batch on another device."""


@dataclass(frozen=True)
class UserTerm:
    """A user's function as a term; a broken function is an error that names the rule.

    Attributes:
        name: the function's name.
        function: a view of the batch in, (B, T) numbers out; what is beyond a sequence's
            length is ignored. The view is on the CPU wherever models compute, so that a rule may
            make tensors of its own. Its type is the domain's, hence `Any`.
        weight: its weight unless settings say otherwise.
        file: where it was defined.
        looks_ahead: whether what it pays at a step depends on later tokens.
    """

    name: str
    function: Callable[[Any], Any]
    weight: float
    file: Path
    looks_ahead: bool = False

    def __call__(self, view: BatchView) -> Tensor:
        """(B, T) float64, 0 beyond each sequence's length.

        Raises:
            UserError: when the function fails, gives no tensor, another shape, a number that is
                not finite, or writes into the tokens.
        """
        device = view.batch.tokens.device
        view = view.to("cpu")
        batch = view.batch
        tokens = batch.tokens.clone()
        try:
            values = self.function(view)
        except Exception as error:
            raise self._broken(f"failed{what_happened(error, self.file)}") from error
        if not isinstance(values, Tensor):
            raise self._broken(f"gave a {type(values).__name__}, expected a tensor")
        if values.shape != tokens.shape:
            raise self._broken(
                f"gave shape {tuple(values.shape)}, expected (B, T) = {tuple(tokens.shape)}"
            )
        if values.is_complex():
            raise self._broken(f"gave {values.dtype}, expected real numbers")
        if not torch.equal(tokens, batch.tokens):
            raise self._broken("wrote into the tokens it was given")
        values = values.detach().cpu().double().masked_fill(~batch.mask, 0.0)
        finite = values.isfinite()
        if not finite.all():
            row, step = (~finite).nonzero()[0].tolist()
            raise self._broken(
                f"gave {float(values[row, step])} at step {step + 1} of the sequence "
                f"{batch.to_lists()[row]}, expected finite numbers"
            )
        return values.to(device)

    def _broken(self, what: str) -> UserError:
        return UserError(f"rule {self.name!r} of {self.file} {what}")


def load_user_terms(path: Path) -> tuple[UserTerm, ...]:
    """Read a user's file of rules.

    Every function the file defines whose name does not start with ``_`` is a rule; imported
    functions are not. A dict ``WEIGHTS`` may give their weights, 1 being the default::

        WEIGHTS = {"prefer_rests": 0.5}

        def prefer_rests(melodies):
            return (melodies.tokens == 0).double()

    A list ``LOOKS_AHEAD`` may name rules that pay a step for tokens after it, such as the first
    note for how the melody ends; all that they pay is then paid at the last step.

    The file is a program and is run as one: load only what you trust.

    Raises:
        UserError: when the file is missing, fails, defines no rule, or its WEIGHTS or LOOKS_AHEAD
            are wrong.
    """
    module = run_user_file(path, "rules")
    functions = {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }
    if not functions:
        raise UserError(f"{path} defines no rule, expected a public function of a batch")
    weights = _weights(module, path, functions)
    ahead = _names(module, "LOOKS_AHEAD", [], (list, tuple, set, frozenset), path, functions)
    return tuple(
        UserTerm(name, function, weights.get(name, 1.0), path, name in ahead)
        for name, function in functions.items()
    )


def rules_file(rules: PathLike | None) -> Path | None:
    """The file of rules that a user names; None: none is named.

    Args:
        rules: its path, or the name under which an installed package offers a module of rules as
            an entry point `sequence_tutor.rules`.

    Raises:
        UserError: the module that a package offers is not there.
    """
    if rules is None:
        return None
    path = named_path(rules)
    point = None if path.is_file() else offered("sequence_tutor.rules").get(str(rules))
    if point is None:
        return path
    try:
        spec = importlib.util.find_spec(point.module)
    except ImportError:
        spec = None
    if spec is None or spec.origin is None:
        raise UserError(f"rules {rules}: the module {point.module} of its package is not there")
    return Path(spec.origin)


def _weights(module: ModuleType, path: Path, functions: Mapping[str, object]) -> dict[str, float]:
    weights: dict[str, Any] = _names(module, "WEIGHTS", {}, (dict,), path, functions)
    for name, weight in weights.items():
        if not isinstance(weight, int | float) or not abs(weight) < float("inf"):
            raise UserError(
                f"WEIGHTS of {path} gives {name!r} {weight!r}, expected a finite number"
            )
    return {name: float(weight) for name, weight in weights.items()}


def _names(
    module: ModuleType,
    name: str,
    default: Any,
    kinds: tuple[type, ...],
    path: Path,
    functions: Mapping[str, object],
) -> Any:
    """A value of a user's file, of one of some kinds, that names rules of the file only."""
    value: Iterable[Any] = getattr(module, name, default)
    if not isinstance(value, kinds):
        raise UserError(
            f"{name} of {path} is a {type(value).__name__}, expected a {kinds[0].__name__}"
        )
    for rule in value:
        if rule not in functions:
            raise UserError(
                f"{name} of {path} names {rule!r}, no rule of the file: "
                f"{nearest(str(rule), functions)}"
            )
    return value
