"""What the playground remembers of a walk: in this process's memory, for an hour."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from server.dev.playground.checking import Check
from server.dev.playground.client import Answer
from server.dev.playground.events import Seen
from server.dev.playground.steps import Request
from server.dev.playground.witness import Before, RowChange, Watched

MOST_RUNS: Final = 200
LIFETIME: Final = 3600

Text = Mapping[str, str]
EMPTY: Final[Text] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Underway:
    """A request on its way, and what the world looked like as it left."""

    place: int
    request: Request
    memory: Text
    edits: Text
    before: Before


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a step brought to light; `memory` is what filled its request."""

    request: Request
    memory: Text
    edits: Text
    answer: Answer
    artefacts: tuple[tuple[str, str], ...]
    checks: tuple[Check, ...]
    events: tuple[Seen, ...]
    rows: tuple[RowChange, ...]
    passed: bool
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One walk through one flow; `memory` fills the holes of its requests.

    `notice` tells what was done beside the walk since its last step.
    """

    flow: str
    memory: Text
    watched: tuple[Watched, ...] = ()
    evidence: Mapping[int, Evidence] = field(default_factory=dict)
    underway: Underway | None = None
    notice: str = ""
    revision: int = 0

    @property
    def place(self) -> int:
        """The first step that has not passed."""
        place = 0
        while place in self.evidence and self.evidence[place].passed:
            place += 1
        return place

    def memory_for(self, place: int) -> Text:
        """Return what fills that step's request: what it went out with, if it did."""
        found = self.evidence.get(place)
        return found.memory if found else self.memory

    def attempts(self, place: int) -> int:
        found = self.evidence.get(place)
        return found.attempt if found else 0


def leaving(run: Run, underway: Underway) -> Run:
    return replace(run, underway=underway, notice="", revision=run.revision + 1)


def noticing(run: Run, notice: str) -> Run:
    return replace(run, notice=notice, revision=run.revision + 1)


def arrived(
    run: Run,
    evidence: Evidence,
    *,
    place: int,
    memory: Text,
    watched: tuple[Watched, ...],
) -> Run:
    """Return the run after a step; what came of a later one is past."""
    earlier = {at: found for at, found in run.evidence.items() if at < place}
    return replace(
        run,
        memory=memory,
        watched=watched,
        evidence={**earlier, place: evidence},
        underway=None,
        notice="",
        revision=run.revision + 1,
    )


class Runs:
    """Runs by browser and flow: bounded, and forgotten after an hour."""

    def __init__(self) -> None:
        self._runs: OrderedDict[tuple[str, str], tuple[int, Run]] = OrderedDict()

    def put(self, browser: str, run: Run, *, now: int) -> Run:
        self._runs[browser, run.flow] = (now, run)
        self._runs.move_to_end((browser, run.flow))
        while len(self._runs) > MOST_RUNS:
            self._runs.popitem(last=False)
        return run

    def find(self, browser: str, flow: str, *, now: int) -> Run | None:
        kept_at, run = self._runs.get((browser, flow), (0, None))
        return run if now < kept_at + LIFETIME else None

    def of(self, browser: str, *, now: int) -> list[Run]:
        flows = [flow for owner, flow in self._runs if owner == browser]
        found = [self.find(browser, flow, now=now) for flow in flows]
        return [run for run in found if run is not None]

    def drop(self, browser: str, flow: str) -> None:
        self._runs.pop((browser, flow), None)

    def revision(self, browser: str, flow: str) -> int:
        _, run = self._runs.get((browser, flow), (0, None))
        return run.revision if run else 0
