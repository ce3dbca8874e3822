"""A relying party that looks at every answer as the conformance suite would."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
from joserfc.jwk import KeySet

from domain.client_assertion import TYPE
from server.clock import new_id
from tests.client_key import ClientKey
from tests.conformance import strict
from tests.house import House
from tests.relying_party import Told
from tests.visitor import Page, Visitor, members_of, url_of

REDIRECT_URI = "https://rp.example/test/a/grantlog/callback"
BYE = "https://rp.example/test/a/grantlog/post_logout_redirect"


class Flow(NamedTuple):
    """What a plan runs its modules with; `mode` is what the request asks for."""

    response_type: str
    mode: str = ""

    @property
    def parts(self) -> list[str]:
        return self.response_type.split(" ")

    @property
    def name(self) -> str:
        return f"{self.response_type} {self.mode}".strip()


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """What one authorization has given, all of it looked at."""

    front: Mapping[str, str]
    claims: list[dict[str, Any]]
    tokens: Mapping[str, Any] = field(default_factory=dict)

    @property
    def said(self) -> dict[str, Any]:
        """What the last ID token says: the back channel's, where there is one."""
        return self.claims[-1]

    @property
    def id_token(self) -> str:
        text: str = self.tokens.get("id_token") or self.front["id_token"]
        return text

    @property
    def access_token(self) -> str:
        text: str = self.tokens.get("access_token") or self.front["access_token"]
        return text


