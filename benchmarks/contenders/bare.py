"""The least that a group commit on SQLite takes: a connection, a leader, those who follow.

Nothing is checked, counted, bounded or told apart when it fails; a failure ends the run.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import apsw

Row: TypeAlias = tuple[Any, ...]


class Spool:
    """One table in one file, whose rows are numbered as they come."""

    def __init__(self, path: Path, table: str) -> None:
        self._db = apsw.Connection(str(path))
        self._db.pragma("journal_mode", "wal")
        self._db.pragma("synchronous", "FULL")
        self._db.wal_autocheckpoint(0)
        self._db.execute(table)
        columns = len(self._db.execute("PRAGMA table_info(entries)").fetchall())
        self._sql = f"INSERT INTO entries VALUES ({','.join('?' * columns)})"
        self._seq = 0

    def insert(self, rows: list[Row]) -> None:
        """Commit *rows*, each under the next number."""
        first, self._seq = self._seq + 1, self._seq + len(rows)
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany(
            self._sql, [(first + place, *row[1:]) for place, row in enumerate(rows)]
        )
        self._db.execute("COMMIT")

    def close(self) -> int:
        """Return how many rows there are, and let go."""
        count = int(self._db.execute("SELECT count(*) FROM entries").fetchall()[0][0])
        self._db.close()
        return count


class Ticket:
    __slots__ = ("leads", "row", "turn")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.leads = False
        self.turn = threading.Lock()
        self.turn.acquire()


class Grouped:
    """Threads that share commits: one leads for all who wait, then hands the lead on."""

    def __init__(self, commit: Callable[[list[Row]], None]) -> None:
        self._commit = commit
        self._lock = threading.Lock()
        self._waiting: list[Ticket] = []
        self._under_way = False

    def join(self, row: Row) -> None:
        """Return once *row* is committed."""
        mine = Ticket(row)
        with self._lock:
            self._waiting.append(mine)
            leads, self._under_way = not self._under_way, True
        if not leads:
            mine.turn.acquire()
            if not mine.leads:
                return
        with self._lock:
            group, self._waiting = self._waiting, []
        self._commit([ticket.row for ticket in group])
        with self._lock:
            if self._waiting:
                self._waiting[0].leads = True
                self._waiting[0].turn.release()
            else:
                self._under_way = False
        for ticket in group:
            if ticket is not mine:
                ticket.turn.release()


class GroupedTasks:
    """Tasks that share commits, each made in a thread, off the loop."""

    def __init__(self, commit: Callable[[list[Row]], None]) -> None:
        self._commit = commit
        self._thread = ThreadPoolExecutor(1)
        self._rows: list[Row] = []
        self._done: asyncio.Future[None] | None = None
        self._turn = asyncio.Lock()

    async def join(self, row: Row) -> None:
        """Return once *row* is committed."""
        self._rows.append(row)
        if self._done is not None:
            await asyncio.shield(self._done)
            return
        loop = asyncio.get_running_loop()
        done = self._done = loop.create_future()
        async with self._turn:
            rows, self._rows, self._done = self._rows, [], None
            await loop.run_in_executor(self._thread, self._commit, rows)
            done.set_result(None)
