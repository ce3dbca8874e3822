"""The flow of a device without a browser: it shows a code and polls (RFC 8628)."""

from typing import Any, Final

from domain import device
from server.dev.playground.flows.moves import introspect, refused
from server.dev.playground.steps import NOTHING, TOKENS, Flow, Step, post

ASKED: Final = {
    name: name for name in ("device_code", "user_code", "verification_uri_complete")
}


def poll(**changes: Any) -> Step:
    return Step(
        draft=post(
            "/oauth/token",
            grant_type=device.GRANT_TYPE,
            device_code="{device_code}",
            client_id="{client_id}",
        ),
        **{"status": 400, "keep": NOTHING, **changes},
    )


DEVICE: Final = Flow(
    name="device",
    title="A device without a browser",
    summary=(
        "For whatever has no browser or keyboard: a television shows a code, and you "
        "let it in from another screen."
    ),
    client="demo-device",
    clauses=("RFC 8628",),
    caution="Not where a browser is at hand: a code can be talked out of people.",
    steps=(
        Step(
            title="Ask for a code",
            why=(
                "The television has no keyboard worth the name. It asks for two codes: "
                "a long one to poll with, and a short one to show."
            ),
            clauses=("RFC 8628 §3.1", "RFC 8628 §3.2"),
            draft=post(
                "/oauth/device/code",
                client_id="{client_id}",
                scope="openid profile read:notes offline_access",
                audience="{api}",
            ),
            look=(
                "A grant has begun before anybody knows of whom. The log holds a "
                "digest of the short code; a unique key keeps it from a second device."
            ),
            edits=("scope", "audience"),
            keep=ASKED,
        ),
        poll(
            title="Poll",
            why="The television asks whether somebody has let it in. Nobody has, yet.",
            clauses=("RFC 8628 §3.4", "RFC 8628 §3.5"),
            look=(
                "No event, however often it asks: the answer is one read of the row in "
                "Redis."
            ),
            expects=(refused("authorization_pending"),),
        ),
        poll(
            title="Poll too soon",
            why=(
                "Send it within {interval} seconds of the poll before, or twice. An "
                "impatient device is slowed down."
            ),
            clauses=("RFC 8628 §3.5",),
            look=(
                "The interval grew by 5 seconds for all polls that follow. Redis notes "
                "that for all workers together; without it nobody is slowed down."
            ),
            expects=(refused("slow_down"),),
        ),
        poll(
            title="Let it in, and poll again",
            why=(
                "Now be the person: scan the picture, or open the address in a second "
                "window, sign in and allow. Watch the events arrive here; then send."
            ),
            clauses=("RFC 8628 §3.3", "RFC 8628 §3.5"),
            look=(
                "The television has what you allowed, and the device code is spent. "
                "Its ID token names the session of your browser (sid)."
            ),
            status=200,
            keep=TOKENS,
            opens="verification_uri_complete",
        ),
        introspect(),
    ),
)
