"""The playground's pure parts: flows as data, tokens taken apart, JSON compared."""

from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from domain import token
from server.dev.playground import client
from server.dev.playground.checking import checks, half_hash
from server.dev.playground.client import Answer
from server.dev.playground.events import Tail, subject_of, with_before
from server.dev.playground.flows.catalogue import BY_NAME, FLOWS, GROUPS
from server.dev.playground.pages import clause
from server.dev.playground.pretty import difference, focus, lines
from server.dev.playground.runs import LIFETIME, MOST_RUNS, Run, Runs
from server.dev.playground.screen import screen
from server.dev.playground.steps import Flow, Request, fill, unmet, values
from server.dev.playground.tokens import decode, grant_of
from server.dev.playground.walk import came_back
from server.dev.playground.words import moment
from server.log.values import Recorded, Window

NOW = 1_900_000_000
GRANT = UUID("01920000-0000-7000-8000-00000000002a")
SEEDED = {
    "issuer",
    "client_id",
    "client_secret",
    "redirect_uri",
    "goodbye",
    "api",
    "archive",
    "dpop_jkt",
    "dpop_nonce",
    "alice_password",
    "bob_password",
    "leeway",
    "interval",
    "forged",
    "state",
    "nonce",
    "code_verifier",
    "code_challenge",
}


# Flows


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_every_step_finds_what_it_needs_in_the_steps_before(flow: Flow) -> None:
    known = dict.fromkeys(SEEDED, "x")
    for step in flow.steps:
        assert not unmet(step.draft, known), f"{flow.name}: {step.title}"
        assert "{" not in step.why.format_map(known)
        assert "{" not in step.look.format_map(known)
        assert all(each.equals.format_map(known) for each in step.expects)
        kept = (*step.keep.values(), *step.keep_sent.values())
        known |= dict.fromkeys(kept, "x")


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_every_clause_leads_somewhere(flow: Flow) -> None:
    texts = [text for step in flow.steps for text in step.clauses]

    links = [clause(text) for text in (*flow.clauses, *texts)]

    assert all(link.url.startswith("https://") for link in links)
    assert all(step.clauses for step in flow.steps)


@pytest.mark.parametrize("flow", GROUPS[-1].flows, ids=lambda flow: flow.name)
def test_whoever_picks_an_old_way_is_warned(flow: Flow) -> None:
    """RFC 9700 §2.1.2, §2.4; OAuth 2.1."""
    assert flow.caution.startswith("Not for anything new")


def test_a_flow_has_a_name_of_its_own() -> None:
    assert len(BY_NAME) == len(FLOWS)


def test_a_clause_names_document_and_section() -> None:
    assert clause("RFC 6749 §4.1.3").url.endswith("rfc6749#section-4.1.3")
    assert clause("OIDC Core §5.3").url.endswith("core-1_0.html#rfc.section.5.3")


def test_a_device_shows_its_code_once_it_has_one() -> None:
    """The picture is dark on light, whatever the page is."""
    asked = {"user_code": "WDJB-MJHT", "verification_uri_complete": "http://x/?u=W"}

    shown = screen(asked)

    assert shown is not None
    assert (shown.code, shown.address) == ("WDJB-MJHT", "http://x/?u=W")
    assert shown.picture.startswith("data:image/svg+xml")
    assert "%23fff" in shown.picture
    assert screen({}) is None
    assert screen({"user_code": "WDJB-MJHT"}) is None


# Requests


def test_a_parameter_that_was_emptied_is_not_sent() -> None:
    draft = BY_NAME["client-credentials"].steps[0].draft
    memory = {"issuer": "http://localhost:1", "api": "https://api/"}

    request = fill(draft, memory, {"audience": ""}, secrets={"demo-m2m": "s"})

    assert dict(request.form) == {
        "grant_type": "client_credentials",
        "scope": "read:notes",
    }


def test_what_was_edited_wins_and_a_brace_in_it_is_only_a_brace() -> None:
    draft = BY_NAME["client-credentials"].steps[0].draft
    memory = {"issuer": "http://localhost:1", "api": "https://api/"}

    request = fill(draft, memory, {"scope": "{issuer}"}, secrets={"demo-m2m": "s"})

    assert dict(request.form)["scope"] == "{issuer}"


def test_what_is_still_missing_is_shown_as_a_hole() -> None:
    draft = BY_NAME["code-pkce"].steps[1].draft

    assert ("code", "{code}") in values(draft, {}, {})


