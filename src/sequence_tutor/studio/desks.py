"""What the studio does in each domain, imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sequence_tutor.evaluation.model import Model
from sequence_tutor.studio.dropped import read_dropped
from sequence_tutor.studio.ended import Kind, account_of_ended, generate_ended
from sequence_tutor.studio.messages import Account, Generate, Read, Render
from sequence_tutor.studio.rendering import File
from sequence_tutor.studio.wishes import Prices


@dataclass(frozen=True)
class Desk:
    """The four calls of a domain.

    Attributes:
        generate: candidates to wishes.
        account: what sequences of the user's are paid.
        read: a file.
        render: sequences as a file.
    """

    generate: Callable[[Model, Generate, Prices], dict[str, Any]]
    account: Callable[[Model, Account, Prices], dict[str, Any]]
    read: Callable[[Model, Read], dict[str, Any]]
    render: Callable[[Model, Render], File]


def desk_of(domain: str) -> Desk:
    """The calls of one of the studio's domains."""
    if domain == "melody":
        from sequence_tutor.studio.melodies import account_of_melodies, generate_melodies
        from sequence_tutor.studio.rendering import render_melodies

        return Desk(generate_melodies, account_of_melodies, read_dropped, render_melodies)
    if domain == "molecule":
        from sequence_tutor.studio.molecules import MOLECULES, read_molecule, render_molecules

        return _of_ended(MOLECULES, read_molecule, render_molecules)
    from sequence_tutor.studio.lines import LINES, render_lines

    return _of_ended(LINES, read_dropped, render_lines)


def _of_ended(
    kind: Kind,
    read: Callable[[Model, Read], dict[str, Any]],
    render: Callable[[Model, Render], File],
) -> Desk:
    """Of sequences that end when they want."""
    return Desk(partial(generate_ended, kind), partial(account_of_ended, kind), read, render)
