"""A flow as a sequence of named steps, and the stage on which it is played."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from tests.matrix.cast import People, proof_of
from tests.matrix.nodes import Balancer, Nodes
from tests.relying_party import Told
from tests.visitor import Page, Visitor

NO_HEADERS: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, kw_only=True)
class Flow:
    """What is done, one request a step, and what the log says of it afterwards.

    `asks` are the members of the authorization request; `second_factor`: the person
    has one.
    """

    name: str
    client: str
    steps: "tuple[Step, ...]"
    events: tuple[str, ...]
    asks: Mapping[str, str] = field(default_factory=dict)
    second_factor: bool = False


@dataclass(kw_only=True)
class Stage:
    """A person at a browser, a client, what they hold, and the way to the nodes.

    `page` is what the browser shows, `held` what the client was told, and `given` are
    the answers with tokens in them, the newest last.
    """

    flow: Flow
    issuer: str
    way: Balancer
    username: str
    browser: Visitor
    http: aiohttp.ClientSession
    page: Page = field(init=False)
    held: dict[str, Any] = field(default_factory=dict)
    given: list[dict[str, Any]] = field(default_factory=list)

    async def play(self, index: int) -> None:
        """Play one step, which is one request."""
        before = self.way.sent
        await self.flow.steps[index](self)
        assert self.way.sent == before + 1

    async def post(
        self,
        path: str,
        *,
        client_id: str | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
        **form: str,
    ) -> Told:
        """POST as the flow's client, or as another one."""
        proof, members = proof_of(client_id or self.flow.client, self.issuer)
        async with self.http.post(
            f"{self.issuer}{path}",
            data={**members, **form},
            headers={**proof, **headers},
        ) as response:
            text = await response.text()
            return Told(status=response.status, body=json.loads(text or "null"))

    async def line_up(self, racers: int) -> None:
        """Open a connection for each racer, so that all can start at once."""
        calls = (self.http.get(f"{self.issuer}/health/live") for _ in range(racers))
        for response in await asyncio.gather(*calls):
            response.release()

    async def get_tokens(self, grant_type: str, **form: Any) -> None:
        """Ask the token endpoint, and be given."""
        told = await self.post("/oauth/token", grant_type=grant_type, **form)
        assert told.status == 200, told
        self.given.append(told.body)

    async def follow(self, form_id: str | None = None) -> None:
        """Go where the browser was sent to: to a page with that form, or further."""
        assert self.page.status == 303, self.page.text
        self.page = await self.browser.get(self.page.location)
        if form_id is not None:
            assert form_id in self.page.forms, self.page.text

    async def press(self, form_id: str, button: str, **filled: Any) -> None:
        self.page = await self.browser.submit(self.page, form_id, button, **filled)

    @property
    def access_tokens(self) -> list[str]:
        return [one["access_token"] for one in self.given if "access_token" in one]

    @property
    def refresh_token(self) -> str | None:
        """The newest."""
        for one in reversed(self.given):
            if "refresh_token" in one:
                text: str = one["refresh_token"]
                return text
        return None


Step = Callable[[Stage], Awaitable[None]]


@asynccontextmanager
async def stage_for(
    flow: Flow, nodes: Nodes, people: People, *, keep: bool = False
) -> AsyncIterator[Stage]:
    """Somebody new at a new browser; each of their requests goes to the other node.

    With `keep` it is each new connection, which then stays for the next requests.
    """
    way = Balancer(nodes.ports)
    username = await people.join(second_factor=flow.second_factor)
    connector = way.connector(keep=keep)
    async with (
        Visitor(nodes.issuer, connector=connector) as browser,
        aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar()
        ) as http,
    ):
        yield Stage(
            flow=flow,
            issuer=nodes.issuer,
            way=way,
            username=username,
            browser=browser,
            http=http,
        )
