"""Mutual TLS: clients and tokens known by certificates, over real TLS (RFC 8705)."""

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from cryptography.x509 import DNSName

from domain.client_metadata import ApiAccess
from server import app as server_app
from server.serve import tls_context
from server.services import SERVICES, Services
from tests.certificates import Certified, make
from tests.server.clients import (
    CALLBACK,
    ORDERS,
    VERIFIER,
    issue_code,
    register_client,
    register_person,
)
from tests.server.conftest import settings_for
from tests.server.oauth.calls import claims
from tests.visitor import request_for

AUTHORITY = make("CN=Authority", authority=True)
SUBJECT = "CN=Payments,O=Example"
OWN = make("CN=own")
MACHINE: dict[str, Any] = {
    "grant_types": ("client_credentials",),
    "api_access": (ApiAccess(api=ORDERS, scopes=("read:orders",)),),
}


@dataclass(frozen=True, kw_only=True)
class House:
    """A server that ends TLS itself."""

    address: str
    known: Services
    folder: Path

    @asynccontextmanager
    async def visited_with(
        self, certified: Certified | None
    ) -> AsyncIterator[aiohttp.ClientSession]:
        """Somebody at its door, who shows a certificate or none."""
        context = ssl.create_default_context(cafile=str(self.folder / "server.pem"))
        if certified is not None:
            context.load_cert_chain(*certified.write(self.folder, "visitor"))
        connector = aiohttp.TCPConnector(ssl=context)
        async with aiohttp.ClientSession(self.address, connector=connector) as session:
            yield session

    async def post(
        self, path: str, certified: Certified | None, **form: str
    ) -> tuple[int, Any]:
        async with (
            self.visited_with(certified) as session,
            session.post(path, data=form) as response,
        ):
            text = await response.text()
            return response.status, json.loads(text) if text else None

    async def token(
        self, client_id: str, certified: Certified | None, **form: str
    ) -> tuple[int, Any]:
        machine = {"grant_type": "client_credentials", "resource": ORDERS}
        said = {"client_id": client_id, **machine, **form}
        return await self.post("/oauth/token", certified, **said)

    async def userinfo(self, token: str, certified: Certified | None) -> int:
        async with (
            self.visited_with(certified) as session,
            session.get(
                "/userinfo", headers={"Authorization": f"Bearer {token}"}
            ) as response,
        ):
            if response.status == 401:
                assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
            return response.status


