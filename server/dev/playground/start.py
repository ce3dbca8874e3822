"""The playground's start page: whom to be, where to begin, and the log live."""

from typing import Final

from aiohttp import web

from domain.client import CLIENT, Client
from domain.stream_id import named
from server import services
from server.dev.playground import demo
from server.dev.playground.flows.catalogue import FLOWS, GROUPS
from server.dev.playground.live import arrived
from server.dev.playground.pages import Card, Link, Shelf, StartPage, clause
from server.dev.playground.state import BENCH, Bench
from server.dev.playground.steps import Flow, Group
from server.dev.playground.views import HOME
from server.web import csp, csrf, pages

DEMO_CLIENT: Final = FLOWS[0].client


async def show(request: web.Request) -> web.Response:
    known, bench = services.of(request), request.config_dict[BENCH]
    await bench.tail.advance(known.log)
    home, now = pages.path_of(request, HOME), known.clock.now()
    demo_client = await known.reading.cached(CLIENT, named(CLIENT.kind, DEMO_CLIENT))
    page = StartPage(
        nonce=csp.nonce(request),
        home=home,
        live=f"{home}/events?count={bench.tail.count}",
        shelves=[_shelf(request, bench, group) for group in GROUPS],
        people=demo.people(known.settings, now=now),
        clients=demo.clients(known.settings),
        links=_links(request),
        arrived=arrived(request, bench, None),
        furnished=isinstance(demo_client.state, Client),
    )
    return pages.render(request, "dev/playground.html", page)


def _shelf(request: web.Request, bench: Bench, group: Group) -> Shelf:
    cards = [_card(request, bench, flow) for flow in group.flows]
    return Shelf(title=group.title, about=group.about, cards=cards)


def _card(request: web.Request, bench: Bench, flow: Flow) -> Card:
    now = services.of(request).clock.now()
    run = bench.runs.find(csrf.browser(request), flow.name, now=now)
    return Card(
        name=flow.name,
        title=flow.title,
        summary=flow.summary,
        caution=flow.caution,
        client=flow.client,
        clauses=[clause(text) for text in flow.clauses],
        href=f"{pages.path_of(request, HOME)}/flows/{flow.name}",
        steps=len(flow.steps),
        place=run.place if run else 0,
    )


def _links(request: web.Request) -> list[Link]:
    return [
        Link(text=text, href=pages.path_of(request, path))
        for text, path in (
            ("Discovery (OpenID Connect)", "/.well-known/openid-configuration"),
            ("Metadata (RFC 8414)", "/.well-known/oauth-authorization-server"),
            ("Keys (JWKS)", "/.well-known/jwks.json"),
        )
    ]
