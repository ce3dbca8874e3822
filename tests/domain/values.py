"""Values made from their types alone: any of them, and one that is always the same."""

from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from domain.value import Value

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=5,
)
_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(),
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    UUID: st.uuids(),
    NoneType: st.none(),
    Any: _JSON,
}


def any_of(shape: Any) -> st.SearchStrategy[Any]:
    """Any value of that type."""
    if shape in _PLAIN:
        return _PLAIN[shape]
    arguments = get_args(shape)
    if _is_union(shape):
        return st.one_of([any_of(arm) for arm in arguments])
    if get_origin(shape) is tuple:
        return st.lists(any_of(arguments[0]), max_size=3).map(tuple)
    if get_origin(shape) is dict:
        return st.dictionaries(*map(any_of, arguments), max_size=3)
    return st.builds(shape, **{n: any_of(hint) for n, hint in _fields(shape).items()})


def full(shape: Any, name: str = "") -> Any:
    """The value of that type whose every member is set, and telling."""
    arguments = get_args(shape)
    if _is_union(shape):
        return full(arguments[0], name)
    if get_origin(shape) is tuple:
        return (full(arguments[0], name),)
    if get_origin(shape) is dict:
        return {name: full(arguments[1], name)}
    if shape in _TELLING:
        return _TELLING[shape](name)
    # A default would be left out: a switch stands where it does not stand by itself.
    switches = {f.name: f.default is not True for f in msgspec.structs.fields(shape)}
    hints = _fields(shape)
    return shape(
        **{n: switches[n] if h is bool else full(h, n) for n, h in hints.items()}
    )


_TELLING: dict[Any, Any] = {
    str: lambda name: f"a {name}",
    int: lambda name: 1_700_000_000 + len(name),
    UUID: lambda name: UUID(int=len(name)),
    Any: lambda name: [f"any {name}"],
}


def minimal(shape: type[Value]) -> Value:
    """The value of which only the required members are set."""
    hints = _fields(shape)
    required = [f.name for f in msgspec.structs.fields(shape) if f.required]
    return shape(**{name: full(hints[name], name) for name in required})


def _fields(shape: Any) -> dict[str, Any]:
    hints = get_type_hints(shape)
    return {name: hints[name] for name in shape.__struct_fields__}


def _is_union(shape: Any) -> bool:
    return isinstance(shape, UnionType) or get_origin(shape) is Union
