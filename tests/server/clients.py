"""What the stories need to be there: clients, APIs, people, grants; all by command."""

from typing import Any
from uuid import UUID

from typing_extensions import override

from domain import api, client, device, issuing, session
from domain.api import API, Description
from domain.client import CLIENT
from domain.client_metadata import ApiAccess, Metadata
from domain.grant import GRANT, Approval, Code
from domain.pkce import Challenge
from domain.session import SESSION
from domain.stream_id import beside, named
from server.clock import Clock
from server.envelope import Source
from server.services import Services

SOURCE = Source(actor="cli", request_id="test")

ORDERS = "https://api.example.com/"
OPAQUE = "https://opaque.example.com/"
CALLBACK = "http://localhost:9999/cb"
WEB_SECRET = "web-secret-web-secret-web-secret"
MACHINE_SECRET = "machine-secret-machine-secret-ma"
ORDERS_SECRET = "orders-secret-orders-secret-orde"
# RFC 7636 appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


class ShiftingClock(Clock):
    """The system's clock, `shift` seconds later."""

    shift = 0

    @override
    def now(self) -> int:
        return super().now() + self.shift

    @override
    def now_ms(self) -> int:
        return super().now_ms() + self.shift * 1000


async def register_client(
    known: Services, client_id: str, *, secret: str | None = None, **members: Any
) -> None:
    """A client whose metadata are the registration's defaults and these."""
    metadata = Metadata(client_id=client_id, **members)
    digest = known.keys.digest("client_secret", secret) if secret else None
    if metadata.secret_is_key and secret and digest:
        await known.client_secrets.keep(client_id, secret=secret, digest=digest)
    await known.commands.begin(
        CLIENT,
        named("client", client_id),
        lambda state: client.register(
            state, metadata=metadata, secret=digest, now=known.clock.now()
        ),
        source=SOURCE,
    )


async def register_api(
    known: Services, identifier: str, *, secret: str | None = None, **members: Any
) -> None:
    description = Description(identifier=identifier, **members)
    digest = known.keys.digest("client_secret", secret) if secret else None
    await known.commands.begin(
        API,
        named("api", identifier),
        lambda state: api.register(
            state,
            description=description,
            introspection_secret=digest,
            now=known.clock.now(),
        ),
        source=SOURCE,
    )


async def open_shop(known: Services) -> None:
    """Two APIs; a confidential, a public, a device's and a machine client."""
    await register_api(
        known,
        ORDERS,
        secret=ORDERS_SECRET,
        scopes={"read:orders": "Read", "write:orders": "Change"},
    )
    await register_api(
        known, OPAQUE, scopes={"read:mail": "Read"}, token_format="opaque"
    )
    everything = "openid profile email offline_access read:orders read:mail"
    people: dict[str, Any] = {"redirect_uris": (CALLBACK,), "scope": everything}
    both = ("authorization_code", "refresh_token")
    await register_client(known, "web", secret=WEB_SECRET, grant_types=both, **people)
    await register_client(
        known, "spa", token_endpoint_auth_method="none", grant_types=both, **people
    )
    await register_client(
        known,
        "tv",
        token_endpoint_auth_method="none",
        grant_types=(device.GRANT_TYPE, "refresh_token"),
        response_types=(),
        scope=everything,
    )
    await register_client(
        known,
        "machine",
        secret=MACHINE_SECRET,
        grant_types=("client_credentials",),
        token_endpoint_auth_method="client_secret_post",
        api_access=(
            ApiAccess(api=ORDERS, scopes=("read:orders", "write:orders")),
            ApiAccess(api=OPAQUE, scopes=("read:mail",)),
        ),
    )


async def register_person(known: Services, username: str = "alice") -> UUID:
    return await known.directory.register(
        username=username,
        email=f"{username}@example.com",
        email_verified=True,
        claims={"name": "Alice Adams", "given_name": "Alice"},
        source=SOURCE,
    )


async def begin_session(known: Services, user_id: UUID) -> UUID:
    session_id = beside(known.clock.new_id(), user_id)
    now = known.clock.now()
    await known.commands.begin(
        SESSION,
        session_id,
        lambda state: session.start(
            state,
            user_id=user_id,
            secret_digest="digest",
            auth_time=now,
            expires_at=now + 86400,
            amr=("pwd",),
        ),
        source=SOURCE,
    )
    return session_id


async def issue_code(
    known: Services,
    user_id: UUID,
    *,
    client_id: str = "web",
    jkt: str | None = None,
    **approved: Any,
) -> str:
    """A code as /authorize gives it: bound to the callback and the challenge."""
    now = known.clock.now()
    grant_id = beside(known.clock.new_id(), user_id)
    members: dict[str, Any] = {
        "scope": ("openid", "offline_access"),
        "auth_time": now - 5,
        "amr": ("pwd",),
        **approved,
    }
    approval = Approval(
        client_id=client_id,
        grant_type="authorization_code",
        started_at=now,
        user_id=user_id,
        **members,
    )
    code = Code(
        redirect_uri=CALLBACK,
        expires_at=now + 60,
        challenge=Challenge(s256=CHALLENGE),
        jkt=jkt,
    )
    await known.commands.begin(
        GRANT,
        grant_id,
        lambda state: issuing.issue_code(state, approval=approval, code=code),
        source=SOURCE,
    )
    return known.keys.artefact("ac", grant_id, 0)
