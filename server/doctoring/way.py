"""Whether what we tell a server, and what it tells us, stays between us."""

from server.doctoring.finding import Finding, ok, warn
from server.way import Way


def finding(what: str, way: Way, *, remedy: str) -> Finding:
    """*remedy* says how to have TLS there, and the certificate checked."""
    if way.checked:
        return ok(what, "encrypted, and the server's certificate is checked")
    if way.local:
        return ok(what, "within this machine")
    if way.encrypted:
        said = "encrypted, but nobody checks that the certificate is the server's"
        return warn(what, said, remedy)
    return warn(what, "not encrypted: whoever is on the way can read it", remedy)
