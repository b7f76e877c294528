"""The SQLite store: one spool file for the processes of a host.

Accepted means on disk: WAL with synchronous=FULL, one commit for all who wait (delivery rules
13 to 19). Two connections a process: one that accepts, one that the relay reads and settles
with, so that a checkpoint stalls nobody who waits. Writers of one process queue on a lock of
ours rather than on SQLite's, whose waiting is a sleep.
"""

import fcntl
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import apsw

from ferryman._core.message import Level, Operation
from ferryman.errors import OutboxClosed, OutboxFull, StoreError

from ..entry import Counts, Dead, Entry, Verdict
from .schema import COLUMNS, prepare

MAX_BYTES = 8 * 1024**3
MIN_SQLITE = 3_051_003
"""Before 3.51.3 two connections can corrupt a WAL database (the WAL-reset bug)."""
_LOG_BYTES = 64 * 1024**2
"""After so much accepted without a relay in this process, an acceptance tidies the log."""
_BUSY_MS = 10_000
_SYNCHRONOUS: dict[str, str] = {"power": "FULL", "process": "NORMAL"}
# Inherited connections are neither used nor closed in a child: closing would drop the parent's
# locks. They are kept here for ever.
_INHERITED: list[object] = []


class _Ticket:
    """One caller's operations on their way into a commit."""

    __slots__ = ("at", "error", "leads", "operations", "settled")

    def __init__(self, operations: Sequence[Operation[Any]], at: int) -> None:
        self.operations = operations
        self.at = at
        self.error: Exception | None = None
        self.leads = False
        self.settled = threading.Lock()
        self.settled.acquire()


