"""A flow as data: its steps, each a request with holes that earlier steps fill."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Final

Pairs = tuple[tuple[str, str], ...]

BROWSER_PATHS: Final = frozenset({"/authorize", "/oidc/logout"})
"""Where the person's own browser goes; the rest is sent by the client."""

FRESH: Final = frozenset({"otp", "client_assertion", "request_object"})
"""Holes that no step fills: what goes in is made anew whenever a request goes out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request with holes: `{code}` is what the run remembers under that name.

    `basic` is the client that authenticates with its secret (RFC 6749 §2.3.1),
    `token` the access token that goes into the Authorization header, and `proof`
    names whose key a DPoP proof goes with it by (RFC 9449 §4; else RFC 6750 §2.1).
    `inside` goes into a signed request object (RFC 9101 §4) in `{request_object}`.
    A parameter that comes out empty is left away.
    """

    method: str
    path: str
    query: Pairs = ()
    form: Pairs = ()
    basic: str = ""
    token: str = ""
    proof: str = ""
    inside: Pairs = ()

    @property
    def leaves(self) -> bool:
        """Whether the person's browser takes it rather than the client."""
        return self.path in BROWSER_PATHS

    def holes(self) -> frozenset[str]:
        values = [value for _, value in (*self.query, *self.form, *self.inside)]
        return frozenset(_holes([*values, self.token]))


def _holes(templates: Iterable[str]) -> Iterable[str]:
    for template in templates:
        for _, name, _, _ in Formatter().parse(template):
            if name:
                yield name


def get(path: str, *, token: str = "", proof: str = "", **query: str) -> Draft:
    pairs = tuple(query.items())
    return Draft(method="GET", path=path, query=pairs, token=token, proof=proof)


def post(path: str, *, basic: str = "", proof: str = "", **form: str) -> Draft:
    pairs = tuple(form.items())
    return Draft(method="POST", path=path, form=pairs, basic=basic, proof=proof)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the answer's JSON member must be, said in words."""

    text: str
    member: str
    equals: str


Keep = Mapping[str, str]
"""Member or parameter → the name the run remembers it under."""

TOKENS: Final[Keep] = {
    "access_token": "access_token",
    "refresh_token": "refresh_token",
    "id_token": "id_token",
}
CODE: Final[Keep] = {"code": "code"}
NOTHING: Final[Keep] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request of a flow and what to see in it.

    `why` is one or two plain sentences, `clauses` where they come from ("RFC 6749
    §4.1.1"), `look` what to notice afterwards. `status` is the answer that moves
    the run on; `edits` are the parameters worth playing with. `keep` remembers
    members of the answer, `keep_sent` parameters as they were sent. `opens` names the
    address where the person goes, in a second window, before the request is sent.
    `button` says what sending it means, where that is more than sending.
    """

    title: str
    why: str
    clauses: tuple[str, ...]
    draft: Draft
    look: str
    status: int = 200
    edits: tuple[str, ...] = ()
    keep: Keep
    keep_sent: Keep = field(default_factory=dict)
    expects: tuple[Expectation, ...] = ()
    opens: str = ""
    button: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A walk; `name` is its place in the URL, `client` who walks it.

    `summary` says what it is for, `caution` when to take another.
    """

    name: str
    title: str
    summary: str
    client: str
    steps: tuple[Step, ...]
    clauses: tuple[str, ...] = ()
    caution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Flows that one looks for at the same time."""

    title: str
    about: str
    flows: tuple[Flow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request without holes, ready to be sent; `url` has no query."""

    method: str
    url: str
    query: Pairs = ()
    form: Pairs = ()
    headers: Pairs = ()
    user: str = ""
    password: str = ""


def unmet(draft: Draft, memory: Mapping[str, str]) -> frozenset[str]:
    """Return the holes that nothing has filled yet."""
    return draft.holes() - memory.keys() - FRESH


def values(draft: Draft, memory: Mapping[str, str], edits: Mapping[str, str]) -> Pairs:
    """Return all parameters, edited ones as they were edited, holes kept visible."""
    known = _Visible(memory)
    return tuple(
        (name, edits.get(name, template.format_map(known)))
        for name, template in (*draft.query, *draft.form)
    )


def filled(pairs: Pairs, memory: Mapping[str, str]) -> Pairs:
    """Return the pairs with their holes filled, without those that come out empty.

    Raises:
        KeyError: a hole that nothing has filled.
    """
    given = ((name, template.format_map(memory)) for name, template in pairs)
    return tuple((name, value) for name, value in given if value)


class _Visible(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "{" + name + "}"


def fill(
    draft: Draft,
    memory: Mapping[str, str],
    edits: Mapping[str, str],
    *,
    secrets: Mapping[str, str],
) -> Request:
    """Return the request as it will go out.

    Raises:
        KeyError: a hole that nothing has filled.
    """
    given = tuple(
        (name, value) for name, value in values(draft, memory, edits) if value
    )
    return Request(
        method=draft.method,
        url=memory["issuer"].rstrip("/") + draft.path,
        query=given if draft.method == "GET" else (),
        form=given if draft.method == "POST" else (),
        headers=_headers(draft, memory),
        user=draft.basic,
        password=secrets[draft.basic] if draft.basic else "",
    )


def _headers(draft: Draft, memory: Mapping[str, str]) -> Pairs:
    if not draft.token:
        return ()
    scheme = "DPoP" if draft.proof else "Bearer"
    return (("Authorization", f"{scheme} {draft.token.format_map(memory)}"),)
