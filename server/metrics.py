"""What is counted, under names that stay (audit and operations §2).

No label names a person, a client or a path that somebody made up: the number of
series is bounded by us. It counts for the log and the projections too, which know
it as their Observer.
"""

import asyncio
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, Literal, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector

Mode = Literal["livemax", "livemostrecent"]
M = TypeVar("M", Counter, Gauge, Histogram)

# A second series beside each, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
UNITS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500)
BREAKER: Final = {"closed": 0, "half_open": 1, "open": 2}
BEAT: Final = 1.0

COUNTERS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "http_requests": ("Requests that were answered", ("endpoint", "method", "status")),
    "grantlog_grants": (
        "Grants that were asked for; reason is the inner one of a refusal",
        ("grant", "outcome", "reason"),
    ),
    "grantlog_client_refusals": (
        "Clients that did not prove who they are; reason is the inner one",
        ("reason",),
    ),
    "grantlog_append_in_doubt": (
        "Appends whose commit was in doubt, by how it was settled",
        ("resolution",),
    ),
    "grantlog_shed": ("Callers that were told to come again (503)", ("why",)),
    "grantlog_redis_failures": ("Pipelines without an answer that counts", ("why",)),
    "grantlog_redis_fallback": ("Reads that Postgres had to answer", ("why",)),
    "grantlog_redis_broken_rows": ("Rows of Redis whose MAC was wrong", ("kind",)),
    "grantlog_projection_events": ("Events that the follower brought to Redis", ()),
    "grantlog_projection_parked": (
        "Events that could not be projected; Postgres answers for their streams",
        ("kind",),
    ),
    "grantlog_backchannel_logout": (
        "Logout tokens that were sent, or would have been, to clients",
        ("outcome",),
    ),
    "grantlog_projection_lost_partitions": (
        "Partitions that Redis had lost and that began anew",
        (),
    ),
}
"""What only grows; Prometheus sees each name with `_total`."""

HISTOGRAMS: Final[Mapping[str, tuple[str, tuple[str, ...], tuple[float, ...]]]] = {
    "http_request_duration_seconds": (
        "Time from a request's headers to its answer",
        ("endpoint", "method"),
        SECONDS,
    ),
    "grantlog_append_duration_seconds": (
        "Time from sending a batch to Postgres to knowing that it is durable",
        (),
        SECONDS,
    ),
    "grantlog_append_units": ("Appends that shared one commit", (), UNITS),
    "grantlog_redis_duration_seconds": (
        "Time of a pipeline to Redis and back",
        (),
        SECONDS,
    ),
    "grantlog_redis_commands": ("Commands that shared one pipeline", (), UNITS),
}

GAUGES: Final[Mapping[str, tuple[str, tuple[str, ...], Mode]]] = {
    "grantlog_redis_breaker": (
        "The circuit breaker: 0 closed, 1 half open, 2 open",
        (),
        "livemax",
    ),
    "grantlog_projection_lag_seconds": (
        "How far the follower is behind the log",
        ("projector",),
        "livemostrecent",
    ),
    "grantlog_key_age_seconds": (
        "Time since the signing key became active",
        ("alg",),
        "livemax",
    ),
    "grantlog_loop_lag_seconds": (
        "How late the event loop was at its last beat",
        (),
        "livemax",
    ),
    "grantlog_build_info": (
        "Always 1; the label says what runs",
        ("version",),
        "livemax",
    ),
}
"""What goes up and down; the last word says what of several workers is told."""


def release() -> str:
    """The version of grantlog that runs."""
    try:
        return version("grantlog")
    except PackageNotFoundError:
        return "unreleased"


RELEASE: Final = release()
"""Read once, at import: the disk must not be asked on the event loop."""


def in_many_processes() -> bool:
    """Whether several workers count together, in files (`grantlog serve --workers`)."""
    return values.ValueClass is not values.MutexValue