class SqliteStore:
    """Keeps entries in the SQLite file *path*, up to *max_bytes* of encoded operations.

    *workspace* is written into a new file and must be that of an old one. Raises StoreError
    when the file cannot be used: it says why and what to do.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        workspace: str = "default",
        level: Level = "power",
        max_bytes: int = MAX_BYTES,
    ) -> None:
        if apsw.SQLITE_VERSION_NUMBER < MIN_SQLITE:
            raise StoreError("SQLite 3.51.3 or newer is needed: pip install -U apsw")
        if level not in _SYNCHRONOUS:
            raise StoreError("a SQLite outbox is safe at level 'power' or 'process'")
        self.path = Path(path).absolute()
        self.level: Level = level
        self._workspace = workspace
        self._max_bytes = max_bytes
        self._closed = False
        self._begin()
        self._writer()

    def _begin(self) -> None:
        self._queue_lock = threading.Lock()
        self._queue: list[_Ticket] = []
        self._committing = False
        self._write_lock = threading.Lock()
        self._relay_lock = threading.RLock()
        self._accepting: apsw.Connection | None = None
        self._relaying: apsw.Connection | None = None
        self._leader: int | None = None
        self._commits = 0
        self._untidied = 0

    def forked(self) -> None:
        """Begin anew in a forked child: own connections, no leadership."""
        _INHERITED.extend((self._accepting, self._relaying))
        if self._leader is not None:
            os.close(self._leader)  # without unlocking: the lock is the parent's
        self._begin()

    # -- connections

    def _open(self, synchronous: str) -> apsw.Connection:
        try:
            self._create_private()
            connection = apsw.Connection(str(self.path))
            connection.set_busy_timeout(_BUSY_MS)
            prepare(connection, workspace=self._workspace)
            connection.execute(f"PRAGMA synchronous={synchronous}")
            return connection
        except (apsw.Error, OSError) as error:
            self._fail(error)

    def _create_private(self) -> None:
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            pass

    def _writer(self) -> apsw.Connection:
        if self._accepting is None:
            self._accepting = self._open(_SYNCHRONOUS[self.level])
        return self._accepting

    def _reader(self) -> apsw.Connection:
        # Settling needs no sync of its own: what a power cut takes back is sent again with the
        # same ids, and the next acceptance syncs it anyway.
        if self._relaying is None:
            self._relaying = self._open("NORMAL")
        return self._relaying

    def _fail(self, error: Exception) -> NoReturn:
        kind = type(error).__name__
        if isinstance(error, apsw.FullError) or getattr(error, "errno", None) == 28:
            raise StoreError("the disk is full; nothing of this call was accepted") from None
        if isinstance(error, apsw.ReadOnlyError | PermissionError):
            raise StoreError("the outbox file or its folder is not writable") from None
        if isinstance(error, apsw.CantOpenError | FileNotFoundError | NotADirectoryError):
            raise StoreError("the outbox file cannot be opened: does its folder exist?") from None
        if isinstance(error, apsw.NotADBError | apsw.CorruptError):
            raise StoreError("the outbox file is damaged, or is not an outbox") from None
        if isinstance(error, apsw.BusyError):
            raise StoreError("the outbox file stayed locked by another process") from None
        raise StoreError(f"the outbox file failed ({kind})") from None

    # -- accepting

    def put(self, operations: Sequence[Operation[Any]], at: int) -> None:
        """Keep *operations*; the first of those who wait commits for all of them."""
        if self._closed:
            raise OutboxClosed("the outbox is closed")
        ticket = _Ticket(operations, at)
        with self._queue_lock:
            self._queue.append(ticket)
            leads = not self._committing
            self._committing = True
        if not leads:
            ticket.settled.acquire()
            leads = ticket.leads
        if leads:
            self._commit()
        if ticket.error is not None:
            raise ticket.error

    def _commit(self) -> None:
        """Commit everything that waits, wake its owners, hand the lead to whoever came since."""
        with self._write_lock:
            with self._queue_lock:
                tickets, self._queue = self._queue, []
            try:
                self._insert(tickets)
            except Exception as error:
                self._one_by_one(tickets, error)
        with self._queue_lock:
            if self._queue:
                following = self._queue[0]
                following.leads = True
                following.settled.release()
            else:
                self._committing = False
        for ticket in tickets:
            if not ticket.leads:
                ticket.settled.release()
        if self._untidied > _LOG_BYTES and self._leader is None:
            with self._write_lock:
                self._untidied = 0
                self._writer().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _one_by_one(self, tickets: list[_Ticket], error: Exception) -> None:
        """Give each its own commit, so that one caller's failure is not another's."""
        for ticket in tickets:
            try:
                if len(tickets) == 1:
                    raise error
                self._insert([ticket])
            except (OutboxFull, StoreError) as known:
                ticket.error = known
            except Exception as other:
                try:
                    self._fail(other)
                except StoreError as known:
                    ticket.error = known

    def _insert(self, tickets: list[_Ticket]) -> None:
        connection = self._writer()
        rows = [
            (
                operation.id,
                operation.endpoint.name,
                operation.key,
                operation.body,
                operation.other or None,
                operation.barrier or None,
                operation.path or None,
                ticket.at,
            )
            for ticket in tickets
            for operation in ticket.operations
        ]
        size = sum([len(row[3] or b"") for row in rows])
        self._untidied += size
        with transaction(connection):
            seq, held = connection.execute(
                "UPDATE accounts SET accepted = accepted + ?, bytes = bytes + ?"
                " RETURNING accepted, bytes",
                (len(rows), size),
            ).fetchone()
            if held > self._max_bytes:
                raise OutboxFull(f"the outbox would hold {held:,} of {self._max_bytes:,} bytes")
            first = seq - len(rows) + 1
            connection.executemany(
                f"INSERT INTO entries VALUES (?{',?' * len(COLUMNS[1:])})",
                [(first + place, *row) for place, row in enumerate(rows)],
            )

    # -- carrying

    def read(self, after: int, *, limit: int, size: int) -> list[Entry]:
        """Return the entries behind *after*, in the order of their commits."""
        found: list[Entry] = []
        with self._relay_lock:
            cursor = self._query(
                "SELECT * FROM entries WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)
            )
            for row in cursor:
                seq, ident, name, key, body, other, barrier, path, at = row
                body = body or b""
                found.append(
                    Entry(seq, ident, name, key, body, other or "", bool(barrier), path or "", at)
                )
                size -= len(body)
                if size <= 0:
                    cursor.close(True)
                    break
        return found

    def settle(self, verdicts: Sequence[Verdict], now: int) -> None:
        """Carry out *verdicts* in one transaction."""
        dead = [verdict for verdict in verdicts if isinstance(verdict, Dead)]
        seqs = sorted([verdict.entry.seq for verdict in verdicts])
        size = sum([len(verdict.entry.body) for verdict in verdicts])
        with self._relay_lock:
            connection = self._relay_connection()
            try:
                with self._write_lock, transaction(connection):
                    if dead:
                        connection.executemany(
                            "INSERT INTO dead SELECT *, ?, ?, ?, ?, ?, ?, ? FROM entries"
                            " WHERE seq = ?",
                            [
                                (
                                    each.reason,
                                    each.field,
                                    each.message,
                                    each.status,
                                    each.attempts,
                                    each.maybe_delivered,
                                    now,
                                    each.entry.seq,
                                )
                                for each in dead
                            ],
                        )
                    for low, high in _runs(seqs):
                        connection.execute(
                            "DELETE FROM entries WHERE seq BETWEEN ? AND ?", (low, high)
                        )
                    connection.execute(
                        "UPDATE accounts SET delivered = delivered + ?, dead = dead + ?,"
                        " bytes = bytes - ?",
                        (len(verdicts) - len(dead), len(dead), size),
                    )
                self._tidy(connection)
            except apsw.Error as error:
                self._fail(error)

    def _tidy(self, connection: apsw.Connection) -> None:
        """Move the log into the file now and then; readers and writers go on meanwhile."""
        self._commits += 1
        if self._commits % 8 == 0:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def lead(self) -> bool:
        """Hold the advisory lock beside the file, taking it when its holder is gone."""
        with self._relay_lock:
            if self._leader is not None:
                return True
            if self._closed:
                return False
            handle = os.open(f"{self.path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
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
        return int(self._ask("SELECT accepted FROM accounts")[0])

    def pending(self, upto: int | None = None) -> int:
        """Return how many entries up to *upto* wait."""
        if upto is None:
            return int(self._ask("SELECT accepted - delivered - dead FROM accounts")[0])
        return int(self._ask("SELECT count(*) FROM entries WHERE seq <= ?", (upto,))[0])

    def counts(self) -> Counts:
        """Return the accounts, all of one moment."""
        accepted, delivered, dead, size, oldest = self._ask(
            "SELECT accepted, delivered, dead, bytes,"
            " (SELECT at FROM entries ORDER BY seq LIMIT 1) FROM accounts"
        )
        pending = accepted - delivered - dead
        return Counts(accepted, delivered, pending, dead, size, oldest)

    def _ask(self, sql: str, bindings: tuple[object, ...] = ()) -> tuple[Any, ...]:
        with self._relay_lock:
            row: tuple[Any, ...] = self._query(sql, bindings).fetchone()
            return row

    def _query(self, sql: str, bindings: tuple[object, ...]) -> apsw.Cursor:
        try:
            return self._relay_connection().execute(sql, bindings)
        except apsw.Error as error:
            self._fail(error)

    def _relay_connection(self) -> apsw.Connection:
        if self._closed:
            raise OutboxClosed("the outbox is closed")
        return self._reader()

    def close(self) -> None:
        """Close the file and let another process lead."""
        with self._relay_lock, self._write_lock:
            self._closed = True
            for connection in (self._relaying, self._accepting):
                if connection is not None:
                    connection.close()
            self._relaying = self._accepting = None
            if self._leader is not None:
                os.close(self._leader)
                self._leader = None


class transaction:  # noqa: N801 - used as a statement, like contextlib's
    """One write transaction, begun at once so that it never fails half way for the lock."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        if kind is None:
            try:
                self._connection.execute("COMMIT")
                return
            except apsw.Error:
                self._roll_back()
                raise
        self._roll_back()

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _runs(seqs: Sequence[int]) -> list[tuple[int, int]]:
    """Return the runs of consecutive numbers in sorted *seqs*."""
    runs: list[tuple[int, int]] = []
    for seq in seqs:
        if runs and seq == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], seq)
        else:
            runs.append((seq, seq))
    return runs


