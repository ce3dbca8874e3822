"""What the session's cookie says: which session, its secret, and its last use.

`<session id>.<secret>.<used at>.<mac>`. Reading appends nothing to the log, so the
browser itself carries when its session was last used, under a MAC of ours: it can go
back to an older cookie, which only makes it idle sooner.
"""

from dataclasses import dataclass
from hmac import compare_digest
from typing import Final, Self
from uuid import UUID

from domain import stream_id as ids
from server.keys import ServerKeys

PURPOSE: Final = "session_cookie"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCookie:
    """`used_at` is epoch seconds."""

    session_id: UUID
    secret: str
    used_at: int

    @classmethod
    def read(cls, keys: ServerKeys, text: str) -> Self | None:
        """Return what `text` wrote, None for anything else."""
        said, _, mac = text.rpartition(".")
        expected = keys.digest(PURPOSE, said)
        if not compare_digest(expected.encode(), mac.encode("utf-8", "replace")):
            return None
        named, secret, used_at = said.split(".")
        session_id = ids.from_text(named)
        if session_id is None:
            return None
        return cls(session_id=session_id, secret=secret, used_at=int(used_at))

    def text(self, keys: ServerKeys) -> str:
        said = f"{ids.to_text(self.session_id)}.{self.secret}.{self.used_at}"
        return f"{said}.{keys.digest(PURPOSE, said)}"
