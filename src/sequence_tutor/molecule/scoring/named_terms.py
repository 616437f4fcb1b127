"""Which term a name stands for: a kind, a descriptor, a table of constants, or a user's function.

A name is also that of columns in the tables of molecules, so some names cannot be given.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, get_args

from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import SettingsError, UserError
from sequence_tutor.molecule.chemistry import DESCRIPTORS
from sequence_tutor.molecule.scoring.diversity import PENALTIES
from sequence_tutor.molecule.scoring.front import FRONT
from sequence_tutor.molecule.scoring.payment import INVALID, SCORE
from sequence_tutor.molecule.terms import AnyTerm, Descriptor, Function, Term, UserFunction

KINDS: dict[str, type[Term]] = {
    kind.model_fields["kind"].default: kind for kind in get_args(get_args(AnyTerm)[0])
}
"""Every kind of term by its name in a settings file."""

READY = {
    name: kind
    for name, kind in KINDS.items()
    if kind is not Function and not any(one.is_required() for one in kind.model_fields.values())
}
"""The kinds of terms that need nothing but their name."""

FOUND_COLUMNS = ("smiles", "canonical", "step", "total", "log_prior", "log_policy", "scaffold")
"""Columns of a table of molecules before its terms: `NAME` raw, `NAME_score` transformed."""


def named_terms(
    weights: Iterable[str], tables: Mapping[str, Term], functions: Mapping[str, UserFunction]
) -> dict[str, Term]:
    """Every term named by a weight, a table or a user's file.

    Args:
        weights: names that have a weight.
        tables: name -> term with constants.
        functions: name -> function of a user's file.

    Raises:
        UserError: a name that no term has, or that means something else.
    """
    every: dict[str, Term] = {}
    for name in dict.fromkeys((*weights, *tables, *functions)):
        if name in tables:
            every[name] = tables[name]
        elif name in functions:
            every[name] = Function()
        elif name in READY:
            every[name] = READY[name]()
        elif name in DESCRIPTORS:
            every[name] = Descriptor(descriptor=name)
        else:
            raise SettingsError(_unknown(name, functions))
        _refuse_name(name, every[name], functions)
    return every


def weight_of(name: str, term: Term, functions: Mapping[str, UserFunction]) -> float:
    """The weight of a term that the table of weights lacks: its own table's, else its file's."""
    if term.weight is not None:
        return term.weight
    return functions[name].weight if name in functions else 1.0


def with_kind(name: str, table: Any) -> Any:  # whatever a user's file holds
    """A term's table with the kind that its name implies.

    Raises:
        ValueError: its name implies none, or there is no such kind.
    """
    if not isinstance(table, dict):
        return table
    if "kind" not in table:
        if name in KINDS:
            return {"kind": name, **table}
        if name in DESCRIPTORS:
            return {"kind": "descriptor", "descriptor": name, **table}
        raise ValueError(f"term {name!r} has no kind, expected one of {', '.join(KINDS)}")
    kind = table["kind"]
    if str(kind) not in KINDS:  # a list, say, has no hash
        raise ValueError(
            f"term {name!r} has the unknown kind {kind!r}: {nearest(str(kind), KINDS)}"
        )
    return table


def _unknown(name: str, functions: Mapping[str, UserFunction]) -> str:
    if name in KINDS:
        return f"term {name!r} needs more than a weight, expected a table [reward.terms.{name}]"
    return f"weight for unknown term {name!r}: {nearest(name, (*READY, *functions))}"


def refuse_shared_columns(names: Collection[str]) -> None:
    """Refuse two terms that would share a column of a table.

    Raises:
        UserError: naming both.
    """
    for name in names:
        if f"{name}_score" in names:
            raise UserError(
                f"terms {name!r} and '{name}_score': tables call the transformed number of "
                f"{name!r} so, expected another name for one of them"
            )


def _refuse_name(name: str, term: Term, functions: Mapping[str, UserFunction]) -> None:
    """Refuse a name that has two meanings, or none."""
    if name in (INVALID, SCORE, FRONT, *FOUND_COLUMNS, *PENALTIES):
        raise UserError(f"term {name!r} has a name that means something else, expected another")
    if name in functions and (name in KINDS or not isinstance(term, Function)):
        raise UserError(
            f"{name!r} of {functions[name].file} has the name of a term that is there already, "
            "expected another name"
        )
    if isinstance(term, Function) and name not in functions:
        raise UserError(
            f"term {name!r} is to be a function of yours, but no file with one was given: "
            f"{nearest(name, functions) if functions else 'expected --rules FILE.py'}"
        )
