"""Checks of requests to the service of a study: session, ticket, message.

A session names its listener and a ticket names one question put to one listener. Both are signed
with the study's secret, so that neither can be forged.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException

LARGEST_BODY = 1024  # bytes; an answer takes a fifth of it


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


def read_message(body: bytes, kind: type[AnyMessage]) -> AnyMessage:
    """The message in a body.

    Raises:
        HTTPException: the body is not such a message.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise HTTPException(422, "not an answer that can be given") from error
