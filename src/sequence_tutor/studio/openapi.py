"""The description of the service in OpenAPI 3.1, made from the messages that it understands."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from sequence_tutor.studio.messages import Account, Generate, Message, Read, Render

CALLS: dict[str, tuple[type[Message], str]] = {
    "/v1/generate": (Generate, "Write sequences to wishes"),
    "/v1/account": (Account, "Say what sequences are paid, step by step"),
    "/v1/read": (Read, "Read a file into tokens"),
    "/v1/render": (Render, "Write sequences as a file"),
}


def description() -> dict[str, Any]:
    """The whole description, as JSON."""
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for path, (kind, summary) in CALLS.items():
        schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {})
        schemas[kind.__name__] = schema
        reference = {"$ref": f"#/components/schemas/{kind.__name__}"}
        paths[path] = {
            "post": {
                "summary": summary,
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": reference}},
                },
                "responses": {"200": {"description": "done"}},
            }
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sequence Tutor studio", "version": version("sequence-tutor")},
        "paths": paths,
        "components": {"schemas": schemas},
    }
