"""The end of a session at its browser: tell the clients by frames, then go on.

OpenID Connect Front-Channel Logout 1.0: every client that took part and registered
a `frontchannel_logout_uri` has it loaded in a frame of the page after the sign-out,
which goes on as soon as all of them have.
"""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from aiohttp import web

from domain import stream_id as ids
from domain.client import Client
from domain.client_metadata import Metadata
from server import services, sessions
from server.oauth import lookup, response
from server.oauth.farewell import Farewell
from server.sessions import SignedIn
from server.web import csp, pages


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOutPage:
    """The end, or the news that nothing has ended.

    `frames` are loaded before the browser goes on to `return_to`; where it cannot by
    itself there is a link.
    """

    title: str
    signed_in: bool
    frames: tuple[str, ...] = ()
    return_to: str | None = None
    nonce: str = ""

    @classmethod
    def sample(cls) -> Self:
        return cls(
            title="You are signed out",
            signed_in=False,
            frames=("https://shop.example/gone?iss=x&sid=y",),
            return_to="https://shop.example/bye",
            nonce="nonce",
        )


async def leave(
    request: web.Request, farewell: Farewell, here: SignedIn | None
) -> web.StreamResponse:
    """End the session, if there is one, and send the browser on its way."""
    frames = () if here is None else await _frames(request, here)
    if here is not None:
        await sessions.sign_out(
            request, here, reason="signed_out", client_id=farewell.client_id
        )
    answer = (
        _page(request, farewell, frames) if frames else _redirect(request, farewell)
    )
    sessions.forget(answer)
    return answer


async def _frames(request: web.Request, here: SignedIn) -> tuple[str, ...]:
    known = services.of(request)
    found = [await lookup.client(known.reading, one) for one in here.state.clients]
    trusted = (one for one in found if isinstance(one, Client) and not one.disabled)
    return tuple(
        frame_of(
            client.metadata,
            uri,
            issuer=known.settings.issuer,
            session_id=here.session_id,
        )
        for client in trusted
        if (uri := client.metadata.frontchannel_logout_uri) is not None
    )


def frame_of(client: Metadata, uri: str, *, issuer: str, session_id: UUID) -> str:
    """Return the address of a client's frame (Front-Channel Logout §3)."""
    if not client.frontchannel_logout_session_required:
        return uri
    told = {"iss": issuer, "sid": ids.to_text(session_id)}
    return response.address(uri, "query", told)


def _page(
    request: web.Request, farewell: Farewell, frames: tuple[str, ...]
) -> web.Response:
    for frame in frames:
        csp.allow_frame(request, frame)
    page = LoggedOutPage(
        title="You are signed out",
        signed_in=False,
        frames=frames,
        return_to=farewell.return_to,
        nonce=csp.nonce(request) if farewell.return_to else "",
    )
    return pages.render(request, "oauth/logged_out.html", page)


def _redirect(request: web.Request, farewell: Farewell) -> web.Response:
    location = farewell.return_to or here_after(request)
    return web.Response(status=303, headers={"Location": location})


def here_after(request: web.Request) -> str:
    """Return the address of the page that says how it is."""
    return services.of(request).settings.url("/logged-out")


@pages.for_people
async def logged_out(request: web.Request) -> web.StreamResponse:
    """Say how it is: the page is also where staying signed in leads."""
    signed_in = await sessions.current(request) is not None
    still = "still signed in" if signed_in else "signed out"
    page = LoggedOutPage(title=f"You are {still}", signed_in=signed_in)
    return pages.render(request, "oauth/logged_out.html", page)
