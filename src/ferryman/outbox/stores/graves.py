"""What becomes of dead letters in a spool: looked at, let go on, thrown away. One transaction each.

A replay goes back to its old place, and not behind a removal of its person that is newer: an old
identify must not bring a deleted person back (delivery rule 10).
"""

# pyright: reportUnknownMemberType=false
# (apsw's own type hints leave parameters open)

from collections.abc import Callable, Sequence
from typing import Any, Literal

import apsw
import msgspec

from ..entry import Dead
from ..protocol import Obstacle, Replayed, Where
from .beside import sensible
from .moves import find, forget_removal, forget_removals
from .runs import DAMAGED, Damaged, unpacked_alone
from .schema import one
from .taking import put_back, take

_BESIDE = "key, other, name, reason, field, message, status, attempts, maybe_delivered, died_at"
_PAGES = 50_000
"""Pages that one value may take: SQLite's values end at 1,000,000,000 bytes."""
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
    sql = f"SELECT seq, packed, total, {_BESIDE} FROM dead WHERE seq > ?"  # noqa: S608 - ours
    sql = " AND ".join([sql, *conditions]) + " ORDER BY seq LIMIT ?"
    return [_dead(row) for row in connection.execute(sql, (after, *values, limit))]


def _dead(row: tuple[Any, ...]) -> Dead:
    entry = unpacked_alone(*row[:3])
    who = entry.key, entry.other or None, entry.name
    reason, field, message, status, attempts, maybe, died_at = verdict = sensible(row[6:])
    if (*who, *verdict) != row[3:]:
        raise Damaged(DAMAGED)
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
            "SELECT seq, packed, total FROM dead WHERE seq = ?", (place,)
        ).fetchone()
        entry = unpacked_alone(*row) if row else None
        if row is None or entry is None:
            refused.append((place, "gone"))
        elif connection.execute(_REMOVED, (entry.key, entry.other, place)).fetchone():
            refused.append((place, "removed"))
        else:
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
            "DELETE FROM dead WHERE seq = ? RETURNING length(packed), key, other", (place,)
        ).fetchone()
        if row is not None:
            count += 1
            size += row[0]
            forget_removal(connection, row[1], place)
            for key in filter(None, row[1:]):
                forget_removals(connection, key)
    _count(connection, account, count, size)
    return count


def erasing(act: Callable[[apsw.Connection], int]) -> Callable[[apsw.Connection], int]:
    """Return what does as *act* does and overwrites what it deletes, and every unused page.

    Those hold what was delivered or thrown away long ago. To overwrite them at each settlement
    would double what goes to the disk; what must not be kept is seldom, and pays for it.
    """

    def erase(connection: apsw.Connection) -> int:
        connection.pragma("secure_delete", True)
        try:
            count = act(connection)
            unused = int(str(connection.pragma("freelist_count")))
            page = int(str(connection.pragma("page_size")))
            while unused > 0:  # rows that take them all, gone before anybody can see them
                size = (min(unused, _PAGES) + 1) * page
                connection.execute(
                    "INSERT INTO quarantine(packed, origin, moved_at) VALUES (zeroblob(?), '', 0)",
                    (size,),
                )
                unused -= _PAGES
            connection.execute("DELETE FROM quarantine WHERE origin = ''")
            return count
        finally:
            connection.pragma("secure_delete", "FAST")

    return erase


class Sought(msgspec.Struct, frozen=True):
    """Where everything of a key waits, as far as somebody looked before there was a transaction."""

    places: list[int]
    upto: int
    epoch: int


def seek(connection: apsw.Connection, key: str) -> Sought:
    """Look where everything of *key* waits, which takes long where much waits."""
    epoch = _epoch(connection)
    places, upto = find(connection, lambda entry: key in (entry.key, entry.other), 0)
    return Sought(places, upto, epoch)


def purge_key(connection: apsw.Connection, key: str, sought: Sought) -> int:
    """Throw away everything of *key*: what was *sought*, and what came since.

    Returns how many there were.
    """
    if _epoch(connection) != sought.epoch:  # a dead letter may be back where nobody looks again
        sought = seek(connection, key)
    late, _ = find(connection, lambda entry: key in (entry.key, entry.other), sought.upto)
    found, size = take(connection, [*sought.places, *late])
    dead: list[Any] = list(
        connection.execute(
            "DELETE FROM dead WHERE key = ?1 OR other = ?1 RETURNING length(packed), key, other",
            (key,),
        )
    )
    connection.execute("DELETE FROM removed WHERE key = ?", (key,))
    for other in {str(each) for row in dead for each in row[1:] if each and each != key}:
        forget_removals(connection, other)
    connection.execute("DELETE FROM quarantine WHERE instr(packed, ?)", (_as_packed(key),))
    connection.execute(
        "UPDATE accounts SET purged = purged + ?, bytes = bytes - ?", (len(found), size)
    )
    freed = sum([int(str(each[0])) for each in dead])
    _count(connection, "purged", len(dead), freed, moved=bool(found))
    return len(found) + len(dead)


def _epoch(connection: apsw.Connection) -> int:
    return int(one(connection, "SELECT epoch FROM accounts")[0])


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
