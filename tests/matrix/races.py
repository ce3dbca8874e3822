"""The races: a hundred at once who hold the same single-use secret."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tests.matrix import flows, steps, tries
from tests.matrix.stage import Flow, Stage, Step

RACERS: Final = 100
BAD: Final = "400 invalid_grant"
TOO_MANY: Final = "429 too_many_requests"


@dataclass(frozen=True, kw_only=True)
class Race:
    """A flow up to the secret, and what each racer then does with it.

    `secret` is the kind that the server's code calls it by. Of the `racers` `winners`
    are answered `won`, everybody else one of `lost`. `events` are all of the race's
    that are of grants, and how many there are of some others.
    """

    flow: Flow
    secret: str
    race: Callable[[Stage, int], Awaitable[str]]
    won: str
    lost: Collection[str]
    events: Mapping[str, int]
    winners: int = 1
    racers: int = RACERS

    @property
    def name(self) -> str:
        return self.flow.name


def _to(name: str, client: str, *steps: Step, **members: Any) -> Flow:
    members = {"asks": flows.UNCHALLENGED, **members}
    return Flow(name=name, client=client, steps=steps, events=(), **members)


def _codes(flow: Flow) -> Race:
    """Return the race for the code that a flow ends with."""
    return Race(
        flow=replace(flow, steps=flow.steps[:-1]),
        secret="ac",
        race=tries.redeem,
        won="200",
        lost={BAD},
        events={"grant.code_redeemed": 1, "grant.code_replayed": 1},
    )


RACES: tuple[Race, ...] = (
    *(_codes(flow) for flow in flows.FLOWS if flow.steps[-1] is steps.redeem),
    Race(
        flow=_to(
            "pushed request",
            "shop",
            steps.push,
            steps.bring,
            *flows.SIGN_IN,
            *flows.CONSENT[:-1],
        ),
        secret="pr",
        race=tries.be_answered,
        won="code",
        lost={"invalid_request_uri"},
        events={"grant.code_issued": 1},
    ),
    Race(
        flow=_to("device code", "player", *flows.DEVICE[:-1]),
        secret="dc",
        race=tries.poll,
        won="200",
        lost={BAD},
        events={"grant.device_redeemed": 1},
    ),
    Race(
        flow=_to("user code", "player", *flows.DEVICE[:-2]),
        secret="user_code",
        race=tries.let_in,
        won="200",
        lost=(),
        winners=RACERS,  # one person, who pressed often
        events={"grant.device_approved": 1, "consent.granted": 1},
    ),
    Race(
        flow=_to("refresh token", "kiosk", steps.send_password),
        secret="rt",
        race=tries.rotate,
        won="200",
        lost=(),
        winners=RACERS,  # one client, whose answers may get lost
        events={"grant.refreshed": 1},
    ),
    Race(
        flow=_to(
            "refresh token of before",
            "kiosk",
            steps.send_password,
            steps.refresh,
            steps.refresh,
        ),
        secret="rt",
        race=tries.rotate,
        won="200",
        lost={BAD},
        winners=0,
        events={"grant.refresh_replayed": 1},
    ),
    Race(
        flow=_to("refresh token with another access token", "kiosk", tries.ask_salted),
        secret="rt",
        race=tries.rotate_salted,
        won="200",
        lost=(),
        winners=RACERS,
        events={"grant.refreshed": 1, "grant.access_token_added": RACERS - 1},
    ),
    Race(
        flow=_to("client assertion", "signer", tries.sign_assertion),
        secret="assertion",
        race=tries.authenticate,
        won="200",
        lost={"401 invalid_client"},
        events={"grant.issued": 1},
    ),
    Race(
        flow=_to("assertion for tokens", "backend", tries.sign_assertion),
        secret="jwt_bearer",
        race=tries.bear,
        won="200",
        lost={BAD},
        events={"grant.issued": 1},
    ),
    Race(
        flow=_to("DPoP proof", "backend", tries.sign_proof),
        secret="dpop",
        race=tries.prove,
        won="200",
        lost={"400 invalid_dpop_proof"},
        events={"grant.issued": 1},
    ),
    Race(
        flow=_to(
            "second factor at the token endpoint",
            "kiosk",
            steps.send_password_half,
            tries.read_otp,
            second_factor=True,
        ),
        secret="totp_step",
        race=tries.send_otp,
        won="200",
        lost={BAD, TOO_MANY},
        events={"grant.issued": 1},
    ),
    Race(
        flow=_to(
            "second factor on its page",
            "shop",
            steps.authorize,
            *flows.SIGN_IN,
            steps.open_second_factor,
            tries.read_otp,
            second_factor=True,
        ),
        secret="totp_step",
        race=tries.type_otp,
        won="303",
        lost={"400", "429"},
        events={"session.started": 1},
    ),
    Race(
        flow=_to(
            "mfa_token of before",
            "kiosk",
            steps.send_password_half,
            steps.send_otp,
            tries.read_next_otp,
            second_factor=True,
        ),
        secret="mfa_token",
        race=tries.send_otp,
        won="200",
        lost={BAD, TOO_MANY},
        winners=0,
        events={},
    ),
    Race(
        flow=_to(
            "user name",
            "shop",
            steps.authorize,
            steps.open_signup,
            asks={**flows.UNCHALLENGED, "prompt": "create"},
        ),
        secret="login",
        race=tries.sign_up,
        racers=20,  # each has a password hashed, and a name is no secret
        won="303",
        lost={"400"},
        events={"user.registered": 1, "session.started": 1},
    ),
    Race(
        flow=_to("consent", "shop", *flows.FRONT[:-2]),
        secret="interaction",
        race=tries.allow,
        won="303",
        lost=(),
        winners=RACERS,  # one person, who pressed often
        events={"consent.granted": 1},
    ),
    Race(
        flow=_to("logout", "shop", *flows.FRONT, tries.open_logout),
        secret="interaction",
        race=tries.log_out,
        won="303",
        lost=(),
        winners=RACERS,  # all are signed out
        events={"session.ended": 1},
    ),
    Race(
        flow=_to("registration access token", "shop", tries.register),
        secret="ra",
        race=tries.remove,
        won="204",
        lost={"401 invalid_token"},
        events={"client.removed": 1},
    ),
)
