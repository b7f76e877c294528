"""The spool file: how it is opened, made or refused, its tables and moves, its failures as ours.

The header names the format and the workspace: a staging spool is never delivered to production,
and a file of another format is refused with a sentence that says what to do.
"""

# pyright: reportUnknownMemberType=false
# (apsw's own type hints leave parameters open)

import contextlib
import errno
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import apsw

from ferryman.errors import StoreError

from .runs import DAMAGED

APPLICATION_ID = 0x46455252  # "FERR"
FORMAT = 2
PAGE_SIZE = 8_192
"""Bytes of a page of the file, which a run fills (runs.PAGE): half as many writes as with 4,096."""
MIN_SQLITE = 3_051_003
"""Before 3.51.3 two connections can corrupt a WAL database (the WAL-reset bug)."""
BUSY_MS = 10_000


def indexes(suffix: str = "") -> str:
    """Return what makes the indexes of the table `dead`, their names ending in *suffix*."""
    return f"""
CREATE INDEX dead_key{suffix} ON dead(key);
CREATE INDEX dead_other{suffix} ON dead(other) WHERE other IS NOT NULL;
CREATE INDEX dead_parks{suffix} ON dead(seq) WHERE parks;
"""


TABLES = f"""
CREATE TABLE header(format INTEGER NOT NULL, workspace TEXT NOT NULL);
CREATE TABLE accounts(
    accepted INTEGER NOT NULL, delivered INTEGER NOT NULL, dead INTEGER NOT NULL,
    cancelled INTEGER NOT NULL, skipped INTEGER NOT NULL, purged INTEGER NOT NULL,
    evicted INTEGER NOT NULL, quarantined INTEGER NOT NULL,
    bytes INTEGER NOT NULL, dead_bytes INTEGER NOT NULL, epoch INTEGER NOT NULL);
CREATE TABLE entries(
    seq INTEGER PRIMARY KEY, last INTEGER NOT NULL, count INTEGER NOT NULL,
    bytes INTEGER NOT NULL, at INTEGER NOT NULL, packed BLOB NOT NULL, marks BLOB NOT NULL,
    total INTEGER NOT NULL);
CREATE TABLE dead(
    seq INTEGER PRIMARY KEY, packed BLOB NOT NULL, total INTEGER NOT NULL,
    key TEXT NOT NULL, other TEXT, name TEXT NOT NULL,
    reason TEXT NOT NULL, field TEXT NOT NULL, message TEXT NOT NULL, status INTEGER NOT NULL,
    attempts INTEGER NOT NULL, maybe_delivered INTEGER NOT NULL, died_at INTEGER NOT NULL,
    parks INTEGER NOT NULL);
{indexes()}
CREATE TABLE removed(
    key TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(key, seq)) WITHOUT ROWID;
CREATE TABLE begun(seq INTEGER PRIMARY KEY);
CREATE TABLE quarantine(
    place INTEGER PRIMARY KEY, seq, packed, origin TEXT NOT NULL, moved_at INTEGER NOT NULL);
INSERT INTO accounts VALUES(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
PRAGMA application_id = {APPLICATION_ID};
"""

PENDING = "accepted - delivered - dead - cancelled - skipped - purged - evicted - quarantined"
"""What the accounts say still waits: Counts.adds_up() in SQL."""


def open_spool(
    path: Path, *, workspace: str, synchronous: str, vfs: str | None = None
) -> apsw.Connection:
    """Return a connection to the outbox file *path*, made private to its owner when it is new.

    *vfs* names the layer below SQLite; None is the system's own. Raises StoreError when the
    file cannot be used: it says why and what to do.
    """
    if apsw.SQLITE_VERSION_NUMBER < MIN_SQLITE:
        raise StoreError("SQLite 3.51.3 or newer is needed: pip install -U apsw")
    try:
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        if not (os.access(path, os.R_OK | os.W_OK) and os.access(path.parent, os.W_OK)):
            raise PermissionError  # SQLite would only say that it cannot open it
        connection = apsw.Connection(str(path), vfs=vfs)
        try:
            connection.set_busy_timeout(BUSY_MS)
            _prepare(connection, workspace)
            connection.pragma("synchronous", synchronous)
        except BaseException:
            connection.close()
            raise
    except (apsw.Error, OSError) as error:
        raise as_store_error(error) from None
    return connection


