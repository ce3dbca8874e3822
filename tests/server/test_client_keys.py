"""A client's keys in use: what it signed is believed, and nothing else."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from domain.client import Client, Gone, Secret
from domain.client_metadata import Metadata
from server.client_keys import ClientKeys, NoKey
from server.client_secrets import ClientSecrets
from server.fetching import Fetching
from server.log.credentials import Credentials
from server.published_keys import PAUSE, PublishedKeys
from server.signed import Unverified
from tests.client_key import jwks, make_key, sign
from tests.hosting import Serve
from tests.server.conftest import Server

ALGORITHMS = ("ES256", "EdDSA", "HS256")
CLAIMS = {"iss": "client"}
OLD, NEW = make_key(kid="old"), make_key("EdDSA", kid="new")
SECRET = "s" * 32


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def client(*, secrets: tuple[Secret, ...] = (), **members: Any) -> Client:
    metadata = Metadata(client_id="client", **members)
    return Client(metadata=metadata, registered_at=0, secrets=secrets)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def said() -> dict[str, Any]:
    """What the client's host publishes; to be changed."""
    return jwks(OLD)


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
async def place(host: Serve, said: dict[str, Any], asked: list[str]) -> str:
    async def publish(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.json_response(said)

    return await host(publish)


@pytest.fixture
async def keys(server: Server, place: str, clock: Clock) -> AsyncIterator[ClientKeys]:
    async with Fetching.open(allow=[place]) as fetching:
        yield ClientKeys(
            published=PublishedKeys(fetching, timer=clock),
            secrets=ClientSecrets(server.known.credentials, timer=clock),
            timer=clock,
        )


async def verified(keys: ClientKeys, who: Client, text: str, *, now: int = 0) -> Any:
    said = await keys.verify(who, text, algorithms=ALGORITHMS, now=now)
    return said.claims


async def why(keys: ClientKeys, who: Client, text: str) -> str:
    with pytest.raises(Unverified) as refusal:
        await verified(keys, who, text)
    return refusal.value.reason


async def test_keys_that_were_registered_verify(keys: ClientKeys) -> None:
    """RFC 7591 §2, `jwks`."""
    who = client(jwks=jwks(OLD, NEW))

    assert await verified(keys, who, OLD.sign(CLAIMS)) == CLAIMS
    assert await verified(keys, who, NEW.sign(CLAIMS, kid=None)) == CLAIMS
    assert await why(keys, client(jwks=jwks(NEW)), OLD.sign(CLAIMS)) == "KEY_UNKNOWN"
    assert await why(keys, client(), OLD.sign(CLAIMS)) == "KEY_UNKNOWN"


async def test_keys_that_are_published_verify(
    keys: ClientKeys, place: str, asked: list[str]
) -> None:
    """RFC 7591 §2, `jwks_uri`: fetched when first needed, then remembered."""
    who = client(jwks_uri=f"http://{place}/keys")

    for _ in range(3):
        assert await verified(keys, who, OLD.sign(CLAIMS)) == CLAIMS
    assert asked == ["/keys"]


async def test_a_new_key_is_good_at_once(
    keys: ClientKeys, place: str, said: dict[str, Any], clock: Clock, asked: list[str]
) -> None:
    """OIDC Core §10.1.1: an unknown `kid` is reason to look again, now and then."""
    who = client(jwks_uri=f"http://{place}/keys")
    await verified(keys, who, OLD.sign(CLAIMS))
    said["keys"] = [NEW.jwk]

    assert await why(keys, who, NEW.sign(CLAIMS)) == "KEY_UNKNOWN"
    clock.now += PAUSE
    assert await verified(keys, who, NEW.sign(CLAIMS)) == CLAIMS
    for _ in range(5):
        assert await why(keys, who, NEW.sign(CLAIMS, kid="made up")) == "KEY_UNKNOWN"
    assert len(asked) == 2


async def test_a_key_that_was_changed_under_its_name_is_looked_up_again(
    keys: ClientKeys, place: str, said: dict[str, Any], clock: Clock
) -> None:
    """Some clients never change their `kid`."""
    who = client(jwks_uri=f"http://{place}/keys")
    await verified(keys, who, OLD.sign(CLAIMS))
    other = make_key(kid="old")
    said["keys"] = [other.jwk]

    assert await why(keys, who, other.sign(CLAIMS)) == "SIGNATURE_WRONG"
    clock.now += PAUSE
    assert await verified(keys, who, other.sign(CLAIMS)) == CLAIMS


async def test_keys_that_cannot_be_had_verify_nothing(keys: ClientKeys) -> None:
    """A missing key is never a valid one; the inside is not asked."""
    for uri in ("http://127.0.0.1:1/keys", "https://169.254.169.254/keys"):
        who = client(jwks_uri=uri)

        assert await why(keys, who, OLD.sign(CLAIMS)) == "KEYS_UNAVAILABLE"
        with pytest.raises(NoKey):
            await keys.encryption_key(who.metadata, alg="ECDH-ES")


async def test_a_secret_that_was_kept_is_a_key(
    keys: ClientKeys, server: Server
) -> None:
    """While the client's state says that it is good, and not a second longer."""
    digest = server.known.keys.digest("client_secret", SECRET)
    who = client(
        token_endpoint_auth_method="client_secret_jwt",
        secrets=(Secret(digest=digest, until=100),),
    )
    text = sign(CLAIMS, SECRET.encode(), alg="HS256")
    await server.known.client_secrets.keep("client", secret=SECRET, digest=digest)

    assert await verified(keys, who, text, now=99) == CLAIMS
    with pytest.raises(Unverified):
        await verified(keys, who, text, now=100)
    assert await why(keys, client(), text) == "SIGNATURE_WRONG"


async def test_a_secret_verifies_no_signature_and_a_key_no_mac(
    keys: ClientKeys, server: Server
) -> None:
    """RFC 8725 §2.1: both are allowed here, and neither takes the other's place."""
    digest = server.known.keys.digest("client_secret", SECRET)
    who = client(
        jwks=jwks(OLD),
        token_endpoint_auth_method="client_secret_jwt",
        secrets=(Secret(digest=digest),),
    )
    await server.known.client_secrets.keep("client", secret=SECRET, digest=digest)
    public = OLD.key.as_pem(private=False)  # type: ignore[union-attr]  # EC has it

    assert await why(keys, who, sign(CLAIMS, public, alg="HS256")) == "SIGNATURE_WRONG"
    assert await verified(keys, who, sign(CLAIMS, SECRET.encode(), alg="HS256"))


async def test_a_secret_lies_sealed(server: Server) -> None:
    """The table has no readable secret."""
    known = server.known
    digest = known.keys.digest("client_secret", SECRET)

    await known.client_secrets.keep("client", secret=SECRET, digest=digest)

    [row] = await rows(known.credentials)
    assert SECRET.encode() not in row


async def rows(credentials: Credentials) -> list[bytes]:
    found = await credentials._pool.rows(
        "select sealed from log.credential where kind like 'client_secret%'"
    )
    return [row["sealed"] for row in found]


async def test_a_secret_that_is_no_key_any_more_is_forgotten(server: Server) -> None:
    """Rotated out, changed to another method, or its client removed."""
    known = server.known
    digest = known.keys.digest("client_secret", SECRET)
    good = (Secret(digest=digest),)
    before, rotated = (
        client(token_endpoint_auth_method="client_secret_jwt", secrets=secrets)
        for secrets in (good, ())
    )
    for after in (rotated, client(secrets=good), Gone(at=1)):
        await known.client_secrets.keep("client", secret=SECRET, digest=digest)
        await known.client_secrets.forget("client", [digest], after=before)
        assert len(await rows(known.credentials)) == 1
        await known.client_secrets.forget("client", [digest], after=after)
        assert await rows(known.credentials) == []


async def test_the_key_to_encrypt_to_is_the_clients(keys: ClientKeys) -> None:
    """OIDC Core §10.2; none is said to be none."""
    rsa = make_key("RS256", "enc")
    meant = {**rsa.jwk, "use": "enc", "alg": "RSA-OAEP-256"}

    found = await keys.encryption_key(
        client(jwks={"keys": [meant]}).metadata, alg="RSA-OAEP-256"
    )

    assert found.kid == "enc"
    who = client(jwks={"keys": [meant]})
    with pytest.raises(NoKey):
        await keys.encryption_key(who.metadata, alg="ECDH-ES")