class Metrics:
    """One registry an application: two in a process don't meet."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        if not in_many_processes():
            ProcessCollector(registry=registry)
        self._counters = {
            name: Counter(name, meaning, labels, registry=registry)
            for name, (meaning, labels) in COUNTERS.items()
        }
        self._histograms = {
            name: Histogram(name, meaning, labels, buckets=buckets, registry=registry)
            for name, (meaning, labels, buckets) in HISTOGRAMS.items()
        }
        self._gauges = {
            name: Gauge(
                name, meaning, labels, multiprocess_mode=mode, registry=registry
            )
            for name, (meaning, labels, mode) in GAUGES.items()
        }
        self._children: dict[tuple[str, tuple[str, ...]], Any] = {}
        self._set("grantlog_build_info", 1, RELEASE)

    def _count(self, name: str, *labels: str, by: int = 1) -> None:
        self._child(self._counters, name, labels).inc(by)

    def _observe(self, name: str, value: float, *labels: str) -> None:
        self._child(self._histograms, name, labels).observe(value)

    def _set(self, name: str, value: float, *labels: str) -> None:
        self._child(self._gauges, name, labels).set(value)

    def _child(self, among: Mapping[str, M], name: str, labels: tuple[str, ...]) -> M:
        """The series of these labels; kept, for finding it costs more than counting."""
        child = self._children.get((name, labels))
        if child is None:
            child = among[name].labels(*labels) if labels else among[name]
            self._children[name, labels] = child
        return child

    def exposition(self) -> bytes:
        """Everything, in Prometheus' text format; of all workers together."""
        if not in_many_processes():
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)

    def request_done(
        self, *, endpoint: str, method: str, status: int, seconds: float
    ) -> None:
        """A request was answered; *endpoint* is the route's pattern, not the path."""
        method = method if method in METHODS else "other"
        self._count("http_requests", endpoint, method, str(status))
        self._observe("http_request_duration_seconds", seconds, endpoint, method)

    def grant(self, *, grant: str, outcome: str, reason: str = "") -> None:
        """A grant was given or refused; *reason* is one of the code's own words."""
        self._count("grantlog_grants", grant, outcome, reason)

    def client_refused(self, reason: str) -> None:
        """Somebody was not the client; *reason* is one of the code's own words."""
        self._count("grantlog_client_refusals", reason)

    def keys_seen(self, ages: Mapping[str, float]) -> None:
        """How old the active signing keys are (seconds), by algorithm."""
        for alg, age in ages.items():
            self._set("grantlog_key_age_seconds", age, alg)

    def logout_notice(self, outcome: str) -> None:
        """A logout token was "delivered", "failed" for now, or was "given_up"."""
        self._count("grantlog_backchannel_logout", outcome)

    # server.log.options.Observer

    def append_done(self, seconds: float, units: int) -> None:
        self._observe("grantlog_append_duration_seconds", seconds)
        self._observe("grantlog_append_units", units)

    def in_doubt(self, resolution: str) -> None:
        self._count("grantlog_append_in_doubt", resolution)

    def shed(self, why: str) -> None:
        self._count("grantlog_shed", why)

    # projections.observer.Observer

    def redis_answered(self, *, commands: int, seconds: float) -> None:
        self._observe("grantlog_redis_duration_seconds", seconds)
        self._observe("grantlog_redis_commands", commands)

    def redis_failed(self, why: str) -> None:
        self._count("grantlog_redis_failures", why)

    def breaker_moved(self, state: str) -> None:
        self._set("grantlog_redis_breaker", BREAKER[state])

    def fell_back(self, why: str) -> None:
        self._count("grantlog_redis_fallback", why)

    def row_broken(self, kind: str) -> None:
        self._count("grantlog_redis_broken_rows", kind)

    def applied(self, *, events: int, lag: float) -> None:
        self._count("grantlog_projection_events", by=events)
        self._set("grantlog_projection_lag_seconds", lag, "redis")

    def parked(self, kind: str) -> None:
        self._count("grantlog_projection_parked", kind)

    def lost(self, partitions: int) -> None:
        self._count("grantlog_projection_lost_partitions", by=partitions)

    async def watch_loop(self) -> None:
        """Measure for ever how late the event loop is."""
        now = asyncio.get_running_loop().time
        while True:
            due = now() + BEAT
            await asyncio.sleep(BEAT)
            self._set("grantlog_loop_lag_seconds", max(0.0, now() - due))
