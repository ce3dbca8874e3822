"""Where Auth0's SDKs expect another answer than the RFCs give: all of it is here.

`GRANTLOG_DIALECT` chooses one of two values, whose members are the differences;
`tests/server/oauth/test_dialect.py` pins each. (That the issuer ends in a slash is
a matter of the settings; `audience` for `resource` is understood in both.)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from aiohttp import web

from domain import device
from domain.errors import OAuthError
from domain.grant import Approval
from server import services
from server.services import Services
from server.web import answers, errors

Names = tuple[str, ...]

RSA: Final = ("RS256", "PS256")
PASSWORD: Final = "password"
PASSWORD_REALM: Final = "http://auth0.com/oauth/grant-type/password-realm"


class Said(NamedTuple):
    """How a refusal is said: no description is the refusal's own."""

    status: int
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """As the RFCs say it, unless a member says otherwise.

    Args:
        machine: what a machine is called, with its client_id in it (RFC 9068 §2.2).
        userinfo_in_audience: a token for an API and `openid` is for /userinfo too.
        azp: an access token names its client as `azp`, and its grant as `gty`.
        scopes_in_id_token: it has the claims of the scopes, not /userinfo alone.
        rsa_only: nothing is signed with, and no key published for, the others.
        logout_by_name: a client_id alone is believed at the sign-out.
        screen_hint: a request may ask for the sign-up page before the sign-in page.
        refusals: what the token endpoint says, by grant_type and error.
    """

    machine: str = "{client_id}"
    userinfo_in_audience: bool = False
    azp: bool = False
    scopes_in_id_token: bool = False
    rsa_only: bool = False
    logout_by_name: bool = False
    screen_hint: bool = False
    refusals: Mapping[tuple[str, str], Said] = field(default_factory=dict)

    def subject(self, client_id: str) -> str | None:
        """Return what a machine is called, None for its client_id itself."""
        named = self.machine.format(client_id=client_id)
        return None if named == client_id else named

    def audience(self, audience: Names, scope: Names, userinfo: str) -> Names:
        """Return whom an access token is for; `userinfo` is that endpoint's URL."""
        if not (self.userinfo_in_audience and audience and "openid" in scope):
            return audience
        # A token that the grant's state has dropped says it of itself already.
        return audience if userinfo in audience else (*audience, userinfo)

    def claims(self, approval: Approval) -> Mapping[str, str]:
        """Return what an access token says beside RFC 9068's claims."""
        if not self.azp:
            return {}
        gty = _GTY.get(approval.grant_type)
        return {"azp": approval.client_id, **({"gty": gty} if gty else {})}

    def told(self, approval: Approval) -> Names:
        """Return the scopes whose claims stand in an ID token.

        OIDC Core §5.4: where an access token is given, /userinfo tells them.
        """
        alone = approval.response_type == ("id_token",)
        return approval.scope if alone or self.scopes_in_id_token else ()

    def hints_at_signup(self, hint: str | None) -> bool:
        """Whether whoever is not signed in should first see the sign-up page."""
        return self.screen_hint and hint == "signup"

    def algorithm(self, wanted: str) -> str:
        """Return what a token is signed with that should be signed with `wanted`."""
        return "RS256" if self.rsa_only and wanted not in RSA else wanted

    def publishes(self, key: Mapping[str, str]) -> bool:
        """Whether a key (RFC 7517 §4) stands in the JWK Set."""
        return not self.rsa_only or key["kty"] == "RSA"


_GTY: Final = {"client_credentials": "client-credentials", "password": "password"}
_WRONG_PASSWORD: Final = Said(403, "Wrong email or password.")

_DIALECTS: Final = {
    "rfc": Dialect(),
    "auth0": Dialect(
        machine="{client_id}@clients",
        userinfo_in_audience=True,
        azp=True,
        scopes_in_id_token=True,  # `getUser` of an SDK reads nothing else
        rsa_only=True,  # an SDK of theirs crashes on a key that is none
        logout_by_name=True,
        screen_hint=True,
        refusals={
            (device.GRANT_TYPE, "authorization_pending"): Said(403),
            (device.GRANT_TYPE, "slow_down"): Said(429),
            (device.GRANT_TYPE, "expired_token"): Said(403),
            (device.GRANT_TYPE, "access_denied"): Said(403),
            ("refresh_token", "invalid_grant"): Said(
                403, "Unknown or invalid refresh token."
            ),
            (PASSWORD, "invalid_grant"): _WRONG_PASSWORD,
            (PASSWORD_REALM, "invalid_grant"): _WRONG_PASSWORD,
        },
    ),
}


def of(known: Services) -> Dialect:
    return _DIALECTS[known.settings.dialect]


def refused(request: web.Request, grant_type: str, refusal: OAuthError) -> web.Response:
    """Answer a refusal of the token endpoint in the words of the dialect."""
    spoken = of(services.of(request))
    said = spoken.refusals.get((grant_type, refusal.error))
    if said is None:
        return errors.answer(request, refusal)
    description = said.description or refusal.description
    members = {"error": refusal.error, "error_description": description}
    return answers.json(members, status=said.status)
