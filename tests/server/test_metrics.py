"""Counting: fixed names, bounded labels, one registry an application."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from projections.observer import Observer as ProjectionsObserver
from server.log.options import Observer as LogObserver
from server.metrics import Metrics
from tests.server.conftest import Server

NAMES = {
    "http_requests_total",
    "http_request_duration_seconds_bucket",
    "grantlog_grants_total",
    "grantlog_append_duration_seconds_count",
    "grantlog_append_in_doubt_total",
    "grantlog_shed_total",
    "grantlog_redis_fallback_total",
    "grantlog_redis_breaker",
    "grantlog_projection_lag_seconds",
    "grantlog_key_age_seconds",
    "grantlog_loop_lag_seconds",
    "grantlog_build_info",
    "process_resident_memory_bytes",
}


def exposition(metrics: Metrics) -> str:
    return metrics.exposition().decode()


def test_the_names_are_the_documented_ones() -> None:
    """Dashboards and alerts are written against them."""
    metrics = Metrics()

    metrics.request_done(endpoint="/x", method="GET", status=200, seconds=0.1)
    metrics.grant(grant="authorization_code", outcome="ok")
    metrics.append_done(0.002, 3)
    metrics.in_doubt("committed")
    metrics.shed("queue")
    metrics.fell_back("away")
    metrics.breaker_moved("open")
    metrics.applied(events=3, lag=0.1)
    metrics.keys_seen({"ES256": 12.0})
    said = exposition(metrics)

    assert {name for name in NAMES if name not in said} == set()


def test_it_counts_for_the_log_and_for_the_projections() -> None:
    """Both define what they want to tell; one object hears it all."""
    metrics = Metrics()
    log: LogObserver = metrics
    projections: ProjectionsObserver = metrics

    log.shed("queue")
    projections.breaker_moved("half_open")
    projections.lost(2)

    said = exposition(metrics)
    assert 'grantlog_shed_total{why="queue"} 1.0' in said
    assert "grantlog_redis_breaker 1.0" in said
    assert "grantlog_projection_lost_partitions_total 2.0" in said


def test_two_applications_count_apart() -> None:
    """No global registry: a test's server knows nothing of another's."""
    one, other = Metrics(), Metrics()

    one.shed("queue")

    assert "grantlog_shed_total{" not in exposition(other)


def test_made_up_methods_make_no_new_series() -> None:
    """Labels are ours: nobody outside can make a thousand of them."""
    metrics = Metrics()

    for method in ("BREW", "PROPFIND", "X" * 50):
        metrics.request_done(endpoint="/x", method=method, status=405, seconds=0.0)

    assert 'method="other",status="405"} 3.0' in exposition(metrics)
    assert "BREW" not in exposition(metrics)


async def test_requests_are_counted_by_route_and_not_by_path(server: Server) -> None:
    """A path that somebody made up is `unknown`, whatever it says."""
    await server.client.get("/.well-known/jwks.json")
    await server.client.get("/nothing/here/alice@example.com")

    said = await asyncio.to_thread(exposition, server.known.metrics)

    assert 'endpoint="/.well-known/jwks.json",method="GET",status="200"} 1.0' in said
    assert 'endpoint="unknown",method="GET",status="404"} 1.0' in said
    assert "alice" not in said


def test_workers_count_together(tmp_path: Path) -> None:
    """What one process counted is in the other's answer (PROMETHEUS_MULTIPROC_DIR)."""
    count = "from server.metrics import Metrics; m = Metrics(); m.shed('queue')"
    tell = f"{count}; print(m.exposition().decode())"
    environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=environ,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for code in (count, tell)
    ]

    assert 'grantlog_shed_total{why="queue"} 2.0' in said[-1]
