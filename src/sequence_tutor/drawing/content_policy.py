"""What a page that needs nothing else may do: run its own script, and nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence


def content_policy(scripts: Sequence[str], style: str) -> str:
    """A content security policy that names scripts and style by what is in them.

    Sounds and pictures come from the page itself, and no connection is allowed.

    Args:
        scripts: of the page.
        style: of the page.
    """
    return (
        f"default-src 'none'; script-src {' '.join(map(_source, scripts))}; "
        f"style-src {_source(style)}; media-src data:; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
