"""Every template with its sample, the assets, and colours that can be read."""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from jinja2 import DictLoader, Environment, StrictUndefined

from domain.client_metadata import Metadata
from domain.errors import InvalidRequest
from server.log.errors import Unavailable
from server.oauth.form_post import FormPostPage
from server.oauth.leaving import LoggedOutPage
from server.oauth.logout import LogoutPage
from server.oauth.web_message import WebMessagePage
from server.signin.device_views import (
    DeviceCodePage,
    DeviceDecisionPage,
    DeviceDonePage,
)
from server.signin.views import ConsentPage, LoginPage, MfaPage, SignupPage
from server.web import refusals
from server.web.client_card import ClientCard
from server.web.pages import (
    ASSETS,
    FOLDER,
    Asset,
    ErrorPage,
    read_assets,
    read_templates,
    static as serve_asset,
)

OTHERS: Final = ("dev/",)
"""Rooms whose templates have a test of their own."""

PAGES: Final[dict[str, Any]] = {
    "error.html": ErrorPage,
    "oauth/form_post.html": FormPostPage,
    "oauth/logged_out.html": LoggedOutPage,
    "oauth/logout.html": LogoutPage,
    "oauth/web_message.html": WebMessagePage,
    "signin/consent.html": ConsentPage,
    "signin/device_code.html": DeviceCodePage,
    "signin/device_decision.html": DeviceDecisionPage,
    "signin/device_done.html": DeviceDonePage,
    "signin/login.html": LoginPage,
    "signin/mfa.html": MfaPage,
    "signin/signup.html": SignupPage,
}

SHIPPED: Final = read_assets(FOLDER)

ATTACK: Final = "\"'><script>alert(1)</script>"


def environment() -> Environment:
    return Environment(
        loader=DictLoader(read_templates(FOLDER)),
        undefined=StrictUndefined,
        autoescape=True,
    )


def rendered(template: str, context: Any) -> str:
    values = {
        field.name: getattr(context, field.name)
        for field in dataclasses.fields(context)
    }
    frame = {"asset": lambda name: f"/static/{name}", "issuer_host": "login.example"}
    return environment().get_template(template).render({**frame, **values})


def test_every_template_has_a_context() -> None:
    """A page without a typed context and a sample is not finished."""
    names = {
        name
        for name in read_templates(FOLDER)
        if not name.startswith(OTHERS) and not Path(name).name.startswith("_")
    }

    assert names == {*PAGES, "base.html"}


@pytest.mark.parametrize("template", PAGES)
def test_every_template_renders_with_its_sample(template: str) -> None:
    """StrictUndefined makes a forgotten value an error."""
    html = rendered(template, PAGES[template].sample())

    assert html.count("<h1>") == 1
    assert html.count("<main") == 1
    assert '<html lang="en">' in html
    assert "style=" not in html
    assert not re.search(r"\son\w+=", html)


@pytest.mark.parametrize("template", PAGES)
def test_no_value_becomes_markup(template: str) -> None:
    """Whatever stands in a context comes out as text."""
    html = rendered(template, attacked(PAGES[template].sample()))
    plain = rendered(template, PAGES[template].sample())

    assert html != plain
    assert html.count("<") == plain.count("<")
    assert "'><script" not in html


def attacked(value: Any) -> Any:
    """The value with every text in it replaced by an attack."""
    match value:
        case str():
            return ATTACK
        case tuple():
            return tuple(attacked(part) for part in value)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            changed = {
                field.name: attacked(getattr(value, field.name))
                for field in dataclasses.fields(value)
            }
            return dataclasses.replace(value, **changed)
        case _:
            return value


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://shop.example/logo.png", True),
        ("http://localhost/logo.png", True),
        ("javascript:alert(1)", False),
        ("JavaScript:alert(1)", False),
        ("data:text/html,x", False),
        ("//shop.example/logo.png", False),
        (None, False),
    ],
)
def test_a_client_links_to_the_web_only(uri: str | None, *, shown: bool) -> None:
    card = ClientCard.of(
        Metadata(client_id="c", logo_uri=uri, policy_uri=uri, tos_uri=uri)
    )

    assert (card.logo_uri is not None) == shown
    assert (card.policy_uri is not None) == shown
    assert (card.tos_uri is not None) == shown


def test_every_refusal_has_words() -> None:
    """Status, heading and advice, in the order from special to general."""
    known = [
        (refusals.Stale("x"), 400),
        (refusals.TooLong("x"), 400),
        (refusals.Forged("x"), 403),
        (refusals.TooManyTries("x", retry_after=7, reason="R"), 429),
        (Unavailable("x", retry_after=3), 503),
        (InvalidRequest("x"), 400),
    ]

    for refusal, status in known:
        assert refusals.words_of(refusal).status == status
    assert [refusals.retry_after(refusal) for refusal, _ in known[3:]] == [7, 3, None]


# Assets


def asked(path: str, name: str, **headers: str) -> web.Request:
    app = web.Application()
    app[ASSETS] = SHIPPED
    return make_mocked_request(
        "GET", path, headers=headers, app=app, match_info={"name": name}
    )


async def test_an_asset_under_its_version_is_kept_for_ever() -> None:
    version = SHIPPED["style.css"].version
    known = await serve_asset(asked(f"/static/style.css?v={version}", "style.css"))
    other = await serve_asset(asked("/static/style.css?v=x", "style.css"))

    assert "immutable" in known.headers["Cache-Control"]
    assert "immutable" not in other.headers["Cache-Control"]
    assert known.content_type == "text/css"


async def test_an_asset_that_has_not_changed() -> None:
    version = SHIPPED["style.css"].version
    again = await serve_asset(
        asked("/static/style.css", "style.css", **{"If-None-Match": f'"{version}"'})
    )

    assert again.status == 304
    assert again.body is None


@pytest.mark.parametrize("name", ["none.css", "../pages.py", "..%2fbase.html", ""])
async def test_an_asset_that_is_none(name: str) -> None:
    with pytest.raises(web.HTTPNotFound):
        await serve_asset(asked("/static/x", name))


def test_an_asset_names_its_content(tmp_path: Path) -> None:
    file = tmp_path / "a.css"
    file.write_bytes(b"a{}")
    first = Asset.read(file)
    file.write_bytes(b"b{}")

    assert Asset.read(file).version != first.version


# Colours

PAIRS: Final = (
    ("ink", "card"),
    ("ink", "paper"),
    ("soft", "card"),
    ("soft", "paper"),
    ("accent", "card"),
    ("accent", "tint"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("ink", "tint"),
    ("soft", "tint"),
    ("alarm", "alarm-tint"),
)


def palettes() -> Iterator[dict[str, str]]:
    """The light colours, then the dark ones."""
    sheet = (FOLDER / "static" / "style.css").read_text("utf-8")
    for block in re.findall(r":root \{(.*?)\}", sheet, re.DOTALL):
        yield dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


def luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("text_and_ground", PAIRS, ids="/".join)
def test_text_can_be_read(text_and_ground: tuple[str, str]) -> None:
    """WCAG 2.2 AA, 1.4.3: 4.5 to 1, in the light and in the dark."""
    text, ground = text_and_ground
    both = list(palettes())

    assert len(both) == 2
    for palette in both:
        assert contrast(palette[text], palette[ground]) >= 4.5


def test_edges_of_fields_can_be_seen() -> None:
    """WCAG 2.2 AA, 1.4.11: 3 to 1."""
    for palette in palettes():
        assert contrast(palette["edge"], palette["card"]) >= 3
        assert contrast(palette["accent"], palette["paper"]) >= 3
