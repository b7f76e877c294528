"""What the text of a file means."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from ulid import ULID

from ferryman.cli.values import RowIds, milliseconds, moment, parse_types, person_text, typed
from ferryman.errors import ConfigurationError, InvalidOperation


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("19970101", datetime(1997, 1, 1, tzinfo=UTC)),
        ("1997-01-01", datetime(1997, 1, 1, tzinfo=UTC)),
        ("1997-01-01T12:30:15", datetime(1997, 1, 1, 12, 30, 15, tzinfo=UTC)),
        ("1997-01-01 12:30:15Z", datetime(1997, 1, 1, 12, 30, 15, tzinfo=UTC)),
        ("1997-01-01T12:30:15+02:00", datetime(1997, 1, 1, 10, 30, 15, tzinfo=UTC)),
        ("0852076800", datetime(1997, 1, 1, tzinfo=UTC)),
        ("1700000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("1700000000123", datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=UTC)),
        (1700000000, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (20240229, datetime(2024, 2, 29, tzinfo=UTC)),
        (" 20240229 ", datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read(written: object, read: datetime) -> None:
    """A moment is ISO 8601, or digits: 8 a date, 10 seconds, 13 milliseconds; UTC unless said."""
    found = moment(written)

    assert found == read
    assert found.tzinfo is not None


@pytest.mark.parametrize(
    "written",
    [
        "",
        "yesterday",
        "20230229",
        "1997",
        "17000000000",
        "-1700000000",
        "٢٠٢٤٠١٠١",
        True,
        None,
        2.5,
    ],
)
def test_what_is_no_moment_is_refused(written: object) -> None:
    """Anything else is no moment, and the rule does not quote it."""
    with pytest.raises(InvalidOperation) as refused:
        moment(written)

    assert str(refused.value) == (
        "at: must be ISO 8601, or digits: 8 a date, 10 seconds, 13 milliseconds"
    )


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("int", "7", 7),
        ("int", " -7 ", -7),
        ("int", "", None),
        ("float", "11.77", Decimal("11.77")),
        ("float", "0.10000000000000000555", Decimal("0.10000000000000000555")),
        ("float", "1e3", Decimal("1E+3")),
        ("decimal", ".5", Decimal("0.5")),
        ("bool", "TRUE", True),
        ("bool", "no", False),
        ("bool", "0", False),
        ("bool", " ", None),
    ],
)
def test_a_typed_cell_is_read(kind: str, cell: str, value: object) -> None:
    """A cell with a type becomes that value, with every digit; an empty one is null."""
    reader = parse_types(f"column={kind}")["column"]

    found = typed(cell, reader, column="column")

    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "cell"),
    [("int", "7.0"), ("int", "1_000"), ("int", "٣"), ("int", "9" * 30), ("float", "NaN"),
     ("float", "inf"), ("float", "1,5"), ("float", "1e999"), ("float", "0x1p3"), ("bool", "maybe")],
)  # fmt: skip
def test_a_cell_that_is_not_of_its_type_is_refused(kind: str, cell: str) -> None:
    """A cell that is not of its type is refused by the column's name, without its value."""
    reader = parse_types(f"column={kind}")["column"]

    with pytest.raises(InvalidOperation, match=f"^column: is n.*{kind}") as refused:
        typed(cell, reader, column="column")

    assert cell not in str(refused.value)


@pytest.mark.parametrize("text", ["a", "a=", "=int", "a=number"])
def test_types_that_are_none_are_refused(text: str) -> None:
    """`--types` names the types that there are when one is not among them."""
    with pytest.raises(ConfigurationError, match="str, int, float, decimal, bool"):
        parse_types(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [("00001", "00001"), (42, "42"), (Decimal("1.50"), "1.50"), (10**25, "1" + "0" * 25)],
)
def test_a_person_is_text(value: object, text: str) -> None:
    """Who a row is about is text as it stands; a number becomes its digits."""
    found = person_text(value)

    assert found == text


@pytest.mark.parametrize("value", [True, None, ["1"], {"id": 1}])
def test_what_is_neither_text_nor_number_is_nobody(value: object) -> None:
    """A person is text or a number and nothing else."""
    with pytest.raises(InvalidOperation, match="person"):
        person_text(value)


def test_a_row_has_the_same_id_in_every_run() -> None:
    """The id of a row is a ULID of its time, the same whenever it is made."""
    when = datetime(1997, 1, 12, tzinfo=UTC)

    first = RowIds("order_completed")(3, b'["00002","19970112"]', milliseconds(when))
    again = RowIds("order_completed")(3, b'["00002","19970112"]', milliseconds(when))

    assert first == again
    assert ULID.from_str(first).datetime == when


def test_every_part_of_a_row_makes_its_id() -> None:
    """Another line, content, event or time is another event: rows that repeat one stay apart."""
    ids = RowIds("a")

    made = [
        ids(1, b"x", 1000), ids(2, b"x", 1000), ids(1, b"y", 1000), ids(1, b"x", 1001),
        RowIds("b")(1, b"x", 1000), ids(12, b"", 1000), ids(1, b"2\n", 1000),
    ]  # fmt: skip

    assert len(set(made)) == len(made)


@pytest.mark.parametrize("time", [-1, 0, 2**48 - 1, 2**60])
def test_a_time_that_no_ulid_can_hold_is_bent_to_one(time: int) -> None:
    """Moments before 1970 and after the end of ULIDs keep an id that is one."""
    made = RowIds("a")(1, b"x", time)

    assert ULID.from_str(made).milliseconds == max(0, min(time, 2**48 - 1))
