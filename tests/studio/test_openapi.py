"""The description of the service, and that it answers what it describes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from sequence_tutor.studio.openapi import CALLS, description

from .conftest import Client

TUNE = base64.b64encode(b"X:1\nM:4/4\nL:1/8\nK:D\nDEFG ABcd|]\n").decode()
EXAMPLES: dict[str, dict[str, Any]] = {
    "/v1/generate": {"bars": 1, "count": 1, "weights": {"key": 1.0}, "chords": "C"},
    "/v1/account": {"tokens": [[14, 1, 1, 1]], "weights": {"key": 1.0}},
    "/v1/read": {"name": "a.abc", "content": TUNE},
    "/v1/render": {"tokens": [[14, 1, 1, 1]], "kind": "midi"},
}


def references(value: object) -> Iterator[str]:
    """Every reference in a description."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_description_is_whole(client: Client) -> None:
    told = client.get("/v1/openapi.json")
    assert told == json.loads(json.dumps(description()))
    assert told["openapi"] == "3.1.0"
    schemas = told["components"]["schemas"]
    for reference in references(told):
        kind, _, name = reference.rpartition("/")
        assert kind == "#/components/schemas"
        assert name in schemas
    names = [one["operationId"] for path in told["paths"].values() for one in path.values()]
    assert len(set(names)) == len(names) == len(CALLS)
    assert set(schemas["Generate"]["properties"]) >= {"from", "keep", "bars", "aims", "seed"}
    assert schemas["Generate"]["additionalProperties"] is False


@pytest.mark.parametrize("path", sorted(EXAMPLES))
def test_each_call_answers_what_is_described(client: Client, path: str) -> None:
    call = CALLS[path, "post"]
    reply = client.http.post(path, json=EXAMPLES[path])
    assert str(reply.status_code) == call.status
    if call.answered is None:
        assert reply.content.startswith(b"MThd")
    else:
        call.answered.model_validate_json(reply.content, strict=False)


@pytest.mark.parametrize("path", ["/v1/info", "/v1/jobs", "/v1/aims"])
def test_what_is_shown_is_described(client: Client, path: str) -> None:
    call = CALLS[path, "get"]
    assert call.answered is not None
    call.answered.model_validate_json(client.http.get(path).content)


def test_every_route_is_described(client: Client) -> None:
    for path, _ in CALLS:
        other = "get" if (path, "get") not in CALLS else "delete"
        reply = client.http.request(other.upper(), path.replace("{id}", "tuned-1"))
        assert reply.status_code == 405, path
