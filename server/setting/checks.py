"""Settings that are right alone and wrong together."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from domain.user_code import Pattern
from server.setting.sources import Problem, variable

Values = Mapping[str, Any]

LEAST_BITS: Final = 25
"""Of a user code: one in 30 million, where each person has a handful of guesses."""


def contradictions(values: Values) -> Iterator[Problem]:
    """Each with the way out; what was refused is absent."""
    for check in (
        _plain_http,
        _half_a_certificate,
        _no_certificates,
        _no_registration_token,
        _failpoint,
        _one_port,
        _guessable,
    ):
        yield from check(values)


def with_dialect(values: Values) -> dict[str, Any]:
    """Auth0's SDKs compare `iss` with an address that ends in a slash."""
    issuer = values["issuer"]
    if values.get("dialect") == "auth0" and not issuer.endswith("/"):
        return {**values, "issuer": f"{issuer}/"}
    return dict(values)


def _problem(name: str, said: str) -> Problem:
    return Problem(setting=variable(name), said=said, name=name)


def _plain_http(values: Values) -> Iterator[Problem]:
    issuer = str(values.get("issuer", ""))
    if issuer.startswith("http:") and not values.get("development"):
        yield _problem(
            "issuer",
            f'"{issuer}" is not https, and tokens would travel in the open: give the '
            "https address (http is for `grantlog dev`, or GRANTLOG_DEVELOPMENT=true)",
        )


def _half_a_certificate(values: Values) -> Iterator[Problem]:
    if values.get("tls_cert") and not values.get("tls_key"):
        yield _problem("tls_key", "is missing: GRANTLOG_TLS_CERT needs its private key")
    if values.get("tls_key") and not values.get("tls_cert"):
        yield _problem("tls_cert", "is missing: GRANTLOG_TLS_KEY needs its certificate")
    by_proxy = values.get("tls_forwarded")
    if values.get("tls_client_ca") and not values.get("tls_cert") and not by_proxy:
        yield _problem(
            "tls_client_ca",
            "needs TLS: set GRANTLOG_TLS_CERT and GRANTLOG_TLS_KEY too, or "
            "GRANTLOG_TLS_FORWARDED where a proxy ends it",
        )
    if by_proxy and not values.get("trusted_proxies"):
        yield _problem(
            "tls_forwarded",
            "believes nobody: name the proxies in GRANTLOG_TRUSTED_PROXIES",
        )


def _no_certificates(values: Values) -> Iterator[Problem]:
    asked = values.get("tls_client_ca") or values.get("tls_forwarded")
    if values.get("mtls_url") and not asked:
        yield _problem(
            "mtls_url",
            "needs clients' certificates: set GRANTLOG_TLS_CLIENT_CA, or "
            "GRANTLOG_TLS_FORWARDED where a proxy ends TLS",
        )


def _no_registration_token(values: Values) -> Iterator[Problem]:
    if values.get("registration") == "token" and not values.get("registration_token"):
        yield _problem(
            "registration_token",
            "is missing: GRANTLOG_REGISTRATION=token lets those register who have it",
        )


def _failpoint(values: Values) -> Iterator[Problem]:
    if values.get("failpoint") and not values.get("development"):
        yield _problem(
            "failpoint",
            "kills the server on purpose: remove it, or set GRANTLOG_DEVELOPMENT=true",
        )


def _one_port(values: Values) -> Iterator[Problem]:
    port = values.get("port", 0)
    if port and port == values.get("management_port"):
        yield _problem(
            "management_port", f"{port} is GRANTLOG_PORT too: give it another one"
        )


def _guessable(values: Values) -> Iterator[Problem]:
    charset, mask = values.get("user_code_charset"), values.get("user_code_mask")
    if charset is None or mask is None:
        return
    if Pattern(charset=charset, mask=mask).bits < LEAST_BITS:
        yield _problem(
            "user_code_mask",
            f'"{mask}" of {charset} is too easy to guess: give it more places, '
            "at least 6 of base20 or 8 of digits (RFC 8628, section 6.1)",
        )
