"""Objects become bytes: the short way and the long way agree, and errors say where."""

import json
import math
import re
import string
from datetime import UTC, datetime
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferryman._core.encode import encode_object, encode_value
from ferryman._core.kinds import MAX_DEPTH, take
from ferryman._core.plain import write
from ferryman.errors import InvalidOperation

scalars = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**60), max_value=2**60)
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=8)
)
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.sets(st.text(string.ascii_letters, max_size=3), max_size=4)
        | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


def sendable(value):
    """Say independently whether JSON can carry *value* unchanged."""
    match value:
        case bool() | None:
            return True
        case int():
            return abs(value) < 2**53
        case float():
            return math.isfinite(value)
        case str():
            return not any("\ud800" <= letter <= "\udfff" for letter in value)
        case dict():
            return all(map(sendable, value)) and all(map(sendable, value.values()))
        case _:
            return all(map(sendable, value))


def listed(value):
    """Return *value* as a reader of its JSON sees it."""
    match value:
        case dict():
            return {key: listed(item) for key, item in value.items()}
        case list() | tuple():
            return [listed(item) for item in value]
        case set():
            return sorted(value)
        case _:
            return value


@given(st.dictionaries(st.text(max_size=4), trees, max_size=4))
def test_what_is_written_reads_back_the_same_or_is_refused(data):
    """Nothing is changed silently: the JSON reads back as the data, or the call fails."""
    if not sendable(data):
        with pytest.raises(InvalidOperation):
            encode_object(data, "track", at="data")
        return

    written = json.loads(encode_object(data, "track", at="data"))

    assert written == listed(data)
    assert json.dumps(written) == json.dumps(listed(data))


@given(st.dictionaries(st.text(max_size=4), trees, max_size=4).filter(sendable))
def test_the_short_way_and_the_long_way_write_the_same(data):
    """It does not show on the wire whether the data was plain, but in the sign of an exponent."""
    short = encode_object(data, "track", at="data")
    long = write(take(data, "track", 0), at="data")

    assert re.sub(rb"(\d)e\+", rb"\1e", short) == re.sub(rb"(\d)e\+", rb"\1e", long)


def test_equal_sets_give_equal_bytes():
    """A set is written in the order of its members' JSON, whatever its own order."""
    members = {f"segment {n}" for n in range(200)}

    assert json.loads(encode_object({"in": members}, "track", at="data")) == {"in": sorted(members)}


def test_an_error_names_the_path_of_the_field():
    """The path has keys and positions, an unusual key quoted, a long one clipped."""
    long = "k" * 200
    with pytest.raises(InvalidOperation) as refused:
        encode_object({"items": [0, {"unit price": {long: b""}}]}, "track", at="data")

    assert refused.value.field == f"data.items[1]['unit price'].{'k' * 59}…"
    assert str(refused.value) == f"{refused.value.field}: is of type bytes: decode it first"


def test_only_an_object_is_data():
    """What encodes as something else than a JSON object is refused, naming its type."""
    for value in ([("a", 1)], "a", None, {1, 2}, 3, (StrEnum,)):
        with pytest.raises(InvalidOperation, match="data"):
            encode_object(value, "track", at="data")

    assert encode_value([1], "track", at="data") == b"[1]"


@pytest.mark.parametrize("depth", [*range(1, 8), *range(MAX_DEPTH - 6, MAX_DEPTH + 1)])
def test_data_may_be_nested_as_deep_as_is_allowed(depth):
    """Objects and arrays nested up to the limit are written whole."""
    objects, array = {"a": 1}, [1]
    for _ in range(depth - 1):
        objects, array = {"a": objects}, [array]

    assert encode_object(objects, "track", at="data").count(b"{") == depth
    assert encode_value(array, "track", at="data").count(b"[") == depth


def test_data_nested_deeper_is_refused():
    """Too many levels are an error and not a RecursionError: 64, where all is plain some more."""
    objects, array, plain = {"a": 1, "at": datetime(2026, 1, 1, tzinfo=UTC)}, [1], {"a": 1}
    for _ in range(MAX_DEPTH):
        objects, array = {"a": objects}, [array]
    for _ in range(300):
        plain = {"a": plain}

    with pytest.raises(InvalidOperation, match="nested deeper than 64"):
        encode_object(objects, "track", at="data")
    with pytest.raises(InvalidOperation, match="nested deeper than 64"):
        encode_value(array, "track", at="data")
    with pytest.raises(InvalidOperation, match="nested deeper than 64"):
        encode_object(plain, "track", at="data")


def test_data_that_holds_itself_is_refused():
    """A cycle ends in an error that says so."""
    data = {"a": []}
    data["a"].append(data)

    with pytest.raises(InvalidOperation, match="holds itself"):
        encode_object(data, "track", at="data")


def test_two_keys_that_become_one_are_refused():
    """Keys that differ in Python and not in JSON would lose one of their values."""

    class Key(str):
        __slots__ = ()
        __hash__ = object.__hash__

        def __eq__(self, other):
            return self is other

    with pytest.raises(InvalidOperation, match="two keys"):
        encode_object(
            {Key("a"): 1, Key("a"): 2, "at": datetime(2026, 1, 1, tzinfo=UTC)}, "track", at="d"
        )


def test_a_failing_model_is_named_and_its_words_are_not_repeated():
    """What a model's own serializer says may quote the value, so it stays out of the error."""

    class Account:
        def model_dump(self):
            raise ValueError("secret")

    with pytest.raises(InvalidOperation, match="Account whose model_dump") as refused:
        encode_object({"account": Account()}, "track", at="data")

    assert "secret" not in str(refused.value)
    assert refused.value.__suppress_context__
