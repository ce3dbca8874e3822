"""Every URL of the server, on one screen (the contract's table)."""

from aiohttp import web

from server import health
from server.oauth import (
    authorize,
    device_authorization,
    discovery,
    initiate_login,
    introspect,
    jwks,
    leaving,
    logout,
    par,
    register,
    registration_access,
    revoke,
    token,
    userinfo,
    v2_logout,
)
from server.signin import activate, consent, login, mfa, signup
from server.web import cors, pages


def routes() -> list[web.AbstractRouteDef]:
    known = [*protocol(), *people(), *frame()]
    return [*known, *cors.preflights(known)]


def protocol() -> list[web.AbstractRouteDef]:
    return [
        web.get("/authorize", authorize.authorize, allow_head=False),
        web.post("/authorize", authorize.authorize),
        web.post("/oauth/token", token.token),
        web.post("/oauth/par", par.push),
        web.post("/oauth/device/code", device_authorization.device_authorization),
        web.post("/oauth/introspect", introspect.introspect),
        web.post("/oauth/revoke", revoke.revoke),
        web.get("/userinfo", userinfo.userinfo),
        web.post("/userinfo", userinfo.userinfo),
        web.get("/oidc/logout", logout.logout, allow_head=False),
        web.post("/oidc/logout", logout.logout),
        web.get("/v2/logout", v2_logout.v2_logout, allow_head=False),
        web.post(registration_access.PATH, register.register),
        web.get(
            f"{registration_access.PATH}/{{client_id}}", register.read, allow_head=False
        ),
        web.put(f"{registration_access.PATH}/{{client_id}}", register.update),
        web.delete(f"{registration_access.PATH}/{{client_id}}", register.remove),
        web.get("/.well-known/openid-configuration", discovery.openid_configuration),
        web.get(
            "/.well-known/oauth-authorization-server",
            discovery.oauth_authorization_server,
        ),
        web.get("/.well-known/jwks.json", jwks.jwks),
    ]


def people() -> list[web.AbstractRouteDef]:
    return [
        web.get("/login", login.show),
        web.get("/login/initiate", initiate_login.initiate),
        web.post("/login", login.submit),
        web.get("/signup", signup.show),
        web.post("/signup", signup.submit),
        web.get("/mfa", mfa.show),
        web.post("/mfa", mfa.submit),
        web.get("/activate", activate.show),
        web.post("/activate", activate.submit),
        web.get("/consent", consent.show),
        web.post("/consent", consent.submit),
        web.get("/logged-out", leaving.logged_out),
        web.get("/static/{name}", pages.static),
    ]


def frame() -> list[web.AbstractRouteDef]:
    return [
        web.get("/health/live", health.live),
        web.get("/health/ready", health.ready),
    ]