@pytest.fixture
async def house(shop_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """It asks for certificates of the authority; OWN is in its file as well."""
    cert, key = make("CN=localhost", DNSName("localhost")).write(tmp_path, "server")
    authorities = tmp_path / "authorities.pem"
    authorities.write_bytes(AUTHORITY.pem + OWN.pem)
    settings = replace(
        settings_for(shop_url, redis_url),
        tls_cert=cert,
        tls_key=key,
        tls_client_ca=authorities,
    )
    app = server_app.build(settings)
    server = TestServer(app, scheme="https", host="localhost")
    await server.start_server(ssl=tls_context(settings))
    known = app[SERVICES]
    await register_client(
        known,
        "named",
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_subject_dn=SUBJECT,
        **MACHINE,
    )
    await register_client(
        known,
        "keyed",
        token_endpoint_auth_method="self_signed_tls_client_auth",
        tls_client_certificate_bound_access_tokens=True,
        jwks={"keys": [{**OWN.jwk, "x5c": OWN.x5c}]},
        **MACHINE,
    )
    yield House(address=str(server.make_url("/")), known=known, folder=tmp_path)
    await server.close()


def issued(subject: str = SUBJECT) -> Certified:
    return make(subject, by=AUTHORITY)


async def test_the_name_in_an_authoritys_certificate_is_a_proof(house: House) -> None:
    """§2.1: at each endpoint; a certificate and nothing else."""
    status, body = await house.token("named", issued())

    assert status == 200, body
    assert claims(body["access_token"])["client_id"] == "named"
    assert "cnf" not in claims(body["access_token"])
    for path in ("/oauth/introspect", "/oauth/revoke"):
        form = {"client_id": "named", "token": body["access_token"]}
        assert (await house.post(path, issued(), **form))[0] == 200


async def test_a_registered_certificate_is_a_proof(house: House) -> None:
    """§2.2: its key is in the client's `jwks`; here the file of authorities has it."""
    assert (await house.token("keyed", OWN))[0] == 200


async def test_any_other_certificate_proves_nothing(house: House) -> None:
    """Another name, none at all, or one that is there for its key's sake."""
    own_name = {"tls_client_auth_subject_dn": "CN=own"}
    method = "tls_client_auth"
    await register_client(
        house.known, "own", token_endpoint_auth_method=method, **own_name, **MACHINE
    )
    for client_id, certified in (
        ("named", issued("CN=Payments")),
        ("named", issued("CN=Payments,O=Other")),
        ("named", OWN),
        ("named", None),
        ("own", OWN),
        ("keyed", issued()),
        ("keyed", issued("CN=own")),
        ("keyed", None),
        ("web", issued()),
        ("nobody", issued()),
    ):
        status, body = await house.token(client_id, certified)

        assert (status, body["error"]) == (401, "invalid_client"), client_id
        assert body["error_description"] == "client authentication failed"


async def test_a_strangers_certificate_opens_no_connection(house: House) -> None:
    """Python's TLS asks our authorities, or nobody: a self-signed one ends it."""
    for stranger in (make(SUBJECT), make(SUBJECT, by=make("CN=Authority"))):
        with pytest.raises(aiohttp.ClientError):
            await house.token("named", stranger)


async def test_a_certificate_beside_a_secret_is_one_proof(house: House) -> None:
    """RFC 6749 §2.3: whoever has a secret for its method still needs it."""
    status, body = await house.token("named", issued(), client_secret="x" * 43)
    assert (status, body["error"]) == (401, "invalid_client")


async def test_a_header_is_not_believed(house: House) -> None:
    """RFC 9440 §4: nobody told this server to."""
    item = f":{OWN.x5c[0]}:"
    form = {"client_id": "keyed", "grant_type": "client_credentials"}
    async with (
        house.visited_with(None) as session,
        session.post(
            "/oauth/token", data=form, headers={"Client-Cert": item}
        ) as response,
    ):
        assert response.status == 401


@pytest.fixture
async def alice(house: House) -> UUID:
    return await register_person(house.known)


async def register_app(house: House, client_id: str, **members: Any) -> None:
    await register_client(
        house.known,
        client_id,
        grant_types=("authorization_code", "refresh_token"),
        redirect_uris=(CALLBACK,),
        scope="openid profile offline_access",
        tls_client_certificate_bound_access_tokens=True,
        **members,
    )


async def redeem(
    house: House, alice: UUID, client_id: str, certified: Certified | None
) -> tuple[int, Any]:
    return await house.post(
        "/oauth/token",
        certified,
        client_id=client_id,
        grant_type="authorization_code",
        code=await issue_code(house.known, alice, client_id=client_id),
        redirect_uri=CALLBACK,
        code_verifier=VERIFIER,
    )


async def test_requests_are_pushed_by_certificate_too(house: House) -> None:
    """RFC 9126 §2: as at the token endpoint; another's proves nothing."""
    method = {"token_endpoint_auth_method": "tls_client_auth"}
    await register_app(house, "app", tls_client_auth_subject_dn=SUBJECT, **method)
    asked = request_for("app")

    status, body = await house.post("/oauth/par", issued(), **asked)
    refused, _ = await house.post("/oauth/par", issued("CN=Other"), **asked)

    assert status == 201, body
    assert refused == 401


async def test_a_token_is_good_with_its_certificate_only(
    house: House, alice: UUID
) -> None:
    """§3: stolen, it is of no use; introspection says what it is bound to."""
    mine, other = issued(), issued()
    bound = {"token_endpoint_auth_method": "tls_client_auth"}
    await register_app(house, "app", tls_client_auth_subject_dn=SUBJECT, **bound)
    status, body = await redeem(house, alice, "app", mine)
    assert status == 200, body
    token = body["access_token"]
    assert body["token_type"] == "Bearer"

    assert await house.userinfo(token, mine) == 200
    assert await house.userinfo(token, other) == 401
    assert await house.userinfo(token, None) == 401
    form = {"client_id": "app", "token": token}
    _, answer = await house.post("/oauth/introspect", other, **form)
    assert answer["active"]
    assert answer["cnf"].keys() == {"x5t#S256"}
    assert len(answer["cnf"]["x5t#S256"]) == 43


async def test_a_jwt_says_what_it_is_bound_to(house: House) -> None:
    """§3.1: the API reads it there."""
    _, body = await house.token("keyed", OWN)

    said = claims(body["access_token"])["cnf"]
    form = {"client_id": "keyed", "token": body["access_token"]}
    _, answer = await house.post("/oauth/introspect", OWN, **form)
    assert answer["cnf"] == said
    assert len(said["x5t#S256"]) == 43


async def test_a_confidential_client_may_renew_its_certificate(
    house: House, alice: UUID
) -> None:
    """§4: its refresh token is its own by its name; the next token has the new one."""
    first, next_one = issued(), issued()
    bound = {"token_endpoint_auth_method": "tls_client_auth"}
    await register_app(house, "app", tls_client_auth_subject_dn=SUBJECT, **bound)
    _, body = await redeem(house, alice, "app", first)

    status, renewed = await house.post(
        "/oauth/token",
        next_one,
        client_id="app",
        grant_type="refresh_token",
        refresh_token=body["refresh_token"],
    )

    assert status == 200, renewed
    assert await house.userinfo(renewed["access_token"], next_one) == 200
    assert await house.userinfo(renewed["access_token"], first) == 401


async def test_a_public_client_is_bound_to_the_certificate_it_began_with(
    house: House, alice: UUID
) -> None:
    """§4: nothing else guards its refresh token."""
    mine, other = issued("CN=phone"), issued("CN=phone")
    await register_app(house, "phone", token_endpoint_auth_method="none")
    _, body = await redeem(house, alice, "phone", mine)
    form = {
        "client_id": "phone",
        "grant_type": "refresh_token",
        "refresh_token": body["refresh_token"],
    }

    status, answer = await house.post("/oauth/token", other, **form)
    assert (status, answer["error"]) == (400, "invalid_grant")
    assert (await house.post("/oauth/token", None, **form))[0] == 400
    assert (await house.post("/oauth/token", mine, **form))[0] == 200


async def test_without_a_certificate_there_is_no_token_to_bind(
    house: House, alice: UUID
) -> None:
    """§3.4: who registered for bound tokens gets no others."""
    await register_app(house, "phone", token_endpoint_auth_method="none")

    status, body = await redeem(house, alice, "phone", None)

    assert (status, body["error"]) == (400, "invalid_request")


async def test_the_metadata_say_so(house: House) -> None:
    """§3.3, RFC 8414 §2: exactly what works here."""
    async with (
        house.visited_with(None) as session,
        session.get("/.well-known/openid-configuration") as response,
    ):
        document = await response.json()

    assert document["tls_client_certificate_bound_access_tokens"] is True
    for endpoint in ("token", "revocation", "introspection"):
        methods = document[f"{endpoint}_endpoint_auth_methods_supported"]
        assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(methods)
