"""Which account the embedded servers run as, for Postgres refuses to run as root."""

import asyncio
import os
import pwd
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT: Final = {"PATH": PATH, "LC_ALL": "C", "TZ": "UTC"}
ROOT: Final = 0
STAND_INS: Final = ("postgres", "nobody")  # nobody is the one a bare machine has
OVERFLOW_ID: Final = 65534  # what user_namespaces(7) shows for an unmapped account


class EmbeddedError(Exception):
    """An embedded server cannot run; the message says what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who owns the servers' files, and the words before a command to run it so."""

    uid: int
    gid: int
    namespace: tuple[str, ...] = ()
    setpriv: str = ""  # the program's path; empty where the system has none
    options: tuple[str, ...] = ()

    def argv(self, *command: str | Path, on_parent_death: str = "KILL") -> list[str]:
        """*command* for this account.

        The signal named *on_parent_death* reaches it when we die, kill -9 included;
        macOS has no such thing (see `Child` for what we do there).
        """
        words = (self.setpriv, *self.options, "--pdeathsig", on_parent_death, "--")
        return [*self.namespace, *(words if self.setpriv else ()), *map(str, command)]

    def own(self, *paths: Path) -> None:
        """Give files we just made to the account."""
        for path in paths:
            os.chown(path, self.uid, self.gid)

    async def run(self, *command: str | Path) -> tuple[int, str]:
        """Run *command* to its end: the exit code and all that it said."""
        process = await asyncio.create_subprocess_exec(
            *self.argv(*command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd="/",
            env=ENVIRONMENT,
        )
        try:
            said, _ = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        return process.returncode or 0, said.decode(errors="replace")


def tool(name: str) -> str:
    """Where the system has *name*; empty if it hasn't."""
    return shutil.which(name, path=PATH) or ""


def candidates(
    owner: int | None, *, stand_ins: Iterable[str] = STAND_INS
) -> list[Account]:
    """The accounts worth trying, best first.

    *owner* is the account that made the data, None before there are any: only the
    owner can open them again.
    """
    me = os.geteuid()
    if me != ROOT:
        mine = Account(uid=me, gid=os.getegid(), setpriv=tool("setpriv"))
        return [mine] if owner in {None, me} else []
    named = list(_accounts(owner, stand_ins))
    return [
        *(_become(entry) for entry in named),
        *([_unprivileged_root()] if owner in {None, ROOT} else []),
        *(_become(entry, *_through_closed_folders()) for entry in named),
    ]


def _accounts(
    owner: int | None, stand_ins: Iterable[str]
) -> Iterator[pwd.struct_passwd]:
    """The accounts with a name: initdb refuses an unnamed one."""
    for entry in pwd.getpwall():
        if owner == entry.pw_uid != ROOT:
            yield entry
    if owner is None:
        yield from sorted(
            (e for e in pwd.getpwall() if e.pw_name in stand_ins),
            key=lambda entry: list(stand_ins).index(entry.pw_name),
        )


def _become(entry: pwd.struct_passwd, *more: str) -> Account:
    return Account(
        uid=entry.pw_uid,
        gid=entry.pw_gid,
        setpriv=tool("setpriv"),
        options=(
            f"--reuid={entry.pw_uid}",
            f"--regid={entry.pw_gid}",
            "--clear-groups",
            "--no-new-privs",
            *more,
        ),
    )


def _unprivileged_root() -> Account:
    """Root's own files under an id that isn't 0: for folders only root can enter."""
    ids = (f"--map-user={OVERFLOW_ID}", f"--map-group={OVERFLOW_ID}")
    words = (tool("unshare") or "unshare", "--user", *ids, "--")
    return Account(uid=ROOT, gid=ROOT, namespace=words, setpriv=tool("setpriv"))


def _through_closed_folders() -> tuple[str, str]:
    """Let the account pass root's folders where user namespaces are forbidden.

    Docker's default profile forbids them, and leaves root this capability.
    """
    return "--inh-caps=+dac_override", "--ambient-caps=+dac_override"
