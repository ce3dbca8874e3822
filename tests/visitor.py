"""A browser without a screen: cookies, forms, redirects one at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import aiohttp
from typing_extensions import override
from yarl import URL

from tests.server.clients import CALLBACK, CHALLENGE

Pairs = list[tuple[str, str]]


@dataclass(kw_only=True)
class Form:
    """A form as it came: where it goes, what it sends, what can be pressed."""

    action: str
    method: str = "get"
    fields: Pairs = field(default_factory=list)
    boxes: Pairs = field(default_factory=list)
    buttons: dict[str, tuple[str, str] | None] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, Form] = {}
        self.texts: dict[str, str] = {}
        self.attributes: dict[str, dict[str, str]] = {}
        self._form: Form | None = None
        self._inside: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.attributes[given["id"]] = given
            self._inside.append(given["id"])
            self.texts[given["id"]] = ""
        if tag == "form":
            self._form = Form(
                action=given.get("action", ""), method=given.get("method", "get")
            )
            self.forms[given.get("id", "")] = self._form
        if self._form is not None:
            _note(self._form, tag, given)

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        self._inside.clear()

    @override
    def handle_data(self, data: str) -> None:
        for name in self._inside:
            self.texts[name] += data.strip()


def _note(form: Form, tag: str, given: Mapping[str, str]) -> None:
    name, value = given.get("name", ""), given.get("value", "")
    if tag == "button":
        form.buttons[given.get("id", "")] = (name, value) if name else None
    elif tag == "input" and given.get("type") == "checkbox":
        form.boxes.append((name, value))
    elif tag == "input":
        form.fields.append((name, value))


@dataclass(frozen=True, kw_only=True)
class Page:
    """One answer."""

    url: str
    status: int
    headers: Mapping[str, str]
    cookies: Sequence[str]
    text: str
    forms: Mapping[str, Form]
    texts: Mapping[str, str]
    attributes: Mapping[str, Mapping[str, str]]

    @classmethod
    async def of(cls, response: aiohttp.ClientResponse) -> Self:
        text = await response.text()
        reader = _Reader()
        reader.feed(text)
        return cls(
            url=str(response.url),
            status=response.status,
            headers=response.headers,
            cookies=response.headers.getall("Set-Cookie", []),
            text=text,
            forms=reader.forms,
            texts=reader.texts,
            attributes=reader.attributes,
        )

    @property
    def location(self) -> str:
        return urljoin(self.url, self.headers.get("Location", ""))

    @property
    def answer(self) -> dict[str, str]:
        """The members that the client gets by the redirect's query."""
        return members_of(urlsplit(self.location).query)

    @property
    def fragment(self) -> dict[str, str]:
        """The members that the client gets by the redirect's fragment."""
        parts = urlsplit(self.location)
        assert not parts.query
        return members_of(parts.fragment)

    @property
    def posted(self) -> dict[str, str]:
        """The members that the form to the client holds."""
        fields = self.forms["form-post"].fields
        assert len(dict(fields)) == len(fields)
        return dict(fields)


def members_of(text: str) -> dict[str, str]:
    found = parse_qs(text, strict_parsing=True)
    assert all(len(values) == 1 for values in found.values())
    return {name: values[0] for name, values in found.items()}


def url_of(issuer: str, path: str, **parameters: str) -> str:
    return f"{issuer}{path}?{urlencode(parameters)}"


def request_for(client_id: str = "web", **parameters: str) -> dict[str, str]:
    """An authorization request that nothing is wrong with; "" leaves one out."""
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": CALLBACK,
        "scope": "openid",
        "state": "state-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **parameters,
    }
    return {name: value for name, value in asked.items() if value}


class Visitor:
    """Somebody at a browser of their own."""

    def __init__(
        self, issuer: str, *, connector: aiohttp.BaseConnector | None = None
    ) -> None:
        """Come by that connector, if it is not the usual way."""
        self.issuer = issuer
        jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=URL(issuer))
        self.http = aiohttp.ClientSession(cookie_jar=jar, connector=connector)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    def cookie(self, name: str = "__Host-grantlog") -> str | None:
        cookie = self.http.cookie_jar.filter_cookies(URL(self.issuer)).get(name)
        return cookie.value if cookie else None

    async def get(self, url: str, **headers: str) -> Page:
        """Ask for one page and follow nothing."""
        address = URL(urljoin(self.issuer, url), encoded=True)
        async with self.http.get(
            address, headers=headers, allow_redirects=False
        ) as response:
            return await Page.of(response)

    async def post(self, url: str, fields: Pairs, **headers: str) -> Page:
        address = URL(urljoin(self.issuer, url), encoded=True)
        async with self.http.post(
            address, data=fields, headers=headers, allow_redirects=False
        ) as response:
            return await Page.of(response)

    async def follow(self, page: Page) -> Page:
        """Follow redirects while they stay with the server."""
        while page.status in {302, 303} and page.location.startswith(self.issuer):
            page = await self.get(page.location)
        return page

    async def authorize(self, client_id: str = "web", **parameters: str) -> Page:
        asked = request_for(client_id, **parameters)
        return await self.follow(
            await self.get(url_of(self.issuer, "/authorize", **asked))
        )

    async def submit(
        self,
        page: Page,
        form_id: str,
        button: str,
        *,
        untick: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
        **filled: str,
    ) -> Page:
        """Fill the form in, press the button, and follow nothing."""
        form = page.forms[form_id]
        pairs = [(name, filled.get(name, value)) for name, value in form.fields]
        pairs += [(name, value) for name, value in form.boxes if value not in untick]
        pressed = form.buttons[button]
        if pressed is not None:
            pairs.append(pressed)
        return await self.post(urljoin(page.url, form.action), pairs, **(headers or {}))

    async def log_in(
        self, page: Page, username: str = "alice", password: str | None = None
    ) -> Page:
        """Send the sign-in form and go on to the next page or the client."""
        secret = f"{username}-password-1" if password is None else password
        sent = await self.submit(
            page, "login-form", "login-submit", username=username, password=secret
        )
        return await self.follow(sent)

    async def sign_up(
        self,
        page: Page,
        username: str = "carol",
        email: str = "carol@example.com",
        password: str = "carol-password-1",
    ) -> Page:
        """Send the sign-up form, and go on to the next page or the client."""
        sent = await self.submit(
            page,
            "signup-form",
            "signup-submit",
            username=username,
            email=email,
            password=password,
        )
        return await self.follow(sent)

    async def allow(self, page: Page, *, untick: Sequence[str] = ()) -> Page:
        sent = await self.submit(page, "consent-form", "consent-allow", untick=untick)
        return await self.follow(sent)

    async def come_in(self, client_id: str = "trusted", **parameters: str) -> Page:
        """Sign alice in by the first-party client, which asks nothing more."""
        return await self.log_in(await self.authorize(client_id, **parameters))
