"""What the browser may send to the service: these fields, types and sizes, and nothing else."""

from __future__ import annotations

from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

LARGEST_BODY = 1024  # bytes; an answer takes a fifth of it


class _Message(BaseModel):
    """What the browser sends: these fields and no others, of these types and no others."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Join(_Message):
    """Consent, and the code of a listener who comes back."""

    consent: Literal[True]
    code: str = Field("", max_length=40)


class Play(_Message):
    """A clip was started or has ended."""

    ticket: str
    side: Literal["left", "right"]
    event: Literal["start", "end"]


class Choice(_Message):
    """The forced choice."""

    ticket: str
    choice: Literal["left", "right"]


class Preference(_Message):
    """The five points, from wholly left to wholly right."""

    ticket: str
    preference: int = Field(ge=1, le=5)


AnyMessage = TypeVar("AnyMessage", bound=_Message)


async def read_body(request: Request) -> bytes:
    """The body of a request; empty where it only asks.

    Raises:
        HTTPException: not JSON, or too long.
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
        HTTPException: it is none that can be sent.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise HTTPException(422, "not an answer that can be given") from error
