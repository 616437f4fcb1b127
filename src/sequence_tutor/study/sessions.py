"""What the browser is given to prove who it is and which question it answers.

Both are signed with the study's secret, so that neither can be made up: a session names its
listener, a ticket names one question put to one listener.
"""

from __future__ import annotations

import hashlib
import hmac


class Signer:
    """Signs short texts.

    Attributes:
        secret: the study's own, 32 random bytes kept in its database.
    """

    def __init__(self, secret: bytes) -> None:
        self.secret = secret

    def session(self, listener: int) -> str:
        """The cookie of a listener."""
        return f"{listener}.{self._sign('session', listener)}"

    def listener_of(self, session: str) -> int | None:
        """Whose cookie this is; None if it was not signed here."""
        number, _, _signature = session.partition(".")
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            return None
        return int(number) if _same(self.session(int(number)), session) else None

    def ticket(self, listener: int, position: int, stage: str) -> str:
        """What an answer must carry."""
        return self._sign("ticket", listener, position, stage)

    def is_ticket(self, ticket: str, listener: int, position: int, stage: str) -> bool:
        """Whether a ticket was given out for this question to this listener."""
        return _same(self.ticket(listener, position, stage), ticket)

    def _sign(self, *parts: object) -> str:
        text = ":".join(map(str, parts))
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()


def _same(ours: str, theirs: str) -> bool:
    """Compared in a time that does not say where they differ."""
    return hmac.compare_digest(ours.encode(), theirs.encode())


def is_token(ours: str, theirs: str) -> bool:
    """Whether the token that the results are behind was given."""
    return _same(ours, theirs)
