"""`grantlog users`: people, by name."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from server.cli import frame
from server.cli.frame import Failed, Misused, as_json, say_json, say_table

if TYPE_CHECKING:
    from domain.user import Event, UserState
    from server.services import Services

EXAMPLES = """
\b
Examples:
  grantlog users list --limit 20
  grantlog users show alice
  grantlog users reset-password alice              asks for the new password
  grantlog users disable alice --reason "left the company"
  grantlog users revoke alice                      sign out everywhere
  grantlog users erase alice                       forget for ever (GDPR, art. 17)
"""


@click.group(epilog=EXAMPLES)
def users() -> None:
    """People; they are registered and changed with `grantlog apply`."""


@users.command("list")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    help="How many at most.",
)
@click.option("--after", type=click.UUID, help="Go on after this user_id.")
@as_json
def list_users(*, limit: int, after: UUID | None, as_json: bool) -> None:
    """People, who registered first comes first."""
    rows = frame.run(lambda known: _page(known, after, limit))
    if as_json:
        say_json(rows)
    else:
        columns = ("person", "user_id", "standing", "registered")
        say_table(columns, [list(row.values()) for row in rows])


async def _page(
    known: "Services", after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    found = await known.log.people(after, limit)
    return [await _row(known, one.stream_id) for one in found]


async def _row(known: "Services", user_id: UUID) -> dict[str, Any]:
    profile = await known.directory.profile(user_id) or {}
    standing = await _standing(known, user_id)
    return {
        "username": profile.get("preferred_username"),
        "user_id": standing["user_id"],
        "standing": standing["standing"],
        "registered_at": standing["registered_at"],
    }


@users.command()
@click.argument("username")
@as_json
def show(*, username: str, as_json: bool) -> None:
    """What is known of a person, and how the account stands."""

    async def work(known: "Services") -> dict[str, Any]:
        user_id = await _find(known, username)
        profile = await known.directory.profile(user_id) or {}
        return {**await _standing(known, user_id), **profile}

    found = frame.run(work)
    if as_json:
        say_json(found)
    else:
        say_table(("member", "value"), list(found.items()))


async def _standing(known: "Services", user_id: UUID) -> dict[str, Any]:
    from domain.user import USER

    state = (await known.reading.truth(USER, user_id)).state
    return _stands(user_id, state, known.clock.now())


def _stands(user_id: UUID, state: "UserState", now: int) -> dict[str, Any]:
    from domain import user

    person = user.known(state)
    return {
        "user_id": str(user_id),
        "standing": user.may_sign_in(person, now) or "may sign in",
        "credentials": ", ".join(sorted(person.credentials)),
        "registered_at": person.registered_at,
        "revoked_at": person.epoch or None,
    }


async def _find(known: "Services", username: str) -> UUID:
    user_id = await known.directory.find(username)
    if user_id is None:
        raise Failed(f"nobody is called {username}")
    return user_id


@users.command()
@click.argument("username")
@click.option("--reason", default="operator", show_default=True, help="For the log.")
@as_json
def disable(*, username: str, reason: str, as_json: bool) -> None:
    """Refuse the person, and everything that was given for them, at once."""
    from domain import user

    found = _change(
        username, lambda state, now: user.disable(state, reason=reason, now=now)
    )
    _tell(found, username, "is disabled", as_json=as_json)


@users.command()
@click.argument("username")
@as_json
def enable(*, username: str, as_json: bool) -> None:
    """Let the person in again."""
    from domain import user

    found = _change(username, lambda state, now: user.enable(state, now=now))
    _tell(found, username, "is enabled", as_json=as_json)


@users.command()
@click.argument("username")
@click.option("--reason", default="operator", show_default=True, help="For the log.")
@as_json
def revoke(*, username: str, reason: str, as_json: bool) -> None:
    """End every session and every token of the person; they may sign in again."""
    from domain import user

    found = _change(
        username,
        lambda state, now: user.invalidate_tokens(state, reason=reason, now=now),
    )
    done = "is signed out everywhere, and has no token left"
    _tell(found, username, done, as_json=as_json)


def _tell(found: dict[str, Any], username: str, done: str, *, as_json: bool) -> None:
    if as_json:
        say_json(found)
    else:
        click.echo(f"{username} {done}")


@users.command()
@click.argument("username")
def unlock(*, username: str) -> None:
    """End the pause after too many wrong passwords."""
    from domain import user

    _change(username, lambda state, now: user.unlock(state, now=now))
    frame.run(lambda known: _forget_tries(known, username))
    click.echo(f"{username} is not locked")


async def _forget_tries(known: "Services", username: str) -> None:
    """Begin counting anew, passwords and codes, as after a sign-in."""
    from projections.throttle import Bucket, Throttle
    from server.authentication.tries import PER_ACCOUNT, PER_CODE, QUARTER
    from server.usernames import normalized

    user_id = await _find(known, username)
    name = known.keys.digest("throttle:account", normalized(username))
    code = known.keys.digest("throttle:otp", str(user_id))
    throttle = Throttle(known.redis)
    await throttle.forget(Bucket(key=name, limit=PER_ACCOUNT, window=QUARTER))
    await throttle.forget(Bucket(key=code, limit=PER_CODE, window=QUARTER))


@users.command("reset-password")
@click.argument("username")
@click.option("--stdin", is_flag=True, help="Read the password from standard input.")
def reset_password(*, username: str, stdin: bool) -> None:
    """Give a new password; what was signed in with the old one ends.

    It must be as hard to guess as one that a person chooses at `/signup`.
    """
    password = _password(stdin=stdin)

    async def work(known: "Services") -> None:
        user_id = await _find(known, username)
        problem = await known.passwords.problem(password, about=(username,))
        if problem is not None:
            raise Misused(problem)
        phc = await known.directory.hashed(password)
        await known.directory.set_password(user_id, phc, source=frame.source())

    frame.run(work)
    click.echo(f"{username} has a new password")


def _password(*, stdin: bool) -> str:
    if stdin:
        text = sys.stdin.readline().rstrip("\r\n")
        if not text:
            raise Misused("standard input holds no password")
        return text
    prompt: str = click.prompt(
        "New password", hide_input=True, confirmation_prompt=True
    )
    return prompt


@users.command()
@click.argument("username")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(*, username: str, yes: bool) -> None:
    """Forget a person for ever: the key that names them in the log is destroyed.

    The events stay and prove what they proved; whom they were about nobody can
    read any more. There is no way back.
    """
    if not yes:
        click.confirm(f"{username} will be forgotten for ever. Go on?", abort=True)

    async def work(known: "Services") -> None:
        user_id = await _find(known, username)
        await known.directory.erase(user_id, source=frame.source())

    frame.run(work)
    click.echo(f"{username} is forgotten")


def _change(
    username: str, decide: "Callable[[UserState, int], Sequence[Event]]"
) -> dict[str, Any]:
    """Change the person; how they stand now."""

    async def work(known: "Services") -> dict[str, Any]:
        from domain.user import USER

        user_id = await _find(known, username)
        now = known.clock.now()
        outcome = await known.commands.run(
            USER,
            user_id,
            lambda state: decide(state, now),
            source=frame.source(),
            subject=user_id,
        )
        return _stands(user_id, outcome.state, now)

    return frame.run(work)