def test_curl_sends_the_same_and_survives_a_quote() -> None:
    request = Request(
        method="POST",
        url="http://localhost:1/oauth/token",
        form=(("scope", "it's"),),
        user="demo-web",
        password="p w",
    )

    command = [line.text for line in client.curl(request)]

    assert command == [
        "curl -i http://localhost:1/oauth/token",
        "-u 'demo-web:p w'",
        """--data-urlencode 'scope=it'"'"'s'""",
    ]


def test_basic_credentials_are_encoded_before_they_are_joined() -> None:
    request = Request(method="POST", url="http://x/", user="a:b", password="c d")

    assert client.credentials(request) == "Basic YSUzQWI6Yytk"  # a%3Ab:c+d


# Tokens


KEY = ECKey.generate_key("P-256", {"kid": "k1"})
MEMORY = {
    "issuer": "http://localhost:1",
    "client_id": "demo-spa",
    "nonce": "n",
}


def signed(claims: dict[str, object], key: ECKey = KEY) -> str:
    told = {"iss": MEMORY["issuer"], "exp": NOW + 60, **claims}
    return jwt.encode({"alg": "ES256", "kid": "k1"}, told, key)


def failing(members: dict[str, str]) -> list[str]:
    keys = KeySet([KEY])
    return [c.text for c in checks(members, MEMORY, keys, now=NOW) if not c.holds]


def test_honest_tokens_pass_every_check() -> None:
    access = signed({"aud": "https://api/"})
    identity = signed({"aud": "demo-spa", "nonce": "n", "at_hash": half_hash(access)})

    assert failing({"access_token": access, "id_token": identity}) == []


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"nonce": "old"}, "ID token: our nonce"),
        ({"aud": "demo-web"}, "ID token: for demo-spa"),
        ({"iss": "http://evil/"}, "ID token: issued by http://localhost:1"),
        ({"exp": NOW}, "ID token: not expired"),
        ({"at_hash": "AAAA"}, "ID token: bound to this access token (at_hash)"),
    ],
)
def test_each_lie_in_an_id_token_is_found(claims: dict[str, object], said: str) -> None:
    honest: dict[str, object] = {"aud": "demo-spa", "nonce": "n"}

    assert failing({"id_token": signed(honest | claims)}) == [said]


def test_a_signature_by_another_key_is_found() -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "k1"})

    assert failing({"access_token": signed({}, stranger)}) == [
        "Access token: signed by k1 of the JWKS"
    ]


def test_a_jwt_is_shown_with_its_times_in_words_and_its_grant() -> None:
    text = signed({"jti": token.jti(GRANT, 2)})

    shown = {
        claim.name: claim for claim in decode("access_token", text, now=NOW).payload
    }

    assert shown["exp"].words == "in 60 s · 2030-03-17 17:47:40 UTC"
    assert shown["jti"].words == f"token 2 of grant {GRANT}"
    assert grant_of(text) == GRANT


def test_an_opaque_token_is_shown_in_its_parts() -> None:
    text = token.compose(token.signed_part("rt", "k", GRANT, 3), "m" * 24)

    shown = decode("refresh_token", text, now=NOW)

    assert [part.text for part in shown.parts] == text.split(".")
    assert shown.parts[0].meaning == "refresh token"
    assert shown.parts[3].meaning == "generation 3 of the family"
    assert grant_of(text) == GRANT


def test_the_terms_of_an_opaque_access_token_are_shown_in_words() -> None:
    terms = "eyJpYXQiOjEsImV4cCI6Mn0"
    named = token.signed_part("at", "k", GRANT, 3, terms)
    text = token.compose(named, "m" * 24)

    shown = decode("access_token", text, now=NOW)

    assert [part.text for part in shown.parts] == text.split(".")
    assert shown.parts[4].meaning == 'its terms: {"iat":1,"exp":2}'


@pytest.mark.parametrize("garbage", ["", ".", "a.b.c", "é.é.é", "e30.bnVsbA.x"])
def test_garbage_is_shown_as_it_is(garbage: str) -> None:
    shown = decode("access_token", garbage, now=NOW)

    assert (shown.text, shown.parts, shown.payload) == (garbage, (), ())
    assert grant_of(garbage) is None


# Coming back


def test_coming_back_with_another_state_or_issuer_is_found() -> None:
    run = Run(flow="code-pkce", memory={"state": "s"})
    query = {"code": "c", "state": "x", "iss": "http://evil/"}

    answer, checked = came_back(run, query, issuer="http://localhost:1", status=302)

    assert answer.status == 302
    assert [check.holds for check in checked] == [False, False]


def test_coming_back_with_an_error_is_no_success() -> None:
    run = Run(flow="code-pkce", memory={"state": "s"})

    answer, _ = came_back(
        run, {"error": "access_denied", "state": "s"}, issuer="i", status=302
    )

    assert answer.status == 400


# Runs


