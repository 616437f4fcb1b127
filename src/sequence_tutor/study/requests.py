"""Checks of requests to the service: host name, origin, session, ticket, body.

A session names its listener and a ticket names one question put to one listener. Both are signed
with the study's secret, so that neither can be forged.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import socket
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

LARGEST_BODY = 1024  # bytes; an answer takes a fifth of it
_HOST = re.compile(r"(\[[^\[\]]+\]|[^:\[\]]+)(?::\d{1,5})?")


class Hosts:
    """Host names that a request may have: this machine's, `names`, and every numeric address.

    A page of another site can let its own name resolve to this machine (DNS rebinding) and would
    then pass as the same site; but its requests carry that name.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        machine = socket.gethostname()
        every = ("localhost", machine, f"{machine}.local", *names)
        self._names = {name.casefold().rstrip(".") for name in every if name}

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
            raise HTTPException(
                421, "asked for under a name that is not allowed; see --name of study serve"
            )


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


class Signer:
    """Signs sessions and tickets with the study's secret, 32 random bytes from its database."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret

    def session(self, listener: int) -> str:
        """The cookie of a listener."""
        return f"{listener}.{self._sign('session', listener)}"

    def listener_of(self, session: str) -> int | None:
        """The listener of a cookie; None if its signature is not valid."""
        number, _, _signature = session.partition(".")
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            return None
        return int(number) if is_same(self.session(int(number)), session) else None

    def ticket(self, listener: int, position: int, stage: str) -> str:
        """The ticket that an answer to this question must carry."""
        return self._sign("ticket", listener, position, stage)

    def is_ticket(self, ticket: str, listener: int, position: int, stage: str) -> bool:
        """Whether a ticket is the one of this question to this listener."""
        return is_same(self.ticket(listener, position, stage), ticket)

    def _sign(self, *parts: object) -> str:
        text = ":".join(map(str, parts))
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()


def is_same(ours: str, theirs: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(ours.encode(), theirs.encode())


class _Message(BaseModel):
    """A message of the browser; other fields and types are refused."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Join(_Message):
    """Consent, and the code of a listener who returns."""

    consent: Literal[True]
    code: str = Field("", max_length=40)


class Play(_Message):
    """A clip started or ended."""

    ticket: str
    side: Literal["left", "right"]
    event: Literal["start", "end"]


class ChosenSide(_Message):
    """The forced choice."""

    ticket: str
    choice: Literal["left", "right"]


class Preference(_Message):
    """The five-point preference, from strongly left to strongly right."""

    ticket: str
    preference: int = Field(ge=1, le=5)


AnyMessage = TypeVar("AnyMessage", bound=_Message)


async def read_body(request: Request) -> bytes:
    """The body of a request; empty unless it is a POST.

    Raises:
        HTTPException: it is not JSON, or too long.
    """
    if request.method != "POST":
        return b""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise HTTPException(415, "expected JSON")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise HTTPException(413, "too long")
    return body


def read_message(body: bytes, kind: type[AnyMessage]) -> AnyMessage:
    """The message in a body.

    Raises:
        HTTPException: the body is not such a message.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise HTTPException(422, "not an answer that can be given") from error
