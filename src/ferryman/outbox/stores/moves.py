"""The moves between the tables of a spool: each is called within one transaction.

Every move changes the accounts too, so that they add up at every commit. What is asked to move
and is not there any more is left out: it was moved before, by this process or by one that led
meanwhile, and nothing is counted twice.
"""

# pyright: reportUnknownMemberType=false
# (apsw's own type hints leave parameters open)

from collections.abc import Callable, Collection, Sequence
from typing import Any

import apsw
import msgspec

from ferryman.errors import DeadLettersFull, OutboxFull

from ..entry import Cancelled, Dead, Done, Entry, Verdict, cancels
from ..protocol import Bounds
from .runs import Row, alone, rows, unpacked
from .schema import PENDING, one
from .taking import INSERT, take, waits

_BURY = "INSERT INTO dead VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
_OLDER = "SELECT 1 FROM dead WHERE (key = ?1 OR other = ?1) AND seq <= ?2 LIMIT 1"
_place = msgspec.structs.force_setattr


def insert(
    connection: apsw.Connection, shares: Sequence[Sequence[Entry]], size: int, bounds: Bounds
) -> int:
    """Give the entries of *shares*, of *size* encoded bytes, their places and insert them.

    Returns the epoch in which they came.
    """
    entries = [entry for share in shares for entry in share]
    seq, held, waiting, epoch = one(
        connection,
        "UPDATE accounts SET accepted = accepted + ?, bytes = bytes + ?"  # noqa: S608 - ours
        f" RETURNING accepted, bytes, {PENDING}, epoch",
        (len(entries), size),
    )
    if held > bounds.bytes:
        raise OutboxFull(f"the outbox would hold {held:,} of {bounds.bytes:,} bytes")
    if waiting > bounds.entries:
        raise OutboxFull(f"the outbox would hold {waiting:,} of {bounds.entries:,} operations")
    place = seq - len(entries)
    removed: list[tuple[str, int]] = []
    for entry in entries:
        place += 1
        _place(entry, "seq", place)
        if entry.barrier and cancels(entry):
            removed.append((entry.key, place))
    connection.executemany(INSERT, rows(entries))
    if removed:
        connection.executemany("INSERT INTO removed VALUES (?, ?)", removed)
    return int(epoch)


def carry_out(
    connection: apsw.Connection, verdicts: Sequence[Verdict], now: int, bounds: Bounds
) -> int:
    """Move and count the entries of *verdicts* that still wait; return their encoded bytes."""
    places, size = take(connection, {each.entry.seq for each in verdicts})
    # Nearly all were delivered and no barrier: nothing more is to be done about those.
    others = [each for each in verdicts if type(each) is not Done or each.entry.barrier]
    dead: list[Row] = []
    cancelled = 0
    done: list[Entry] = []
    if others:
        there = set(places)
        for verdict in {each.entry.seq: each for each in others}.values():
            if verdict.entry.seq not in there:
                continue
            if isinstance(verdict, Done):
                done.append(verdict.entry)
            elif isinstance(verdict, Cancelled):
                cancelled += 1
            else:
                dead.append(_buried(verdict, now))
    dead_bytes = sum([len(row[1]) for row in dead])
    parking = any(row[-1] for row in dead)
    held = one(
        connection,
        "UPDATE accounts SET delivered = delivered + ?, dead = dead + ?,"
        " cancelled = cancelled + ?, bytes = bytes - ?, dead_bytes = dead_bytes + ?,"
        " epoch = epoch + ? RETURNING dead_bytes",
        (len(places) - len(dead) - cancelled, len(dead), cancelled, size, dead_bytes, parking),
    )[0]
    if dead and held > bounds.dead_bytes:
        raise DeadLettersFull(
            f"the dead letters would hold {held:,} of {bounds.dead_bytes:,} bytes:"
            " replay, skip or purge some"
        )
    if dead:
        connection.executemany(_BURY, dead)
    for entry in done:
        if cancels(entry):
            forget_removals(connection, entry.key)
    return size


def _buried(dead: Dead, now: int) -> Row:
    entry = dead.entry
    why = dead.reason, dead.field, dead.message, dead.status, dead.attempts, dead.maybe_delivered
    who = entry.key, entry.other or None, entry.name
    return (entry.seq, *alone(entry), *who, *why, now, dead.parks)


