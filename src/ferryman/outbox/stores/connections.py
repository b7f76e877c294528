"""A spool's two connections in one process, its locks, and who leads.

One connection writes, whoever it is for: the relay removes a page that was just accepted while it
is at hand, and would have to read it again with another. The other one reads and moves the log
into the file, so that this stalls nobody who waits. Writers of one process queue on a lock of
ours rather than on SQLite's, whose waiting is a sleep. No connection is open across a fork
(delivery rules 15, 16, 30). Knows no entry.
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
from .schema import as_store_error, open_spool, roll_back, transaction

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
        self._writing_connection(synchronous)

    def _begin(self) -> None:
        self._pid = os.getpid()
        self.write_lock = Owned()
        """Held by whoever uses the connection that writes."""
        self.read_lock = threading.RLock()
        """Held by whoever uses the other one; where both are taken, this comes first."""
        self._writing: apsw.Connection | None = None
        self._reading: apsw.Connection | None = None
        self._safety = ""  # as PRAGMA synchronous was last set on the one that writes
        self._leader: int | None = None

    # -- forks

    def before_fork(self) -> None:
        """Close the connections, with nobody inside SQLite; they are opened again when needed.

        SQLite keeps its locks on a file once a process: a child that inherits them believes it
        holds what the system gave to its parent, and its log is deleted under it.
        """
        self.read_lock.acquire()
        self.write_lock.acquire()
        self._disconnect()

    def after_fork(self) -> None:
        """Go on in the parent."""
        self.write_lock.release()
        self.read_lock.release()

    def forked(self) -> None:
        """Begin anew in a forked child: own connections, no leadership."""
        _INHERITED.extend(filter(None, (self._writing, self._reading)))
        if self._leader is not None:
            os.close(self._leader)  # without unlocking: the lock is the parent's
        self._begin()

    @property
    def is_inherited(self) -> bool:
        """Whether this is a forked child that has not begun anew."""
        return self._pid != os.getpid()

    def _disconnect(self) -> None:
        for connection in (self._reading, self._writing):
            if connection is not None:
                with contextlib.suppress(apsw.Error):  # it is gone all the same
                    connection.close()
        self._reading = self._writing = None

    # -- using them

    def accept(self, act: Callable[[apsw.Connection], T]) -> T:
        """Return what *act* does in one transaction, safe when it returns.

        Raises OutboxClosed, and StoreError for what SQLite or the system raised.
        """

        def once() -> T:
            connection = self._writing_connection(self._synchronous)
            return mending(connection, lambda: _in_transaction(connection, act))

        try:
            return self.write_lock.during(once)
        except apsw.Error as error:
            raise as_store_error(error) from None

    def write(self, act: Callable[[apsw.Connection], T], *, synced: bool = False) -> T:
        """Return what *act* does in one transaction of the relay's.

        Without *synced* a power cut may take it back.
        """
        # Settling needs no sync of its own: what a power cut takes back is sent again with the
        # same ids, and the next acceptance syncs it anyway.
        synchronous = self._synchronous if synced else "NORMAL"

        def once() -> T:
            return self.write_lock.during(
                lambda: _in_transaction(self._writing_connection(synchronous), act)
            )

        with self.read_lock:
            other = self._reading_connection()
            try:
                try:
                    return mending(other, once, self.write_lock)
                except (apsw.FullError, apsw.IOError):  # a quota is no full disk to SQLite
                    # What the log holds goes into the file, and the log begins anew in the
                    # space it has: a full disk is emptied by delivering.
                    tidy(other)
                    return mending(other, once, self.write_lock)
            except (apsw.Error, UnicodeDecodeError) as error:
                raise as_store_error(error) from None

    def read(self, act: Callable[[apsw.Connection], T]) -> T:
        """Return what *act* reads."""
        with self.read_lock:
            connection = self._reading_connection()
            try:
                return mending(connection, lambda: act(connection), self.write_lock)
            except (apsw.Error, UnicodeDecodeError) as error:
                raise as_store_error(error) from None

    def tidy(self) -> None:
        """Move the log into the file while others write, and then the rest while nobody does.

        The log begins anew only when all of it was moved: a longer one costs whoever waits for
        a commit more than the moment that the rest takes.
        """
        with self.read_lock:
            connection = self._reading_connection()
            tidy(connection)
            self.write_lock.during(lambda: tidy(connection))

    def tidy_writing(self) -> None:
        """Move the log into the file with the connection that writes, where nobody else does."""
        self.write_lock.during(lambda: tidy(self._writing_connection(self._synchronous)))

    def _writing_connection(self, synchronous: str) -> apsw.Connection:
        """Return the one that writes; its next commit is as safe as *synchronous* says."""
        if self.closed:
            raise OutboxClosed("the outbox is closed")
        if self._writing is None:
            self._writing = self._open(synchronous)
            self._safety = synchronous
            return self._writing
        roll_back(self._writing)  # what a signal's exception left open: nobody else is here
        if self._safety != synchronous:
            self._safety = ""  # unknown, should the next line fail
            self._writing.pragma("synchronous", synchronous)
            self._safety = synchronous
        return self._writing

    def _reading_connection(self) -> apsw.Connection:
        if self.is_inherited:
            self.forked()
        if self.closed:
            raise OutboxClosed("the outbox is closed")
        if self._reading is None:
            self._reading = self._open("NORMAL")
        return self._reading

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
        with self.read_lock:
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
        with self.read_lock, self.write_lock:
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
