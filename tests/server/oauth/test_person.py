"""Roles and claims of the operator's own, in what clients and APIs get to see."""

from typing import Any
from uuid import UUID

import pytest
from joserfc import jwe

from domain import client
from domain.client import CLIENT
from domain.client_metadata import Metadata
from domain.stream import Stream
from domain.stream_id import named
from domain.user import USER
from server.reading import Loaded
from tests.client_key import make_key
from tests.server.clients import (
    SOURCE,
    WEB_SECRET,
    issue_code,
    register_api,
    register_client,
)
from tests.server.conftest import Server
from tests.server.oauth.calls import Answer, claims, introspect, redeem, refresh

NOTES = "https://notes.example/"
ROLES = "https://notes.example/roles"
BOTH = ("openid", "offline_access", "read:notes", "write:notes")
APP = ("notes-app", WEB_SECRET)


@pytest.fixture(params=["jwt", "opaque"])
async def notes(shop: Server, request: pytest.FixtureRequest) -> Server:
    """An API that enforces roles and tells of them, and a client of it."""
    await register_api(
        shop.known,
        NOTES,
        scopes={"read:notes": "Read", "write:notes": "Change"},
        roles={"reader": ("read:notes",), "editor": ("read:notes", "write:notes")},
        enforce_roles=True,
        access_token_claims={
            ROLES: "roles",
            "permissions": "permissions",
            "given": "given_name",
            "iss": "given_name",
        },
        token_format=request.param,
    )
    await register_client(
        shop.known,
        "notes-app",
        secret=WEB_SECRET,
        grant_types=("authorization_code", "refresh_token"),
        id_token_claims={"https://app.example/name": "name", "nothing": "nickname"},
    )
    return shop


async def is_now(server: Server, user_id: UUID, *roles: str) -> None:
    held = {NOTES: roles} if roles else {}
    await server.known.directory.change_roles(user_id, held, source=SOURCE)


async def sign_in(server: Server, user_id: UUID) -> Answer:
    code = await issue_code(
        server.known, user_id, client_id="notes-app", scope=BOTH, audience=(NOTES,)
    )
    return await redeem(server, code, auth=APP)


async def test_a_token_has_what_the_roles_allow(notes: Server, alice: UUID) -> None:
    """RFC 6749 §3.3: less than asked, and the answer says so."""
    await is_now(notes, alice, "reader")

    given = await sign_in(notes, alice)

    assert given.body["scope"] == "openid offline_access read:notes"
    seen = await introspect(notes, given.body["access_token"], auth=APP)
    assert seen["scope"] == "openid offline_access read:notes"


async def test_without_a_role_there_is_nothing_of_the_api(
    notes: Server, alice: UUID
) -> None:
    assert (await sign_in(notes, alice)).body["scope"] == "openid offline_access"


async def test_a_role_lost_is_gone_at_the_next_refresh(
    notes: Server, alice: UUID
) -> None:
    """And a retry of that refresh gets the same again."""
    await is_now(notes, alice, "editor")
    given = await sign_in(notes, alice)
    assert given.body["scope"] == " ".join(BOTH)

    await is_now(notes, alice, "reader")
    token = given.body["refresh_token"]
    first = await refresh(notes, token, auth=APP)
    again = await refresh(notes, token, auth=APP)

    assert first.body["scope"] == "openid offline_access read:notes"
    assert again.body["access_token"] == first.body["access_token"]


async def test_a_role_lost_is_gone_although_redis_has_not_heard_of_it(
    notes: Server, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its scope nor its name is in a token that is made after that."""
    await is_now(notes, alice, "editor")
    before = await notes.known.reading.state(USER, alice)
    code = await issue_code(
        notes.known, alice, client_id="notes-app", scope=BOTH, audience=(NOTES,)
    )
    as_it_was = notes.known.reading.state

    async def lagging(stream: Stream[Any, Any], stream_id: UUID) -> Loaded[Any]:
        return before if stream_id == alice else await as_it_was(stream, stream_id)

    monkeypatch.setattr(notes.known.reading, "state", lagging)
    await is_now(notes, alice, "reader")
    given = await redeem(notes, code, auth=APP)

    assert given.body["scope"] == "openid offline_access read:notes"
    token = given.body["access_token"]
    if not token.startswith("at."):
        assert claims(token)[ROLES] == ["reader"]


async def test_a_role_won_back_is_there_again(notes: Server, alice: UUID) -> None:
    await is_now(notes, alice, "reader")
    given = await sign_in(notes, alice)
    await is_now(notes, alice, "editor")

    after = await refresh(notes, given.body["refresh_token"], auth=APP)

    assert after.body["scope"] == " ".join(BOTH)


async def test_the_api_is_told_what_it_wants_to_know(
    notes: Server, alice: UUID
) -> None:
    """In the JWT, or by introspection; and never in the server's own words."""
    await is_now(notes, alice, "editor")
    token = (await sign_in(notes, alice)).body["access_token"]

    seen: Any = await introspect(notes, token, auth=APP)
    if not token.startswith("at."):
        seen = claims(token)

    assert seen[ROLES] == ["editor"]
    assert seen["permissions"] == ["read:notes", "write:notes"]
    assert seen["given"] == "Alice"
    assert seen["iss"] == notes.known.settings.issuer


async def test_the_id_token_tells_the_clients_own(notes: Server, alice: UUID) -> None:
    said = claims((await sign_in(notes, alice)).body["id_token"])

    assert said["https://app.example/name"] == "Alice Adams"
    assert "nothing" not in said


async def test_an_id_token_is_encrypted_to_the_client(
    shop: Server, alice: UUID
) -> None:
    """OIDC Core §10.2: signed inside."""
    key = make_key("ES256", "enc")
    await register_client(
        shop.known,
        "secretive",
        secret=WEB_SECRET,
        jwks={"keys": [{**key.jwk, "use": "enc", "alg": "ECDH-ES"}]},
        id_token_encrypted_response_alg="ECDH-ES",
        id_token_encrypted_response_enc="A256GCM",
    )
    code = await issue_code(shop.known, alice, client_id="secretive")

    given = await redeem(shop, code, auth=("secretive", WEB_SECRET))

    text = given.body["id_token"]
    found = jwe.decrypt_compact(text, key.key, algorithms=["ECDH-ES", "A256GCM"])
    assert found.headers()["cty"] == "JWT"
    assert found.plaintext is not None
    assert claims(found.plaintext.decode())["aud"] == "secretive"


async def test_a_client_without_its_key_spends_no_code(
    shop: Server, alice: UUID
) -> None:
    """The code is good once the key is there: nothing had happened yet."""
    asked: dict[str, Any] = {"id_token_encrypted_response_alg": "ECDH-ES"}
    await register_client(shop.known, "keyless", secret=WEB_SECRET, **asked)
    code = await issue_code(shop.known, alice, client_id="keyless")
    first = await redeem(shop, code, auth=("keyless", WEB_SECRET))

    key = {**make_key("ES256", "enc").jwk, "use": "enc", "alg": "ECDH-ES"}
    metadata = Metadata(client_id="keyless", jwks={"keys": [key]}, **asked)
    await shop.known.commands.run(
        CLIENT,
        named("client", "keyless"),
        lambda state: client.change(state, metadata=metadata, now=1),
        source=SOURCE,
    )
    second = await redeem(shop, code, auth=("keyless", WEB_SECRET))

    assert first.error == (503, "temporarily_unavailable")
    assert second.status == 200
