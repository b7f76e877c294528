"""What is done about damage in a spool that is in use (delivery rule 18).

Everything that can still be read and trusted stays; the rest is put into the table `quarantine`
where it can be read at all, and counted. All of it is one transaction, and nothing here loops:
a table whose pages cannot be read is copied once, row by row, around them.
"""

# pyright: reportUnknownMemberType=false
# (apsw's own type hints leave parameters open)

import contextlib
import itertools
import time
from collections.abc import Iterator
from typing import Any

import apsw
import msgspec

from .rows import Damaged, decoded, sound
from .schema import one, transaction

# Column -> the types that it may have in a sound row. Text is read as bytes: it may be broken.
_KINDS = {
    "id": ("text",),
    "name": ("text",),
    "key": ("text",),
    "body": ("blob",),
    "other": ("null", "text"),
    "barrier": ("integer", "null"),
    "path": ("null", "text"),
    "at": ("integer",),
    "total": ("integer",),
}
_VERDICT = ("reason", "field", "message", "status", "attempts", "maybe_delivered", "died_at")
_SOUND = frozenset(" ".join(kinds) for kinds in itertools.product(*_KINDS.values()))
WIDTH = 10
_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1
_STRIDE = 1_000
"""Places looked at one by one behind unreadable ones; then the stride doubles, and again."""
_CHUNK = 500
_DAMAGE = (apsw.CorruptError, apsw.IOError, apsw.NotADBError, apsw.TooBigError, apsw.NoMemError)


def is_damage(error: BaseException) -> bool:
    """Whether *error* speaks of what the file holds, so that mending may help."""
    if isinstance(error, apsw.ConstraintError):  # the accounts give a place that is taken
        return getattr(error, "extendedresult", 0) in (
            apsw.SQLITE_CONSTRAINT_PRIMARYKEY,
            apsw.SQLITE_CONSTRAINT_ROWID,
        )
    # A damaged length can be too big for SQLite or for memory.
    sizes = apsw.TooBigError | apsw.NoMemError
    return isinstance(error, apsw.CorruptError | sizes | UnicodeDecodeError | Damaged)


PUT_ASIDE = "INSERT INTO quarantine VALUES(NULL,?,?,?,?,?,?,?,?,?,?,?,?)"


class Mended(msgspec.Struct, frozen=True):
    """What mending did: rows put aside, and those of which nothing could be read."""

    aside: int = 0
    missing: int = 0
    rebuilt: tuple[str, ...] = ()


class Seen(msgspec.Struct, frozen=True):
    """A row as it was found, texts as bytes, and as it was accepted where it can be trusted.

    A row of `dead` has more columns; the first ten are those of an entry.
    """

    raw: tuple[Any, ...]
    row: tuple[Any, ...] | None


def walk(connection: apsw.Connection, table: str) -> Iterator[Seen | None]:
    """Yield each row of *table* that can be read, in order, and None for each gap."""
    start, last = _LOWEST, _highest(connection)
    sql = f"SELECT {_columns(table)} FROM {table} WHERE seq >= ? ORDER BY seq"  # noqa: S608 - ours
    while True:
        following = start
        try:
            for raw in connection.execute(sql, (start,)):
                row = _trusted(raw)
                if row is not None:  # a damaged place is no place to go on from
                    following = max(following, raw[0] + 1)
                yield Seen(raw, row)
            return
        except _DAMAGE:
            yield None
            # Forward even where nothing was read: what was readable a moment ago may be no more.
            following = max(following, start + 1, 1)
            found = _readable(connection, f"{sql} LIMIT 1", following, last)
            if found is None:
                return
            start = found


def _columns(table: str) -> str:
    names = [*_KINDS, *(_VERDICT if table == "dead" else ())]
    raw = [f"iif(typeof({name}) = 'text', CAST({name} AS BLOB), {name})" for name in names]
    kinds = " || ' ' || ".join(f"typeof({name})" for name in _KINDS)
    return ", ".join(["seq", *raw, kinds])


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
    except _DAMAGE:
        return False
    return True


