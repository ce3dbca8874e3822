"""The parts that every form of ours has."""

from dataclasses import dataclass
from typing import Self

from aiohttp import web

from server.web import csrf, pages


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnForm:
    """Where it goes, and the hidden inputs that prove whose it is."""

    action: str
    csrf: str
    tx: str

    @classmethod
    def of(cls, request: web.Request, path: str, *, tx: str, session: str = "") -> Self:
        return cls(
            action=pages.path_of(request, path),
            csrf=csrf.token(request, path, session=session),
            tx=tx,
        )

    @classmethod
    def sample(cls, action: str) -> Self:
        return cls(action=action, csrf="token", tx="sealed")
