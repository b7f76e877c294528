"""What is done about damage in a spool that is in use (delivery rule 18).

Everything that can still be read and trusted stays; the rest is put into the table `quarantine`
where it can be read at all, and counted. All of it is one transaction, and nothing here loops:
a table whose pages cannot be read is copied once, row by row, around them.
"""

# pyright: reportUnknownMemberType=false
# (apsw's own type hints leave parameters open)

import time
from collections.abc import Iterator
from typing import Any

import apsw
import msgspec

from .rows import Damaged, decoded, sound
from .schema import one, transaction

_RAW = (
    "seq, CAST(id AS BLOB), CAST(name AS BLOB), CAST(key AS BLOB), body, CAST(other AS BLOB),"
    " barrier, CAST(path AS BLOB), at, total"
)
_VERDICT = (
    ", CAST(reason AS BLOB), CAST(field AS BLOB), CAST(message AS BLOB), status, attempts,"
    " maybe_delivered, died_at"
)
_COLUMNS = 10
_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1
_STRIDE = 1_000
"""Places looked at one by one behind unreadable ones; then the stride doubles, and again."""
_CHUNK = 500
_DAMAGE = (apsw.CorruptError, apsw.IOError, apsw.NotADBError)


def is_damage(error: BaseException) -> bool:
    """Whether *error* speaks of what the file holds, so that mending may help."""
    if isinstance(error, apsw.ConstraintError):  # the accounts give a place that is taken
        return getattr(error, "extendedresult", 0) in (
            apsw.SQLITE_CONSTRAINT_PRIMARYKEY,
            apsw.SQLITE_CONSTRAINT_ROWID,
        )
    return isinstance(error, apsw.CorruptError | UnicodeDecodeError | Damaged)


class Mended(msgspec.Struct, frozen=True):
    """What mending did: rows put aside, and those of which nothing could be read."""

    aside: int = 0
    missing: int = 0
    rebuilt: tuple[str, ...] = ()


def walk(connection: apsw.Connection, table: str) -> Iterator[tuple[Any, ...] | None]:
    """Yield each row of *table* that can be read, texts as bytes, and None for each gap.

    A row of `dead` has more columns; the first ten are those of an entry.
    """
    after, last = _LOWEST, _highest(connection)
    sql = f"SELECT {_columns(table)} FROM {table} WHERE seq"  # noqa: S608 - our own names
    while True:
        begun = after
        try:
            for row in connection.execute(f"{sql} > ? ORDER BY seq", (after,)):
                # A damaged place is no place to go on from.
                if after < row[0] <= last:
                    after = row[0]
                yield row
            return
        except _DAMAGE:
            yield None
            # Where nothing was read since the last gap, the place found was none after all.
            after = max(after, 0) + (after == begun and after > 0)
            found = _readable(connection, f"{sql} >= ? ORDER BY seq LIMIT 1", after, last)
            if found is None:
                return
            after = found - 1


def _columns(table: str) -> str:
    return _RAW + (_VERDICT if table == "dead" else "")


def _highest(connection: apsw.Connection) -> int:
    try:
        accepted = one(connection, "SELECT accepted FROM accounts")[0]
    except apsw.Error:
        return 1 << 40
    return accepted if isinstance(accepted, int) and 0 < accepted < 1 << 40 else 1 << 40


def _readable(connection: apsw.Connection, sql: str, after: int, last: int) -> int | None:
    """Return a place behind *after* from which can be read on, None when there is none."""
    stride, place, before = 1, after + 1, after
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
    except _DAMAGE:
        return False
    return True


def mend(connection: apsw.Connection) -> Mended:
    """Put aside what is damaged in `entries` and `dead`, and correct the accounts.

    Raises apsw.Error when the file is damaged elsewhere: then only a repair helps.
    """
    with transaction(connection):
        aside, rebuilt = 0, list[str]()
        for table in ("entries", "dead"):
            moved, whole = _put_aside(connection, table)
            aside += moved
            if not whole:
                _rebuild(connection, table)
                rebuilt.append(table)
        lost = recount(connection)
    return Mended(aside, max(0, lost - aside), tuple(rebuilt))


