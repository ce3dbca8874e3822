"""Devices that prove a key (RFC 9449), and that know people by a name of their own
sector's (OIDC Core §8.1)."""

import dataclasses
import json
from typing import Any

import aiohttp
import pytest

from domain import dpop as rule
from domain.device import GRANT_TYPE
from tests.client_key import ClientKey
from tests.device import Device, allow
from tests.house import SCOPE, House
from tests.relying_party import RelyingParty, Told
from tests.server.clients import CALLBACK, WEB_SECRET, register_client
from tests.server.oauth.calls import claims
from tests.server.oauth.proofs import KEY, OTHER, proof, thumbprint
from tests.visitor import Visitor

# A key that the device proves to hold


def for_token(house: House, key: ClientKey = KEY) -> str:
    return proof(house, f"{house.issuer}/oauth/token", key=key, htm="POST")


async def let_in(house: House, device: Device, visitor: Visitor) -> Any:
    """What a device gets that shows its key with each poll."""
    asked = await device.ask()
    pending = await device.poll(asked, proof=for_token(house))
    assert pending.error == (400, "authorization_pending")
    await allow(visitor, asked)
    told = await device.poll(asked, proof=for_token(house))
    assert told.status == 200, told
    return told.body


async def refreshed(device: Device, token: str, shown: str | None) -> Told:
    return await device.post(
        "/oauth/token", proof=shown, grant_type="refresh_token", refresh_token=token
    )


async def userinfo(house: House, device: Device, token: str, key: ClientKey) -> int:
    """How /userinfo answers who shows the token with a proof by this key."""
    url = f"{house.issuer}/userinfo"
    shown = proof(house, url, key=key, ath=rule.ath(token))
    headers = {"Authorization": f"DPoP {token}", "DPoP": shown}
    async with device.http.get(url, headers=headers) as response:
        return response.status


async def test_a_devices_tokens_are_bound_to_its_key(
    house: House, device: Device, visitor: Visitor
) -> None:
    """A stolen one opens nothing, alone or with another key (§7)."""
    tokens = await let_in(house, device, visitor)

    token = tokens["access_token"]
    assert tokens["token_type"] == "DPoP"
    assert claims(token)["cnf"] == {"jkt": thumbprint(KEY)}
    assert await userinfo(house, device, token, KEY) == 200
    assert await userinfo(house, device, token, OTHER) == 401
    assert not await device.is_let_in(token)


async def test_a_device_refreshes_by_its_key_alone(
    house: House, device: Device, visitor: Visitor
) -> None:
    """It is a public client: nothing else guards its refresh token (§5)."""
    tokens = await let_in(house, device, visitor)
    token = tokens["refresh_token"]

    without = await refreshed(device, token, None)
    other = await refreshed(device, token, for_token(house, OTHER))
    own = await refreshed(device, token, for_token(house))

    assert without.error == other.error == (400, "invalid_grant")
    assert own.status == 200
    assert claims(own.body["access_token"])["cnf"] == {"jkt": thumbprint(KEY)}


async def test_a_retry_without_the_key_gets_nothing(
    house: House, device: Device, visitor: Visitor
) -> None:
    """Whoever has copied the device code: neither the tokens, nor others."""
    asked = await device.ask()
    await allow(visitor, asked)
    first = await device.poll(asked, proof=for_token(house))

    late = await device.poll(asked, proof=for_token(house, OTHER))

    assert first.status == 200
    assert late.error == (400, "invalid_grant")


async def test_a_proof_for_another_place_is_none(
    house: House, device: Device, visitor: Visitor
) -> None:
    """And the code is not spent: with a good proof it goes on."""
    asked = await device.ask()
    await allow(visitor, asked)
    elsewhere = proof(house, f"{house.issuer}/oauth/device/code", htm="POST")

    refused = await device.poll(asked, proof=elsewhere)
    told = await device.poll(asked, proof=for_token(house))

    assert refused.error == (400, "invalid_dpop_proof")
    assert told.body["token_type"] == "DPoP"


# A name of the sector's


@pytest.fixture
async def box(house: House, device: Device) -> Device:
    """A client with a site and a device, to which people have a name of their own."""
    await register_client(
        house.known,
        "box",
        secret=WEB_SECRET,
        first_party=True,
        subject_type="pairwise",
        redirect_uris=(CALLBACK,),
        grant_types=("authorization_code", "refresh_token", GRANT_TYPE),
        scope=SCOPE,
    )
    return dataclasses.replace(device, client_id="box")


async def post(box: Device, path: str, **form: str) -> Any:
    """POST as the client, which has a secret."""
    auth = aiohttp.encode_basic_auth("box", WEB_SECRET)
    async with box.http.post(
        f"{box.issuer}{path}", data=form, headers={"Authorization": auth}
    ) as response:
        assert response.status == 200, await response.text()
        return json.loads(await response.text())


async def test_a_device_knows_people_by_the_name_of_its_sector(
    house: House, box: Device, visitor: Visitor
) -> None:
    """The same as the client's site does, in every answer, and never the id."""
    asked = await post(box, "/oauth/device/code", scope=SCOPE)
    await allow(visitor, asked)
    tokens = await post(
        box,
        "/oauth/token",
        grant_type=GRANT_TYPE,
        device_code=asked["device_code"],
    )
    fresh = await post(
        box,
        "/oauth/token",
        grant_type="refresh_token",
        refresh_token=tokens["refresh_token"],
    )
    site = RelyingParty(visitor=visitor, client_id="box")
    at_the_site = await site.tokens()

    told = {
        claims(tokens["id_token"])["sub"],
        claims(tokens["access_token"])["sub"],
        claims(fresh["id_token"])["sub"],
        (await site.userinfo(fresh["access_token"])).body["sub"],
        (await site.introspect(fresh["access_token"]))["sub"],
        claims(at_the_site["id_token"])["sub"],
    }
    assert len(told) == 1
    assert str(await house.person("alice")) not in told