def test_runs_are_forgotten_after_an_hour() -> None:
    runs = Runs()
    runs.put("browser", Run(flow="code-pkce", memory={}), now=NOW)

    assert runs.find("browser", "code-pkce", now=NOW + LIFETIME - 1)
    assert runs.find("browser", "code-pkce", now=NOW + LIFETIME) is None


def test_the_oldest_runs_make_room() -> None:
    runs = Runs()
    for number in range(MOST_RUNS + 1):
        runs.put(f"browser {number}", Run(flow="code-pkce", memory={}), now=NOW)

    assert runs.find("browser 0", "code-pkce", now=NOW) is None
    assert runs.find("browser 1", "code-pkce", now=NOW)


def test_a_browser_sees_only_its_own_runs() -> None:
    runs = Runs()
    runs.put("mine", Run(flow="code-pkce", memory={}), now=NOW)

    assert runs.of("another", now=NOW) == []


# JSON


def test_what_came_and_what_went_is_marked_and_the_rest_left_out() -> None:
    before = {"is": "coded", "a": 1, "b": 2, "c": 3}
    after = {"is": "live", "a": 1, "b": 2, "c": 3}

    marks = [
        (line.mark, line.value) for line in focus(difference(before, after, now=NOW))
    ]

    assert marks == [
        ("", "{"),
        ("removed", '"coded"'),
        ("added", '"live"'),
        ("", "1"),
        ("gap", "⋯"),
    ]


def test_a_member_that_moves_a_comma_is_no_change() -> None:
    marked = difference({"a": 1}, {"a": 1, "b": 2}, now=NOW)

    assert [line.key for line in marked if line.mark] == ["b"]


def test_a_time_is_said_in_words() -> None:
    noted = {line.key: line.note for line in lines({"expires_at": NOW + 60}, now=NOW)}

    assert noted["expires_at"].startswith("in 60 s")


def test_no_number_is_too_large_to_be_shown() -> None:
    assert "beyond the calendar" in moment(10**30, NOW)


def test_an_answer_that_is_no_json_has_no_members() -> None:
    assert Answer(status=500, text="<html>").members == {}
    assert Answer(status=200, text="[1]").members == {}


# Events


def event(
    number: int, *, version: int | None = 1, state: bytes = b"{}", meta: bytes = b"{}"
) -> Recorded:
    return Recorded(
        x=number,
        n=0,
        recorded_at=NOW * 1000,
        stream_id=GRANT,
        kind="grant",
        version=version,
        type="grant.refreshed",
        schema=1,
        event_id=UUID(int=number),
        data=b"{}",
        state=state,
        meta=meta,
        private=None,
    )


class Log:
    """Gives one window after another."""

    def __init__(self, *windows: list[Recorded]) -> None:
        self.windows = list(windows)

    async def snapshot(self) -> str:
        return "0"

    async def window(self, _cursor: str, _limit: int) -> Window:
        events = self.windows.pop(0)
        complete = not self.windows
        return Window(events=events, cursor="1", complete=complete, as_of=0)


async def test_the_tail_counts_what_it_shows_and_an_event_only_once() -> None:
    log = Log([event(1), event(2)], [event(2), event(3)])
    tail = Tail()
    begun = await tail.advance(log)

    count = await tail.advance(log)

    assert (begun, count) == (0, 3)
    assert [e.x for e in tail.since(1)] == [2, 3]
    assert tail.since(3) == []


async def test_many_who_watch_cost_one_look() -> None:
    log = Log([event(1)])
    tail = Tail()
    await tail.advance(log)

    counts = [await tail.advance(log, NOW), await tail.advance(log, NOW + 10)]

    assert counts == [1, 1]  # a second look would find no window


def test_a_fact_changes_no_state() -> None:
    fact = event(2, version=None, state=b"null")

    seen = with_before([event(1, state=b'{"a":1}'), fact, event(3)])

    assert [one.before for one in seen] == [b"", b'{"a":1}', b'{"a":1}']


@pytest.mark.parametrize(
    ("state", "meta"),
    [
        (b'{"user_id":"%s"}', b"{}"),
        (b'{"approval":{"user_id":"%s"}}', b"{}"),
        (b"{}", b'{"actor":"user:%s"}'),
    ],
)
def test_an_event_says_whose_key_sealed_it(state: bytes, meta: bytes) -> None:
    person = str(GRANT).encode()
    sealed = event(
        1, state=state.replace(b"%s", person), meta=meta.replace(b"%s", person)
    )

    assert subject_of(sealed) == GRANT


def test_an_event_without_a_person_is_sealed_under_nobodys_key() -> None:
    assert subject_of(event(1, meta=b'{"actor":"user:x"}')) == UUID(int=0)
