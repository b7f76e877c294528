"""The SQLite store: one spool file for the processes of a host.

Accepted means on disk: WAL with synchronous=FULL, one commit for all who wait (delivery rules
13 to 19). Two connections a process: one that accepts, one that the relay reads and settles
with, so that a checkpoint stalls nobody who waits. Writers of one process queue on a lock of
ours rather than on SQLite's, whose waiting is a sleep. No connection is open across a fork.
"""

# pyright: reportUnknownMemberType=false
# (apsw's own type hints leave parameters open)

import contextlib
import fcntl
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw

from ferryman._core.message import Level
from ferryman.errors import OutboxClosed, OutboxFull, StoreError

from ..entry import Counts, Entry, Verdict
from . import forks
from .group import GroupCommit
from .mending import mending
from .rows import DAMAGED, row
from .schema import (
    INSERT,
    PENDING,
    as_store_error,
    carry_out,
    one,
    open_spool,
    read_page,
    transaction,
)

MAX_BYTES = 8 * 1024**3
_TIDY_BYTES = 4 * 1024**2
"""Settled bytes after which the relay moves the log into the file."""
_LOG_BYTES = 64 * 1024**2
"""Accepted bytes after which, without a relay in this process, an acceptance does so."""
_SYNCHRONOUS: dict[str, str] = {"power": "FULL", "process": "NORMAL"}
# What a child inherits all the same (its parent forked without Python's hooks) is neither used
# nor closed, since closing would drop the parent's locks. It is kept here for ever.
_INHERITED: list[object] = []


