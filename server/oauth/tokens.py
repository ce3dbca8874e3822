"""Making tokens: what kind, for how long, and each signed once (RFC 6749 §5.1)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from domain.api import Description
from domain.client_metadata import Metadata
from domain.grant import AccessToken, Approval, Confirmation, Refresh
from server.keys import ServerKeys, token_digest
from server.log.errors import Unavailable
from server.oauth.access_token import Names, Texts, scope_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What an API's tokens are like.

    `alg` signs a JWT (RFC 9068), None makes them opaque; `lifetime` is seconds.
    """

    alg: str | None
    lifetime: int


def style_for(
    apis: Collection[Description],
    client: Metadata,
    *,
    default_lifetime: int,
    longest: int | None = None,
) -> Style:
    """Return how to make a token that all these APIs can take.

    A JWT where one of them wants it: the others can ask introspection. Without an
    API it is for /userinfo, which is ours, and opaque. The shortest lifetime wins.
    """
    wanted = (api.token_signing_alg for api in apis if api.token_format == "jwt")
    of_apis = [api.token_lifetime for api in apis] or [default_lifetime]
    bounds = [client.access_token_lifetime, longest]
    lifetime = min([*of_apis, *(bound for bound in bounds if bound is not None)])
    return Style(alg=next(wanted, None), lifetime=lifetime)


class Minter:
    """Makes the access tokens of one request: the `Mint` of the domain.

    A decision that is taken anew, because a racer won, costs no second signature
    where it wants the same token.
    """

    def __init__(
        self,
        *,
        texts: Texts,
        grant_id: UUID,
        style: Style,
        kid: str | None,
        now: int,
        scope: Names | None = None,
        audience: Names | None = None,
        cnf: Confirmation | None = None,
    ) -> None:
        """Give every token this style; `kid` is the key that `style.alg` signs with.

        `scope` and `audience` are what the request narrows the grant to, if it does;
        `cnf` is the key that alone may use the tokens.
        """
        self._texts = texts
        self._grant_id = grant_id
        self._style = style
        self._kid = kid
        self._now = now
        self._scope = scope
        self._audience = audience
        self._cnf = cnf
        self._made: dict[AccessToken, str] = {}

    def __call__(self, approval: Approval, number: int) -> AccessToken:
        blank = AccessToken(
            number=number,
            digest="",
            issued_at=self._now,
            expires_at=self._now + self._style.lifetime,
            scope=self._scope,
            audience=self._audience,
            kid=self._kid,
            cnf=self._cnf,
        )
        text = self._made.get(blank) or self._write(approval, blank)
        if text is None:
            raise Unavailable("signing_key")
        return replace(blank, digest=token_digest(text))

    def repeats(self, approval: Approval, given: AccessToken) -> bool:
        """Whether a token that was given before can be said again, byte for byte.

        Not where its key has left since, or signs differently each time (PS256).
        """
        text = self._write(approval, replace(given, digest=""))
        return text is not None and token_digest(text) == given.digest

    def text(self, given: AccessToken) -> str:
        """Return the text of a token that this made, or that it `repeats`."""
        return self._made[replace(given, digest="")]

    def _write(self, approval: Approval, blank: AccessToken) -> str | None:
        text = self._texts.write(self._grant_id, approval, blank)
        if text is not None:
            self._made[blank] = text
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a grant request has led to, ready to be said."""

    grant_id: UUID
    approval: Approval
    token: AccessToken
    text: str
    refresh: Refresh | None = None
    id_token: str | None = None
    issued_token_type: str | None = None


def token_type(token: AccessToken) -> str:
    """Return how the token is used (RFC 6749 §7.1, RFC 9449 §5)."""
    return "DPoP" if token.cnf and token.cnf.jkt else "Bearer"


def answer(given: Given, *, keys: ServerKeys, now: int) -> dict[str, Any]:
    """Return the members of a token response (RFC 6749 §5.1, OIDC Core §3.1.3.3)."""
    members: dict[str, Any] = {
        "access_token": given.text,
        "token_type": token_type(given.token),
        "expires_in": given.token.expires_at - now,
    }
    scope = scope_of(given.approval, given.token)
    if scope:
        members["scope"] = " ".join(scope)
    if given.refresh is not None:
        generation = given.refresh.generation
        members["refresh_token"] = keys.artefact("rt", given.grant_id, generation)
    if given.id_token is not None:
        members["id_token"] = given.id_token
    if given.issued_token_type is not None:
        members["issued_token_type"] = given.issued_token_type
    return members
