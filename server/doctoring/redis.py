"""The server of the projections: slow is bad, and forgetful is worse."""

import time
from collections.abc import AsyncIterator
from typing import Final

from projections.redis import Away, Redis
from server.doctoring import way
from server.doctoring.finding import Finding, fail, ok, warn
from server.way import Way

OLDEST: Final = 7
SLOW: Final = 0.005
LOOKS: Final = 5
NO_EVICTION: Final = "noeviction"
MEND: Final = "check GRANTLOG_REDIS_URL, and whether it runs"
REMEDIES: Final = {
    "certificate": "let ssl_ca_certs in GRANTLOG_REDIS_URL name the file of the "
    "authority that signed its certificate, and the URL's host be a name in it"
}
TLS: Final = (
    "let it listen with TLS, and GRANTLOG_REDIS_URL begin with rediss:// "
    "(?ssl_ca_certs=FILE for an authority of your own)"
)


async def findings(redis: Redis, *, url: str) -> AsyncIterator[Finding]:
    """Each question by itself: hosted servers refuse some of them."""
    try:
        latency = await _latency(redis)
    except Away as away:
        said = f"no answer ({away}): we serve from Postgres, slower"
        yield fail("redis", said, REMEDIES.get(away.why, MEND))
        return
    yield await _version(redis)
    yield way.finding("way to redis", Way.to_redis(url), remedy=TLS)
    said = f"{latency * 1000:.1f} ms"
    if latency > SLOW:
        yield warn("redis latency", said, "bring it nearer: every look-up waits for it")
    else:
        yield ok("redis latency", said)
    yield await _eviction(redis)
    yield await _functions(redis)


async def _latency(redis: Redis) -> float:
    best = float("inf")
    for _ in range(LOOKS):
        started = time.perf_counter()
        await redis.ask("PING")
        best = min(best, time.perf_counter() - started)
    return best


async def _version(redis: Redis) -> Finding:
    try:
        told = _text(await redis.ask("INFO", "server"))
    except Away:
        return ok("redis", "answers")
    facts = dict(line.split(":", 1) for line in told.splitlines() if ":" in line)
    valkey = facts.get("valkey_version")
    version = valkey or facts.get("redis_version", "0")
    name = f"{'Valkey' if valkey else 'Redis'} {version}"
    if int(version.split(".")[0]) < OLDEST:
        return warn("redis", name, "upgrade to Redis 7, Valkey 8 or newer")
    return ok("redis", name)


async def _eviction(redis: Redis) -> Finding:
    try:
        answer = await redis.ask("CONFIG", "GET", "maxmemory-policy")
    except Away:
        said = "cannot be read here"
        return warn("redis eviction", said, f"make sure that it is {NO_EVICTION}")
    policy = _text(answer[1]) if isinstance(answer, list) else ""
    if policy != NO_EVICTION:
        remedy = f"CONFIG SET maxmemory-policy {NO_EVICTION}, and in its file"
        return warn("redis eviction", f"{policy}: answers become slow", remedy)
    return ok("redis eviction", policy)


async def _functions(redis: Redis) -> Finding:
    try:
        await redis.ask("FUNCTION", "LIST", "LIBRARYNAME", "grantlog")
    except Away:
        remedy = "nothing, if it is hosted so: scripts are used instead"
        return warn("redis functions", "not supported", remedy)
    return ok("redis functions", "supported")


async def clock(redis: Redis) -> float | None:
    """Its time in epoch seconds, None if it doesn't say."""
    try:
        answer = await redis.ask("TIME")
    except Away:
        return None
    if not isinstance(answer, list):
        return None
    return int(_text(answer[0])) + int(_text(answer[1])) / 1_000_000


def _text(answer: object) -> str:
    return answer.decode() if isinstance(answer, bytes) else str(answer)
