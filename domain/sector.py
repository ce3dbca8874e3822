"""Which clients call a person by the same name (OIDC Core §8.1)."""

from urllib.parse import urlsplit

from domain.client_metadata import Metadata


def sector(client: Metadata) -> str:
    """Return what a pairwise subject hangs on: one host.

    A client that has no one host, such as a native app's own scheme, is a sector
    of its own.
    """
    if client.sector_identifier_uri is not None:
        hosts = {urlsplit(client.sector_identifier_uri).hostname}
    else:
        hosts = {urlsplit(uri).hostname for uri in client.redirect_uris}
    host = hosts.pop() if len(hosts) == 1 else None
    # No host has a space in it: nobody's name is another's host.
    return host or f"client {client.client_id}"
