"""Certificates that a proxy has seen: believed from those named, and nobody else."""

from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from domain.client_metadata import ApiAccess
from server.setting.values import Network
from tests.certificates import Certified, make
from tests.server.clients import ORDERS, register_client
from tests.server.conftest import ISSUER, ClientFactory, Server, serve
from tests.server.oauth import asserting
from tests.server.oauth.asserting import register_asserting
from tests.server.oauth.calls import claims, get
from tests.server.oauth.proofs import proof

AUTHORITY = make("CN=Authority", authority=True)
MIDDLE = make("CN=Middle", by=AUTHORITY, authority=True)
SUBJECT = "CN=Payments,O=Example"
OWN = make("CN=own")
Behind = Callable[..., Awaitable[Server]]
LOCAL = (ip_network("127.0.0.0/8"),)
ELSEWHERE = (ip_network("192.0.2.0/24"),)
MACHINE: dict[str, Any] = {
    "grant_types": ("client_credentials",),
    "api_access": (ApiAccess(api=ORDERS, scopes=("read:orders",)),),
}


def item(certified: Certified) -> str:
    """RFC 9440 §2.1: a byte sequence of RFC 8941."""
    return f":{certified.x5c[0]}:"


@pytest.fixture
def behind(
    shop_url: str, redis_url: str, aiohttp_client: ClientFactory, tmp_path: Path
) -> Behind:
    """Starts a server behind these proxies, which tell of certificates."""
    file = tmp_path / "authorities.pem"
    file.write_bytes(AUTHORITY.pem)

    async def start(proxies: tuple[Network, ...], **changed: Any) -> Server:
        settings = {
            "trusted_proxies": proxies,
            "tls_forwarded": True,
            "tls_client_ca": file,
            **changed,
        }
        server = await serve(shop_url, redis_url, aiohttp_client, **settings)
        await register_both(server)
        return server

    return start


async def register_both(server: Server) -> None:
    """A client that is known by its certificate's name, and one by its key."""
    await register_client(
        server.known,
        "named",
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_subject_dn=SUBJECT,
        **MACHINE,
    )
    await register_client(
        server.known,
        "keyed",
        token_endpoint_auth_method="self_signed_tls_client_auth",
        tls_client_certificate_bound_access_tokens=True,
        jwks={"keys": [OWN.jwk]},
        **MACHINE,
    )


@pytest.fixture
async def proxied(behind: Behind) -> Server:
    """A server behind a proxy on this machine."""
    return await behind(LOCAL)


async def ask(server: Server, client_id: str, *headers: tuple[str, str]) -> Any:
    """A token for the machine, or the error; with whatever is said of certificates."""
    form = {
        "client_id": client_id,
        "grant_type": "client_credentials",
        "resource": ORDERS,
    }
    async with server.client.post(
        "/oauth/token", data=form, headers=list(headers)
    ) as response:
        body = await response.json()
        return body.get("access_token") or (response.status, body["error"])


async def test_a_self_signed_certificate_is_known_by_its_key(proxied: Server) -> None:
    """RFC 8705 §2.2, RFC 9440: what Python's TLS would not let in, a proxy may."""
    token = await ask(proxied, "keyed", ("Client-Cert", item(OWN)))

    assert len(claims(token)["cnf"]["x5t#S256"]) == 43


async def test_an_authoritys_certificate_is_checked_here_too(proxied: Server) -> None:
    """A proxy may let any certificate pass: its names count once the chain does."""
    direct = make(SUBJECT, by=AUTHORITY)
    leaf = make(SUBJECT, by=MIDDLE)
    chain = ("Client-Cert-Chain", f"{item(MIDDLE)}, {item(AUTHORITY)}")

    assert claims(await ask(proxied, "named", ("Client-Cert", item(direct))))
    assert claims(await ask(proxied, "named", ("Client-Cert", item(leaf)), chain))
    for forged in (make(SUBJECT), make(SUBJECT, by=make("CN=Authority"))):
        answer = await ask(proxied, "named", ("Client-Cert", item(forged)), chain)
        assert answer == (401, "invalid_client")


