"""All flows, grouped as one looks for them; a new one is one value in `GROUPS`."""

from typing import Final

from server.dev.playground.flows.afterwards import (
    DISCOVERY,
    INTROSPECTION,
    LOGOUT,
    REFRESH,
    REVOCATION,
    USERINFO,
)
from server.dev.playground.flows.attacks import CODE_REPLAY, REFRESH_REPLAY
from server.dev.playground.flows.bound import DPOP
from server.dev.playground.flows.codes import CODE_PKCE, CODE_SECRET, CODE_WEB
from server.dev.playground.flows.devices import DEVICE
from server.dev.playground.flows.exchanging import TOKEN_EXCHANGE
from server.dev.playground.flows.fronts import HYBRIDS, IMPLICIT, IMPLICIT_IDENTITY
from server.dev.playground.flows.machines import CLIENT_CREDENTIALS, PRIVATE_KEY
from server.dev.playground.flows.passwords import PASSWORD, PASSWORD_MFA
from server.dev.playground.flows.requests import PUSHED_REQUEST, REQUEST_OBJECT
from server.dev.playground.steps import Flow, Group

GROUPS: Final = (
    Group(
        title="A person signs in",
        about="Whatever you build for people, begin with the first.",
        flows=(
            CODE_PKCE,
            CODE_WEB,
            CODE_SECRET,
            DEVICE,
            PUSHED_REQUEST,
            REQUEST_OBJECT,
        ),
    ),
    Group(
        title="A machine calls an API",
        about="No person is there to ask.",
        flows=(CLIENT_CREDENTIALS, PRIVATE_KEY, TOKEN_EXCHANGE),
    ),
    Group(
        title="Afterwards",
        about="What tokens are good for once you have them, and how they end.",
        flows=(REFRESH, USERINFO, INTROSPECTION, REVOCATION, LOGOUT, DISCOVERY),
    ),
    Group(
        title="Attacks that fail",
        about="Be the thief, and watch what the log says of it.",
        flows=(CODE_REPLAY, REFRESH_REPLAY, DPOP),
    ),
    Group(
        title="Old ways",
        about=(
            "For apps that exist and cannot change yet: whatever comes through a "
            "browser can be read there, and a password belongs to nobody's app."
        ),
        flows=(IMPLICIT_IDENTITY, IMPLICIT, *HYBRIDS, PASSWORD, PASSWORD_MFA),
    ),
)

FLOWS: Final[tuple[Flow, ...]] = tuple(flow for group in GROUPS for flow in group.flows)
"""All walks, in the order of the start page."""

BY_NAME: Final = {flow.name: flow for flow in FLOWS}
