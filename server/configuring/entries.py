"""What a configuration file asks for, typed and checked (the contract's section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.api import Description
from domain.client_metadata import Metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiEntry:
    """`secret` lets the API introspect; None: it may not."""

    description: Description
    secret: str | None = field(default=None, repr=False)
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientEntry:
    """`secret` None leaves what there is."""

    metadata: Metadata
    secret: str | None = field(default=None, repr=False)
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UserEntry:
    """Secrets that are None leave what there is; `roles` by the API's identifier."""

    username: str
    password: str | None = field(default=None, repr=False)
    password_hash: str | None = field(default=None, repr=False)
    totp_secret: str | None = field(default=None, repr=False)
    email: str | None = None
    email_verified: bool = False
    claims: Mapping[str, Any] = field(default_factory=dict)
    roles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole file, and what it is called."""

    name: str = ""
    apis: tuple[ApiEntry, ...] = ()
    clients: tuple[ClientEntry, ...] = ()
    users: tuple[UserEntry, ...] = ()
