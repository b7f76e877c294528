"""Entries leave the runs they stand in, and go back to their places: rows are rewritten.

Called within a transaction; the accounts are the business of moves.py.
"""

# pyright: reportUnknownMemberType=false
# (apsw's own type hints leave parameters open)

from bisect import bisect_right
from collections.abc import Collection, Sequence

import apsw

from ..entry import Entry
from .runs import rows, unpacked
from .schema import one

INSERT = "INSERT INTO entries VALUES (?,?,?,?,?,?,?,?)"
_RUN = "SELECT seq, last, count, bytes FROM entries WHERE seq <= ? ORDER BY seq DESC LIMIT 1"
_WHOLE = (
    "SELECT sum(count), min(seq), max(last), sum(bytes) FROM entries"
    " WHERE seq BETWEEN ? AND ? AND last <= ?"
)
_FEW = 32
"""Places that one run may hold alone."""


def take(connection: apsw.Connection, places: Collection[int]) -> tuple[list[int], int]:
    """Take the entries at *places* out; return which were there, and their encoded bytes."""
    wanted = sorted(places)
    found: list[int] = []
    size = start = 0
    while start < len(wanted):
        end = _stretch(wanted, start)
        whole = _whole_runs(connection, wanted[start], wanted[end - 1])
        if whole is None:
            size += _take_each(connection, wanted[start:end], found)
        else:
            first, last, bytes_ = whole
            low, high = start + first - wanted[start], end - (wanted[end - 1] - last)
            size += _take_each(connection, wanted[start:low], found)
            connection.execute("DELETE FROM entries WHERE seq BETWEEN ? AND ?", (first, last))
            found += wanted[low:high]
            size += bytes_ + _take_each(connection, wanted[high:end], found)
        start = end
    forget_begun(connection, found)
    return found, size


def _stretch(wanted: list[int], start: int) -> int:
    """Return where the places end that follow each other without a gap from *start* on."""
    if wanted[-1] - wanted[start] == len(wanted) - 1 - start:
        return len(wanted)
    end = start + 1
    while wanted[end] == wanted[end - 1] + 1:
        end += 1
    return end


def _whole_runs(connection: apsw.Connection, low: int, high: int) -> tuple[int, int, int] | None:
    """Return the first and last place, and the bytes, of the runs from *low* to *high*.

    They go in one statement: one for each would cost several times as much. None where few or
    none lie there whole, or where a place among theirs is empty.
    """
    if high - low < _FEW:
        return None
    found, first, last, bytes_ = one(connection, _WHOLE, (low, high, high))
    if not all(type(each) is int for each in (found, first, last, bytes_)):
        return None
    return (first, last, bytes_) if found == last - first + 1 else None


def _take_each(connection: apsw.Connection, wanted: Sequence[int], found: list[int]) -> int:
    """Take *wanted* out run by run, and add to *found* which were there; return their bytes."""
    size = start = 0
    while start < len(wanted):
        run = connection.execute(_RUN, (wanted[start],)).fetchone()
        if run is None or run[1] < wanted[start]:
            start += 1
            continue
        first, last, count, bytes_ = run
        end = bisect_right(wanted, last, start)
        if end - start == count == last - first + 1:
            connection.execute("DELETE FROM entries WHERE seq = ?", (first,))
            found += wanted[start:end]
            size += bytes_
        else:
            gone = set(wanted[start:end])
            out = [each for each in _rewritten(connection, first, gone) if each.seq in gone]
            found += [entry.seq for entry in out]
            size += sum([len(entry.body) for entry in out])
        start = end
    return size


def _rewritten(connection: apsw.Connection, first: int, gone: set[int]) -> list[Entry]:
    """Write the run at *first* anew without those that are *gone*; return what it held."""
    entries = _run(connection, first)
    connection.execute("DELETE FROM entries WHERE seq = ?", (first,))
    connection.executemany(INSERT, rows([entry for entry in entries if entry.seq not in gone]))
    return entries


def _run(connection: apsw.Connection, first: int) -> list[Entry]:
    return unpacked(one(connection, "SELECT * FROM entries WHERE seq = ?", (first,)))


def put_back(connection: apsw.Connection, entry: Entry) -> None:
    """Insert *entry* at the place it has, which may lie within a run."""
    run = connection.execute(_RUN, (entry.seq,)).fetchone()
    entries = [entry]
    if run is not None and run[1] > entry.seq:
        entries = sorted([*_run(connection, run[0]), entry], key=lambda each: each.seq)
        connection.execute("DELETE FROM entries WHERE seq = ?", (run[0],))
    connection.executemany(INSERT, rows(entries))


def waits(connection: apsw.Connection, place: int) -> bool:
    """Return whether the entry at *place* waits."""
    run = connection.execute(_RUN, (place,)).fetchone()
    if run is None or run[1] < place:
        return False
    first, last, count, _ = run
    return count == last - first + 1 or place in [each.seq for each in _run(connection, first)]


def note_begun(connection: apsw.Connection, places: Sequence[int]) -> None:
    """Note that *places* are being sent; not those that somebody purged on their way."""
    found = [(place,) for place in places if waits(connection, place)]
    connection.executemany("INSERT OR IGNORE INTO begun VALUES (?)", found)


def forget_begun(connection: apsw.Connection, places: Sequence[int]) -> None:
    """Forget that *places* were being sent."""
    if connection.execute("SELECT 1 FROM begun LIMIT 1").fetchone():  # seldom any was noted
        connection.executemany("DELETE FROM begun WHERE seq = ?", [(place,) for place in places])
