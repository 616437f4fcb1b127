"""Headers of every reply, and the reply to a request that is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

_ONLY_OURS = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "media-src": "'self'",
    "connect-src": "'self'",
    "img-src": "data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}


def safe_headers(**sources: str) -> dict[str, str]:
    """Headers under which a page loads nothing from elsewhere and is shown in no other page.

    Args:
        sources: of the content policy, such as `img_src="data: blob:"`, in place of the usual ones.
    """
    given = {name.replace("_", "-"): allowed for name, allowed in sources.items()}
    policy = "; ".join(f"{name} {allowed}" for name, allowed in {**_ONLY_OURS, **given}.items())
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


HEADERS: Mapping[str, str] = safe_headers()


def refusal(_request: Any, error: Any) -> JSONResponse:  # Starlette types it as any Exception
    """The reply to a request that is refused: its sentence."""
    headers = {**HEADERS, **(error.headers or {})}
    return JSONResponse({"error": error.detail}, error.status_code, headers=headers)
