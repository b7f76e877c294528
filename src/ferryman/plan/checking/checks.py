"""What one declared type accepts: exact Python types and msgspec's constraints.

Pure. Here lives the check of a single value. msgspec's own conversion would do it too loosely
(text that looks like a date passes for a date, 1.0 for an int) and its errors quote the value.
Here must not live: what is made of several values (shapes.py), or what a value becomes on the
wire, which is written in the table of kinds (kinds.py).
"""

import math
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from types import NoneType
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

from msgspec import inspect

from ferryman._core.kinds import take
from ferryman._core.message import Api
from ferryman._core.plain import MAX_FLOAT, MAX_INT, Wrong
from ferryman.plan.checking import quick

Take: TypeAlias = Callable[[Any], object]
Fits: TypeAlias = Callable[[Any], bool]
Rule: TypeAlias = tuple[str, Fits]

NOTHING: Final[frozenset[type]] = frozenset()


class Check(NamedTuple):
    """What a declared type accepts."""

    expected: str
    """The type, as an error names it."""
    fits: Fits
    """Whether the value's own type is right: what is in it may still be wrong."""
    take: Take
    """Return what the encoder may have for a fitting value; raises Wrong."""
    native: bool = False
    """Whether the encoder writes the value itself by our rules."""
    settled: frozenset[type] = NOTHING
    """Types whose every value is right and written as it is."""
    test: quick.Test | None = None
    """The short way: true only for values that are right and written as they are."""

    @property
    def tested(self) -> quick.Test:
        """The short way of a native check, made of the long one where it has none."""
        if self.test is not None:
            return self.test
        if self.settled:
            return quick.is_any([quick.is_one_of(self.settled), quick.passes(self.keeps)])
        return quick.passes(self.keeps)

    def keeps(self, value: object) -> bool:
        """Whether *value* is right and the encoder may have it as it is."""
        try:
            return self(value) is value
        except Wrong:
            return False

    def __call__(self, value: object) -> object:
        """Return what the encoder may have for *value*; raises Wrong."""
        if not self.fits(value):
            raise Wrong(f"expected {self.expected}, got {type(value).__name__}")
        return self.take(value)


def leaf(kind: inspect.Type, api: Api) -> Check:
    """Return what *kind*, a type of single values, accepts for *api*."""

    def by_kind(value: object) -> object:
        return take(value, api, 1)

    match kind:
        case inspect.NoneType():
            return Check("None", is_a(NoneType), same, True, _only(NoneType), _is(NoneType))
        case inspect.BoolType():
            return Check("bool", is_a(bool), same, True, _only(bool), _is(bool))
        case inspect.StrType():
            return _text(kind, by_kind)
        case inspect.IntType():
            return _int(kind, by_kind)
        case inspect.FloatType():
            return _float(kind, by_kind)
        case inspect.DecimalType():
            return Check("Decimal", is_a(Decimal), by_kind, True)
        case inspect.UUIDType():
            return Check("UUID", is_a(UUID), by_kind, True, _only(UUID), _is(UUID))
        case inspect.DateTimeType():
            return Check("datetime", is_a(datetime), by_kind)
        case inspect.DateType():
            return Check("date", _is_date, by_kind)
        case inspect.EnumType(cls=cls):
            return Check(cls.__name__, is_a(cls), by_kind, True, _only(cls), _is(cls))
        case inspect.LiteralType(values=values):
            return _literal(values)
        case inspect.AnyType():
            return Check("anything", is_a(object), by_kind)
        case inspect.CustomType(cls=cls):
            return Check(cls.__name__, is_a(cls), by_kind)
        case _:
            # bytes, time, timedelta and the like: the table of kinds says why not.
            return Check("a value", is_a(object), by_kind)


def same(value: object) -> object:
    """Return *value*: it is right, and the encoder writes it right."""
    return value


def ruled(rules: list[Rule], then: Take) -> Take:
    """Return *then*, after *rules*, each a condition and what it asks for."""

    def take_ruled(value: object) -> object:
        for asked, holds in rules:
            if not holds(value):
                raise Wrong(f"expected {asked}")
        return then(value)

    return take_ruled if rules else then


