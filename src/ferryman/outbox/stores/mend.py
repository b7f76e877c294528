"""What is done about damage in a spool that is in use (delivery rule 18).

Everything that can still be read and trusted stays; the rest is put into the table `quarantine`
where it can be read at all, and counted. All of it is one transaction, and nothing here loops:
a table whose pages cannot be read is copied once, row by row, around them.
"""

# pyright: reportUnknownMemberType=false
# (apsw's own type hints leave parameters open)

import contextlib
import time
from collections.abc import Sequence

import apsw
import msgspec

from .runs import Damaged, Row
from .schema import indexes, one, transaction
from .walk import DAMAGE, SAME, Seen, same, sound, walk

_CHUNK = 500


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
        except DAMAGE:
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
    for seen in bad:
        writing.execute(f"DELETE FROM {table} WHERE {SAME}", same(table, seen))  # noqa: S608 - ours
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
    for row in sound(source, table):
        found.append(row)
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
        f"UPDATE accounts SET accepted = max(accepted, ?, {settled} + quarantined + ? + ?),"  # noqa: S608 - ours
        " dead = ?, bytes = ?, dead_bytes = ?, epoch = epoch + 1",
        (max(highest, highest_dead), waiting, dead, dead, size, dead_size),
    )
    connection.execute(
        f"UPDATE accounts SET quarantined = accepted - ({settled}) - dead - ?",  # noqa: S608 - ours
        (waiting,),
    )
    return int(one(connection, "SELECT quarantined FROM accounts")[0]) - before
