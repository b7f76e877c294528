"""What is done about damage in a spool that is in use (delivery rule 18).

Everything that can still be read and trusted stays; the rest is put into the table `quarantine`
where it can be read at all, and counted. All of it is one transaction, and nothing here loops:
a table whose pages cannot be read is copied once, row by row, around them.
"""

# pyright: reportUnknownMemberType=false
# (apsw's own type hints leave parameters open)

import contextlib
import time
from collections.abc import Iterator, Sequence

import apsw
import msgspec

from ..entry import parks
from .runs import Damaged, Row, rows, saved, unpacked, unpacked_alone
from .schema import indexes, one, transaction

_COLUMNS = {
    "entries": ("seq", "last", "count", "bytes", "at", "packed", "marks", "total"),
    "dead": (
        "seq", "packed", "total", "key", "other", "name", "reason", "field", "message",
        "status", "attempts", "maybe_delivered", "died_at", "parks",
    ),
}  # fmt: skip
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


PUT_ASIDE = "INSERT INTO quarantine VALUES(NULL,?,?,?,?)"


class Mended(msgspec.Struct, frozen=True):
    """What mending did: entries put aside, and those of which nothing could be read."""

    aside: int = 0
    missing: int = 0
    rebuilt: tuple[str, ...] = ()


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
            for raw in connection.execute(sql, (start,)):
                seen = _seen(table, raw)
                if seen.whole:  # a damaged place is no place to go on from
                    following = max(following, raw[0] + 1)
                yield seen
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
    # Text is read as bytes: it may be broken.
    names = _COLUMNS[table]
    return ", ".join(
        [f"iif(typeof({name}) = 'text', CAST({name} AS BLOB), {name})" for name in names]
    )


def _seen(table: str, raw: Row) -> Seen:
    return _seen_run(raw) if table == "entries" else _seen_dead(raw)


def _seen_run(raw: Row) -> Seen:
    try:
        return Seen(raw, (raw,), len(unpacked(raw)), whole=True)
    except Damaged:
        sound, broken = saved(raw)
        return Seen(raw, tuple(rows(sound)), len(sound), tuple(broken))


def _seen_dead(raw: Row) -> Seen:
    seq, packed, total, *_ = raw
    try:
        entry = unpacked_alone(seq, packed, total)
    except Damaged:
        return Seen(raw, (), 0, (packed if isinstance(packed, bytes) else b"",))
    found = tuple(
        each.decode("utf-8", "replace") if place > 1 and isinstance(each, bytes) else each
        for place, each in enumerate(raw)
    )
    # What stands beside the entry is either in it, too, or only told to people.
    reason, field, message = (each if isinstance(each, str) else "" for each in found[6:9])
    numbers = [each if isinstance(each, int) else 0 for each in found[9:13]]
    who = entry.key, entry.other or None, entry.name
    row = (seq, packed, total, *who, reason, field, message, *numbers, int(parks(entry)))
    return Seen(raw, (row,), 1, whole=row == found)


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
            broken = [part for seen in bad for part in seen.broken]
            put_aside(writing, broken, table)
            aside += len(broken)
            if gaps or (bad and rebuild):
                _rebuild(writing, reading, table)
                rebuilt.append(table)
            else:
                _replace(writing, table, bad)
        lost = recount(writing)
    return Mended(aside, max(0, lost - aside), tuple(rebuilt))


def put_aside(connection: apsw.Connection, parts: Sequence[bytes], table: str) -> None:
    """Keep *parts* of *table*, which cannot be trusted, where nobody delivers them."""
    moment = int(time.time())
    connection.executemany(PUT_ASIDE, [(None, part, table, moment) for part in parts])


def _inspect(reading: apsw.Connection, table: str) -> tuple[list[Seen], int]:
    """Return the rows of *table* that can be read and not trusted, and how many gaps it has."""
    bad: list[Seen] = []
    gaps = 0
    for seen in walk(reading, table):
        if seen is None:
            gaps += 1
        elif not seen.whole:
            bad.append(seen)
    return bad, gaps


def _replace(writing: apsw.Connection, table: str, bad: list[Seen]) -> None:
    # With a damaged place a row may not be found by it, or another one may.
    same = "seq = ? AND packed IS ? AND total IS ?"
    places = _COLUMNS[table].index("packed"), _COLUMNS[table].index("total")
    for seen in bad:
        picked = seen.raw[0], *(seen.raw[place] for place in places)
        writing.execute(f"DELETE FROM {table} WHERE {same}", picked)  # noqa: S608 - ours
        if writing.changes() != 1:
            raise apsw.CorruptError
    for seen in bad:
        _insert(writing, table, seen.rows)


def _rebuild(writing: apsw.Connection, reading: apsw.Connection, table: str) -> None:
    """Copy what can be trusted of *table* into a new one of its name; the old one stays aside."""
    names = "SELECT count(*) FROM sqlite_schema WHERE name GLOB ?"
    number = 1 + int(one(writing, names, (f"{table}_damaged_*",))[0])
    (sql,) = one(writing, "SELECT sql FROM sqlite_schema WHERE name = ?", (table,))
    writing.execute(sql.replace(table, "mended", 1))
    copy(reading, table, writing, "mended")
    writing.execute(f"ALTER TABLE {table} RENAME TO {table}_damaged_{number}")
    writing.execute(f"ALTER TABLE mended RENAME TO {table}")
    if table == "dead":
        writing.execute(indexes(f"_{number}"))


def copy(source: apsw.Connection, table: str, target: apsw.Connection, into: str) -> None:
    """Copy what can be trusted of *table* into the table *into*."""
    found: list[Row] = []
    for seen in walk(source, table):
        if seen is not None:
            found += seen.rows
        if len(found) >= _CHUNK:
            _insert(target, into, found)
            found = []
    _insert(target, into, found)


def _insert(target: apsw.Connection, into: str, found: Sequence[Row]) -> None:
    if found:
        places = ",".join("?" * len(found[0]))
        # OR IGNORE: a damaged tree can show one row twice.
        target.executemany(f"INSERT OR IGNORE INTO {into} VALUES({places})", found)


def recount(connection: apsw.Connection) -> int:
    """Correct the accounts by what is there; return how many of the accepted were lost.

    What was delivered cannot be counted again; what is missing is what else was accepted.
    """
    waiting, size, highest = one(
        connection,
        "SELECT ifnull(sum(count), 0), ifnull(sum(bytes), 0), ifnull(max(last), 0) FROM entries",
    )
    dead, dead_size, highest_dead = one(
        connection, "SELECT count(*), ifnull(sum(length(packed)), 0), ifnull(max(seq), 0) FROM dead"
    )
    settled = "delivered + cancelled + skipped + purged + evicted"
    before = int(one(connection, "SELECT quarantined FROM accounts")[0])
    connection.execute(
        f"UPDATE accounts SET accepted = max(accepted, ?, {settled} + quarantined + ? + ?),"  # noqa: S608
        " dead = ?, bytes = ?, dead_bytes = ?, epoch = epoch + 1",
        (max(highest, highest_dead), waiting, dead, dead, size, dead_size),
    )
    connection.execute(
        f"UPDATE accounts SET quarantined = accepted - {settled} - dead - ?",  # noqa: S608
        (waiting,),
    )
    return int(one(connection, "SELECT quarantined FROM accounts")[0]) - before
