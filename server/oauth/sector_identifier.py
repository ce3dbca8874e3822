"""Whether clients share a sector: who is of it stands there (OIDC Registration §5).

The host of the document is what a person's pairwise subject hangs on, so nobody may
name another's: it must list every redirect URI of whoever names it.
"""

import msgspec

from domain.client_metadata import Metadata
from domain.errors import InvalidClientMetadata
from server.fetching import FetchFailed, Fetching


async def check(fetching: Fetching, metadata: Metadata) -> None:
    """Let a client pass that is of the sector it names, or names none.

    Raises:
        InvalidClientMetadata: it is not, or nobody can say.
    """
    if metadata.sector_identifier_uri is None:
        return
    listed = await _listed(fetching, metadata.sector_identifier_uri)
    if not set(metadata.redirect_uris) <= set(listed):
        raise _refused("does not list every redirect URI", reason="SECTOR_FOREIGN")


async def _listed(fetching: Fetching, uri: str) -> list[str]:
    try:
        fetched = await fetching.get(uri)
        return msgspec.json.decode(fetched.body, type=list[str])
    except FetchFailed as failed:
        # Which of our doors was shut is nobody's business outside.
        reason = f"SECTOR_{failed.reason.upper()}"
        raise _refused("cannot be fetched", reason=reason) from failed
    except (msgspec.MsgspecError, UnicodeDecodeError) as wrong:
        raise _refused("must be a JSON array of URIs", reason="SECTOR_FORM") from wrong


def _refused(problem: str, *, reason: str) -> InvalidClientMetadata:
    return InvalidClientMetadata(f"sector_identifier_uri {problem}", reason=reason)
