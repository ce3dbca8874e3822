"""Reading what older versions wrote: each schema is raised to the next, on reading.

An upcaster is a pure function from the JSON object of schema n to that of n + 1,
of an event (by its name) or of a state (by its stream's kind). Stored rows are
never rewritten; a golden file per name and schema keeps every one readable.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

Document = dict[str, Any]
Upcaster = Callable[[Document], Document]
Upcasters = Mapping[tuple[str, int], Upcaster]

UPCASTERS: Final[Upcasters] = MappingProxyType({})
"""By name and the schema that is read; empty while all are schema 1."""


def is_current(name: str, schema: int, *, upcasters: Upcasters = UPCASTERS) -> bool:
    """Whether what was written so is read as it stands, without `upcast`."""
    return (name, schema) not in upcasters


def upcast(
    name: str, schema: int, document: Document, *, upcasters: Upcasters = UPCASTERS
) -> Document:
    """Return the document as the newest schema would have written it."""
    while not is_current(name, schema, upcasters=upcasters):
        document = upcasters[name, schema](document)
        schema += 1
    return document
