"""A flow as data: its steps, each a request with holes that earlier steps fill."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Final

Pairs = tuple[tuple[str, str], ...]

BROWSER_PATHS: Final = frozenset({"/authorize", "/oidc/logout"})
"""Where the person's own browser goes; the rest is sent by the client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request with holes: `{code}` is what the run remembers under that name.

    `basic` is the client that authenticates with its secret (RFC 6749 §2.3.1),
    `bearer` the token that goes into the Authorization header (RFC 6750 §2.1).
    A parameter that comes out empty is left away.
    """

    method: str
    path: str
    query: Pairs = ()
    form: Pairs = ()
    basic: str = ""
    bearer: str = ""

    @property
    def leaves(self) -> bool:
        """Whether the person's browser takes it rather than the client."""
        return self.path in BROWSER_PATHS

    def holes(self) -> frozenset[str]:
        values = [value for _, value in (*self.query, *self.form)]
        return frozenset(_holes([*values, self.bearer]))


def _holes(templates: Iterable[str]) -> Iterable[str]:
    for template in templates:
        for _, name, _, _ in Formatter().parse(template):
            if name:
                yield name


def get(path: str, *, bearer: str = "", **query: str) -> Draft:
    return Draft(method="GET", path=path, query=tuple(query.items()), bearer=bearer)


def post(path: str, *, basic: str = "", **form: str) -> Draft:
    return Draft(method="POST", path=path, form=tuple(form.items()), basic=basic)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the answer's JSON member must be, said in words."""

    text: str
    member: str
    equals: str


Keep = Mapping[str, str]
"""Member of the answer → the name the run remembers it under."""

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
    the run on; `edits` are the parameters worth playing with. `opens` names the
    address where the person goes, in a second window, before the request is sent.
    """

    title: str
    why: str
    clauses: tuple[str, ...]
    draft: Draft
    look: str
    status: int = 200
    edits: tuple[str, ...] = ()
    keep: Keep
    expects: tuple[Expectation, ...] = ()
    opens: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A walk; `name` is its place in the URL, `client` who walks it."""

    name: str
    title: str
    summary: str
    client: str
    steps: tuple[Step, ...]
    clauses: tuple[str, ...] = ()


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
    return draft.holes() - memory.keys()


def values(draft: Draft, memory: Mapping[str, str], edits: Mapping[str, str]) -> Pairs:
    """Return all parameters, edited ones as they were edited, holes kept visible."""
    known = _Visible(memory)
    return tuple(
        (name, edits.get(name, template.format_map(known)))
        for name, template in (*draft.query, *draft.form)
    )


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
        headers=_headers(draft.bearer.format_map(memory)),
        user=draft.basic,
        password=secrets[draft.basic] if draft.basic else "",
    )


def _headers(bearer: str) -> Pairs:
    return (("Authorization", f"Bearer {bearer}"),) if bearer else ()
