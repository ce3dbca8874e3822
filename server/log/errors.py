"""How an append or a read of the log can fail (design page: the event log §11).

Exception
├── Conflict      the stream has moved: load, decide again
├── KeyTaken      another stream owns the name
├── Rejected      Postgres refused the data: a bug or a poison value
├── Unavailable   not now, or outcome unknown: 503 with Retry-After
└── NotStartable  the database cannot serve as this log: what to do is in the text
"""


class Conflict(Exception):
    """The stream is not at the expected version any more, or a racer holds it."""


class KeyTaken(Exception):
    """A unique key of the unit belongs to another living stream.

    Args:
        kind: which sort of key, as in `UniqueKey.kind`.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Rejected(Exception):
    """Postgres refused the data (SQLSTATE 22xxx, 23xxx); only this unit failed."""


class Unavailable(Exception):
    """The log cannot say yes or no in time; nothing may be concluded from it.

    An append that ends so may or may not have happened (§11): the same request
    again is safe, `invalid_grant` would be a lie.

    Args:
        why: a fixed word for metrics and logs: "queue", "deadline", "reads" …
        retry_after: seconds, for the header of the same name.
    """

    def __init__(self, why: str = "busy", *, retry_after: int = 1) -> None:
        super().__init__(why)
        self.why = why
        self.retry_after = retry_after


class NotStartable(Exception):
    """The database cannot be this server's log as it is; the text says the way out."""
