"""What the studio does in each domain, imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model
from sequence_tutor.studio.dropped import read_dropped
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
    """The calls of a domain.

    Raises:
        UserError: the studio does nothing in it.
    """
    if domain == "melody":
        from sequence_tutor.studio.melodies import account_of_melodies, generate_melodies
        from sequence_tutor.studio.rendering import render_melodies

        return Desk(generate_melodies, account_of_melodies, read_dropped, render_melodies)
    raise UserError(f"the studio has no {domain}, expected melodies")