def length_rules(kind: Any, of: str) -> list[Rule]:
    """Return the rules on the length of a text (in characters), an array or an object."""
    low, high = kind.min_length, kind.max_length
    rules: list[Rule] = []
    if low is not None:
        rules.append((f"{of} of length >= {low}", lambda value: len(value) >= low))
    if high is not None:
        rules.append((f"{of} of length <= {high}", lambda value: len(value) <= high))
    return rules


def _number_rules(kind: inspect.IntType | inspect.FloatType, of: str) -> list[Rule]:
    rules: list[Rule] = []
    if (gt := kind.gt) is not None:
        rules.append((f"{of} > {gt}", lambda value: value > gt))
    if (ge := kind.ge) is not None:
        rules.append((f"{of} >= {ge}", lambda value: value >= ge))
    if (lt := kind.lt) is not None:
        rules.append((f"{of} < {lt}", lambda value: value < lt))
    if (le := kind.le) is not None:
        rules.append((f"{of} <= {le}", lambda value: value <= le))
    if (step := kind.multiple_of) is not None:
        rules.append((f"{of} that is a multiple of {step}", lambda v: not math.fmod(v, step)))
    return rules


def _text(kind: inspect.StrType, by_kind: Take) -> Check:
    rules = length_rules(kind, "str")
    search = None
    if kind.pattern is not None:
        search = re.compile(kind.pattern).search
        rules.append((f"str that matches {kind.pattern!r}", lambda v: search(v) is not None))
    # The encoder itself stops at a lone surrogate, so an unruled exact str needs no look.
    if not rules:
        return Check("str", is_a(str), by_kind, True, _only(str), _is(str))
    test = quick.is_text(kind.min_length, kind.max_length, search)
    return Check("str", is_a(str), ruled(rules, by_kind), True, test=test)


def _int(kind: inspect.IntType, by_kind: Take) -> Check:
    check = Check("int", _is_int, ruled(_number_rules(kind, "int"), by_kind), True)
    return check._replace(test=_bounded(int, kind, MAX_INT))


def _float(kind: inspect.FloatType, by_kind: Take) -> Check:
    check = Check("float", _is_float, ruled(_number_rules(kind, "float"), by_kind), True)
    both = [_bounded(float, kind, MAX_FLOAT), _bounded(int, kind, MAX_INT)]
    return check._replace(test=quick.is_any(both))


def _bounded(cls: type, kind: inspect.IntType | inspect.FloatType, far: float) -> quick.Test:
    ends: list[tuple[str, float]] = [
        (">=", -far if kind.ge is None else max(-far, kind.ge)),
        ("<=", far if kind.le is None else min(far, kind.le)),
    ]
    ends += [(sign, end) for sign, end in ((">", kind.gt), ("<", kind.lt)) if end is not None]
    return quick.is_between(cls, ends, kind.multiple_of)


def _literal(values: tuple[str | int | None, ...]) -> Check:
    allowed = frozenset((type(value), value) for value in values)
    types = frozenset(type(value) for value in values)
    rule = "one of " + ", ".join(sorted(map(repr, values)))

    def take_literal(value: object) -> object:
        if (type(value), value) not in allowed:
            raise Wrong(f"expected {rule}")
        return value

    def fits(value: object) -> bool:
        return type(value) in types

    tests = [quick.is_in(t, frozenset(v for v in values if type(v) is t)) for t in types]
    return Check(rule, fits, take_literal, True, test=quick.is_any(tests))


def _only(cls: type) -> frozenset[type]:
    return frozenset({cls})


def _is(cls: type) -> quick.Test:
    return quick.is_one_of(frozenset({cls}))


def is_a(cls: type | tuple[type, ...]) -> Fits:
    """Return the test whether a value is an instance of *cls*."""
    return lambda value: isinstance(value, cls)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and type(value) is not bool


def _is_float(value: object) -> bool:
    # An int is a float to type checkers (PEP 484), and loses nothing here.
    return isinstance(value, float | int) and type(value) is not bool


def _is_date(value: object) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)