def _put_aside(connection: apsw.Connection, table: str) -> tuple[int, bool]:
    """Move the damaged rows of *table*; return how many, and whether the table is well now."""
    bad: list[tuple[Any, ...]] = []
    gaps = 0
    for raw in walk(connection, table):
        if raw is None:
            gaps += 1
        elif trusted(raw) is None:
            bad.append(raw[:_COLUMNS])
    now = int(time.time())
    connection.executemany(
        "INSERT INTO quarantine VALUES(NULL,?,?,?,?,?,?,?,?,?,?,?,?)",
        [(*raw, table, now) for raw in bad],
    )
    if gaps:
        return len(bad), False
    connection.execute("SAVEPOINT moving")
    try:
        for raw in bad:
            connection.execute(f"DELETE FROM {table} WHERE seq = ?", (raw[0],))  # noqa: S608
            if connection.changes() != 1:  # its place is damaged: it cannot be found by it
                raise apsw.CorruptError
    except _DAMAGE:
        connection.execute("ROLLBACK TO moving")
        return len(bad), False
    finally:
        connection.execute("RELEASE moving")
    return len(bad), True


def trusted(raw: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Return *raw* of :func:`walk` as the row it was, None when it is damaged."""
    try:
        row = decoded(raw[:_COLUMNS])
        next(sound([row]))
    except Damaged:
        return None
    verdict = [
        each.decode("utf-8", "replace") if isinstance(each, bytes) else each
        for each in raw[_COLUMNS:]
    ]
    return (*row, *verdict)


def _rebuild(connection: apsw.Connection, table: str) -> None:
    """Copy what can be trusted of *table* into a new one of its name; the old one stays aside."""
    number = 1 + int(
        one(connection, "SELECT count(*) FROM sqlite_schema WHERE name LIKE ?", (f"{table}\\_%",))[
            0
        ]
    )
    old, (sql,) = (
        f"{table}_damaged_{number}",
        one(connection, "SELECT sql FROM sqlite_schema WHERE name = ?", (table,)),
    )
    connection.execute(sql.replace(table, "mended", 1))
    copy(connection, table, connection, "mended")
    connection.execute(f"ALTER TABLE {table} RENAME TO {old}")
    connection.execute(f"ALTER TABLE mended RENAME TO {table}")


def copy(source: apsw.Connection, table: str, target: apsw.Connection, into: str) -> int:
    """Copy each trusted row of *table* into the table *into*; return how many there were."""
    rows: list[tuple[Any, ...]] = []
    count = 0
    for raw in walk(source, table):
        row = None if raw is None else trusted(raw)
        if row is not None:
            rows.append(row)
        if len(rows) >= _CHUNK:
            count += _insert(target, into, rows)
            rows = []
    return count + (_insert(target, into, rows) if rows else 0)


def _insert(target: apsw.Connection, into: str, rows: list[tuple[Any, ...]]) -> int:
    places = ",".join("?" * len(rows[0]))
    # OR IGNORE: a damaged tree can show one row twice.
    before = target.total_changes()
    target.executemany(f"INSERT OR IGNORE INTO {into} VALUES({places})", rows)
    return target.total_changes() - before


def recount(connection: apsw.Connection) -> int:
    """Correct the accounts by what is there; return how many of the accepted were lost.

    What was delivered cannot be counted again; what is missing is what else was accepted.
    """
    waiting, size, highest = one(
        connection,
        "SELECT count(*), ifnull(sum(length(body)), 0), ifnull(max(seq), 0) FROM entries",
    )
    dead, highest_dead = one(connection, "SELECT count(*), ifnull(max(seq), 0) FROM dead")
    before = int(one(connection, "SELECT quarantined FROM accounts")[0])
    connection.execute(
        "UPDATE accounts SET accepted = max(accepted, ?, delivered + quarantined + ? + ?),"
        " dead = ?, bytes = ?",
        (max(highest, highest_dead), waiting, dead, dead, size),
    )
    connection.execute(
        "UPDATE accounts SET quarantined = accepted - delivered - dead - ?", (waiting,)
    )
    return int(one(connection, "SELECT quarantined FROM accounts")[0]) - before
