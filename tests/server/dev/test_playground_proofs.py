"""What the playground signs, and what it makes of tokens that came in front."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from domain import client_assertion, dpop, stream_id, token
from server.clock import SYSTEM
from server.config import ConfigError, load
from server.dev import demo
from server.dev.playground import proofs
from server.dev.playground.checking import checks, half_hash
from server.dev.playground.flows.catalogue import BY_NAME
from server.dev.playground.proofs import Keys
from server.dev.playground.steps import Draft, Request, fill, get, post, unmet
from server.dev.playground.tokens import decode, grant_of, session_of
from server.dev.playground.walk import kept
from tests.house import settings_for

NOW = 1_900_000_000
ISSUER = "http://localhost:1"
KEYS = Keys.make()
KEY = ECKey.generate_key("P-256", {"kid": "k1"})
MEMORY = {"issuer": ISSUER, "client_id": "demo-hybrid", "nonce": "n"}


# What it signs


def test_everybody_has_the_key_that_demo_signed_registered() -> None:
    config = demo.config(settings_for("postgresql://x", "redis://x", 8080))
    jwks = {one.metadata.client_id: one.metadata.jwks for one in config.clients}

    assert jwks["demo-signed"] == {
        "keys": [dict(KEYS.registered.as_dict(private=False))]
    }


def test_outside_development_nobody_has_the_demo_clients() -> None:
    """Their secrets, and a private key, are in the repository."""
    settings = settings_for("postgresql://x", "redis://x", 8080)
    production = replace(settings, development=False, issuer="https://login.example")

    with pytest.raises(ConfigError):
        demo.config(production)
    with pytest.raises(ConfigError):
        load(demo.FILE, environ={})


def test_an_assertion_says_who_it_is_to_this_server_and_once() -> None:
    def made() -> str:
        return proofs.assertion(KEYS, SYSTEM, client_id="demo-signed", issuer=ISSUER)

    read = [jwt.decode(text, KEYS.registered) for text in (made(), made())]

    said = client_assertion.check(
        read[0].claims,
        typ=read[0].header["typ"],
        client_id="demo-signed",
        audience={ISSUER},
        now=SYSTEM.now(),
    )
    assert said.jti != read[1].claims["jti"]


def proven(draft: Draft, **beside: str) -> Mapping[str, str]:
    made = Request(method=draft.method, url=f"{ISSUER}{draft.path}")
    return dict(proofs.with_proof(made, draft, KEYS, SYSTEM, **beside).headers)


def test_a_proof_is_for_this_request_and_this_token_and_holds_no_private_key() -> None:
    draft = get("/userinfo", proof="own")
    text = proven(draft, token="the-token", nonce="the-nonce")["DPoP"]

    read = jwt.decode(text, KEYS.provers["own"])

    assert read.header["typ"] == dpop.TYPE
    assert "d" not in read.header["jwk"]
    assert read.claims["ath"] == dpop.ath("the-token")
    assert read.claims["nonce"] == "the-nonce"
    assert (read.claims["htm"], read.claims["htu"]) == ("GET", f"{ISSUER}/userinfo")


def test_the_thief_has_a_key_of_its_own() -> None:
    text = proven(post("/oauth/token", proof="thief"))["DPoP"]

    read = jwt.decode(text, KEYS.provers["thief"])

    assert not read.claims.keys() & {"ath", "nonce"}
    assert KEYS.provers["thief"].thumbprint() != KEYS.thumbprint


def test_a_request_that_needs_no_proof_has_none() -> None:
    assert proven(get("/userinfo")) == {}


@pytest.mark.parametrize(("proof", "scheme"), [("", "Bearer"), ("own", "DPoP")])
def test_a_token_goes_under_the_scheme_of_its_kind(proof: str, scheme: str) -> None:
    draft = get("/userinfo", token="{access_token}", proof=proof)

    request = fill(draft, {"issuer": ISSUER, "access_token": "t"}, {}, secrets={})

    assert dict(request.headers)["Authorization"] == f"{scheme} t"


def test_what_is_made_anew_each_time_waits_for_no_step() -> None:
    assert unmet(post("/x", otp="{otp}", a="{code}"), {}) == {"code"}


def test_a_replay_sends_what_was_sent_and_not_what_came() -> None:
    step = BY_NAME["private-key-jwt"].steps[0]
    sent = Request(method="POST", url="", form=(("client_assertion", "a"),))

    assert kept(step, sent, {"access_token": "t"}) == {
        "access_token": "t",
        "used_assertion": "a",
    }


# What came in front


def posted(**hashes: str) -> dict[str, str]:
    """A form with everything in it, honest but for these hashes."""
    beside = {"code": "the code", "access_token": "at", "state": "our state"}
    honest = {
        "iss": ISSUER,
        "aud": "demo-hybrid",
        "exp": NOW + 60,
        "sub": "alice",
        "nonce": "n",
        "c_hash": half_hash("the code"),
        "at_hash": half_hash("at"),
        "s_hash": half_hash("our state"),
    }
    claims = {name: v for name, v in {**honest, **hashes}.items() if v}
    return {**beside, "id_token": signed(claims)}


def signed(claims: dict[str, object]) -> str:
    return jwt.encode({"alg": "ES256", "kid": "k1"}, claims, KEY)


def failing(members: Mapping[str, str], **memory: str) -> list[str]:
    found = checks(members, {**MEMORY, **memory}, KeySet([KEY]), now=NOW)
    return [check.text for check in found if not check.holds]


def test_an_honest_form_is_believed() -> None:
    assert failing(posted()) == []


@pytest.mark.parametrize("value", ["", "another"])
@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("c_hash", "ID token: bound to this code (c_hash)"),
        ("at_hash", "ID token: bound to this access token (at_hash)"),
        ("s_hash", "ID token: bound to our state (s_hash)"),
        ("nonce", "ID token: our nonce"),
    ],
)
def test_in_front_each_hash_must_be_there_and_right(
    claim: str, said: str, value: str
) -> None:
    """OIDC Core §3.2.2.10, §3.3.2.11: what a browser carried could be swapped."""
    assert failing(posted(**{claim: value})) == [said]


@pytest.mark.parametrize(("sub", "failures"), [("alice", 0), ("mallory", 1)])
def test_the_back_must_speak_of_the_same_person_as_the_front(
    sub: str, failures: int
) -> None:
    """OIDC Core §3.3.3.6."""
    front = posted()["id_token"]
    back = {"iss": ISSUER, "aud": "demo-hybrid", "exp": NOW + 60, "sub": sub}

    assert len(failing({"id_token": signed(back)}, front_id_token=front)) == failures


def test_a_pushed_request_is_shown_in_its_parts_and_leads_to_its_grant() -> None:
    grant = SYSTEM.new_id()
    named = token.compose(token.signed_part("pr", "k", grant, 0), "m" * 24)
    reference = f"urn:ietf:params:oauth:request_uri:{named}"

    shown = decode("request_uri", reference, now=NOW)

    assert shown.parts[0].meaning == "pushed authorization request"
    assert grant_of(reference) == grant


def test_an_id_token_names_its_session() -> None:
    session = SYSTEM.new_id()

    assert session_of(signed({"sid": stream_id.to_text(session)})) == session
    assert session_of(signed({"sid": "x"})) is None
    assert session_of("garbage") is None