def forget_removals(connection: apsw.Connection, key: str) -> None:
    """Forget the removals of *key* that are over, with nothing dead that could come back."""
    found: list[Any] = list(connection.execute("SELECT seq FROM removed WHERE key = ?", (key,)))
    for (place,) in found:
        if not (waits(connection, place) or connection.execute(_OLDER, (key, place)).fetchone()):
            forget_removal(connection, key, place)


def forget_removal(connection: apsw.Connection, key: str, place: int) -> None:
    """Forget the removal of *key* at *place*, which will not be carried out."""
    connection.execute("DELETE FROM removed WHERE key = ? AND seq = ?", (key, place))


def evict(
    connection: apsw.Connection, names: Collection[str], bounds: Bounds, entries: int, size: int
) -> int:
    """Throw away the oldest of *names* until *entries* more, of *size* bytes, have room.

    Nobody where that would not do.
    """
    held, waiting = one(connection, f"SELECT bytes, {PENDING} FROM accounts")  # noqa: S608 - ours
    spare = bounds.spare()
    bytes_over = held + size - bounds.bytes + spare.bytes
    over = waiting + entries - bounds.entries + spare.entries
    gone: list[Entry] = []
    for row in connection.execute("SELECT * FROM entries ORDER BY seq"):
        if bytes_over <= 0 and over <= 0:
            break
        for entry in unpacked(row):
            if entry.name in names and (bytes_over > 0 or over > 0):
                gone.append(entry)
                bytes_over -= len(entry.body)
                over -= 1
    if bytes_over > spare.bytes or over > spare.entries:
        return 0
    found, freed = take(connection, [entry.seq for entry in gone])
    for entry in gone:
        if cancels(entry):
            forget_removal(connection, entry.key, entry.seq)
    connection.execute(
        "UPDATE accounts SET evicted = evicted + ?, bytes = bytes - ?, epoch = epoch + ?",
        (len(found), freed, bool(found)),
    )
    return len(found)


def find(
    connection: apsw.Connection, wanted: Callable[[Entry], bool], after: int
) -> tuple[list[int], int]:
    """Return the places of what is *wanted* among what waits behind *after*, and the last seen."""
    places: list[int] = []
    for row in connection.execute("SELECT * FROM entries WHERE last > ? ORDER BY seq", (after,)):
        places += [entry.seq for entry in unpacked(row) if wanted(entry)]
        after = max(after, row[1])
    return places, after


def page(connection: apsw.Connection, after: int, *, limit: int, size: int) -> list[Entry]:
    """Return the entries behind *after*, up to *limit* of them or *size* bytes."""
    found: list[Entry] = []
    runs = connection.execute(
        "SELECT * FROM entries WHERE seq >="
        " ifnull((SELECT max(seq) FROM entries WHERE seq <= ?1), 0) ORDER BY seq",
        (after,),
    )
    for row in runs:
        entries = unpacked(row)
        if entries[-1].seq <= after:
            continue
        if entries[0].seq <= after:
            entries = [entry for entry in entries if entry.seq > after]
        if len(entries) > limit or row[3] > size:
            entries = _fitting(entries, limit, size)
        found += entries
        limit -= len(entries)
        size -= row[3]
        if limit <= 0 or size <= 0:
            runs.close(True)
            break
    return found


def _fitting(entries: Sequence[Entry], limit: int, size: int) -> list[Entry]:
    found: list[Entry] = []
    for entry in entries[:limit]:
        found.append(entry)
        size -= len(entry.body)
        if size <= 0:
            break
    return found


def accounts(connection: apsw.Connection) -> tuple[Any, ...]:
    """Return the columns of Counts, in its order, all of one moment."""
    return one(
        connection,
        f"SELECT accepted, delivered, {PENDING}, dead, cancelled, skipped, purged, evicted,"  # noqa: S608 - ours
        " quarantined, bytes, dead_bytes, (SELECT count(*) FROM dead WHERE parks),"
        " ifnull((SELECT CAST(at AS INTEGER) FROM entries ORDER BY seq LIMIT 1), -1)"
        " FROM accounts",
    )
