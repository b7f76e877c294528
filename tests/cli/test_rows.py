"""Reading a file row by row."""

import csv
import io
from decimal import Decimal

import pytest

from ferryman.cli.rows import MAX_LINE, Bad, Row, read_csv, read_ndjson
from ferryman.errors import ConfigurationError


def csv_rows(content: bytes) -> list[Row | Bad]:
    return list(read_csv(io.BytesIO(content), lambda header: None))


def ndjson_rows(content: bytes) -> list[Row | Bad]:
    return list(read_ndjson(io.BytesIO(content)))


def test_a_row_knows_the_line_it_begins_on() -> None:
    """A row's line is counted in the file, over quoted line ends and empty lines."""
    rows = csv_rows(b'\xef\xbb\xbfid,note\r\n1,"two\nlines"\r\n\r\n2,"a ""b"" c"\r\n')

    assert [(row.line, row.values) for row in rows if isinstance(row, Row)] == [
        (2, {"id": "1", "note": "two\nlines"}),
        (5, {"id": "2", "note": 'a "b" c'}),
    ]


def test_a_bad_row_costs_itself_alone() -> None:
    """A row that is not UTF-8, or of another width, is told with its line; the next is read."""
    rows = csv_rows(b"id,note\n1,a\n2\n3,b,c\n5,\xff\n6,ok\n")

    assert [(row.line, row.rule) for row in rows if isinstance(row, Bad)] == [
        (3, "has 1 cells, the header has 2"),
        (4, "has 3 cells, the header has 2"),
        (5, "is not UTF-8"),
    ]
    assert [row.line for row in rows if isinstance(row, Row)] == [2, 6]


LETTER = "Dear shop, " + "x" * 131_100 + "\n\nvictim,refund approved\n\nbye"


def test_a_line_within_a_cell_is_no_row() -> None:
    """A long cell is one cell, whatever lines its author wrote in it."""
    rows = csv_rows(f'who,note\nann,short\nmallory,"{LETTER}"\nbob,short\n'.encode())

    assert [row.values["who"] for row in rows if isinstance(row, Row)] == ["ann", "mallory", "bob"]
    assert [row.line for row in rows] == [2, 3, 8]


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        (f'"{LETTER * 8}"', "a row is longer than 1,048,576 characters, or a quote never ends"),
        (f'{"x" * MAX_LINE},"\nvictim,refund\n"', "a row is longer than 1,048,576 characters"),
        ('"a"b\nvictim,refund\n"', "',' expected after '\"'"),
        ('"a\nvictim,refund\n', "unexpected end of data"),
    ],
    ids=["endless", "wide", "quoted", "open"],
)
def test_a_broken_file_ends_where_it_is_broken(cell: str, error: str) -> None:
    """Behind an error of CSV a line may stand inside a cell, so that none is read as a row."""
    content = f"who,note\nann,short\nmallory,{cell}"
    content += "" if error.startswith("unexpected") else "\nbob,short\n"

    first, last = csv_rows(content.encode())

    assert isinstance(first, Row)
    assert isinstance(last, Bad)
    assert (last.line, last.ends) == (3, True)
    assert error in last.rule


def test_reading_leaves_the_limit_of_the_process() -> None:
    """The module csv has one limit for the whole process, which is there again afterwards."""
    before = csv.field_size_limit()

    csv_rows(b"who\nann\n")

    assert csv.field_size_limit() == before


@pytest.mark.parametrize("content", [b"x\n" * 1_000_000, b"x" * 3_000_000])
def test_a_quote_that_never_ends_does_not_hold_the_file_in_memory(content: bytes) -> None:
    """A row is given up after a bounded number of characters, in lines or in one."""
    file = io.BytesIO(b'id,note\n1,"' + content)

    (row,) = read_csv(file, lambda header: None)

    assert isinstance(row, Bad)
    assert file.tell() < 1_200_000


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_a_csv_file_has_a_header(content: bytes) -> None:
    """A CSV file without a line has no header and is refused as a whole."""
    with pytest.raises(ConfigurationError, match="empty"):
        csv_rows(content)


def test_ndjson_keeps_every_digit() -> None:
    """Numbers of NDJSON are the numbers that were written, however long."""
    (row,) = ndjson_rows(b'\xef\xbb\xbf{"a":12345678901234567890123,"b":1.10,"c":[0.1],"d":"x"}')

    assert isinstance(row, Row)
    assert row.values["a"] == 12345678901234567890123
    assert str(row.values["b"]) == "1.10"
    assert row.values["c"] == [Decimal("0.1")]


def test_a_line_that_is_no_object_costs_itself_alone() -> None:
    """A line of NDJSON that is no object, or endless, is told; empty lines are nothing."""
    content = b'{"a":1}\n[1]\n\n{"a":\n' + b"x" * (3 * MAX_LINE) + b'\n{"a":2}'

    rows = ndjson_rows(content)

    assert [(row.line, row.rule) for row in rows if isinstance(row, Bad)] == [
        (2, "is not a JSON object"),
        (4, "is not a JSON object"),
        (5, "is longer than 1,048,576 bytes"),
    ]
    assert [row.line for row in rows if isinstance(row, Row)] == [1, 6]
