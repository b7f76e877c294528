"""A field takes exactly what its type says, and its constraints; nothing is quoted back."""

import dataclasses
import datetime
import enum
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, TypedDict

import msgspec
import pytest
from msgspec import Meta

from ferryman.errors import InvalidOperation
from ferryman.plan import Event, Person, encode_event, encode_person

NOW = datetime.datetime(2026, 11, 24, 5, tzinfo=UTC)
DAY = datetime.date(2026, 11, 24)
UUID_ = uuid.UUID(int=10)


class Colour(enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    LARGE = 3


class Word(enum.StrEnum):
    YES = "yes"


class Text(str):
    __slots__ = ()


class Custom:
    pass


class Line(msgspec.Struct):
    sku: str
    price: float = msgspec.field(name="unitPrice", default=1.0)


class LongLine(Line, kw_only=True):
    at: datetime.datetime


class Tree(msgspec.Struct):
    name: str
    branches: "list[Tree]" = msgspec.field(default_factory=list)


class Row(msgspec.Struct, array_like=True):
    left: int
    right: set[int]


class Cash(msgspec.Struct, tag="cash"):
    given: int


class Card(msgspec.Struct, tag="card"):
    paid_at: datetime.datetime


class Address(TypedDict):
    city: str
    zip: NotRequired[int]


class Point(NamedTuple):
    x: float
    y: datetime.date


@dataclasses.dataclass
class Parcel:
    grams: int
    tags: tuple[str, ...] = ()


def said(declared, value, *, person=False):
    """Return what a class with one field of the type *declared* writes for *value*."""
    base: Any = Person if person else Event
    cls = type(base)("Said", (base,), {"__annotations__": {"v": declared}, "__module__": __name__})
    encode: Any = encode_person if person else encode_event
    body = encode(cls(v=value), "track")
    assert body.startswith(b'{"v":')
    assert body.endswith(b"}")
    return body[5:-1].decode()


ACCEPTED = [
    (str, "a", '"a"'),
    (str, Word.YES, '"yes"'),
    (str, Text("a"), '"a"'),
    (bool, False, "false"),
    (None, None, "null"),
    (int, 2**53 - 1, "9007199254740991"),
    (int, Size.LARGE, "3"),
    (float, 1.5, "1.5"),
    (float, 3, "3"),
    (Decimal, Decimal("12.00"), "12.00"),
    (uuid.UUID, UUID_, f'"{UUID_}"'),
    (datetime.datetime, NOW, "1795496400"),
    (datetime.date, DAY, "1795478400"),
    (Colour, Colour.RED, '"red"'),
    (Size, Size.LARGE, "3"),
    (Literal["a", 1, None], "a", '"a"'),
    (Literal["a", 1, None], 1, "1"),
    (Literal["a", 1, None], None, "null"),
    (str | None, None, "null"),
    (int | float, 3, "3"),
    (float | str | None, 2.5, "2.5"),
    (list[int] | None, [1], "[1]"),
    (datetime.datetime | int | None, NOW, "1795496400"),
    (list[str], ["a", "b"], '["a","b"]'),
    (list[float], [1, 2.5], "[1,2.5]"),
    (list[datetime.date], [DAY], "[1795478400]"),
    (list[str], [Text("a"), "b"], '["a","b"]'),
    (Sequence[int], (1, 2), "[1,2]"),
    (tuple[str, int], ("a", 1), '["a",1]'),
    (tuple[datetime.date, ...], (DAY,), "[1795478400]"),
    (set[str], {"b", "a"}, '["a","b"]'),
    (frozenset[datetime.date], frozenset({DAY}), "[1795478400]"),
    (dict[str, int], {"a": 1}, '{"a":1}'),
    (dict[str, datetime.date], {"a": DAY}, '{"a":1795478400}'),
    (dict[Word, int], {Word.YES: 1}, '{"yes":1}'),
    (Mapping[str, str], {"a": "b"}, '{"a":"b"}'),
    (Line, Line("a", 2.5), '{"sku":"a","unitPrice":2.5}'),
    (Line, LongLine("a", 2.5, at=NOW), '{"sku":"a","unitPrice":2.5,"at":1795496400}'),
    (list[Line], [Line("a"), LongLine("b", 2.5, at=NOW)], None),
    (Tree, Tree("a", [Tree("b")]), '{"name":"a","branches":[{"name":"b","branches":[]}]}'),
    (Row, Row(1, {2, 1}), "[1,[1,2]]"),
    (Cash | Card, Cash(5), '{"type":"cash","given":5}'),
    (Cash | Card, Card(NOW), '{"type":"card","paid_at":1795496400}'),
    (Parcel, Parcel(5, ("a",)), '{"grams":5,"tags":["a"]}'),
    (Address, {"city": "Ulm"}, '{"city":"Ulm"}'),
    (Point, Point(1.5, DAY), "[1.5,1795478400]"),
    (Any, {"a": [NOW]}, '{"a":[1795496400]}'),
    (Annotated[int, Meta(ge=0, le=10)], 10, "10"),
    (Annotated[float, Meta(gt=0, lt=1)], 0.5, "0.5"),
    (Annotated[int, Meta(multiple_of=5)], 15, "15"),
    (Annotated[str, Meta(min_length=1, max_length=2, pattern="^[a-z]")], "ab", '"ab"'),
    (Annotated[list[int], Meta(max_length=1)], [1], "[1]"),
    (Annotated[dict[str, int], Meta(min_length=1)], {"a": 1}, '{"a":1}'),
]

REFUSED = [
    (str, NOW, "", "expected str, got datetime"),
    (str, b"secret", "", "expected str, got bytes"),
    (str, Decimal(1), "", "expected str, got Decimal"),
    (str, None, "", "expected str, got NoneType"),
    (str, msgspec.UNSET, "", "expected str, got UnsetType"),
    (str, "secret\ud800", "", "holds a lone surrogate, which is no character"),
    (bool, 1, "", "expected bool, got int"),
    (int, True, "", "expected int, got bool"),
    (int, 1.0, "", "expected int, got float"),
    (int, "1", "", "expected int, got str"),
    (int, 2**53, "", "is an integer beyond"),
    (float, True, "", "expected float, got bool"),
    (float, Decimal(1), "", "expected float, got Decimal"),
    (float, float("nan"), "", "is NaN or infinite"),
    (float, float("-inf"), "", "is NaN or infinite"),
    (float, 2**53, "", "is an integer beyond"),
    (Decimal, 1.5, "", "expected Decimal, got float"),
    (Decimal, Decimal("NaN"), "", "is NaN or infinite"),
    (uuid.UUID, str(UUID_), "", "expected UUID, got str"),
    (datetime.datetime, "2026-11-24T05:00:00Z", "", "expected datetime, got str"),
    (datetime.datetime, DAY, "", "expected datetime, got date"),
    (datetime.datetime, NOW.replace(tzinfo=None), "", "is a naive datetime"),
    (datetime.date, NOW, "", "expected date, got datetime"),
    (datetime.time, datetime.time(1), "", "is of type datetime.time: send seconds"),
    (bytes, b"secret", "", "is of type bytes: decode it first"),
    (Colour, "red", "", "expected Colour, got str"),
    (Literal["a", 1], "secret", "", "expected one of 'a', 1"),
    (Literal["a", 1], True, "", "expected one of 'a', 1, got bool"),
    (Literal["a", 1], [], "", "expected one of 'a', 1, got list"),
    (str | None, 3, "", "expected str | None, got int"),
    (int | str, 1.5, "", "expected int | str, got float"),
    (float | int, float("nan"), "", "is NaN or infinite"),
    (list[str], ["a", 3], "[1]", "expected str, got int"),
    (list[str], {"a"}, "", "expected list, got set"),
    (list[datetime.date], [DAY, NOW], "[1]", "expected date, got datetime"),
    (tuple[int, ...], [1], "", "expected tuple, got list"),
    (tuple[str, int], ("a", "b"), "[1]", "expected int, got str"),
    (tuple[str, int], ("a",), "", "expected 2 items, got 1"),
    (set[int], {"secret"}, "", "expected int, got str"),
    (set[int], [1], "", "expected set, got list"),
    (dict[str, int], {"a": {"b": "secret"}}, ".a", "expected int, got dict"),
    (dict[str, int], {3: 1}, "", "expected str, got int"),
    (dict[int, int], {3: 1}, "", "has a key that is not a string but int"),
    (dict[str, int], [("a", 1)], "", "expected dict, got list"),
    (Line, {"sku": "a"}, "", "expected Line, got dict"),
    (list[Line], [Line("a"), Line("b", "secret")], "[1].unitPrice", "expected float, got str"),
    (list[Line], [LongLine("b", 1.0, at="secret")], "[0].at", "expected datetime, got str"),
    (Tree, Tree("a", [Tree("b", [Tree(3)])]), ".branches[0].branches[0].name", "expected str"),
    (Row, Row(1, {"a"}), ".right", "expected int, got str"),
    (Cash | Card, Card("secret"), ".paid_at", "expected datetime, got str"),
    (Cash | Card, Line("a"), "", "expected Cash | Card, got Line"),
    (Parcel, Parcel("secret"), ".grams", "expected int, got str"),
    (Address, {"zip": 1}, "", "expected the key 'city'"),
    (Address, {"city": 1}, ".city", "expected str, got int"),
    (Address, {"city": "Ulm", "street": "secret"}, ".street", "is not declared"),
    (Point, Point("secret", DAY), "[0]", "expected float, got str"),
    (Point, (1.0, DAY), "", "expected Point, got tuple"),
    (Any, {"a": [b"secret"]}, ".a[0]", "is of type bytes"),
    (Custom, 3, "", "expected Custom, got int"),
    (Custom, Custom(), "", "is of type"),
    (Annotated[int, Meta(ge=0)], -1, "", "expected int >= 0"),
    (Annotated[int, Meta(gt=0)], 0, "", "expected int > 0"),
    (Annotated[int, Meta(le=10)], 11, "", "expected int <= 10"),
    (Annotated[float, Meta(lt=1)], 1.0, "", "expected float < 1"),
    (Annotated[float, Meta(ge=0)], float("nan"), "", "expected float >= 0"),
    (Annotated[int, Meta(ge=0)], 2**53, "", "is an integer beyond"),
    (Annotated[int, Meta(multiple_of=5)], 7, "", "expected int that is a multiple of 5"),
    (Annotated[str, Meta(min_length=1)], "", "", "expected str of length >= 1"),
    (Annotated[str, Meta(max_length=3)], "secret", "", "expected str of length <= 3"),
    (Annotated[str, Meta(pattern="^[A-Z]")], "secret", "", "expected str that matches '^[A-Z]'"),
    (Annotated[list[int], Meta(max_length=1)], [1, 2], "", "expected list of length <= 1"),
    (Annotated[set[int], Meta(min_length=1)], set(), "", "expected set of length >= 1"),
    (list[Annotated[int, Meta(ge=0)]], [0, -1], "[1]", "expected int >= 0"),
    (Annotated[int, Meta(ge=0)] | None, -1, "", "expected int >= 0"),
]


@pytest.mark.parametrize("person", [False, True], ids=["event", "person"])
@pytest.mark.parametrize(("declared", "value", "wire"), ACCEPTED)
def test_a_field_takes_what_its_type_says(declared, value, wire, person):
    """A value of the declared type is written by the rule of its kind, however deep it lies."""
    written = said(declared, value, person=person)

    assert wire is None or written == wire


@pytest.mark.parametrize("person", [False, True], ids=["event", "person"])
@pytest.mark.parametrize(("declared", "value", "path", "rule"), REFUSED)
def test_a_field_refuses_the_rest(declared, value, path, rule, person):
    """A wrong value is an error with its path and the rule, and without the value."""
    with pytest.raises(InvalidOperation) as refused:
        said(declared, value, person=person)

    assert refused.value.field == f"said.v{path}"
    assert refused.value.rule.startswith(rule)
    assert "secret" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_a_type_that_cannot_be_told_apart_is_named():
    """What msgspec cannot check is an error of the declaration that names the event."""
    with pytest.raises(InvalidOperation, match="said: has a type that cannot be checked"):
        said(str | uuid.UUID, "a")
    with pytest.raises(InvalidOperation, match="said: has a type that cannot be checked"):
        said("Nowhere", "a")
