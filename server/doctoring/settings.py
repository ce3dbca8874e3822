"""Settings that are allowed, and yet may not be meant."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509

from server.doctoring.finding import Finding, fail, ok, warn
from server.settings import Settings
from server.way import LOCAL

DAY: Final = 86400
SOON: Final = 21 * DAY
LONG: Final = 32


def findings(settings: Settings, *, now: int) -> Iterator[Finding]:
    """The issuer, its cookies, TLS and proxies, durability."""
    yield from _issuer(settings)
    yield from _certificate(settings.tls_cert, now=now)
    yield from _proxy(settings)
    yield from _registration(settings)
    if settings.development:
        yield warn(
            "mode",
            "development: http, demo credentials and the playground are allowed",
            "unset GRANTLOG_DEVELOPMENT in production",
        )
    if settings.durability == "local" and not settings.development:
        yield warn(
            "durability",
            "local: an acknowledged event is on one disk",
            "set GRANTLOG_DURABILITY=replicated once a standby is synchronous",
        )


def _issuer(settings: Settings) -> Iterator[Finding]:
    parts = urlsplit(settings.issuer)
    if parts.scheme == "http" and parts.hostname not in LOCAL:
        yield fail(
            "issuer",
            f"{settings.issuer}: browsers keep __Host- cookies for https and "
            "localhost only, so nobody can sign in",
            "give it TLS, and GRANTLOG_ISSUER its https address",
        )
    else:
        yield ok("issuer", settings.issuer)


def _certificate(path: Path | None, *, now: int) -> Iterator[Finding]:
    if path is None:
        return
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError as error:
        yield fail("certificate", f"{path}: {error}", "give a certificate in PEM form")
        return
    left = int(certificate.not_valid_after_utc.timestamp()) - now
    said = f"{path}: {left // DAY} days left"
    remedy = "renew it, and restart the server"
    if left <= 0:
        yield fail("certificate", f"{path}: expired", remedy)
    elif left < SOON:
        yield warn("certificate", said, remedy)
    else:
        yield ok("certificate", said)


def _proxy(settings: Settings) -> Iterator[Finding]:
    ends_elsewhere = settings.issuer.startswith("https:") and not settings.tls_cert
    if ends_elsewhere and not settings.trusted_proxies:
        yield warn(
            "proxy",
            "TLS ends before us, and no proxy is trusted: every request seems to come "
            "from it. All people at new browsers share one counter of failed sign-ins, "
            "so anybody can lock them out, and the log has one address for all",
            "set GRANTLOG_TRUSTED_PROXIES to its network",
        )


def _registration(settings: Settings) -> Iterator[Finding]:
    if settings.registration == "open":
        yield warn(
            "registration",
            "open: whoever reaches the server can register a client, and call it as "
            "they like",
            "set GRANTLOG_REGISTRATION=token, or closed, unless that is meant",
        )
    if settings.registration == "token" and len(settings.registration_token) < LONG:
        yield warn(
            "registration",
            f"the initial access token has fewer than {LONG} characters",
            "give a longer one that nobody can guess: `openssl rand -hex 32`",
        )