def _prepare(connection: apsw.Connection, workspace: str) -> None:
    # In this order: whoever makes a spool meanwhile commits both at once.
    if connection.pragma("schema_version") != 0 and (
        connection.pragma("application_id") != APPLICATION_ID
    ):
        raise StoreError("the outbox file is another program's database")
    connection.pragma("page_size", PAGE_SIZE)  # of a new file; an old one keeps its own
    if _into_wal(connection) != "wal":
        raise StoreError("the outbox file cannot be used here: its file system has no WAL")
    # The relay checkpoints, so that whoever accepts never waits for one.
    connection.wal_autocheckpoint(0)
    connection.pragma("cache_size", -4000)
    # What is deleted from a page that stays is overwritten; the others a purge overwrites.
    connection.pragma("secure_delete", "FAST")
    connection.pragma("journal_size_limit", 64 * 1024**2)
    if connection.pragma("application_id") != APPLICATION_ID:
        with transaction(connection):
            if connection.pragma("application_id") != APPLICATION_ID:  # nobody was quicker
                connection.execute(TABLES)
                connection.execute("INSERT INTO header VALUES(?, ?)", (FORMAT, workspace))
        # Into the file: without its log it would pass for a new one.
        with contextlib.suppress(apsw.BusyError):  # another process is about it
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    found = one(connection, "SELECT format, workspace FROM header")
    if found[0] != FORMAT:
        raise StoreError(
            f"the outbox file has a format this version does not know (this is {FORMAT});"
            " use the version that made it, or a newer one"
        )
    if found[1] != workspace:
        raise StoreError(
            "the outbox file belongs to another workspace than this one;"
            " set CUSTOMERIO_WORKSPACE, or use another file"
        )


def _into_wal(connection: apsw.Connection) -> Any:
    """Switch to a write-ahead log; return the mode that now is."""
    # The one step in which SQLite does not wait: two that open a new file at once would deadlock.
    until = time.monotonic() + BUSY_MS / 1_000
    while True:
        try:
            return connection.pragma("journal_mode", "wal")
        except apsw.BusyError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


def one(connection: apsw.Connection, sql: str, bindings: tuple[Any, ...] = ()) -> tuple[Any, ...]:
    """Return the one row that *sql* gives."""
    row: tuple[Any, ...] | None = connection.execute(sql, bindings).fetchone()
    if row is None:
        raise StoreError("the outbox file is damaged: a table is empty that never is")
    return row


class transaction:  # noqa: N801 - used as a statement, like contextlib's
    """One write transaction, begun at once so that it never fails half way for the lock."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            # A signal's exception, after a wait in which it had begun: nobody would end it, and
            # everybody else would be kept out.
            roll_back(self._connection)
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:
            roll_back(self._connection)


def roll_back(connection: apsw.Connection) -> None:
    """End a transaction that is open, and change nothing."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


# What SQLite or the system raised -> what the user is told. First match wins.
_FAILURES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((apsw.FullError,), "the disk is full; nothing of this call was accepted"),
    ((apsw.ReadOnlyError, PermissionError), "the outbox file or its folder is not writable"),
    (
        (apsw.CantOpenError, FileNotFoundError, NotADirectoryError, IsADirectoryError),
        "the outbox file cannot be opened: does its folder exist?",
    ),
    ((apsw.NotADBError, apsw.CorruptError, apsw.SQLError, UnicodeDecodeError), DAMAGED),
    ((apsw.BusyError, apsw.LockedError), "the outbox file stayed locked by another process"),
)
_UNWRITTEN = (
    "the outbox file could not be written: a quota or a limit on the size of files may be reached,"
    " or the disk fail; nothing of this call was accepted"
)


def as_store_error(error: Any) -> StoreError:
    """Return what *error* of SQLite or the system means for the user."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return StoreError(_FAILURES[0][1])
    if getattr(error, "errno", None) == errno.EROFS:
        return StoreError(_FAILURES[1][1])
    if getattr(error, "extendedresult", None) == apsw.SQLITE_IOERR_WRITE:
        return StoreError(_UNWRITTEN)
    for kinds, text in _FAILURES:
        if isinstance(error, kinds):
            return StoreError(text)
    return StoreError(f"the outbox file failed ({type(error).__name__})")
