"""The URIs of a client: where browsers are sent, what is shown, what is fetched.

OIDC Registration §2, OIDC Core §8.1, RFC 7591 §2.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urldefrag, urlsplit

from domain import redirect_uri
from domain.client_metadata import Metadata
from domain.errors import InvalidClientMetadata, InvalidRedirectUri

REDIRECTED_TO: Final = ("redirect_uris", "post_logout_redirect_uris")

_PAGES: Final = ("client_uri", "logo_uri", "policy_uri", "tos_uri")
_FETCHED: Final = (
    "jwks_uri",
    "sector_identifier_uri",
    "initiate_login_uri",
    "backchannel_logout_uri",
    "frontchannel_logout_uri",
)


def check(metadata: Metadata, *, development: bool) -> None:
    """Let URIs pass that can be registered; messages name the member.

    `development` allows http to any host.

    Raises:
        InvalidRedirectUri: redirect_uris or post_logout_redirect_uris.
        InvalidClientMetadata: any other member.
    """
    _check_redirect_uris(metadata, development=development)
    if not development:
        _check_implicit(metadata)
    _check_subject(metadata)
    for member, uri in _pages(metadata):
        if not redirect_uri.is_web_url(uri, any_host=True):
            raise InvalidClientMetadata(f"{member} must be an http or https URL")
    for member, uri in _fetched(metadata):
        if not redirect_uri.is_web_url(uri, any_host=development):
            raise InvalidClientMetadata(f"{member} must use https, or http on loopback")
    _check_frame(metadata)


def redirects(metadata: Metadata) -> bool:
    """Whether its flows send the browser back to it."""
    return bool({"authorization_code", "implicit"} & set(metadata.grant_types))


def _check_redirect_uris(metadata: Metadata, *, development: bool) -> None:
    if redirects(metadata) and not metadata.redirect_uris:
        raise InvalidRedirectUri("redirect_uris is missing")
    for member in REDIRECTED_TO:
        for uri in getattr(metadata, member):
            redirect_uri.check_registrable(
                member,
                uri,
                application_type=metadata.application_type,
                development=development,
            )


def _check_implicit(metadata: Metadata) -> None:
    # OIDC Registration §2: tokens in an address go to https, and not to localhost.
    if metadata.application_type != "web" or "implicit" not in metadata.grant_types:
        return
    for uri in metadata.redirect_uris:
        parts = urlsplit(uri)
        local = parts.hostname in redirect_uri.LOOPBACK_HOSTS
        if parts.scheme != "https" or local:
            raise InvalidRedirectUri(
                "redirect_uris must use https, and not localhost, for implicit"
            )


def _check_subject(metadata: Metadata) -> None:
    # OIDC Core §8.1: one host to derive the subject from.
    if metadata.subject_type != "pairwise" or metadata.sector_identifier_uri:
        return
    if len({urlsplit(uri).hostname for uri in metadata.redirect_uris}) != 1:
        raise InvalidClientMetadata("sector_identifier_uri is missing")


def _check_frame(metadata: Metadata) -> None:
    # Front-Channel Logout §2: scheme, host and port of one of its redirect URIs. Our
    # page after a sign-out frames no site that the client has not shown to be its own.
    uri = metadata.frontchannel_logout_uri
    if uri is None:
        return
    if redirect_uri.origin(uri) not in map(redirect_uri.origin, metadata.redirect_uris):
        raise InvalidClientMetadata(
            "frontchannel_logout_uri must have the scheme, host and port of a"
            " redirect URI"
        )


def _pages(metadata: Metadata) -> Iterator[tuple[str, str]]:
    for member in _PAGES:
        uri = getattr(metadata, member)
        if uri is not None:
            yield member, uri
    for member, text in metadata.localized.items():
        if member.startswith(_PAGES):
            yield member, text


def _fetched(metadata: Metadata) -> Iterator[tuple[str, str]]:
    for member in _FETCHED:
        uri = getattr(metadata, member)
        if uri is not None:
            yield member, uri
    for uri in metadata.request_uris:
        # OIDC Core §6.2: the fragment is the hash of what stands there.
        yield "request_uris", urldefrag(uri).url
