"""Every domain by the name that users give.

Domains are registered under the entry point `sequence_tutor.domains`, so that another package can
add one.
"""

from __future__ import annotations

from sequence_tutor.config.packages import loaded_class, made, offered
from sequence_tutor.config.presets import DOMAINS
from sequence_tutor.config.settings import nearest
from sequence_tutor.domain.base import Domain
from sequence_tutor.errors import UserError, shown


def find_domain(name: str) -> Domain:
    """The domain of that name.

    Raises:
        UserError: no installed package provides it, or it is no `Domain` with all methods, cannot
            be made or has another name.
    """
    domains = offered(DOMAINS)
    if name not in domains:
        raise UserError(f"unknown domain {name!r}: {nearest(name, domains)}")
    kind: type[Domain] = loaded_class(domains[name], Domain, name)
    found = made(kind, f"domain {name!r}")
    if found.name != name:
        raise UserError(
            f"domain {name!r}: {domains[name].value} is called {shown(found.name)}, expected a "
            "class that is called as it is offered"
        )
    return found