def mend(connection: apsw.Connection) -> Mended:
    """Put aside what is damaged in `entries` and `dead`, and correct the accounts.

    Raises apsw.Error when the file is damaged elsewhere: then only a repair helps.
    """
    # After an error of a damaged page SQLite writes no more in that transaction: another
    # connection reads, while this one keeps everybody else from writing.
    with contextlib.closing(
        apsw.Connection(connection.filename, vfs=connection.open_vfs)
    ) as reading:
        try:
            return _mend(connection, reading, rebuild=False)
        except _DAMAGE:
            return _mend(connection, reading, rebuild=True)


def _mend(writing: apsw.Connection, reading: apsw.Connection, *, rebuild: bool) -> Mended:
    with transaction(writing):
        aside, rebuilt = 0, list[str]()
        for table in ("entries", "dead"):
            bad, gaps = _inspect(reading, table)
            writing.executemany(PUT_ASIDE, [(*raw[:WIDTH], table, int(time.time())) for raw in bad])
            aside += len(bad)
            if gaps or (bad and rebuild):
                _rebuild(writing, reading, table)
                rebuilt.append(table)
            else:
                _remove(writing, table, bad)
        lost = recount(writing)
    return Mended(aside, max(0, lost - aside), tuple(rebuilt))


def _inspect(reading: apsw.Connection, table: str) -> tuple[list[tuple[Any, ...]], int]:
    """Return the rows of *table* that can be read and not trusted, and how many gaps it has."""
    bad: list[tuple[Any, ...]] = []
    gaps = 0
    for seen in walk(reading, table):
        if seen is None:
            gaps += 1
        elif seen.row is None:
            bad.append(seen.raw)
    return bad, gaps


def _remove(writing: apsw.Connection, table: str, bad: list[tuple[Any, ...]]) -> None:
    # With a damaged place it may not be found by it, or another one may.
    same = "seq = ? AND CAST(id AS BLOB) IS ? AND body IS ? AND total IS ?"
    for raw in bad:
        picked = raw[0], raw[1], raw[4], raw[9]
        writing.execute(f"DELETE FROM {table} WHERE {same}", picked)  # noqa: S608 - ours
        if writing.changes() != 1:
            raise apsw.CorruptError


def _trusted(raw: tuple[Any, ...]) -> tuple[Any, ...] | None:
    if raw[-1] not in _SOUND:
        return None
    try:
        row = decoded(raw[:WIDTH])
        next(sound([row]))
    except Damaged:
        return None
    verdict = [
        each.decode("utf-8", "replace") if isinstance(each, bytes) else each
        for each in raw[WIDTH:-1]
    ]
    return (*row, *verdict)


def _rebuild(writing: apsw.Connection, reading: apsw.Connection, table: str) -> None:
    """Copy what can be trusted of *table* into a new one of its name; the old one stays aside."""
    names = "SELECT count(*) FROM sqlite_schema WHERE name GLOB ?"
    number = 1 + int(one(writing, names, (f"{table}_damaged_*",))[0])
    (sql,) = one(writing, "SELECT sql FROM sqlite_schema WHERE name = ?", (table,))
    writing.execute(sql.replace(table, "mended", 1))
    copy(reading, table, writing, "mended")
    writing.execute(f"ALTER TABLE {table} RENAME TO {table}_damaged_{number}")
    writing.execute(f"ALTER TABLE mended RENAME TO {table}")


def copy(source: apsw.Connection, table: str, target: apsw.Connection, into: str) -> int:
    """Copy each trusted row of *table* into the table *into*; return how many there were."""
    rows: list[tuple[Any, ...]] = []
    count = 0
    for seen in walk(source, table):
        if seen is not None and seen.row is not None:
            rows.append(seen.row)
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
