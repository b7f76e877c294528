"""What of a table of the spool can be read, and what of that can be trusted. Reads only."""

# pyright: reportUnknownMemberType=false
# (apsw's own type hints leave parameters open)

from collections.abc import Iterator
from typing import Any

import apsw
import msgspec

from ..entry import parks
from .beside import sensible
from .runs import Damaged, Row, rows, saved, unpacked, unpacked_alone
from .schema import one

DAMAGE = (apsw.CorruptError, apsw.IOError, apsw.NotADBError, apsw.TooBigError, apsw.NoMemError)
_COLUMNS = {
    "entries": ("seq", "last", "count", "bytes", "at", "packed", "marks", "total"),
    "dead": (
        "seq", "packed", "total", "key", "other", "name", "reason", "field", "message",
        "status", "attempts", "maybe_delivered", "died_at", "parks",
    ),
}  # fmt: skip
_BINARY = ("packed", "marks")
_LOWEST = -(1 << 63)
_STRIDE = 1_000
"""Places looked at one by one behind unreadable ones; then the stride doubles, and again."""


def _as_bytes(name: str) -> str:
    # Text is read as bytes: it may be broken.
    return f"iif(typeof({name}) = 'text', CAST({name} AS BLOB), {name})"


# With a damaged place a row may not be found by it, or another one may.
SAME = f"seq = ? AND {_as_bytes('packed')} IS ? AND {_as_bytes('total')} IS ?"


class Seen(msgspec.Struct, frozen=True):
    """A row as it was found, texts as bytes, and what of it can be trusted.

    ``rows`` are what to keep in its place: itself where it is ``whole``, as it was put, else
    what is sound of it. They hold ``count`` entries; ``broken`` are the packed ones that are lost.
    """

    raw: Row
    rows: tuple[Row, ...]
    count: int
    broken: tuple[bytes, ...] = ()
    whole: bool = False


def walk(connection: apsw.Connection, table: str) -> Iterator[Seen | None]:
    """Yield each row of *table* that can be read, in order, and None for each gap."""
    start, last = _LOWEST, _highest(connection)
    sql = f"SELECT {_columns(table)} FROM {table} WHERE seq >= ? ORDER BY seq"  # noqa: S608 - ours
    while True:
        following = start
        try:
            for *raw, typed in connection.execute(sql, (start,)):
                seen = _seen(table, tuple(raw), bool(typed))
                if seen.whole:  # a damaged place is no place to go on from
                    following = max(following, raw[0] + 1)
                yield seen
            return
        except DAMAGE:
            yield None
            # Forward even where nothing was read: what was readable a moment ago may be no more.
            following = max(following, start + 1, 1)
            found = _readable(connection, f"{sql} LIMIT 1", following, last)
            if found is None:
                return
            start = found


def sound(connection: apsw.Connection, table: str) -> Iterator[Row]:
    """Yield what can be trusted of *table*, in order, as rows that are whole."""
    for seen in walk(connection, table):
        if seen is not None:
            yield from seen.rows


def same(table: str, seen: Seen) -> tuple[Any, ...]:
    """Return what the condition SAME compares, so that it finds the row that was *seen*."""
    places = _COLUMNS[table].index("packed"), _COLUMNS[table].index("total")
    return seen.raw[0], *(seen.raw[place] for place in places)


def _columns(table: str) -> str:
    # The last says whether texts are texts, and bytes bytes: one bit makes one of the other.
    names = _COLUMNS[table]
    typed = [f"typeof({name}) {'=' if name in _BINARY else '!='} 'blob'" for name in names]
    return ", ".join([*map(_as_bytes, names), " AND ".join(typed)])


def _seen(table: str, raw: Row, typed: bool) -> Seen:
    return _seen_run(raw, typed) if table == "entries" else _seen_dead(raw, typed)


def _seen_run(raw: Row, typed: bool) -> Seen:
    try:
        entries = unpacked(raw)
    except Damaged:
        kept, broken = saved(raw)
        return Seen(raw, tuple(rows(kept)), len(kept), tuple(broken))
    # The checksum does not cover what is there to save them one by one.
    whole = typed and saved(raw) == (entries, [])
    return Seen(raw, (raw,) if whole else tuple(rows(entries)), len(entries), whole=whole)


def _seen_dead(raw: Row, typed: bool) -> Seen:
    seq, packed, total, *beside = raw
    try:
        entry = unpacked_alone(seq, packed, total)
    except Damaged:
        return Seen(raw, (), 0, (packed if isinstance(packed, bytes) else b"",))
    # What stands beside the entry is either in it, too, or only told to people.
    found = [
        each.decode("utf-8", "replace") if isinstance(each, bytes) else each for each in beside
    ]
    who = entry.key, entry.other or None, entry.name
    row = (seq, packed, total, *who, *sensible(found[3:10]), int(parks(entry)))
    as_read = tuple(each.encode() if isinstance(each, str) else each for each in row)
    return Seen(raw, (row,), 1, whole=typed and as_read == raw)


def _highest(connection: apsw.Connection) -> int:
    try:
        accepted = one(connection, "SELECT accepted FROM accounts")[0]
    except apsw.Error:
        return 1 << 40
    return accepted if isinstance(accepted, int) and 0 < accepted < 1 << 40 else 1 << 40


def _readable(connection: apsw.Connection, sql: str, place: int, last: int) -> int | None:
    """Return the first place from *place* on that can be read, None when there is none."""
    stride, before = 1, place - 1
    tries = 0
    while place <= last:
        if _probe(connection, sql, place):
            # With a stride, what lies between was stepped over: halve the way back.
            while place - before > 1:
                middle = (place + before) // 2
                if _probe(connection, sql, middle):
                    place = middle
                else:
                    before = middle
            return place
        before, place, tries = place, place + stride, tries + 1
        if tries % _STRIDE == 0:
            stride *= 2
    return None


def _probe(connection: apsw.Connection, sql: str, place: int) -> bool:
    try:
        connection.execute(sql, (place,)).fetchone()
    except DAMAGE:
        return False
    return True
