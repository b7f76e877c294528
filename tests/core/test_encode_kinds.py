"""The table of kinds: every row of it is tried here, for each API where they differ."""

import collections
import dataclasses
import datetime
import enum
import json
import types
import uuid
from datetime import timedelta, timezone
from decimal import Decimal

import msgspec
import pytest

from ferryman._core.encode import encode_object, encode_value
from ferryman._core.kinds import KINDS
from ferryman.errors import InvalidOperation


class Colour(enum.Enum):
    RED = "red"
    PALETTE = ("red", "blue")


class Plan(enum.StrEnum):
    PRO = "pro"


class Size(enum.IntEnum):
    LARGE = 3


class Text(str):
    __slots__ = ()


class Whole(int):
    pass


class Fraction(float):
    pass


class Shown(dict):
    """Shows other entries than it holds, as the multi-value dicts of web frameworks do."""

    def items(self):
        return [("shown", 1)]


@dataclasses.dataclass
class Line:
    sku: str
    price: Decimal


class Row(msgspec.Struct):
    sku: str = msgspec.field(name="SKU")
    at: datetime.date
    note: str | msgspec.UnsetType = msgspec.UNSET


class Tagged(msgspec.Struct, tag="card", tag_field="kind", omit_defaults=True):
    paid: bool
    tip: int = 0
    parts: list[object] = msgspec.field(default_factory=list)


class Pair(msgspec.Struct, array_like=True):
    left: set[int]
    right: int


class NotATime(datetime.datetime):
    """Is a datetime by its class and no moment, like pandas' NaT."""

    def utcoffset(self):
        raise ValueError("secret")


class Model:
    def model_dump(self):
        return {"sku": "a", "at": datetime.date(2026, 1, 2)}


MOMENT = datetime.datetime(2026, 11, 24, 6, 0, 0, 123_999, tzinfo=timezone(timedelta(hours=1)))

# kind, value, Track and App, Pipelines (None: the same)
ACCEPTED = [
    ("None", None, "null", None),
    ("bool", True, "true", None),
    ("str", "Käse 🧀\n\x00", '"Käse 🧀\\n\\u0000"', None),
    ("str", Text("plain"), '"plain"', None),
    ("int", 2**53 - 1, "9007199254740991", None),
    ("int", -(2**53 - 1), "-9007199254740991", None),
    ("int", Whole(7), "7", None),
    ("float", 0.1, "0.1", None),
    ("float", 1e300, "1e300", None),
    ("float", Fraction(2.5), "2.5", None),
    ("Decimal", Decimal("12.00"), "12.00", None),
    ("Decimal", Decimal("0.1"), "0.1", None),
    ("Decimal", Decimal("1E+5"), "1E+5", None),
    ("Decimal", Decimal("-0E-9"), "-0E-9", None),
    ("Decimal", Decimal("12345678901234567890.12"), "12345678901234567890.12", None),
    ("datetime", MOMENT, "1795496400", '"2026-11-24T05:00:00.123999Z"'),
    ("datetime", MOMENT.replace(microsecond=123_000), "1795496400", '"2026-11-24T05:00:00.123Z"'),
    ("datetime", MOMENT.replace(microsecond=0), "1795496400", '"2026-11-24T05:00:00Z"'),
    ("date", datetime.date(2026, 11, 24), "1795478400", '"2026-11-24T00:00:00Z"'),
    ("UUID", uuid.UUID(int=10), '"00000000-0000-0000-0000-00000000000a"', None),
    ("Enum", Colour.RED, '"red"', None),
    ("Enum", Colour.PALETTE, '["red","blue"]', None),
    ("Enum", Plan.PRO, '"pro"', None),
    ("Enum", Size.LARGE, "3", None),
    ("list, tuple", [1, [True, None]], "[1,[true,null]]", None),
    ("list, tuple", (1, ("a",)), '[1,["a"]]', None),
    ("set, frozenset", {"b", "a", "c"}, '["a","b","c"]', None),
    ("set, frozenset", frozenset({10, 9, "x", None}), '["x",10,9,null]', None),
    ("dict", {"a": {"b": []}}, '{"a":{"b":[]}}', None),
    ("dict", {Plan.PRO: 1, Text("b"): 2}, '{"pro":1,"b":2}', None),
    ("dict", collections.OrderedDict(a=(1,)), '{"a":[1]}', None),
    ("dict", Shown(held=1), '{"held":1}', None),
    ("dict", Shown(held=(1,)), '{"held":[1]}', None),
    ("Mapping", types.MappingProxyType({"a": 1}), '{"a":1}', None),
    ("dataclass", Line("a", Decimal("1.50")), '{"sku":"a","price":1.50}', None),
    (
        "msgspec.Struct",
        Row(sku="a", at=datetime.date(1970, 1, 2)),
        '{"SKU":"a","at":86400}',
        '{"SKU":"a","at":"1970-01-02T00:00:00Z"}',
    ),
    ("msgspec.Struct", Tagged(True), '{"kind":"card","paid":true}', None),
    (
        "msgspec.Struct",
        Tagged(True, 5, [1]),
        '{"kind":"card","paid":true,"tip":5,"parts":[1]}',
        None,
    ),
    ("msgspec.Struct", Pair({2, 1}, 3), "[[1,2],3]", None),
    (
        "pydantic model",
        Model(),
        '{"sku":"a","at":1767312000}',
        '{"sku":"a","at":"2026-01-02T00:00:00Z"}',
    ),
]

