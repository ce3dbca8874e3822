"""`grantlog clients`: who may ask for tokens."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from server.cli import frame
from server.cli.frame import Failed, as_json, say_json, say_table

if TYPE_CHECKING:
    from domain.client import Client, ClientState, Event
    from server.services import Services

Decide = Callable[["ClientState", int], Sequence["Event"]]
"""A decision that needs to know nothing but the time."""

EXAMPLES = """
\b
Examples:
  grantlog clients list
  grantlog clients rotate-secret web --keep-old 86400
  grantlog clients disable web --reason "leaked secret, ticket 4711"
  grantlog clients revoke web
  grantlog clients rotate-registration-token web
"""


@click.group(epilog=EXAMPLES)
def clients() -> None:
    """Clients; registered and changed with `grantlog apply`, or by themselves."""


@clients.command("list")
@as_json
def list_clients(*, as_json: bool) -> None:
    """Every client."""
    found = sorted(frame.run(_all), key=lambda one: one.metadata.client_id)
    rows = [_row(one) for one in found]
    if as_json:
        say_json(rows)
    else:
        for row in rows:
            row["grant_types"] = ", ".join(row["grant_types"])
        say_table(
            ("client", "name", "authentication", "grant types", "by", "state"),
            [list(row.values()) for row in rows],
        )


def _row(one: "Client") -> dict[str, Any]:
    return {
        "client_id": one.metadata.client_id,
        "client_name": one.metadata.client_name,
        "authentication": one.metadata.token_endpoint_auth_method,
        "grant_types": list(one.metadata.grant_types),
        "registered_by": "itself" if one.by_itself else "operator",
        "state": "disabled" if one.disabled else "enabled",
    }


async def _all(known: "Services") -> "list[Client]":
    from domain.client import Client
    from projections import codec

    heads = await known.log.heads("client")
    states = [codec.state_of("client", one.state) for one in heads]
    return [state for state in states if isinstance(state, Client)]


@clients.command()
@click.argument("client_id")
@as_json
def show(*, client_id: str, as_json: bool) -> None:
    """Everything that is registered for a client; secrets as fingerprints."""
    found = frame.run(lambda known: _find(known, client_id))
    members = _members(found)
    if as_json:
        say_json(members)
    else:
        say_table(("member", "value"), list(members.items()))


async def _find(known: "Services", client_id: str) -> "Client":
    from domain import client
    from domain.client import CLIENT
    from domain.stream_id import named

    loaded = await known.reading.truth(CLIENT, named("client", client_id))
    return client.known(loaded.state)


def _members(found: "Client") -> dict[str, Any]:
    import msgspec

    return {
        **msgspec.to_builtins(found.metadata),
        "registered_at": found.registered_at,
        "registered_by": "itself" if found.by_itself else "operator",
        "disabled": found.disabled,
        "revoked_at": found.epoch or None,
        "secrets": [
            {"fingerprint": f"{one.digest[:8]}…", "until": one.until}
            for one in found.secrets
        ],
    }


@clients.command("rotate-secret")
@click.argument("client_id")
@click.option(
    "--keep-old",
    type=click.IntRange(0, 7776000),
    default=0,
    show_default=True,
    help="Seconds for which the old secret stays good too.",
)
@as_json
def rotate_secret(*, client_id: str, keep_old: int, as_json: bool) -> None:
    """Make a new secret and print it, once: only its digest is kept."""

    async def work(known: "Services") -> str:
        from domain import client
        from server.client_secrets import new_secret

        registered = await _find(known, client_id)
        if not registered.metadata.has_secret:
            method = registered.metadata.token_endpoint_auth_method
            raise Failed(f"{client_id} has no secret: it authenticates by {method}")
        secret = new_secret(known.clock)
        digest = known.keys.digest("client_secret", secret)
        secrets = known.client_secrets
        if registered.metadata.secret_is_key:
            await secrets.keep(client_id, secret=secret, digest=digest)
        after = await _changed(
            known,
            client_id,
            lambda state, now: client.rotate_secret(
                state, secret=digest, previous_until=now + keep_old, now=now
            ),
        )
        await secrets.forget(client_id, client.digests(registered), after=after)
        return secret

    secret = frame.run(work)
    if as_json:
        say_json({"client_id": client_id, "client_secret": secret})
    else:
        click.echo(secret)


@clients.command()
@click.argument("client_id")
@click.option("--reason", default="operator", show_default=True, help="For the log.")
@as_json
def disable(*, client_id: str, reason: str, as_json: bool) -> None:
    """Refuse the client and everything it was given, at once."""
    from domain import client

    _change(
        client_id,
        lambda state, now: client.disable(state, reason=reason, now=now),
        done="is disabled",
        as_json=as_json,
    )


@clients.command()
@click.argument("client_id")
@as_json
def enable(*, client_id: str, as_json: bool) -> None:
    """Let the client in again; grants that have not expired live on."""
    from domain import client

    _change(
        client_id,
        lambda state, now: client.enable(state, now=now),
        done="is enabled",
        as_json=as_json,
    )


@clients.command()
@click.argument("client_id")
@click.option("--reason", default="operator", show_default=True, help="For the log.")
@as_json
def revoke(*, client_id: str, reason: str, as_json: bool) -> None:
    """End everything the client was given so far; it may ask anew."""
    from domain import client

    _change(
        client_id,
        lambda state, now: client.invalidate_tokens(state, reason=reason, now=now),
        done="has no token left",
        as_json=as_json,
    )


@clients.command("rotate-registration-token")
@click.argument("client_id")
@as_json
def rotate_registration_token(*, client_id: str, as_json: bool) -> None:
    """Make and print a new registration access token (RFC 7592); end the old one.

    Whoever has it may read, change and remove the client over HTTP.
    """
    from domain import client
    from server.oauth import registration_access

    async def work(known: "Services") -> dict[str, str]:
        await _changed(
            known,
            client_id,
            lambda state, now: client.rotate_registration_token(state, now=now),
        )
        return registration_access.told(known, await _find(known, client_id))

    told = frame.run(work)
    if as_json:
        say_json({"client_id": client_id, **told})
    else:
        click.echo(told["registration_access_token"])


@clients.command()
@click.argument("client_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(*, client_id: str, yes: bool) -> None:
    """Remove the client, and end all that it was ever given."""
    from domain import client

    if not yes:
        click.confirm(f"{client_id} and its tokens will end. Go on?", abort=True)

    async def work(known: "Services") -> None:
        after = await _changed(
            known, client_id, lambda state, now: client.remove(state, now=now)
        )
        await known.client_secrets.forget(client_id, after=after)

    frame.run(work)
    click.echo(f"{client_id} is removed")


def _change(client_id: str, decide: Decide, *, done: str, as_json: bool) -> None:
    """Change the client, and tell how it stands now."""
    from domain import client

    found = client.known(frame.run(lambda known: _changed(known, client_id, decide)))
    if as_json:
        say_json({**_row(found), "revoked_at": found.epoch or None})
    else:
        click.echo(f"{client_id} {done}")


async def _changed(known: "Services", client_id: str, decide: Decide) -> "ClientState":
    from domain.client import CLIENT
    from domain.stream_id import named

    now = known.clock.now()
    outcome = await known.commands.run(
        CLIENT,
        named("client", client_id),
        lambda state: decide(state, now),
        source=frame.source(),
    )
    return outcome.state