@dataclass(frozen=True, kw_only=True)
class Party:
    """A registered client, and somebody at a browser who goes along."""

    house: House
    visitor: Visitor
    client: Mapping[str, Any]
    flow: Flow
    key: ClientKey | None = None

    def by(self, visitor: Visitor) -> "Party":
        return replace(self, visitor=visitor)

    def by_flow(self, flow: Flow) -> "Party":
        return replace(self, flow=flow)

    def with_key(self, key: ClientKey) -> "Party":
        return replace(self, key=key)

    # The browser

    async def ask(self, **changed: str) -> Page:
        """Send an authorization request; "" leaves a parameter out."""
        asked = {
            "client_id": self.client["client_id"],
            "redirect_uri": self.client["redirect_uris"][0],
            "response_type": self.flow.response_type,
            "response_mode": self.flow.mode,
            "scope": "openid",
            "state": "state-1",
            "nonce": "nonce-1",
            **changed,
        }
        given = {name: value for name, value in asked.items() if value}
        url = url_of(self.house.issuer, "/authorize", **given)
        return await self.visitor.follow(await self.visitor.get(url))

    async def agree(self, page: Page) -> Page:
        """Sign in, and allow, where a page asks that."""
        if "login-form" in page.forms:
            page = await self.visitor.log_in(page, "carol")
        if "consent-form" in page.forms:
            page = await self.visitor.allow(page)
        return page

    def read(self, page: Page) -> dict[str, str]:
        """The members that came, by the one way that they may come."""
        address = self.client["redirect_uris"][0]
        if self.flow.mode == "form_post":
            assert page.status == 200
            form = page.forms["form-post"]
            assert (form.action, form.method) == (address, "post")
            return page.posted
        assert page.status in {302, 303}
        if self.flow.response_type == "code":
            assert page.location.startswith(address + ("&" if "?" in address else "?"))
            return page.answer
        assert page.location.startswith(address + "#")
        return members_of(urlsplit(page.location).fragment)

    def refused(self, page: Page, *, state: str | None = "state-1") -> str:
        """The error that the client hears, where its answer would have come."""
        return strict.check_error(self.read(page), state=state, iss=self.house.issuer)

    async def sign_in(self, **changed: str) -> SignedIn:
        """Ask, have somebody agree, and take all that can be had."""
        return await self.take(await self.agree(await self.ask(**changed)), **changed)

    async def take(self, page: Page, **changed: str) -> SignedIn:
        """Look at an answer, and redeem its code if it has one."""
        front = self.read(page)
        asked = {"nonce": "nonce-1", "state": "state-1", **changed}
        self._check_front(front, asked)
        claims = []
        if "id_token" in front:
            claims.append(await self.verified(front["id_token"], asked))
            strict.check_hashes(
                claims[0],
                self.algorithm,
                at_hash=front.get("access_token"),
                c_hash=front.get("code"),
            )
        tokens: Mapping[str, Any] = {}
        if "code" in front:
            tokens = (await self.redeem(front["code"])).body
            claims.append(await self.verified(tokens["id_token"], asked))
        for name in ("iss", "sub", "aud"):
            assert len({str(one[name]) for one in claims}) <= 1
        return SignedIn(front=front, claims=claims, tokens=tokens)

    def _check_front(self, front: Mapping[str, str], asked: Mapping[str, str]) -> None:
        assert "error" not in front, front
        assert front["iss"] == self.house.issuer
        assert front.get("state", "") == asked["state"]
        has = {"code": "code", "id_token": "id_token", "token": "access_token"}
        for part, member in has.items():
            assert (part in self.flow.parts) == (member in front)
        if "access_token" in front:
            strict.check_tokens({**front, "expires_in": int(front["expires_in"])})

    @property
    def algorithm(self) -> str:
        alg: str = self.client.get("id_token_signed_response_alg", "RS256")
        return alg

    async def verified(self, token: str, asked: Mapping[str, str]) -> dict[str, Any]:
        return strict.check_id_token(
            token,
            keys=await self.published(),
            client=self.client,
            issuer=self.house.issuer,
            now=self.house.clock.now(),
            nonce=asked.get("nonce") or None,
        )

    async def published(self) -> KeySet:
        page = await self.visitor.get("/.well-known/jwks.json")
        return KeySet.import_key_set(json.loads(page.text))

    # The back channel

    async def post(self, path: str, form: Mapping[str, str], **headers: str) -> Told:
        """POST as the client, by its method."""
        proof, basic = self._proof()
        return await self.call(path, {**form, **proof}, **headers, **basic)

    async def call(self, path: str, form: Mapping[str, str], **headers: str) -> Told:
        """POST just that."""
        async with self.visitor.http.post(
            f"{self.house.issuer}{path}", data=form, headers=headers
        ) as response:
            text = await response.text()
            return Told(
                status=response.status,
                headers=response.headers,
                body=json.loads(text) if text else None,
            )

    def _proof(self) -> tuple[dict[str, str], dict[str, str]]:
        """What it adds to the form, and to the headers."""
        client_id = self.client["client_id"]
        match self.client["token_endpoint_auth_method"]:
            case "client_secret_basic":
                secret = self.client["client_secret"]
                basic = aiohttp.encode_basic_auth(client_id, secret)
                return {}, {"Authorization": basic}
            case "client_secret_post":
                secret = self.client["client_secret"]
                return {"client_id": client_id, "client_secret": secret}, {}
            case _:
                return self.assertion(), {}

    def assertion(self, **changed: Any) -> dict[str, str]:
        """A proof by its key, good once, which names the issuer; None leaves out."""
        assert self.key is not None
        now, client_id = self.house.clock.now(), self.client["client_id"]
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": self.house.issuer,
            "jti": str(new_id()),
            "iat": now,
            "exp": now + 60,
            **changed,
        }
        said = {name: value for name, value in claims.items() if value is not None}
        return {
            "client_assertion_type": TYPE,
            "client_assertion": self.key.sign(said),
        }

    async def redeem(self, code: str, **more: str) -> Told:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client["redirect_uris"][0],
            **more,
        }
        told = await self.post("/oauth/token", form)
        assert told.status == 200, told
        strict.check_json(told.headers)
        strict.check_tokens(told.body)
        return told

    async def refused_tokens(self, form: Mapping[str, str]) -> str:
        """The error of a token request that is refused (RFC 6749 §5.2)."""
        told = await self.post("/oauth/token", form)
        assert told.status == 400, told
        strict.check_json(told.headers)
        return strict.check_error(told.body)

    async def userinfo(self, token: str) -> dict[str, Any]:
        """What /userinfo says to a bearer, looked at."""
        page = await self.visitor.get("/userinfo", Authorization=f"Bearer {token}")
        return self.claims_of(page)

    def claims_of(self, page: Page) -> dict[str, Any]:
        assert page.status == 200
        strict.check_json(page.headers)
        claims: dict[str, Any] = json.loads(page.text)
        assert claims["sub"]
        strict.check_claims(claims)
        return claims
