"""Bytes as part of a page: addresses that hold what they point to."""

from __future__ import annotations

import base64


def data_uri(content: bytes, kind: str) -> str:
    """An address that is its own content, of a media type such as `audio/wav`."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
