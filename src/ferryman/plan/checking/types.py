"""How a declared type is spoken of: its plain name, and what lies under marks and unions.

Pure. Here must not live: what a type accepts (checks.py) or its JSON Schema
(exchange/schema.py).
"""

from typing import Any

from msgspec import inspect

_NAMES: dict[type[inspect.Type], str] = {
    inspect.NoneType: "None",
    inspect.BoolType: "bool",
    inspect.StrType: "str",
    inspect.IntType: "int",
    inspect.FloatType: "float",
    inspect.DecimalType: "Decimal",
    inspect.UUIDType: "UUID",
    inspect.DateTimeType: "datetime",
    inspect.DateType: "date",
    inspect.AnyType: "anything",
}


def bare(kind: inspect.Type) -> inspect.Type:
    """Return *kind* without what is said about it."""
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    return kind


def members(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    """Return the types that a value of *kind* may be of: of a union its members."""
    kind = bare(kind)
    return kind.types if isinstance(kind, inspect.UnionType) else (kind,)


def names_of(kind: inspect.Type) -> set[str]:
    """Return the names of the types that a value of *kind* may be of."""
    names: set[str] = set()
    for member in map(bare, members(kind)):
        values: tuple[Any, ...] = ()
        if isinstance(member, inspect.LiteralType):
            values = member.values
        elif isinstance(member, inspect.EnumType):
            values = tuple(each.value for each in member.cls)
        names |= {type(value).__name__ for value in values} - {"NoneType"}
        if not values:
            names.add(_NAMES.get(type(member), type(member).__name__))
    return names
