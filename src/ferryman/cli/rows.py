"""Reading a file row by row in constant memory: CSV and NDJSON.

A row that cannot be read is yielded as Bad, with its line and the rule, and the next one is read.
Where CSV is broken the file ends: the next line may stand inside a cell, and be no row. What a row
means is decided elsewhere.
"""

import csv
import io
import os
import stat
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, TypeAlias

import msgspec

from ferryman.errors import ConfigurationError

Format: TypeAlias = Literal["csv", "ndjson"]
_BY_SUFFIX: Final[dict[str, Format]] = {
    ".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson",
}  # fmt: skip
MAX_LINE: Final = 1 << 20
"""Bytes of a line of NDJSON, and characters of a row of CSV, that are looked at.

An operation has at most 32,768 bytes.
"""
_BOM: Final = b"\xef\xbb\xbf"


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row: the line it begins on (from 1), its values by name, and its content for a hash."""

    line: int
    values: dict[str, Any]
    content: bytes


class Bad(msgspec.Struct, frozen=True):
    """A row that could not be read, and the rule it broke."""

    line: int
    rule: str
    ends: bool = False
    """Whether nothing after it was read."""


def broken_at(line: int) -> str:
    """Return what people are told of a file that is broken at *line*."""
    return f"the file is broken at line {line:,}: nothing from there on was read"


class Source:
    """An open file or stdin (`-`), its size where it has one, and how much of it was read.

    Raises ConfigurationError when it cannot be opened or its format is not known.
    """

    def __init__(self, name: str, wanted: Format | None) -> None:
        if name == "-":
            if wanted is None:
                raise ConfigurationError("stdin needs --format csv or --format ndjson")
            self._file: BinaryIO = sys.stdin.buffer
        else:
            wanted = wanted or _BY_SUFFIX.get(Path(name).suffix.lower())
            if wanted is None:
                raise ConfigurationError("the file's ending says no format: add --format")
            try:
                self._file = Path(name).open("rb")  # noqa: SIM115 -- close() is below
            except OSError as error:
                raise ConfigurationError(f"the file cannot be read: {error.strerror}") from None
        self.format: Format = wanted
        found = os.fstat(self._file.fileno())
        regular = stat.S_ISREG(found.st_mode)
        self.size = found.st_size if regular else None
        self.time = found.st_mtime_ns // 1_000_000 if regular else 0
        """When the file was written, in Unix milliseconds; 0 for a pipe, which cannot say."""

    @property
    def read(self) -> int:
        """The bytes read so far; 0 for a pipe."""
        return self._file.tell() if self.size is not None else 0

    def rows(
        self, check: Callable[[list[str]], None], wait: Callable[[int], None]
    ) -> Iterator[Row | Bad]:
        """Yield the rows; *check* is called with the header of a CSV file before the first.

        *wait* is called with the descriptor before each read of what may block, and may raise.
        """
        file = self._file
        if self.size is None:
            file = io.BufferedReader(_Patient(file.fileno(), wait))
        return read_csv(file, check) if self.format == "csv" else read_ndjson(file)

    def close(self) -> None:
        """Close the file."""
        if self._file is not sys.stdin.buffer:
            self._file.close()


class _Patient(io.RawIOBase):
    """What is read from a descriptor that may block, each read waited for."""

    def __init__(self, descriptor: int, wait: Callable[[int], None]) -> None:
        self._descriptor = descriptor
        self._wait = wait

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._wait(self._descriptor)
        return os.readv(self._descriptor, [buffer])


def read_csv(file: BinaryIO, check: Callable[[list[str]], None]) -> Iterator[Row | Bad]:
    """Yield the rows of a CSV *file* with a header, as RFC 4180 has it; UTF-8, empty lines skipped.

    Raises ConfigurationError when there is no header.
    """
    # A byte that is no UTF-8 becomes a lone surrogate, so that it costs its row and not the file.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    # The limit is the process's. The rows are bounded below, so that a cell is never cut.
    limit = csv.field_size_limit(2 * MAX_LINE)
    try:
        lines = _Lines(text)
        reader = csv.reader(lines, strict=True)
        header: list[str] = []
        while not header:
            try:
                header = next(reader)
            except StopIteration:
                raise ConfigurationError("the file is empty: a header is missing") from None
            except csv.Error as error:
                raise ConfigurationError(f"the header cannot be read: {error}") from None
        check(header)
        yield from _cells(reader, lines, header)
    finally:
        csv.field_size_limit(limit)
        text.detach()


class _Lines:
    """The lines of *text*; raises csv.Error when one row takes more than MAX_LINE characters."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.taken = 0
        """Characters of the row that is being read."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_LINE + 1)
        self.taken += len(line)
        if self.taken > MAX_LINE:
            raise csv.Error(f"a row is longer than {MAX_LINE:,} characters, or a quote never ends")
        if not line:
            raise StopIteration
        return line


def _cells(reader: Any, lines: _Lines, header: list[str]) -> Iterator[Row | Bad]:
    encode = msgspec.json.Encoder().encode
    width = len(header)
    while True:
        line = reader.line_num + 1
        lines.taken = 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Bad(line, f"is not CSV: {error}", ends=True)
            return
        if not cells:
            continue
        if len(cells) != width:
            yield Bad(line, f"has {len(cells)} cells, the header has {width}")
            continue
        try:
            content = encode(cells)
        except UnicodeEncodeError:
            yield Bad(line, "is not UTF-8")
            continue
        yield Row(line, dict(zip(header, cells, strict=True)), content)


def read_ndjson(file: BinaryIO) -> Iterator[Row | Bad]:
    """Yield the objects of *file*, one a line; empty lines are skipped, digits are kept."""
    decode = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode
    line = 0
    while content := file.readline(MAX_LINE):
        line += 1
        if line == 1:
            content = content.removeprefix(_BOM)
        if len(content) == MAX_LINE and not content.endswith(b"\n"):
            while (rest := file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                pass
            yield Bad(line, f"is longer than {MAX_LINE:,} bytes")
            continue
        content = content.strip()
        if not content:
            continue
        try:
            values = decode(content)
        except (msgspec.MsgspecError, RecursionError, ArithmeticError, UnicodeDecodeError):
            yield Bad(line, "is not a JSON object")
            continue
        yield Row(line, values, content)
