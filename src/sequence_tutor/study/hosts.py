"""Names under which the page may be asked for.

A page from elsewhere can let its own name lead to this machine ("DNS rebinding") and would then
count as of the same site. Its name stands in the request, and is none of ours. An address in
figures is nobody's name and is always allowed.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from ipaddress import ip_address

from starlette.exceptions import HTTPException
from starlette.requests import Request

_HOST = re.compile(r"(\[[^\[\]]+\]|[^:\[\]]+)(?::\d{1,5})?")
_OWN = ("localhost",)


class Hosts:
    """The names that are allowed, beside every address in figures."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        """Allow this machine's names, and others.

        Args:
            names: under which a web server before the service is reached, say.
        """
        machine = socket.gethostname()
        every = (*_OWN, machine, f"{machine}.local", *names)
        self._names = {name.casefold().rstrip(".") for name in every if name}

    def allows(self, host: str) -> bool:
        """Whether a request may be for this host, with or without a port."""
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = found[1].casefold().rstrip(".")
        return name in self._names or _is_address(name.strip("[]"))

    def check(self, request: Request) -> None:
        """Refuse a request under another name.

        Raises:
            HTTPException: naming what to do.
        """
        if not self.allows(request.headers.get("host", "")):
            raise HTTPException(
                421, "asked for under a name that is not allowed; see --name of study serve"
            )


def _is_address(text: str) -> bool:
    try:
        ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True
