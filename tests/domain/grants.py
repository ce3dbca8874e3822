"""What the stories about grants are told with."""

from uuid import UUID

from msgspec.structs import replace

from domain import acr, device
from domain.grant import (
    AccessToken,
    Approval,
    Code,
    CodeIssued,
    CodeRedeemed,
    DeviceApproved,
    DeviceDenied,
    DeviceRequest,
    DeviceRequested,
    Mint,
    Pushed,
    PushedRequest,
    Refresh,
)
from domain.pkce import Challenge
from domain.redemption import Redemption

ALICE, SESSION_ID = UUID(int=1), UUID(int=2)
CALLBACK = "https://app.example/cb"

# RFC 7636 appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

APPROVAL = Approval(
    client_id="web",
    grant_type="authorization_code",
    started_at=100,
    user_id=ALICE,
    session_id=SESSION_ID,
    scope=("openid", "read", "offline_access"),
    audience=("https://api.example.com/",),
)
CODE = Code(redirect_uri=CALLBACK, expires_at=160, challenge=Challenge(s256=CHALLENGE))
REDEMPTION = Redemption(client_id="web", redirect_uri=CALLBACK, code_verifier=VERIFIER)


def mint_at(
    now: int,
    *,
    lifetime: int = 300,
    scope: tuple[str, ...] | None = None,
    audience: tuple[str, ...] | None = None,
) -> Mint:
    """A mint of opaque tokens: the same arguments, the same token."""

    def mint(approval: Approval, number: int) -> AccessToken:
        return token(number, at=now, lifetime=lifetime, scope=scope, audience=audience)

    return mint


def token(
    number: int,
    *,
    at: int,
    lifetime: int = 300,
    scope: tuple[str, ...] | None = None,
    audience: tuple[str, ...] | None = None,
) -> AccessToken:
    return AccessToken(
        number=number,
        digest=f"digest {number}",
        issued_at=at,
        expires_at=at + lifetime,
        scope=scope,
        audience=audience,
    )


def refresh_token(
    generation: int, *, token: int, at: int, until: int = 1110
) -> Refresh:
    return Refresh(generation=generation, token=token, rotated_at=at, expires_at=until)


ISSUED = CodeIssued(approval=APPROVAL, code=CODE)
REDEEMED = CodeRedeemed(
    token=token(1, at=110), refresh=refresh_token(1, token=1, at=110)
)

PUSHED_REQUEST = PushedRequest(
    client_id="web",
    sealed="sealed parameters",
    usable_until=190,
    expires_at=1990,
)
PUSHED = Pushed(request=PUSHED_REQUEST)

DEVICE_REQUEST = DeviceRequest(
    client_id="web",
    user_code="digest of the user code",
    requested_at=100,
    expires_at=700,
    interval=5,
    scope=APPROVAL.scope,
    audience=APPROVAL.audience,
)
FROM_DEVICE = replace(
    APPROVAL,
    grant_type=device.GRANT_TYPE,
    started_at=160,
    auth_time=90,
    amr=("pwd", "otp", "mfa"),
    acr=acr.MULTI_FACTOR,
    subject="pairwise",
)
REQUESTED = DeviceRequested(request=DEVICE_REQUEST)
APPROVED = DeviceApproved(approval=FROM_DEVICE)
DENIED = DeviceDenied(user_id=ALICE, at=160)
