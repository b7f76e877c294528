"""What becomes of dead letters in a spool: looked at, let go on, thrown away. One transaction each.

A replay goes back to its old place, and not behind a removal of its person that is newer: an old
identify must not bring a deleted person back (delivery rule 10).
"""

# pyright: reportUnknownMemberType=false
# (apsw's own type hints leave parameters open)

from collections.abc import Sequence
from typing import Any, Literal

import apsw
import msgspec

from ..entry import Dead
from ..protocol import Obstacle, Replayed, Where
from .moves import find, put_back, take
from .runs import unpacked_alone

_VERDICT = "reason, field, message, status, attempts, maybe_delivered, died_at"
_REMOVED = "SELECT 1 FROM removed WHERE (key = ? OR key = ?) AND seq > ?"


def letters(connection: apsw.Connection, where: Where, after: int, limit: int) -> list[Dead]:
    """Return dead letters behind *after*, up to *limit*."""
    given: dict[str, Any] = {
        "reason = ?": where.reason,
        "name = ?": where.name,
        "maybe_delivered = ?": where.maybe_delivered,
        "parks = ?": where.parks,
    }
    conditions = [sql for sql, value in given.items() if value is not None]
    values = [value for value in given.values() if value is not None]
    if where.key is not None:
        conditions.append("(key = ? OR other = ?)")
        values += [where.key, where.key]
    sql = f"SELECT seq, packed, total, {_VERDICT} FROM dead WHERE seq > ?"  # noqa: S608 - ours
    sql = " AND ".join([sql, *conditions]) + " ORDER BY seq LIMIT ?"
    return [_dead(row) for row in connection.execute(sql, (after, *values, limit))]


def _dead(row: tuple[Any, ...]) -> Dead:
    seq, packed, total, reason, field, message, status, attempts, maybe, died_at = row
    entry = unpacked_alone(seq, packed, total)
    return Dead(entry, reason, field, message, status, attempts, bool(maybe), died_at)


def reasons(connection: apsw.Connection) -> dict[str, int]:
    """Return how many there are of each reason, the most frequent first."""
    sql = "SELECT reason, count(*) AS n FROM dead GROUP BY reason ORDER BY n DESC, reason"
    return {str(reason): int(str(count)) for reason, count in connection.execute(sql)}


def parked(connection: apsw.Connection) -> set[str]:
    """Return the keys behind whose dead barriers others wait."""
    found = connection.execute("SELECT key, ifnull(other, '') FROM dead WHERE parks")
    return {key for pair in found for key in pair if key}


def replay(connection: apsw.Connection, places: Sequence[int]) -> Replayed:
    """Let the dead letters at *places* wait again; say which cannot."""
    back: list[int] = []
    refused: list[tuple[int, Obstacle]] = []
    size = packed_size = 0
    for place in sorted(set(places)):
        row = connection.execute(
            "SELECT seq, packed, total, key, other FROM dead WHERE seq = ?", (place,)
        ).fetchone()
        if row is None:
            refused.append((place, "gone"))
        elif connection.execute(_REMOVED, (row[3], row[4], place)).fetchone():
            refused.append((place, "removed"))
        else:
            entry = unpacked_alone(*row[:3])
            connection.execute("DELETE FROM dead WHERE seq = ?", (place,))
            put_back(connection, entry)
            back.append(place)
            size += len(entry.body)
            packed_size += len(row[1])
    connection.execute(
        "UPDATE accounts SET dead = dead - ?, bytes = bytes + ?, dead_bytes = dead_bytes - ?,"
        " epoch = epoch + ?",
        (len(back), size, packed_size, bool(back)),
    )
    return Replayed(tuple(back), tuple(refused))


def throw_away(
    connection: apsw.Connection, places: Sequence[int], account: Literal["skipped", "purged"]
) -> int:
    """Throw the dead letters at *places* away, counted as *account*; return how many there were."""
    count = size = 0
    for place in set(places):
        row = connection.execute(
            "DELETE FROM dead WHERE seq = ? RETURNING length(packed), key", (place,)
        ).fetchone()
        if row is not None:
            count += 1
            size += row[0]
            _forget(connection, row[1], place)
    _count(connection, account, count, size)
    return count


def _forget(connection: apsw.Connection, key: str, place: int) -> None:
    """Forget the removal of *key* that was itself thrown away, or that nobody needs any more."""
    connection.execute(
        "DELETE FROM removed WHERE key = ?1 AND (seq = ?2 OR (NOT EXISTS("
        "SELECT 1 FROM dead WHERE key = ?1 OR other = ?1) AND seq < ifnull("
        "(SELECT min(seq) FROM entries), seq + 1)))",
        (key, place),
    )


def purge_key(connection: apsw.Connection, key: str, waiting: Sequence[int], seen: int) -> int:
    """Throw away everything of *key*: *waiting* was found up to *seen*, what came since is sought.

    Returns how many there were.
    """
    late, _ = find(connection, lambda entry: key in (entry.key, entry.other), seen)
    found, size = take(connection, [*waiting, *late])
    dead = connection.execute(
        "DELETE FROM dead WHERE key = ?1 OR other = ?1 RETURNING length(packed)", (key,)
    ).fetchall()
    connection.execute("DELETE FROM removed WHERE key = ?", (key,))
    connection.execute("DELETE FROM quarantine WHERE instr(packed, ?)", (_as_packed(key),))
    connection.execute(
        "UPDATE accounts SET purged = purged + ?, bytes = bytes - ?", (len(found), size)
    )
    freed = sum([int(str(each[0])) for each in dead])
    _count(connection, "purged", len(dead), freed, moved=bool(found))
    return len(found) + len(dead)


def _count(
    connection: apsw.Connection, account: str, count: int, size: int, *, moved: bool = False
) -> None:
    connection.execute(
        f"UPDATE accounts SET dead = dead - ?1, {account} = {account} + ?1,"  # noqa: S608 - ours
        " dead_bytes = dead_bytes - ?2, epoch = epoch + ?3",
        (count, size, bool(count) or moved),
    )


def _as_packed(key: str) -> bytes:
    """Return *key* as it stands in a packed entry, its length before it."""
    return msgspec.msgpack.encode(key)
