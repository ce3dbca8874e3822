"""What the playground's templates are given: typed, and ready to be shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from server.dev.playground.checking import Check
from server.dev.playground.client import Answer, CurlLine
from server.dev.playground.events import Shown
from server.dev.playground.pretty import Line
from server.dev.playground.rows import RowView
from server.dev.playground.tokens import Decoded

RFC: Final = "https://www.rfc-editor.org/rfc/rfc"
OPENID: Final = "https://openid.net/specs/"
OPENID_PAGES: Final[Mapping[str, str]] = {
    "OIDC Core": "openid-connect-core-1_0.html",
    "OIDC Discovery": "openid-connect-discovery-1_0.html",
    "OIDC RP-Initiated Logout": "openid-connect-rpinitiated-1_0.html",
    "OAuth 2.0 Form Post": "oauth-v2-form-post-response-mode-1_0.html",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """Where a rule stands."""

    text: str
    url: str


def clause(text: str) -> Clause:
    """Turn "RFC 6749 §4.1" or "OIDC Core §2" into a link to that section."""
    document, _, section = text.partition(" §")
    if document.startswith("RFC "):
        anchor = f"#section-{section}" if section else ""
        return Clause(text=text, url=f"{RFC}{document[4:]}{anchor}")
    anchor = f"#rfc.section.{section}" if section else ""
    return Clause(text=text, url=f"{OPENID}{OPENID_PAGES[document]}{anchor}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A flow on the start page; `place` of `steps` are done."""

    name: str
    title: str
    summary: str
    caution: str
    client: str
    clauses: Sequence[Clause]
    href: str
    steps: int
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Flows that one looks for at the same time."""

    title: str
    about: str
    cards: Sequence[Card]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody to sign in as; `otp` is the code of this moment, if they have one."""

    username: str
    password: str
    otp: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A demo client and the secret that only development shows."""

    client_id: str
    secret: str
    public: bool
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    text: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPage:
    """`nonce` lets the page's script run; `live` is where it hears of events.

    `furnished`: the demo clients are registered (not with `--no-demo`).
    """

    nonce: str
    home: str
    live: str
    shelves: Sequence[Shelf]
    people: Sequence[Person]
    clients: Sequence[Credential]
    links: Sequence[Link]
    arrived: Sequence["Arrival"]
    furnished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """A step in the list: `standing` is done, failed, now or later.

    `button` says what sending it means, "" where that is just sending.
    """

    number: int
    title: str
    why: str
    look: str
    clauses: Sequence[Clause]
    standing: str
    href: str
    button: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterView:
    """One parameter of a request; `missing`: an earlier step brings it."""

    name: str
    value: str
    meaning: str
    editable: bool = False
    missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """A request as it will go out, or as it went."""

    method: str
    path: str
    host: str
    leaves: bool
    headers: Sequence[tuple[str, str]]
    parameters: Sequence[ParameterView]
    curl: Sequence[CurlLine]
    ready: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    """What a step brought."""

    passed: bool
    expected: int
    answer: Answer
    body: Sequence[Line]
    tokens: Sequence[Decoded]
    checks: Sequence[Check]
    events: Sequence[Shown]
    rows: Sequence[RowView]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenView:
    """What a device shows; `picture` is the address as a QR code (data: URI)."""

    code: str
    address: str
    picture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkPage:
    """One step of a run; `live` says which of its revisions the page shows.

    `opens` is where the person goes in a second window before the step is sent,
    `notice` what was done beside the walk since the last one.
    """

    nonce: str
    home: str
    live: str
    title: str
    summary: str
    caution: str
    client: str
    notice: str
    steps: Sequence[StepView]
    step: StepView
    request: RequestView
    action: str
    restart: str
    csrf: str
    attempt: int
    evidence: EvidenceView | None
    screen: ScreenView | None
    opens: str
    rows_now: Sequence[RowView]
    arrived: Sequence["Arrival"]
    next: StepView | None
    waiting: bool
    people: Sequence[Person]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPage:
    """A stream's whole life, and its row in Redis now."""

    nonce: str
    home: str
    live: str
    kind: str
    stream_id: str
    events: Sequence[Shown]
    rows: Sequence[RowView]
    arrived: Sequence["Arrival"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One event of the live list; `ours`: the run at hand has to do with it."""

    event: Shown
    base: str
    ours: bool
