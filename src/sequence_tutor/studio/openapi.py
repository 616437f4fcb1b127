"""The description of the service in OpenAPI 3.1, made from what it understands and answers."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, NamedTuple

from pydantic import BaseModel

from sequence_tutor.studio import replies
from sequence_tutor.studio.messages import Account, Generate, Read, Render, Tune


class Call(NamedTuple):
    """One thing that may be asked.

    Attributes:
        method: of HTTP.
        summary: a sentence.
        asked: type of the body; None: there is none.
        answered: type of the reply; None: the bytes of a file.
        status: of a reply.
        query: names of optional parameters in the address.
    """

    method: str
    summary: str
    asked: type[BaseModel] | None
    answered: type[BaseModel] | None
    status: str = "200"
    query: tuple[str, ...] = ()


CALLS: dict[tuple[str, str], Call] = {
    (path, call.method): call
    for path, call in (
        ("/v1/info", Call("get", "What there is", None, replies.InfoReply)),
        (
            "/v1/aims",
            Call(
                "get",
                "Rows that may be aimed at",
                None,
                replies.AimsReply,
                query=("model", "domain"),
            ),
        ),
        (
            "/v1/generate",
            Call("post", "Write sequences to wishes", Generate, replies.GenerateReply),
        ),
        ("/v1/account", Call("post", "Say what sequences are paid", Account, replies.AccountReply)),
        ("/v1/read", Call("post", "Read a file into tokens", Read, replies.ReadReply)),
        ("/v1/render", Call("post", "Write sequences as a file", Render, None)),
        ("/v1/jobs", Call("get", "Tunings in the background", None, replies.JobsReply)),
        ("/v1/jobs", Call("post", "Tune for wishes", Tune, replies.JobBegun, "201")),
        (
            "/v1/jobs/{id}",
            Call("delete", "Remove a tuning", None, replies.JobsReply, query=("run",)),
        ),
        ("/v1/jobs/{id}/stop", Call("post", "Stop a tuning", None, replies.JobsReply)),
        ("/v1/jobs/{id}/resume", Call("post", "Let it go on", None, replies.JobsReply)),
    )
}
"""Path and method -> call."""

REFUSALS = {
    "400": "the body is no JSON object",
    "403": "asked by a page of another site",
    "404": "there is no such job",
    "413": "too long",
    "415": "the body is not sent as application/json",
    "421": "asked for under a name that is not allowed",
    "422": "a value that cannot be used",
    "503": "too many requests are being answered; Retry-After says when to come back",
}
_REFERENCE = "#/components/schemas/{model}"


def description() -> dict[str, Any]:
    """The whole description, as JSON."""
    schemas: dict[str, Any] = {}
    failure = _json_of(replies.Failure, schemas)
    refused = {status: {"description": why, "content": failure} for status, why in REFUSALS.items()}
    paths: dict[str, Any] = {}
    for (path, method), call in CALLS.items():
        told: dict[str, Any] = {"summary": call.summary, "operationId": _name(path, method)}
        parameters = [_parameter(name, "query") for name in call.query]
        parameters += [_parameter("id", "path")] if "{id}" in path else []
        if parameters:
            told["parameters"] = parameters
        if call.method == "post":
            content = _json_of(call.asked, schemas)
            told["requestBody"] = {"required": True, "content": content}
        content = {"application/octet-stream": {}}
        if call.answered is not None:
            content = _json_of(call.answered, schemas)
        told["responses"] = {call.status: {"description": "done", "content": content}, **refused}
        paths.setdefault(path, {})[method] = told
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sequence Tutor studio",
            "version": version("sequence-tutor"),
            "description": "Stateless calls: the same request gives the same answer.",
        },
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _json_of(kind: type[BaseModel] | None, schemas: dict[str, Any]) -> dict[str, Any]:
    """A body of JSON of some type, whose schema is added; None: any object."""
    if kind is None:
        return {"application/json": {"schema": {"type": "object"}}}
    schema = kind.model_json_schema(ref_template=_REFERENCE, by_alias=True)
    schemas |= schema.pop("$defs", {})
    schemas[kind.__name__] = schema
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(model=kind.__name__)}}}


def _parameter(name: str, place: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "schema": {"type": "string"},
    }


def _name(path: str, method: str) -> str:
    """Such as getInfo or stopJobs: an identifier for programs that make clients."""
    parts = [part for part in path.split("/")[2:] if part != "{id}"]
    verb = method if len(parts) == 1 else parts[-1]
    return verb + parts[0].capitalize()
