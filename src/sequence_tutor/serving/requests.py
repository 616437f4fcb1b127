"""Checks that every service makes of a request: host name, origin, size, form of the body."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from ipaddress import ip_address

from starlette.exceptions import HTTPException
from starlette.requests import Request

from sequence_tutor.errors import UserError, shown

JSON = "application/json"
_HOST = re.compile(r"(\[[^\[\]]+\]|[^:\[\]]+)(?::\d{1,5})?")

_NAME = re.compile(r"[\w-]+(\.[\w-]+)*\.?")


class Hosts:
    """Host names that a request may have: this machine's, `names`, and every numeric address.

    A page of another site can let its own name resolve to this machine (DNS rebinding) and would
    then pass as the same site; but its requests carry that name. `advice` is the end of the
    sentence that refuses one.

    Raises:
        UserError: one of `names` is none that a request can have.
    """

    def __init__(self, names: Iterable[str] = (), advice: str = "") -> None:
        names = list(names)
        for name in names:
            if not (_NAME.fullmatch(name) or _is_address(name)):
                raise UserError(
                    f"--name {shown(name)}: expected a host name such as studio.example.org, "
                    "without http:// and port"
                )
        machine = socket.gethostname()
        every = ("localhost", machine, f"{machine}.local", *names)
        self._names = {name.casefold().rstrip(".") for name in every if name}
        self._advice = advice

    def allows(self, host: str) -> bool:
        """Whether this host, with or without a port, is one of them."""
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = found[1].casefold().rstrip(".")
        return name in self._names or _is_address(name.strip("[]"))

    def check(self, request: Request) -> None:
        """Refuse a request for another host.

        Raises:
            HTTPException: it says what to do.
        """
        if not self.allows(request.headers.get("host", "")):
            raise HTTPException(421, f"asked for under a name that is not allowed{self._advice}")


def _is_address(text: str) -> bool:
    try:
        ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def check_origin(request: Request) -> None:
    """Refuse a request from a page of another site.

    Raises:
        HTTPException: it is one.
    """
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        raise HTTPException(403, "asked from another site")


async def read_body(request: Request, most: int, kind: str = JSON) -> bytes:
    """The body of a request; empty unless it is a POST.

    Args:
        request: any.
        most: bytes.
        kind: the media type that it must have. Browsers ask before a page of another site may send
            one of these, and the service does not allow it.

    Raises:
        HTTPException: it has another media type, or is too long.
    """
    if request.method != "POST":
        return b""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != kind:
        raise HTTPException(415, "expected JSON" if kind == JSON else f"expected {kind}")
    parts, size = list[bytes](), 0
    async for chunk in request.stream():
        parts.append(chunk)
        size += len(chunk)
        if size > most:
            raise HTTPException(413, "too long")
    return b"".join(parts)
