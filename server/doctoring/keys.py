"""Our keys: of each algorithm one in use, one known ahead, none too old."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from domain.signing_key import Current, Next, SigningKeyState
from server.doctoring.finding import Finding, ok, warn

DAY: Final = 86400
OLD: Final = 90 * DAY
NAMES: Final = {"sig": "signing key", "enc": "encryption key"}
UNUSED: Final = "start the server once: it makes what is missing"


def findings(states: Iterable[SigningKeyState], *, now: int) -> Iterator[Finding]:
    """One line for each algorithm."""
    rings: dict[str, list[Current | Next]] = defaultdict(list)
    for state in states:
        if isinstance(state, Current | Next):
            rings[state.key.alg].append(state)
    if not rings:
        yield warn("signing keys", "none", UNUSED)
    for alg, ring in sorted(rings.items()):
        yield _ring(f"{NAMES[ring[0].key.use]} {alg}", ring, now=now)


def _ring(what: str, ring: list[Current | Next], *, now: int) -> Finding:
    active = [one.activated_at for one in ring if isinstance(one, Current)]
    if not active:
        return warn(what, "none is active", UNUSED)
    age = now - max(active)
    said = f"active for {age // DAY} days"
    if not any(isinstance(one, Next) for one in ring):
        return warn(what, f"{said}, there is no next one", UNUSED)
    if age > OLD:
        return warn(what, said, "grantlog keys rotate")
    return ok(what, f"{said}, the next one is ready")
