"""A spool's two connections in one process, its locks, and who leads.

One connection accepts, one is the relay's, so that a checkpoint stalls nobody who waits. Writers
of one process queue on a lock of ours rather than on SQLite's, whose waiting is a sleep. No
connection is open across a fork (delivery rules 15, 16, 30). Knows no entry.
"""

# pyright: reportUnknownMemberType=false
# (apsw's own type hints leave parameters open)

import contextlib
import fcntl
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import apsw

from ferryman.errors import OutboxClosed

from .mending import mending
from .owned import Owned
from .schema import as_store_error, open_spool, transaction

T = TypeVar("T")
# What a child inherits all the same (its parent forked without Python's hooks) is neither used
# nor closed, since closing would drop the parent's locks. It is kept here for ever.
_INHERITED: list[object] = []


class Connections:
    """Opens the file *path* when needed: *synchronous* is how its acceptances are committed."""

    def __init__(
        self, path: Path, *, workspace: str, synchronous: str, vfs: str | None = None
    ) -> None:
        self.path = path
        self.closed = False
        self._workspace = workspace
        self._synchronous = synchronous
        self._vfs = vfs
        self._begin()
        self._accepting_connection()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self.write_lock = Owned()
        """Held by whoever writes."""
        self.relay_lock = threading.RLock()
        """Held by whoever uses the relay's connection."""
        self._accepting: apsw.Connection | None = None
        self._relaying: apsw.Connection | None = None
        self._leader: int | None = None

    # -- forks

    def before_fork(self) -> None:
        """Close the connections, with nobody inside SQLite; they are opened again when needed.

        SQLite keeps its locks on a file once a process: a child that inherits them believes it
        holds what the system gave to its parent, and its log is deleted under it.
        """
        self.relay_lock.acquire()
        self.write_lock.acquire()
        self._disconnect()

    def after_fork(self) -> None:
        """Go on in the parent."""
        self.write_lock.release()
        self.relay_lock.release()

    def forked(self) -> None:
        """Begin anew in a forked child: own connections, no leadership."""
        _INHERITED.extend(filter(None, (self._accepting, self._relaying)))
        if self._leader is not None:
            os.close(self._leader)  # without unlocking: the lock is the parent's
        self._begin()

    @property
    def is_inherited(self) -> bool:
        """Whether this is a forked child that has not begun anew."""
        return self._pid != os.getpid()

    def _disconnect(self) -> None:
        for connection in (self._relaying, self._accepting):
            if connection is not None:
                with contextlib.suppress(apsw.Error):  # it is gone all the same
                    connection.close()
        self._relaying = self._accepting = None

    # -- using them

    def accept(self, act: Callable[[apsw.Connection], T]) -> T:
        """Return what *act* does in one transaction, safe when it returns.

        Raises OutboxClosed, and StoreError for what SQLite or the system raised.
        """
        try:
            with self.write_lock:
                connection = self._accepting_connection()
                return mending(connection, lambda: _in_transaction(connection, act))
        except apsw.Error as error:
            raise as_store_error(error) from None

    def write(self, act: Callable[[apsw.Connection], T], *, synced: bool = False) -> T:
        """Return what *act* does in one transaction of the relay's connection.

        Without *synced* a power cut may take it back.
        """

        def once() -> T:
            with self.write_lock:
                if not synced:
                    return _in_transaction(connection, act)
                connection.pragma("synchronous", self._synchronous)
                try:
                    return _in_transaction(connection, act)
                finally:
                    connection.pragma("synchronous", "NORMAL")

        with self.relay_lock:
            connection = self._relay_connection()
            try:
                try:
                    return mending(connection, once, self.write_lock)
                except (apsw.FullError, apsw.IOError):  # a quota is no full disk to SQLite
                    # What the log holds goes into the file, and the log begins anew in the
                    # space it has: a full disk is emptied by delivering.
                    tidy(connection)
                    return mending(connection, once, self.write_lock)
            except (apsw.Error, UnicodeDecodeError) as error:
                raise as_store_error(error) from None

    def read(self, act: Callable[[apsw.Connection], T]) -> T:
        """Return what *act* reads with the relay's connection."""
        with self.relay_lock:
            connection = self._relay_connection()
            try:
                return mending(connection, lambda: act(connection), self.write_lock)
            except (apsw.Error, UnicodeDecodeError) as error:
                raise as_store_error(error) from None

    def tidy(self) -> None:
        """Move the log into the file, with the relay's connection."""
        with self.relay_lock:
            tidy(self._relay_connection())

    def tidy_accepting(self) -> None:
        """Move the log into the file, with the connection that accepts."""
        with self.write_lock:
            tidy(self._accepting_connection())

    def _accepting_connection(self) -> apsw.Connection:
        if self.closed:
            raise OutboxClosed("the outbox is closed")
        if self._accepting is None:
            self._accepting = self._open(self._synchronous)
        return self._accepting

    def _relay_connection(self) -> apsw.Connection:
        if self.is_inherited:
            self.forked()
        if self.closed:
            raise OutboxClosed("the outbox is closed")
        if self._relaying is None:
            # Settling needs no sync of its own: what a power cut takes back is sent again with
            # the same ids, and the next acceptance syncs it anyway.
            self._relaying = self._open("NORMAL")
        return self._relaying

    def _open(self, synchronous: str) -> apsw.Connection:
        return open_spool(
            self.path, workspace=self._workspace, synchronous=synchronous, vfs=self._vfs
        )

    # -- leading

    @property
    def leads(self) -> bool:
        """Whether the relay of this process is the one that delivers."""
        return self._leader is not None

    def lead(self) -> bool:
        """Hold the advisory lock beside the file, taking it when its holder is gone."""
        with self.relay_lock:
            if self._leader is not None:
                return True
            if self.closed:
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

    def close(self) -> None:
        """Close the file and let another process lead; closing twice is fine."""
        with self.relay_lock, self.write_lock:
            self.closed = True
            self._disconnect()
            if self._leader is not None:
                os.close(self._leader)
                self._leader = None


def _in_transaction(connection: apsw.Connection, act: Callable[[Any], T]) -> T:
    with transaction(connection):
        return act(connection)


def tidy(connection: apsw.Connection) -> None:
    """Move the log into the file; what was committed before is safe whether or not it works."""
    with contextlib.suppress(apsw.Error):
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
