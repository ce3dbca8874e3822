"""The circuit breaker, by a clock that the story turns."""

from projections.breaker import Breaker, Circuit


def breaker() -> Breaker:
    return Breaker(failures=3, cooldown=1.0)


def test_a_few_failures_between_successes_keep_it_closed() -> None:
    """Only failures in a row count."""
    subject = breaker()
    for _ in range(5):
        subject.fail(now=0)
        subject.fail(now=0)
        subject.succeed()

    assert subject.circuit is Circuit.CLOSED
    assert not subject.refuses(now=0)


def test_failures_in_a_row_open_it_for_a_while() -> None:
    subject = breaker()
    for _ in range(3):
        subject.fail(now=10)

    assert subject.refuses(now=10.9)
    assert not subject.refuses(now=11)


def test_one_probe_at_a_time() -> None:
    """While the probe is out everybody else is refused."""
    subject = breaker()
    for _ in range(3):
        subject.fail(now=10)

    subject.begin()

    assert subject.circuit is Circuit.HALF_OPEN
    assert subject.refuses(now=20)


def test_the_probe_decides() -> None:
    """A good answer closes it, another failure opens it for the same time again."""
    subject = breaker()
    for _ in range(3):
        subject.fail(now=10)
    subject.begin()
    subject.fail(now=12)

    assert subject.refuses(now=12.9)
    assert not subject.refuses(now=13)

    subject.begin()
    subject.succeed()

    assert not subject.refuses(now=13)
