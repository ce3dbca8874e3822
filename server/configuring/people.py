"""From a person's entry to its change; what names them is not printed."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from server.configuring.change import Change, Line, Work, lines_of
from server.configuring.entries import UserEntry
from server.directory import PASSWORD, TOTP, Roles
from server.envelope import Source
from server.profiles import profile_of
from server.services import Services

KIND: Final = "user"
HIDDEN: Final = "…"


async def plan(known: Services, entry: UserEntry) -> Change:
    """What it takes to make the person what the entry says."""
    user_id = await known.directory.find(entry.username)
    if user_id is None:
        return Change(
            kind=KIND, name=entry.username, action="add", work=_register(known, entry)
        )
    profile = _profile(entry)
    members = _differing(await known.directory.profile(user_id) or {}, profile)
    secrets = await _new_secrets(known, user_id, entry)
    hidden = (Line(member=m, before=HIDDEN, after=HIDDEN) for m in (*members, *secrets))
    held = await known.directory.roles(user_id)
    lines = (*hidden, *lines_of({"roles": held}, {"roles": entry.roles}))
    return Change(
        kind=KIND,
        name=entry.username,
        action="change" if lines else "same",
        lines=lines,
        work=_change(
            known, user_id, profile=profile, roles=entry.roles, secrets=secrets
        ),
    )


def _profile(entry: UserEntry) -> dict[str, Any]:
    return profile_of(
        username=entry.username,
        email=entry.email,
        email_verified=entry.email_verified,
        claims=entry.claims,
    )


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    members = dict.fromkeys([*after, *before])
    return [name for name in members if before.get(name) != after.get(name)]


async def _new_secrets(
    known: Services, user_id: UUID, entry: UserEntry
) -> dict[str, str]:
    """The secrets that the person doesn't have yet, as they are to be kept."""
    directory = known.directory
    secrets: dict[str, str] = {}
    if entry.password and not await directory.has_password(user_id, entry.password):
        secrets[PASSWORD] = entry.password
    hashed = entry.password_hash
    if hashed and await directory.secret(user_id, PASSWORD) != hashed:
        secrets["password_hash"] = hashed
    totp = entry.totp_secret
    if totp and await directory.secret(user_id, TOTP) != totp:
        secrets["totp_secret"] = totp
    return secrets


def _register(known: Services, entry: UserEntry) -> Work:
    async def work(source: Source) -> None:
        await known.directory.register(
            username=entry.username,
            password=entry.password,
            password_hash=entry.password_hash,
            email=entry.email,
            email_verified=entry.email_verified,
            claims=entry.claims,
            totp_secret=entry.totp_secret,
            roles=entry.roles,
            source=source,
        )

    return work


def _change(
    known: Services,
    user_id: UUID,
    *,
    profile: Mapping[str, Any],
    roles: Roles,
    secrets: Mapping[str, str],
) -> Work:
    directory = known.directory

    async def work(source: Source) -> None:
        await directory.change_profile(user_id, profile, source=source)
        await directory.change_roles(user_id, roles, source=source)
        if PASSWORD in secrets:
            phc = await directory.hashed(secrets[PASSWORD])
            await directory.set_password(user_id, phc, source=source)
        if "password_hash" in secrets:
            phc = secrets["password_hash"]
            await directory.set_password(user_id, phc, source=source)
        if "totp_secret" in secrets:
            await directory.set_totp(user_id, secrets["totp_secret"], source=source)

    return work
