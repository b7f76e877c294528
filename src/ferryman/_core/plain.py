"""Plain JSON data: what the encoder may have as it is, and how it is checked, written, refused.

Pure. Here must not live: what any other value becomes (kinds.py).
"""

from collections.abc import Iterable
from typing import Annotated, Final, TypeAlias, cast

import msgspec

from ferryman.errors import InvalidOperation

MAX_INT: Final = 2**53 - 1
"""Larger integers change in readers that hold numbers as doubles (RFC 8259, section 6)."""
MAX_FLOAT: Final = 1.7976931348623157e308
MAX_NAME: Final = 60
"""Characters of a key that an error shows."""

ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
"""The one encoder: a Decimal is written as its digits."""

# Written out level by level: msgspec has recursive types for classes only. What is nested
# deeper takes the long way.
_Int: TypeAlias = Annotated[int, msgspec.Meta(ge=-MAX_INT, le=MAX_INT)]
_Float: TypeAlias = Annotated[float, msgspec.Meta(ge=-MAX_FLOAT, le=MAX_FLOAT)]  # never NaN
_Plain0: TypeAlias = str | _Int | _Float | bool | None
_Plain1: TypeAlias = _Plain0 | list[_Plain0] | dict[str, _Plain0]
_Plain2: TypeAlias = _Plain0 | list[_Plain1] | dict[str, _Plain1]
_Plain3: TypeAlias = _Plain0 | list[_Plain2] | dict[str, _Plain2]
_Plain4: TypeAlias = _Plain0 | list[_Plain3] | dict[str, _Plain3]

SURROGATE: Final = "holds a lone surrogate, which is no character"


class Wrong(Exception):
    """A rule was broken; each level on the way up adds where."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule
        self.path: list[str | int] = []

    def located(self, at: str) -> InvalidOperation:
        """Return the error to raise, with the path that starts at *at*."""
        return InvalidOperation(self.rule, field=at + "".join(map(_step, reversed(self.path))))


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    shown = step if len(step) <= MAX_NAME else step[: MAX_NAME - 1] + "…"
    return f".{shown}" if step.isidentifier() else f"[{shown!r}]"


class PlainObject(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An object of plain data; a class, because msgspec keeps the compiled form of classes only."""

    value: dict[str, _Plain3]


class _PlainValue(msgspec.Struct, array_like=True, frozen=True, gc=False):
    value: _Plain4


def written(value: object) -> msgspec.Raw | None:
    """Return *value* written, if it is nothing but plain data up to four levels deep, or None.

    The check is made in C. It makes a copy, which is equal only if every array was a list: sets
    and tuples pass as well, and the encoder would write a set in an order of its own.
    """
    try:
        if msgspec.convert((value,), _PlainValue).value == value:
            return msgspec.Raw(ENCODER.encode(value))
    except Exception:  # whatever it was, the long way finds it and names it
        return None
    return None


def write(wire: object, *, at: str) -> bytes:
    """Encode *wire*, which is plain; *at* names the argument in errors.

    Raises InvalidOperation for a lone surrogate, which the encoder alone notices.
    """
    try:
        return ENCODER.encode(wire)
    except UnicodeEncodeError:
        raise surrogate_in(wire).located(at) from None


def surrogate_in(wire: object) -> Wrong:
    """Return the error for the first lone surrogate in *wire*, which the encoder has refused."""
    wrong = Wrong(SURROGATE)
    _climb(wire, wrong.path)
    return wrong


def _climb(wire: object, path: list[str | int]) -> bool:
    if isinstance(wire, str):
        return not wire.isascii() and any("\ud800" <= letter <= "\udfff" for letter in wire)
    steps: Iterable[tuple[str | int, object]] = ()
    if isinstance(wire, dict):
        steps = cast(dict[str, object], wire).items()
    elif isinstance(wire, list):
        steps = enumerate(cast(list[object], wire))
    for step, item in steps:
        if _climb(item, path):
            path.append(step)
            return True
        if _climb(step, path):
            return True
    return False
