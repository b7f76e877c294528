"""What the text of a file means: typed cells, moments, persons, ids of rows. No I/O, no clock.

A rule that a value breaks is an InvalidOperation that never quotes the value.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Final

from ferryman._core.kinds import EPOCH
from ferryman.errors import ConfigurationError, InvalidOperation

_WHOLE: Final = re.compile(r"[+-]?[0-9]+")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_DIGITS: Final = re.compile(r"[0-9]+")
_TRUTH: Final[Mapping[str, bool]] = {
    "true": True, "yes": True, "1": True, "false": False, "no": False, "0": False,
}  # fmt: skip


def _int(text: str) -> int:
    if not _WHOLE.fullmatch(text) or len(text) > 20:
        raise InvalidOperation("is not a whole number (int)")
    return int(text)


def _number(text: str) -> Decimal:
    # A Decimal and not a float: its digits go out as they stand in the file.
    if not _NUMBER.fullmatch(text) or abs(float(text)) == float("inf"):
        raise InvalidOperation("is not a number (float)")
    return Decimal(text)


def _bool(text: str) -> bool:
    if (truth := _TRUTH.get(text.lower())) is None:
        raise InvalidOperation("is neither true, yes, 1 nor false, no, 0 (bool)")
    return truth


KINDS: Final[Mapping[str, Callable[[str], object] | None]] = {
    "str": None,
    "int": _int,
    "float": _number,
    "decimal": _number,
    "bool": _bool,
}
"""The types of `--types`; None leaves the text as it is."""


def parse_types(text: str) -> dict[str, Callable[[str], object]]:
    """Read `a=int,b=float`; raises ConfigurationError for what is no such list."""
    found: dict[str, Callable[[str], object]] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        column, equals, kind = pair.rpartition("=")
        if not equals or not column or kind not in KINDS:
            known = ", ".join(KINDS)
            raise ConfigurationError(f"--types takes COLUMN=TYPE,... with the types {known}")
        if (reader := KINDS[kind]) is not None:
            found[column] = reader
    return found


def typed(text: object, reader: Callable[[str], object], *, column: str) -> object:
    """Return the cell *text* by its type: an empty cell is None."""
    bare = str(text).strip()
    try:
        return reader(bare) if bare else None
    except InvalidOperation as wrong:
        raise InvalidOperation(wrong.rule, field=column) from None


def person_text(value: object) -> str:
    """Return who a row is about, as text: a number of JSON becomes its digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    raise InvalidOperation("must be text or a number", field="person")


def moment(value: object) -> datetime:
    """Read a moment: ISO 8601, or digits (8 a date, 10 seconds, 13 milliseconds); UTC unless said.

    Raises InvalidOperation for anything else.
    """
    text = str(value).strip() if isinstance(value, str | int | Decimal) else ""
    try:
        if not _DIGITS.fullmatch(text):
            read = datetime.fromisoformat(text)
            return read if read.tzinfo else read.replace(tzinfo=UTC)
        if len(text) == 8:
            return datetime(int(text[:4]), int(text[4:6]), int(text[6:]), tzinfo=UTC)
        if len(text) in (10, 13):
            return EPOCH + timedelta(milliseconds=int(text) * (1 if len(text) == 13 else 1000))
    except ValueError:
        pass
    raise InvalidOperation(
        "must be ISO 8601, or digits: 8 a date, 10 seconds, 13 milliseconds", field="at"
    )


def milliseconds(when: datetime) -> int:
    """Return *when* in whole milliseconds since 1970."""
    return (when - EPOCH) // timedelta(milliseconds=1)


_PAIRS: Final = [
    first + second
    for first in "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    for second in "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
]
_MAX_TIME: Final = 2**48 - 1


class RowIds:
    """Gives each row of an import the same ULID in every run.

    48 bits are the row's time in milliseconds, 80 a hash of event name, line and content: what
    was interrupted can be run again, and rows that repeat another one exactly stay apart.
    """

    def __init__(self, event: str) -> None:
        self._event = blake2b(event.encode(errors="surrogateescape") + b"\n", digest_size=10)

    def __call__(self, line: int, content: bytes, time: int) -> str:
        """Return the id of the row with *content* on *line*; *time* in milliseconds."""
        hashed = self._event.copy()
        hashed.update(b"%d\n" % line)
        hashed.update(content)
        number = max(0, min(time, _MAX_TIME)) << 80 | int.from_bytes(hashed.digest())
        return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])