class SqliteStore:
    """Keeps entries in the SQLite file *path*, up to *max_bytes* of encoded operations.

    *workspace* is written into a new file and must be that of an old one. *level* is
    ``"power"`` (survives a power cut) or ``"process"`` (survives kill -9). *vfs* names another
    layer below SQLite than the system's. Raises StoreError when the file cannot be used: it
    says why and what to do.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        workspace: str = "default",
        level: Level = "power",
        max_bytes: int = MAX_BYTES,
        vfs: str | None = None,
    ) -> None:
        if level not in _SYNCHRONOUS:
            raise StoreError("a SQLite outbox is safe at level 'power' or 'process'")
        self.path = Path(path).absolute()
        self.level: Level = level
        self._workspace = workspace
        self._max_bytes = max_bytes
        self._vfs = vfs
        self._closed = False
        self._begin()
        self._connect()
        forks.watch(self)

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._group = GroupCommit(self._insert)
        self._write_lock = threading.Lock()
        self._relay_lock = threading.RLock()
        self._accepting: apsw.Connection | None = None
        self._relaying: apsw.Connection | None = None
        self._leader: int | None = None
        self._settled_bytes = 0
        self._accepted_bytes = 0

    # -- forks (delivery rules 15, 16, 30)

    def before_fork(self) -> None:
        """Close the connections, with nobody inside SQLite; they are opened again when needed.

        SQLite keeps its locks on a file once a process: a child that inherits them believes it
        holds what the system gave to its parent, and its log is deleted under it.
        """
        self._relay_lock.acquire()
        self._write_lock.acquire()
        self._disconnect()

    def after_fork(self) -> None:
        """Go on in the parent."""
        self._write_lock.release()
        self._relay_lock.release()

    def forked(self) -> None:
        """Begin anew in a forked child: own connections, no leadership."""
        _INHERITED.extend(filter(None, (self._accepting, self._relaying)))
        if self._leader is not None:
            os.close(self._leader)  # without unlocking: the lock is the parent's
        self._begin()

    def _disconnect(self) -> None:
        for connection in (self._relaying, self._accepting):
            if connection is not None:
                with contextlib.suppress(apsw.Error):  # it is gone all the same
                    connection.close()
        self._relaying = self._accepting = None

    def _connect(self) -> apsw.Connection:
        if self._accepting is None:
            self._accepting = self._open(_SYNCHRONOUS[self.level])
        return self._accepting

    def _open(self, synchronous: str) -> apsw.Connection:
        return open_spool(
            self.path, workspace=self._workspace, synchronous=synchronous, vfs=self._vfs
        )

    # -- accepting

    def put(self, entries: Sequence[Entry]) -> None:
        """Keep *entries*; the first of those who wait commits for all of them."""
        if self._pid != os.getpid():
            self.forked()
        if self._closed:
            raise OutboxClosed("the outbox is closed")
        self._group.join(entries)

    def _insert(self, shares: list[Sequence[Entry]]) -> None:
        rows = [row(entry) for entries in shares for entry in entries]
        size = sum([len(each[3]) for each in rows])
        try:
            with self._write_lock:
                if self._closed:
                    raise OutboxClosed("the outbox is closed")
                connection = self._connect()
                mending(connection, lambda: self._insert_rows(connection, rows, size))
        except apsw.Error as error:
            raise as_store_error(error) from None

    def _insert_rows(
        self, connection: apsw.Connection, rows: list[tuple[Any, ...]], size: int
    ) -> None:
        with transaction(connection):
            seq, held = one(
                connection,
                "UPDATE accounts SET accepted = accepted + ?, bytes = bytes + ?"
                " RETURNING accepted, bytes",
                (len(rows), size),
            )
            if held > self._max_bytes:
                raise OutboxFull(f"the outbox would hold {held:,} of {self._max_bytes:,} bytes")
            first = seq - len(rows) + 1
            connection.executemany(
                INSERT, [(first + place, *row) for place, row in enumerate(rows)]
            )
        self._accepted_bytes += size
        if self._accepted_bytes > _LOG_BYTES:
            self._accepted_bytes = 0
            if self._leader is None:
                _tidy(connection)

    # -- carrying

    def read(self, after: int, *, limit: int, size: int) -> list[Entry]:
        """Return the entries behind *after*, in the order of their commits."""
        with self._relay_lock:
            connection = self._relay_connection()
            try:
                return mending(
                    connection,
                    lambda: read_page(connection, after, limit=limit, size=size),
                    self._write_lock,
                )
            except (apsw.Error, UnicodeDecodeError) as error:
                raise as_store_error(error) from None

    def settle(self, verdicts: Sequence[Verdict], now: int) -> None:
        """Carry out *verdicts* in one transaction; what was settled before changes nothing."""
        with self._relay_lock:
            connection = self._relay_connection()
            try:
                try:
                    size = self._settle(connection, verdicts, now)
                except apsw.FullError:
                    # What the log holds goes into the file, and the log begins anew in the
                    # space it has: a full disk is emptied by delivering.
                    _tidy(connection)
                    size = self._settle(connection, verdicts, now)
            except apsw.Error as error:
                raise as_store_error(error) from None
            self._settled_bytes += size
            if self._settled_bytes > _TIDY_BYTES:
                self._settled_bytes = 0
                _tidy(connection)

    def _settle(self, connection: apsw.Connection, verdicts: Sequence[Verdict], now: int) -> int:
        def act() -> int:
            with self._write_lock, transaction(connection):
                return carry_out(connection, verdicts, now)

        return mending(connection, act, self._write_lock)

    def lead(self) -> bool:
        """Hold the advisory lock beside the file, taking it when its holder is gone."""
        with self._relay_lock:
            if self._leader is not None:
                return True
            if self._closed:
                return False
            try:
                handle = os.open(f"{self.path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise as_store_error(error) from None
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(handle)
                return False
            self._leader = handle
            return True

    # -- asking

    def last(self) -> int:
        """Return the number accepted so far by all processes."""
        return self._ask("SELECT accepted FROM accounts")[0]

    def pending(self, upto: int) -> int:
        """Return how many entries up to *upto* may still wait, 0 when none does."""
        oldest, waiting = self._ask(
            f"SELECT ifnull((SELECT min(seq) FROM entries), 0), {PENDING} FROM accounts"  # noqa: S608
        )
        if not oldest or oldest > upto:
            return 0
        return min(waiting, upto - oldest + 1)

    def counts(self) -> Counts:
        """Return the accounts, all of one moment."""
        accepted, delivered, pending, dead, size, quarantined, oldest = self._ask(
            f"SELECT accepted, delivered, {PENDING}, dead, bytes, quarantined,"  # noqa: S608
            " ifnull((SELECT CAST(at AS INTEGER) FROM entries ORDER BY seq LIMIT 1), -1)"
            " FROM accounts"
        )
        moment = None if oldest < 0 else oldest
        return Counts(accepted, delivered, pending, dead, size, moment, quarantined)

    def _ask(self, sql: str) -> tuple[int, ...]:
        with self._relay_lock:
            connection = self._relay_connection()
            try:
                row = mending(connection, lambda: one(connection, sql), self._write_lock)
            except apsw.Error as error:
                raise as_store_error(error) from None
        if not all(type(each) is int for each in row):
            raise StoreError(DAMAGED)
        return row

    def _relay_connection(self) -> apsw.Connection:
        if self._pid != os.getpid():
            self.forked()
        if self._closed:
            raise OutboxClosed("the outbox is closed")
        if self._relaying is None:
            # Settling needs no sync of its own: what a power cut takes back is sent again with
            # the same ids, and the next acceptance syncs it anyway.
            self._relaying = self._open("NORMAL")
        return self._relaying

    def close(self) -> None:
        """Close the file and let another process lead; closing twice is fine."""
        with self._relay_lock, self._write_lock:
            self._closed = True
            self._disconnect()
            if self._leader is not None:
                os.close(self._leader)
                self._leader = None


def _tidy(connection: apsw.Connection) -> None:
    """Move the log into the file; what was committed before is safe whether or not it works."""
    with contextlib.suppress(apsw.Error):
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
