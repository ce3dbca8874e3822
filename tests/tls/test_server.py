"""The whole server with TLS on both ways, and what its doctor says of them."""

from collections.abc import Callable

import aiohttp

from server.clock import SYSTEM
from server.doctor import examine
from server.doctoring.finding import Finding
from server.settings import Settings
from tests.faults.place import KEK, MACHINE, Place, ask
from tests.projections.world import eventually
from tests.server.clients import open_shop
from tests.tls.conftest import Encrypted


def settings_for(encrypted: Encrypted, *, port: int = 8080) -> Settings:
    return Settings(
        issuer=f"http://localhost:{port}",
        database_url=encrypted.database_url(),
        redis_url=encrypted.redis_url(),
        secrets=KEK,
        development=True,
        port=port,
    )


async def test_a_server_issues_and_introspects_over_tls(
    encrypted: Encrypted, unused_tcp_port_factory: Callable[[], int]
) -> None:
    """`grantlog serve` as it runs in production: with another loop than the tests'."""
    port = unused_tcp_port_factory()
    place = Place(settings=settings_for(encrypted, port=port))
    async with place.inside() as known:
        await known.signing.ensure()
        await open_shop(known)

    async with place.running(GRANTLOG_REDIS_DEADLINE="5") as (_, http):

        async def is_whole() -> bool:
            async with http.get("/health/ready") as response:
                told: dict[str, object] = await response.json()
                return told["status"] == "ready"

        await eventually(is_whole)
        issued = await ask(http, **MACHINE)

        assert issued is not None
        assert issued["status"] == 200
        assert await is_active(http, str(issued["access_token"]))


async def is_active(http: aiohttp.ClientSession, token: str) -> bool:
    form = {"token": token, "client_id": MACHINE["client_id"]}
    form["client_secret"] = MACHINE["client_secret"]
    async with http.post("/oauth/introspect", data=form) as response:
        told: dict[str, object] = await response.json()
        return told["active"] is True


async def findings(settings: Settings) -> dict[str, Finding]:
    return {one.what: one for one in await examine(settings, clock=SYSTEM)}


async def test_the_doctor_says_that_both_ways_are_encrypted(
    encrypted: Encrypted,
) -> None:
    found = await findings(settings_for(encrypted))

    for what in ("way to postgres", "way to redis"):
        assert found[what].level == "ok"
        assert found[what].said == "encrypted, and the server's certificate is checked"


async def test_the_doctor_names_the_setting_that_refuses_a_certificate(
    encrypted: Encrypted,
) -> None:
    """A wrong authority looks like an outage, and is none."""
    settings = Settings(
        issuer="http://localhost:8080",
        database_url=encrypted.database_url(sslrootcert=encrypted.stranger),
        redis_url=encrypted.redis_url(ssl_ca_certs=encrypted.stranger),
        secrets=KEK,
        development=True,
    )

    found = await findings(settings)

    assert found["postgres"].level == found["redis"].level == "fail"
    assert "sslrootcert in GRANTLOG_DATABASE_URL" in found["postgres"].said
    assert "ssl_ca_certs in GRANTLOG_REDIS_URL" in found["redis"].remedy