REFUSED = [
    ("str", "a\ud800b", "surrogate"),
    ("int", 2**53, "send it as str"),
    ("int", -(2**53), "send it as str"),
    ("int", 10**40, "send it as str"),
    ("int", Whole(2**53), "send it as str"),
    ("float", float("nan"), "NaN or infinite"),
    ("float", float("inf"), "NaN or infinite"),
    ("float", Fraction("-inf"), "NaN or infinite"),
    ("Decimal", Decimal("NaN"), "NaN or infinite"),
    ("Decimal", Decimal("sNaN"), "NaN or infinite"),
    ("Decimal", Decimal("Infinity"), "NaN or infinite"),
    ("datetime", MOMENT.replace(tzinfo=None), "naive"),
    ("datetime", NotATime(2026, 1, 1), "names no moment"),
    ("time, timedelta", datetime.time(1), "of type datetime.time: send seconds"),
    ("time, timedelta", timedelta(1), "of type datetime.timedelta: send seconds"),
    ("bytes, bytearray, memoryview", b"secret", "of type bytes: decode it first"),
    ("bytes, bytearray, memoryview", bytearray(b"secret"), "of type bytearray: decode it"),
    ("bytes, bytearray, memoryview", memoryview(b"secret"), "of type memoryview: decode it"),
    ("set, frozenset", {"a\ud800"}, "surrogate"),
    ("set, frozenset", {b"secret"}, "of type bytes"),
    ("dict", {1: "secret"}, "key that is not a string but int"),
    ("dict", {None: "secret"}, "key that is not a string but NoneType"),
    ("dict", {Size.LARGE: "secret"}, "key that is not a string but int"),
    ("dict", {"a": {True: 1}}, "key that is not a string but bool"),
    ("dict", {"a\ud800": 1}, "surrogate"),
    ("anything else", object(), "of type object"),
    ("anything else", 1j, "of type complex"),
    ("anything else", collections.deque([1]), "of type collections.deque: send str"),
    ("anything else", msgspec.UNSET, "of type msgspec.UnsetType"),
    ("anything else", (letter for letter in "secret"), "of type generator"),
    ("anything else", Line, "of type type"),
]


@pytest.mark.parametrize(("kind", "value", "seconds", "iso"), ACCEPTED)
def test_each_kind_has_one_wire_form(kind, value, seconds, iso):
    """A value is written by the rule of its kind, alone or wherever it is nested."""
    written = {api: encode_value(value, api, at="v").decode() for api in ("track", "app")}
    nested = encode_object({"a": value, "b": [value]}, "track", at="v").decode()
    pipelines = encode_object({"a": value}, "pipelines", at="v").decode()

    assert written == {"track": seconds, "app": seconds}
    assert nested.replace("e+", "e") == f'{{"a":{seconds},"b":[{seconds}]}}'
    assert pipelines.replace("e+", "e") == f'{{"a":{iso or seconds}}}'
    json.loads(nested)


@pytest.mark.parametrize(("kind", "value", "rule"), REFUSED)
def test_what_has_no_wire_form_is_refused_by_its_rule(kind, value, rule):
    """A value that cannot be said is an error that names its path and rule, never the value."""
    with pytest.raises(InvalidOperation) as refused:
        encode_object({"ok": "a", "items": [1, {"price": value}]}, "track", at="data")

    assert rule in refused.value.rule
    assert refused.value.field.startswith("data.items[1].price")
    assert "secret" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_every_kind_of_the_table_is_tried():
    """No row of the table stands without an example in this file."""
    tried = {row[0] for row in ACCEPTED} | {row[0] for row in REFUSED}

    assert tried == {kind.name for kind in KINDS}


@pytest.mark.parametrize("row", ACCEPTED, ids=lambda row: row[0])
def test_the_named_row_is_the_one_that_takes_the_value(row):
    """The first row that fits a value's type is the kind the value is told to be."""
    name, value = row[:2]

    assert next(kind.name for kind in KINDS if type(value) in kind) == name
