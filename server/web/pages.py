"""Pages: a template, a typed context, and nothing that a stranger could slip in.

All templates are read and compiled at the start, so that no request waits for the
disk. A context is a frozen dataclass with a `sample()`; a test renders every
template with its sample.
"""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from functools import wraps
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

import aiohttp_jinja2
import structlog
from aiohttp import web
from jinja2 import DictLoader, StrictUndefined

from domain.errors import OAuthError
from server import services
from server.log.errors import Unavailable
from server.web import csrf, refusals
from server.web.refusals import Words
from server.web.source import REQUEST_ID

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

log = structlog.get_logger()

FOLDER: Final = Path(__file__).parents[2] / "templates"
TYPES: Final = MappingProxyType(
    {".css": "text/css", ".svg": "image/svg+xml", ".js": "text/javascript"}
)
ONE_YEAR: Final = 31536000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file that pages load; its address changes with what is in it."""

    body: bytes
    content_type: str
    version: str

    @classmethod
    def read(cls, path: Path) -> Self:
        body = path.read_bytes()
        return cls(
            body=body,
            content_type=TYPES[path.suffix],
            version=sha256(body).hexdigest()[:16],
        )


ASSETS: Final = web.AppKey("assets", dict[str, Asset])


def setup(app: web.Application, folder: Path = FOLDER) -> None:
    """Have every template and asset read before the first request."""
    templates: dict[str, str] = {}
    assets: dict[str, Asset] = {}
    environment = aiohttp_jinja2.setup(
        app,
        loader=DictLoader(templates),
        undefined=StrictUndefined,
        autoescape=True,
        default_helpers=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    app[ASSETS] = assets

    def read() -> None:
        assets.update(read_assets(folder))
        templates.update(read_templates(folder))
        for name in templates:
            environment.get_template(name)

    async def ready(_: web.Application) -> None:
        await asyncio.to_thread(read)

    app.on_startup.append(ready)


def read_assets(folder: Path) -> dict[str, Asset]:
    files = (folder / "static").iterdir()
    return {path.name: Asset.read(path) for path in files if path.suffix in TYPES}


def read_templates(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text("utf-8")
        for path in folder.rglob("*.html")
    }


async def static(request: web.Request) -> web.Response:
    """Serve an asset: for ever under the address that names its version."""
    asset = request.config_dict[ASSETS].get(request.match_info["name"])
    if asset is None:
        raise web.HTTPNotFound
    versioned = request.query.get("v") == asset.version
    lifetime = f"max-age={ONE_YEAR}, immutable" if versioned else "max-age=300"
    etag = f'"{asset.version}"'
    headers = {"Cache-Control": f"public, {lifetime}", "ETag": etag}
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers=headers)
    return web.Response(
        body=asset.body,
        content_type=asset.content_type,
        charset="utf-8",
        headers=headers,
    )


def path_of(request: web.Request, path: str) -> str:
    """Return the path a browser asks for, with the issuer's own path in front."""
    return urlsplit(services.of(request).settings.issuer).path.rstrip("/") + path


def render(
    request: web.Request,
    template: str,
    context: "DataclassInstance",
    *,
    status: int = 200,
) -> web.Response:
    """Return the page."""
    values: dict[str, Any] = {
        field.name: getattr(context, field.name)
        for field in dataclasses.fields(context)
    }
    response = aiohttp_jinja2.render_template(
        template, request, {**_frame(request), **values}, status=status
    )
    csrf.remember(request, response)
    return response


def _frame(request: web.Request) -> dict[str, Any]:
    """Return what the base layout needs of the server."""
    assets = request.config_dict[ASSETS]

    def asset(name: str) -> str:
        return path_of(request, f"/static/{name}?v={assets[name].version}")

    issuer = services.of(request).settings.issuer
    return {"asset": asset, "issuer_host": urlsplit(issuer).netloc}


# When something is refused


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    """What happened, in plain words, and what to tell those who can help."""

    title: str
    advice: str
    code: str
    description: str
    request_id: str

    @classmethod
    def sample(cls) -> Self:
        return cls(
            title="This did not work",
            advice="Go back and try again.",
            code="invalid_request",
            description="redirect_uri is not registered",
            request_id="01920000-0000-7000-8000-000000000000",
        )


def error(request: web.Request, refusal: OAuthError | Unavailable) -> web.Response:
    """Return the page of a refusal; the exact reason stays inside (the log)."""
    if isinstance(refusal, Unavailable):
        code, description = "temporarily_unavailable", "the server is very busy"
    else:
        code, description = refusal.error, refusal.description
    words = refusals.words_of(refusal)
    response = _error_page(request, words, code=code, description=description)
    seconds = refusals.retry_after(refusal)
    if seconds is not None:
        response.headers["Retry-After"] = str(seconds)
    return response


def error_of_status(request: web.Request, status: int) -> web.Response:
    words = refusals.words_of_status(status)
    code = "server_error" if words.status == 500 else "invalid_request"  # noqa: PLR2004
    return _error_page(
        request,
        dataclasses.replace(words, status=status),
        code=code,
        description=words.title,
    )


def _error_page(
    request: web.Request, words: Words, *, code: str, description: str
) -> web.Response:
    page = ErrorPage(
        title=words.title,
        advice=words.advice,
        code=code,
        description=description,
        request_id=request.get(REQUEST_ID, ""),
    )
    return render(request, "error.html", page, status=words.status)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def for_people(handler: Handler) -> Handler:
    """Answer refusals with a page, whatever the browser says it accepts."""

    @wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except OAuthError as refusal:
            await log.ainfo(
                "page.refused",
                error=refusal.error,
                reason=refusal.reason,
                path=request.path,
                request_id=request.get(REQUEST_ID, ""),
            )
            return error(request, refusal)
        except Unavailable as unavailable:
            return error(request, unavailable)

    return answer