GOOD = item(OWN)


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("Client-Cert", ""),),
        (("Client-Cert", OWN.x5c[0]),),
        (("Client-Cert", f'"{OWN.x5c[0]}"'),),
        (("Client-Cert", ":AAAA:"),),
        (("Client-Cert", ":=:"),),
        (("Client-Cert", GOOD[:-8] + ":"),),
        (("Client-Cert", GOOD), ("Client-Cert", GOOD)),
        (("Client-Cert", f"{GOOD}, {GOOD}"),),
        (("Client-Cert", item(make("CN=own"))),),
        (("Client-Cert", GOOD), ("Client-Cert-Chain", "x")),
        (("Client-Cert", GOOD), ("Client-Cert-Chain", ", ".join([GOOD] * 9))),
        (("X-Client-Cert", GOOD),),
        (("X-Forwarded-Client-Cert", f"Cert={OWN.x5c[0]}"),),
    ],
)
async def test_what_is_no_such_header_is_no_certificate(
    proxied: Server, headers: tuple[tuple[str, str], ...]
) -> None:
    """RFC 9440 §2: in its form, once, and not too long a chain."""
    assert await ask(proxied, "keyed", *headers) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("proxies", "changed"),
    [(ELSEWHERE, {}), ((), {}), (LOCAL, {"tls_forwarded": False})],
)
async def test_nobody_else_is_believed(
    behind: Behind, proxies: tuple[Network, ...], changed: dict[str, Any]
) -> None:
    """Neither a client itself, nor a proxy that was not told to clean the header."""
    server = await behind(proxies, **changed)

    for extra in ((), (("X-Forwarded-For", "127.0.0.1"),)):
        answer = await ask(server, "keyed", ("Client-Cert", GOOD), *extra)
        assert answer == (401, "invalid_client")


async def test_without_authorities_names_are_no_proof(behind: Behind) -> None:
    """And the metadata don't say that they were (RFC 8414 §2)."""
    server = await behind(LOCAL, tls_client_ca=None)
    certified = make(SUBJECT, by=AUTHORITY)

    answer = await ask(server, "named", ("Client-Cert", item(certified)))
    document = (await get(server, "/.well-known/openid-configuration")).body

    assert answer == (401, "invalid_client")
    assert claims(await ask(server, "keyed", ("Client-Cert", GOOD)))
    methods = document["token_endpoint_auth_methods_supported"]
    assert "self_signed_tls_client_auth" in methods
    assert "tls_client_auth" not in methods


MTLS = "https://mtls.login.example"


async def test_clients_are_told_of_the_host_that_asks_for_certificates(
    behind: Behind,
) -> None:
    """RFC 8705 §5: the same endpoints are there as here, but none for browsers."""
    server = await behind(LOCAL, mtls_url=f"{MTLS}/")

    document = (await get(server, "/.well-known/openid-configuration")).body

    aliases = document["mtls_endpoint_aliases"]
    assert aliases["token_endpoint"] == f"{MTLS}/oauth/token"
    assert document["token_endpoint"] == f"{ISSUER}/oauth/token"
    for name, url in aliases.items():
        assert url.removeprefix(MTLS) == document[name].removeprefix(ISSUER)
    assert "authorization_endpoint" not in aliases


async def test_without_such_a_host_nothing_is_said_of_it(proxied: Server) -> None:
    document = (await get(proxied, "/.well-known/openid-configuration")).body

    assert "mtls_endpoint_aliases" not in document


@pytest.mark.parametrize("url", [MTLS, ISSUER])
async def test_what_is_meant_for_either_host_is_meant_for_us(
    behind: Behind, url: str
) -> None:
    """Proofs of possession and assertions name the address that the client called."""
    server = await behind(LOCAL, mtls_url=MTLS)
    token = f"{url}/oauth/token"
    await register_asserting(
        server.known,
        asserting.SIGNER,
        token_endpoint_auth_method="private_key_jwt",
        jwks={"keys": [asserting.KEY.jwk]},
    )
    said = asserting.signed(server, aud=token)
    shown = proof(server, token, htm="POST")

    by_assertion = await asserting.ask(server, said)
    bound = await ask(server, "keyed", ("Client-Cert", item(OWN)), ("DPoP", shown))

    assert by_assertion.status == 200
    assert claims(bound)["cnf"]["jkt"]


async def test_another_host_is_not_meant(behind: Behind) -> None:
    server = await behind(LOCAL)
    shown = proof(server, f"{MTLS}/oauth/token", htm="POST")

    refused = await ask(server, "keyed", ("Client-Cert", item(OWN)), ("DPoP", shown))

    assert refused == (400, "invalid_dpop_proof")
