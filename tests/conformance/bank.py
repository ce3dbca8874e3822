"""A client for FAPI 2.0, which looks at every answer: it pushes, it proves its keys."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from joserfc import jws

from domain import dpop
from server.services import Services
from tests.client_key import ClientKey, jwks, make_key
from tests.conformance import strict
from tests.conformance.party import REDIRECT_URI, Party, SignedIn
from tests.relying_party import Told
from tests.server.clients import CHALLENGE, ORDERS, VERIFIER, register_client
from tests.visitor import Page, url_of

PAR, TOKEN, USERINFO = "/oauth/par", "/oauth/token", "/userinfo"
URN = "urn:ietf:params:oauth:request_uri:"
RECIPE: Mapping[str, Any] = {
    "fapi2": True,
    "token_endpoint_auth_method": "private_key_jwt",
    "token_endpoint_auth_signing_alg": "PS256",
    "id_token_signed_response_alg": "PS256",
    "require_pushed_authorization_requests": True,
    "dpop_bound_access_tokens": True,
    "grant_types": ("authorization_code", "refresh_token"),
    "redirect_uris": (REDIRECT_URI,),
    "scope": "openid profile email offline_access read:orders",
}
"""As the README has it."""


async def open_account(
    known: Services, client_id: str, key: ClientKey, **members: Any
) -> dict[str, Any]:
    """Register a client by the recipe; return what it knows of itself."""
    described = {**RECIPE, **members}
    await register_client(known, client_id, jwks=jwks(key), **described)
    return {"client_id": client_id, **described}


@dataclass(frozen=True, kw_only=True)
class Bank:
    """`proving` is its DPoP key; `scope` without `openid` is for plain OAuth.

    `signs` says that its requests are request objects, `mode` how answers come.
    """

    party: Party
    proving: ClientKey
    scope: str = "openid"
    signs: bool = False
    mode: str = ""

    def with_other_key(self) -> "Bank":
        return replace(self, proving=make_key("ES256"))

    def by(self, **members: Any) -> "Bank":
        return replace(self, **members)

    @property
    def key(self) -> ClientKey:
        assert self.party.key is not None
        return self.party.key

    @property
    def issuer(self) -> str:
        return self.party.house.issuer

    # What it shows

    def proof(
        self,
        path: str,
        *,
        token: str | None = None,
        header: Mapping[str, Any] = {},
        **changed: Any,
    ) -> str:
        """A DPoP proof for this request; None leaves a claim out."""
        claims = {
            "now": self.party.house.clock.now(),
            "method": "POST" if path != USERINFO else "GET",
            "ath": None if token is None else dpop.ath(token),
            **changed,
        }
        return self.proving.prove(f"{self.issuer}{path}", header=header, **claims)

    def request(self, **changed: str) -> dict[str, str]:
        asked = {
            "response_type": "code",
            "redirect_uri": REDIRECT_URI,
            "scope": self.scope,
            "state": "state-1",
            "nonce": "nonce-1" if "openid" in self.scope else "",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "response_mode": self.mode,
            "audience": "" if "openid" in self.scope else ORDERS,
            **changed,
        }
        return {name: value for name, value in asked.items() if value}

    def request_object(self, asked: Mapping[str, Any], **changed: Any) -> str:
        """What is asked, as FAPI 2.0 Message Signing §5.3.2 wants it."""
        now, client_id = self.party.house.clock.now(), self.party.client["client_id"]
        claims = {
            **asked,
            "client_id": client_id,
            "iss": client_id,
            "aud": self.issuer,
            "nbf": now,
            "exp": now + 300,
            **changed,
        }
        said = {name: value for name, value in claims.items() if value is not None}
        return self.key.sign(said, typ="oauth-authz-req+jwt")

    # The back channel

    async def push(self, *, proof: str = "", **changed: str) -> Told:
        asked = self.request(**changed)
        form = {"request": self.request_object(asked)} if self.signs else asked
        return await self.send(form, proof=proof)

    async def send(
        self, form: Mapping[str, str], *, proof: str = "", **assertion: Any
    ) -> Told:
        """POST to the PAR endpoint; `assertion` is said otherwise than honestly."""
        proven = self.party.assertion(**assertion)
        headers = {"DPoP": proof} if proof else {}
        return await self.party.call(PAR, {**proven, **form}, **headers)

    async def pushed(self, **changed: str) -> str:
        """Return the request_uri of a request that was taken."""
        told = await self.push(**changed)
        assert told.status == 201, told
        strict.check_json(told.headers)
        assert 5 <= told.body["expires_in"] <= 600
        request_uri: str = told.body["request_uri"]
        assert request_uri.startswith(URN)
        assert len(request_uri) > len(URN) + 22
        return request_uri

    async def ask_tokens(
        self, form: Mapping[str, str], *, proof: str | None = "", **assertion: Any
    ) -> Told:
        """POST to the token endpoint with a proof: its own, another, None for none."""
        shown = self.proof(TOKEN) if proof == "" else proof
        proven = self.party.assertion(**assertion)
        headers = {} if shown is None else {"DPoP": shown}
        return await self.party.call(TOKEN, {**proven, **form}, **headers)

    def exchange(self, code: str, **changed: str) -> dict[str, str]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
            **changed,
        }
        return {name: value for name, value in form.items() if value}

    async def userinfo(
        self, token: str, proof: str | None = None, *, scheme: str = "DPoP"
    ) -> Page:
        shown = proof or self.proof(USERINFO, token=token)
        return await self.party.visitor.get(
            USERINFO, Authorization=f"{scheme} {token}", DPoP=shown
        )

    # The browser

    async def bring(self, request_uri: str, **beside: str) -> Page:
        asked = {
            "client_id": self.party.client["client_id"],
            "request_uri": request_uri,
            **beside,
        }
        visitor = self.party.visitor
        return await visitor.follow(
            await visitor.get(url_of(self.issuer, "/authorize", **asked))
        )

    async def read(self, page: Page) -> dict[str, Any]:
        """The members that came, out of a signed response where it asked for one."""
        answer = page.answer
        if not self.mode:
            return dict(answer)
        assert set(answer) == {"response"}
        keys = await self.party.published()
        said = strict.verified(answer["response"], keys=keys, alg="PS256")
        now = self.party.house.clock.now()
        assert said.pop("aud") == self.party.client["client_id"]
        assert now < said.pop("exp") <= now + 600
        return said

    async def code(self, **changed: str) -> str:
        """Return the code that somebody's sign-in gives."""
        page = await self.bring(await self.pushed(**changed))
        answer = await self.read(await self.party.agree(page))
        assert answer["iss"] == self.issuer
        assert answer.get("state", "") == changed.get("state", "state-1")
        assert answer.keys() <= {"code", "iss", "state"}
        code: str = answer["code"]
        return code

    async def sign_in(self, **changed: str) -> SignedIn:
        """All of it, with every answer looked at."""
        told = await self.ask_tokens(self.exchange(await self.code(**changed)))
        assert told.status == 200, told
        strict.check_json(told.headers)
        strict.check_tokens(told.body, token_type="DPoP")
        return SignedIn(
            front={}, claims=await self._claims(told.body, changed), tokens=told.body
        )

    async def _claims(
        self, tokens: Mapping[str, Any], changed: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        if "openid" not in self.scope:
            assert "id_token" not in tokens
            return []
        assert jws.extract_compact(tokens["id_token"].encode()).headers()["kid"]
        asked = {"nonce": "nonce-1", **changed}
        return [await self.party.verified(tokens["id_token"], asked)]
