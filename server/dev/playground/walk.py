"""One step of a walk: look, send, look again, and say what came of it."""

from collections.abc import Mapping, Sequence
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from domain import pkce
from server.clock import Clock
from server.dev.playground import client, demo
from server.dev.playground.checking import Check, checks
from server.dev.playground.client import Answer
from server.dev.playground.filling import Ready
from server.dev.playground.flows.catalogue import BY_NAME
from server.dev.playground.proofs import Keys
from server.dev.playground.runs import Evidence, Run, Text, Underway, arrived
from server.dev.playground.state import Bench
from server.dev.playground.steps import Flow, Keep, Request, Step
from server.dev.playground.witness import look, look_again
from server.services import Services

ARTEFACTS: Final = (
    "request_uri",
    "code",
    "device_code",
    "access_token",
    "refresh_token",
    "id_token",
)
SIGNED_BY_US: Final = ("request", "client_assertion", "DPoP")
FORGED: Final = f"at.1.{'A' * 22}.1.e30.{'A' * 24}"
"""Looks like an opaque access token; nobody computed its MAC."""


def seed(services: Services, keys: Keys, flow: Flow) -> Run:
    """Return a fresh run: new state, nonce and verifier (RFC 7636 §4.1)."""
    url, known = services.settings.url, demo.data(services.settings)
    return Run(
        flow=flow.name,
        memory={
            "issuer": services.settings.issuer,
            "client_id": flow.client,
            "redirect_uri": url("/dev/playground/callback"),
            "goodbye": url("/dev/playground/logged-out"),
            "api": known.api,
            "archive": known.archive,
            "client_secret": known.secrets.get(flow.client, ""),
            "dpop_jkt": keys.thumbprint,
            "dpop_nonce": "",
            "leeway": str(services.settings.refresh_leeway),
            "interval": str(services.settings.device_interval),
            "forged": FORGED,
            **{f"{name}_password": word for name, word in known.passwords.items()},
            **_riddles(services.clock),
        },
    )


def _riddles(clock: Clock) -> dict[str, str]:
    verifier = clock.secret_text()
    return {
        "state": clock.secret_text(),
        "nonce": clock.secret_text(),
        "code_verifier": verifier,
        "code_challenge": pkce.derive(verifier),
    }


async def depart(
    services: Services,
    bench: Bench,
    run: Run,
    ready: Ready,
    *,
    place: int,
    edits: Text,
) -> Underway:
    """Remember what the world looks like as the request leaves."""
    return Underway(
        place=place,
        request=ready.request,
        memory=ready.memory,
        edits=edits,
        before=await look(services, bench.tail, run.watched),
    )


async def send(services: Services, bench: Bench, run: Run, underway: Underway) -> Run:
    """Send the client's request and return the run with what came back."""
    answer = await client.send(bench.session, underway.request)
    members = {n: v for n, v in answer.members.items() if isinstance(v, str)}
    checked = await believed(services, bench, run, members)
    return await arrive(
        services, bench, run, underway, answer, members=members, checked=checked
    )


async def believed(
    services: Services, bench: Bench, run: Run, members: Mapping[str, str]
) -> tuple[Check, ...]:
    """Check tokens as a client would: with the keys that the server publishes."""
    if not members.keys() & {"access_token", "id_token"}:
        return ()
    url = services.settings.url("/.well-known/jwks.json")
    answer = await client.send(bench.session, Request(method="GET", url=url))
    now = services.clock.now()
    return checks(members, run.memory, _key_set(answer), now=now)


def _key_set(answer: Answer) -> KeySet:
    try:
        return KeySet.import_key_set(answer.members)  # type: ignore[arg-type]
    except (JoseError, KeyError, ValueError, TypeError):
        return KeySet([])


async def arrive(
    services: Services,
    bench: Bench,
    run: Run,
    underway: Underway,
    answer: Answer,
    *,
    members: Text,
    checked: Sequence[Check],
) -> Run:
    """Return the run with the step's evidence; `members` is what the answer holds."""
    step = BY_NAME[run.flow].steps[underway.place]
    artefacts = tuple((name, members[name]) for name in ARTEFACTS if name in members)
    seen = await look_again(
        services,
        bench.tail,
        underway.before,
        known=run.watched,
        texts=[text for _, text in artefacts],
    )
    passed = answer.status == step.status
    evidence = Evidence(
        request=underway.request,
        memory=underway.memory,
        edits=underway.edits,
        answer=answer,
        artefacts=(*artefacts, *_signed_by_us(underway.request)),
        checks=(*checked, *_expected(step, run.memory, answer)),
        events=seen.events,
        rows=seen.rows,
        passed=passed,
        attempt=run.attempts(underway.place) + 1,
    )
    learnt = kept(step, underway.request, members) if passed else {}
    memory = {**run.memory, **_nonce(answer), **learnt}
    return arrived(
        run, evidence, place=underway.place, memory=memory, watched=seen.watched
    )


def _signed_by_us(request: Request) -> tuple[tuple[str, str], ...]:
    sent = dict((*request.query, *request.form, *request.headers))
    return tuple((name, sent[name]) for name in SIGNED_BY_US if name in sent)


def _nonce(answer: Answer) -> Text:
    """Return the nonce for the next proof, whatever else came (RFC 9449 §8.2)."""
    given = answer.header("DPoP-Nonce")
    return {"dpop_nonce": given} if given else {}


def kept(step: Step, request: Request, members: Text) -> Text:
    """Return what the run remembers of a step: of the answer, and as it was sent."""
    return {
        **_named(step.keep, members),
        **_named(step.keep_sent, dict(request.form)),
    }


def _named(keep: Keep, given: Text) -> dict[str, str]:
    return {name: given[member] for member, name in keep.items() if member in given}


def _expected(step: Step, memory: Text, answer: Answer) -> tuple[Check, ...]:
    return tuple(
        Check(
            text=each.text,
            holds=_plain(answer.members.get(each.member))
            == each.equals.format_map(memory),
        )
        for each in step.expects
    )


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def came_back(
    run: Run, members: Text, *, issuer: str, status: int
) -> tuple[Answer, list[Check]]:
    """Read the browser's return as an answer (RFC 6749 §4.1.2, RFC 9207 §2.4).

    `status` is what brought it back: 302 by an address, 200 by a form.
    """
    answer = Answer(
        status=400 if "error" in members else status,
        headers=tuple(members.items()),
        text="",
    )
    checked = [
        Check(
            text="state is the one we sent (RFC 6749 §10.12)",
            holds=members.get("state") == run.memory["state"],
        )
    ]
    if "iss" in members:
        checked.append(
            Check(
                text="iss is the server we asked (RFC 9207)",
                holds=members["iss"] == issuer,
            )
        )
    return answer, checked
