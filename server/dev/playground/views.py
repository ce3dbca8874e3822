"""From a run to its page: every value that the template shows is made here."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from aiohttp import web

from server import services
from server.dev.playground import demo
from server.dev.playground.client import curl, headers
from server.dev.playground.events import Opened, Seen, Shown, short, show
from server.dev.playground.filling import ready
from server.dev.playground.flows.catalogue import BY_NAME
from server.dev.playground.live import arrived
from server.dev.playground.pages import (
    EvidenceView,
    ParameterView,
    RequestView,
    StepView,
    WalkPage,
    clause,
)
from server.dev.playground.pretty import lines
from server.dev.playground.proofs import Keys
from server.dev.playground.rows import Row, RowView, compare
from server.dev.playground.runs import EMPTY, Evidence, Run
from server.dev.playground.screen import screen
from server.dev.playground.state import Bench
from server.dev.playground.steps import Request, Step, unmet, values
from server.dev.playground.tokens import decode
from server.dev.playground.witness import RowChange
from server.dev.playground.words import PARAMETERS
from server.services import Services
from server.web import csp, csrf, pages

CSRF: Final = "playground"
HOME: Final = "/dev/playground"


def walk_page(
    request: web.Request,
    bench: Bench,
    run: Run,
    place: int,
    *,
    rows: Mapping[UUID, Row | None],
    opened: Mapping[str, Opened],
) -> WalkPage:
    """Return the page of one step; `rows` are the run's rows as they stand now."""
    known = services.of(request)
    flow, now = BY_NAME[run.flow], known.clock.now()
    home = pages.path_of(request, HOME)
    base = f"{home}/flows/{flow.name}"
    steps = [_step(each, at, run, base) for at, each in enumerate(flow.steps)]
    return WalkPage(
        nonce=csp.nonce(request),
        home=home,
        live=_live(home, run, bench),
        title=flow.title,
        summary=flow.summary,
        caution=flow.caution,
        notice=run.notice,
        client=flow.client,
        steps=steps,
        step=steps[place],
        request=request_view(known, bench.keys, flow.steps[place], run, place),
        action=f"{base}/{place + 1}",
        restart=base,
        csrf=csrf.token(request, CSRF),
        attempt=run.attempts(place),
        evidence=_evidence(run, place, opened, now),
        screen=screen(run.memory),
        opens=run.memory.get(flow.steps[place].opens, ""),
        rows_now=_rows_now(run, rows, now),
        arrived=arrived(request, bench, run),
        next=steps[place + 1] if place + 1 < len(steps) else None,
        waiting=run.underway is not None and run.underway.place == place,
        people=demo.people(known.settings, now=now),
    )


def _live(home: str, run: Run, bench: Bench) -> str:
    """Return where the page hears that something has arrived."""
    seen = f"revision={run.revision}&count={bench.tail.count}"
    return f"{home}/events?flow={run.flow}&{seen}"


def seen_at(run: Run, place: int) -> Sequence[Seen]:
    found = run.evidence.get(place)
    return found.events if found else ()


def _step(step: Step, at: int, run: Run, base: str) -> StepView:
    evidence = run.evidence.get(at)
    return StepView(
        number=at + 1,
        title=step.title,
        why=step.why.format_map(run.memory),
        look=step.look.format_map(run.memory),
        button=step.button,
        clauses=[clause(text) for text in step.clauses],
        standing=_standing(evidence, at, run),
        href=f"{base}/{at + 1}",
        outcome=_outcome(evidence),
    )


def _standing(evidence: Evidence | None, at: int, run: Run) -> str:
    if evidence is None:
        return "now" if at == run.place else "later"
    return "done" if evidence.passed else "failed"


def _outcome(evidence: Evidence | None) -> str:
    if evidence is None:
        return ""
    count = len(evidence.events)
    events = {0: "no event", 1: "1 event"}.get(count, f"{count} events")
    return f"{evidence.answer.status} · {events}"


def request_view(
    known: Services, keys: Keys, step: Step, run: Run, place: int
) -> RequestView:
    """Return the request as it went out, or as it would go out now."""
    found = run.evidence.get(place)
    edits = found.edits if found else EMPTY
    memory, missing, made = run.memory_for(place), unmet(step.draft, run.memory), None
    if found:
        made = found.request
    elif not missing:
        now = ready(known, keys, run, place, edits)
        made, memory = now.request, now.memory
    return RequestView(
        method=step.draft.method,
        path=step.draft.path,
        host=urlsplit(known.settings.issuer).netloc,
        leaves=step.draft.leaves,
        headers=shown_headers(made) if made else (),
        parameters=[
            ParameterView(
                name=name,
                value=value,
                meaning=PARAMETERS.get(name, ""),
                editable=name in step.edits,
                missing=any("{" + hole + "}" in value for hole in missing),
            )
            for name, value in values(step.draft, memory, edits)
            if value or name in step.edits
        ],
        curl=curl(made) if made else (),
        ready=made is not None,
    )


def shown_headers(request: Request) -> list[tuple[str, str]]:
    sent = [pair for pair in headers(request) if pair[0] != "Accept"]
    if request.form:
        sent.append(("Content-Type", "application/x-www-form-urlencoded"))
    return sent


def _evidence(
    run: Run, place: int, opened: Mapping[str, Opened], now: int
) -> EvidenceView | None:
    evidence = run.evidence.get(place)
    if evidence is None:
        return None
    answer = evidence.answer
    return EvidenceView(
        passed=evidence.passed,
        expected=BY_NAME[run.flow].steps[place].status,
        answer=answer,
        body=lines(answer.json, now=now) if answer.json is not None else (),
        tokens=[decode(name, text, now=now) for name, text in evidence.artefacts],
        checks=evidence.checks,
        events=shown_events(evidence.events, opened, now),
        rows=[_row_change(change, now) for change in evidence.rows],
    )


def shown_events(
    events: Sequence[Seen], opened: Mapping[str, Opened], now: int
) -> list[Shown]:
    return [
        show(seen, now=now, opened=opened.get(str(seen.recorded.event_id)))
        for seen in events
    ]


def _row_change(change: RowChange, now: int) -> RowView:
    watched = change.watched
    return compare(
        watched.kind,
        short(watched.stream_id),
        watched.stream_id,
        before=change.before,
        after=change.after,
        logged=change.logged,
        now=now,
    )


def _rows_now(run: Run, rows: Mapping[UUID, Row | None], now: int) -> list[RowView]:
    return [
        row_now(each.kind, each.stream_id, row, now)
        for each in run.watched
        if (row := rows.get(each.stream_id))
    ]


def row_now(kind: str, stream_id: UUID, row: Row, now: int) -> RowView:
    return compare(kind, short(stream_id), stream_id, before=row, after=row, now=now)
