"""Bytes as part of a page: addresses that hold what they point to."""

from __future__ import annotations

import base64
import hashlib


def data_uri(content: bytes, kind: str) -> str:
    """An address that is its own content, of a media type such as `audio/wav`."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def policy_source(text: str) -> str:
    """How a content security policy names a script or style that stands in the page itself."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
