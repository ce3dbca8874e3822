"""Scopes and audiences: asked, allowed, resolved to the API that is meant."""

from collections.abc import Callable

import pytest
from hypothesis import given, reject, strategies as st

from domain.api import Description
from domain.client_metadata import ApiAccess, Metadata
from domain.errors import InvalidScope, InvalidTarget, OAuthError
from domain.scope import OIDC, Grantable, defined, grantable, machine_grant, parse

ORDERS, NOTES, BATCH = "https://orders/", "https://notes/", "https://batch/"
APIS = {
    ORDERS: Description(identifier=ORDERS, scopes={"read": "R", "buy": "B"}),
    NOTES: Description(identifier=NOTES, scopes={"read": "R", "note": "N"}),
    BATCH: Description(
        identifier=BATCH, scopes={"run": "Run"}, allow_offline_access=False
    ),
}
WEB = Metadata(
    client_id="web",
    scope="openid profile email offline_access read buy note run",
    grant_types=("authorization_code", "refresh_token"),
)
TOKENS = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"\\'),
    min_size=1,
)


def ask(
    scope: str = "", *resource: str, client: Metadata = WEB, with_code: bool = True
) -> Grantable:
    return grantable(
        parse(scope), client=client, apis=APIS, resource=resource, with_code=with_code
    )


def outcome(decide: Callable[[], Grantable]) -> str:
    """What the tables below show: scope → audience, or the refusal."""
    try:
        got = decide()
    except OAuthError as refusal:
        return f"{refusal.error} {refusal.reason}"
    return f"{' '.join(got.scope)} → {' '.join(got.audience)}".strip()


# The form (RFC 6749 §3.3)


@given(st.lists(TOKENS, min_size=1))
def test_tokens_keep_their_order_and_stand_once(tokens: list[str]) -> None:
    parsed = parse(" ".join(tokens))

    assert parsed == tuple(dict.fromkeys(tokens))
    assert parse(" ".join(parsed)) == parsed


@given(st.text() | st.text(" abc"))
def test_any_text_is_tokens_or_refused(text: str) -> None:
    try:
        parsed = parse(text)
    except InvalidScope:
        reject()

    assert set(parsed) == set(text.split(" ")) - {""}


@pytest.mark.parametrize("text", [None, ""])
def test_an_empty_scope_is_an_omitted_one(text: str | None) -> None:
    assert parse(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        " ",
        " read",
        "read ",
        "read  buy",
        "read\tbuy",
        "read\n",
        'a"b',
        "a\\b",
        "é",
        "\x7f",
    ],
)
def test_what_rfc_6749_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(InvalidScope):
        parse(text)


# What a client may ask a person for


@pytest.mark.parametrize(
    ("scope", "resource", "expected"),
    [
        # OpenID Connect's own scopes need no audience
        ("openid", (), "openid →"),
        ("email openid", (), "email openid →"),
        # one it did not register is left out, as RFC 6749 §3.3 allows
        ("openid phone", (), "openid →"),
        ("phone", (), "invalid_scope SCOPE_EMPTY"),
        # a scope that one API defines names the audience
        ("buy", (), f"buy → {ORDERS}"),
        ("openid read buy", (), f"openid read buy → {ORDERS}"),
        ("read note", (), f"read note → {NOTES}"),
        # one that two define does not, nor do scopes of two
        ("read", (), "invalid_target TARGET_MISSING"),
        ("buy note", (), "invalid_target TARGET_MISSING"),
        # with an audience it is clear
        ("read", (NOTES,), f"read → {NOTES}"),
        ("openid", (NOTES,), f"openid → {NOTES}"),
        ("buy note", (ORDERS, NOTES), f"buy note → {ORDERS} {NOTES}"),
        ("note", (ORDERS,), "invalid_scope SCOPE_REFUSED"),
        ("read", ("https://unknown/",), "invalid_target TARGET_UNKNOWN"),
        ("read", (ORDERS, "https://unknown/"), "invalid_target TARGET_UNKNOWN"),
        # unknown scopes: ignored in an OIDC request, refused in another
        ("openid zzz", (), "openid →"),
        ("openid zzz read", (ORDERS,), f"openid read → {ORDERS}"),
        ("zzz", (), "invalid_scope SCOPE_REFUSED"),
        ("read zzz", (ORDERS,), "invalid_scope SCOPE_REFUSED"),
        # none asked for: all API scopes of the client, there
        ("", (ORDERS,), f"read buy → {ORDERS}"),
        ("", (ORDERS, NOTES), f"read buy note → {ORDERS} {NOTES}"),
        ("", (), "invalid_target TARGET_MISSING"),
    ],
)
def test_what_is_asked_and_what_may_be_granted(
    scope: str, resource: tuple[str, ...], expected: str
) -> None:
    assert outcome(lambda: ask(scope, *resource)) == expected


def test_a_scope_that_is_not_the_clients_is_refused() -> None:
    reader = Metadata(client_id="reader", scope="openid read")

    for scope in ("buy", "openid buy"):
        with pytest.raises(InvalidScope):
            ask(scope, client=reader)
    assert ask("", ORDERS, client=reader).scope == ("read",)


def test_a_client_without_api_scopes_may_ask_for_nothing() -> None:
    assert ask(client=Metadata(client_id="plain", scope="openid")) == Grantable()


def test_offline_access_needs_refresh_tokens_a_code_and_every_apis_leave() -> None:
    """Else it is dropped, and nobody is told off for it (OIDC Core §11)."""
    without = Metadata(client_id="web", scope=WEB.scope)

    assert ask("openid offline_access").scope == ("openid", "offline_access")
    assert ask("openid offline_access", ORDERS).scope == ("openid", "offline_access")
    assert ask("openid offline_access", client=without).scope == ("openid",)
    assert ask("openid offline_access", with_code=False).scope == ("openid",)
    assert ask("openid offline_access run").scope == ("openid", "run")
    assert ask("openid offline_access", ORDERS, BATCH).scope == ("openid",)


@given(
    requested=st.lists(st.sampled_from([*OIDC, *defined(APIS), "zzz"]), unique=True),
    allowed=st.lists(st.sampled_from([*OIDC, *defined(APIS)]), unique=True),
    resource=st.lists(st.sampled_from(list(APIS)), unique=True),
)
def test_nothing_is_granted_that_was_not_asked_allowed_and_defined(
    requested: list[str], allowed: list[str], resource: list[str]
) -> None:
    client = Metadata(client_id="c", scope=" ".join(allowed))
    try:
        got = ask(" ".join(requested), *resource, client=client)
    except (InvalidScope, InvalidTarget):
        reject()

    of_audience = defined({name: APIS[name] for name in got.audience})
    assert set(got.scope) <= set(allowed)
    assert not requested or set(got.scope) <= set(requested)
    assert set(got.scope) <= of_audience | set(OIDC)
    assert not resource or got.audience == tuple(resource)


# What a machine client gets for itself


def machine(*access: ApiAccess) -> Metadata:
    return Metadata(
        client_id="m", grant_types=("client_credentials",), api_access=access
    )


READER = machine(ApiAccess(api=ORDERS, scopes=("read", "buy")))
BOTH = machine(
    ApiAccess(api=ORDERS, scopes=("read", "buy")),
    ApiAccess(api=NOTES, scopes=("read", "note")),
)
NOBODY = machine()
HALF_STALE = machine(ApiAccess(api=ORDERS, scopes=("old", "buy")))
STALE = machine(ApiAccess(api=ORDERS, scopes=("old",)))
API_GONE = machine(ApiAccess(api="https://gone/", scopes=("read",)))
WITHOUT_SCOPES = machine(ApiAccess(api=ORDERS))


@pytest.mark.parametrize(
    ("client", "scope", "resource", "expected"),
    [
        # none asked for: all that is allowed
        (READER, "", (), f"read buy → {ORDERS}"),
        (READER, "", (ORDERS,), f"read buy → {ORDERS}"),
        (READER, "read", (), f"read → {ORDERS}"),
        # not its scope, not its API, no API at all
        (READER, "note", (), "invalid_scope SCOPE_REFUSED"),
        (READER, "openid", (), "invalid_scope SCOPE_REFUSED"),
        (READER, "read note", (ORDERS,), "invalid_scope SCOPE_REFUSED"),
        (READER, "read", (NOTES,), "invalid_target TARGET_REFUSED"),
        (READER, "read", ("https://unknown/",), "invalid_target TARGET_UNKNOWN"),
        (NOBODY, "", (), "invalid_target TARGET_MISSING"),
        (NOBODY, "read", (), "invalid_target TARGET_MISSING"),
        # of two APIs the scopes may tell which is meant
        (BOTH, "buy", (), f"buy → {ORDERS}"),
        (BOTH, "note", (), f"note → {NOTES}"),
        (BOTH, "read", (), "invalid_target TARGET_MISSING"),
        (BOTH, "buy note", (), "invalid_target TARGET_MISSING"),
        (BOTH, "", (), "invalid_target TARGET_MISSING"),
        (BOTH, "sell", (), "invalid_scope SCOPE_REFUSED"),
        (BOTH, "buy sell", (), "invalid_scope SCOPE_REFUSED"),
        (BOTH, "", (ORDERS, NOTES), f"read buy note → {ORDERS} {NOTES}"),
        # what the API no longer defines, and an API that is gone
        (HALF_STALE, "", (), f"buy → {ORDERS}"),
        (HALF_STALE, "old", (), "invalid_scope SCOPE_REFUSED"),
        (STALE, "", (), "invalid_scope SCOPE_EMPTY"),
        (API_GONE, "", (), "invalid_target TARGET_MISSING"),
        # an access without scopes is an access
        (WITHOUT_SCOPES, "", (), f"→ {ORDERS}"),
    ],
)
def test_a_machine_gets_what_its_access_allows(
    client: Metadata, scope: str, resource: tuple[str, ...], expected: str
) -> None:
    def decide() -> Grantable:
        return machine_grant(parse(scope), client=client, apis=APIS, resource=resource)

    assert outcome(decide) == expected
