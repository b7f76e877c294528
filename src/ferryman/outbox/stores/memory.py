"""The memory store: a deque. What it holds survives a clean exit up to a deadline, nothing else.

Those who accept and the relay share no lock: a deque's ends are safe by themselves, and each
side counts for itself. A forked child drops what it inherited: the parent owns it.
"""

import threading
from collections import deque
from collections.abc import Sequence
from itertools import islice

import msgspec

from ferryman._core.message import Level
from ferryman.errors import OutboxClosed, OutboxFull

from ..entry import Counts, Dead, Entry, Verdict

_place = msgspec.structs.force_setattr
MAX_BYTES = 256 * 1024 * 1024


class MemoryStore:
    """Keeps entries in this process, up to *max_bytes* of encoded operations."""

    level: Level = "memory"

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self.forked()

    def forked(self) -> None:
        """Begin anew: at the start, and in a forked child."""
        self._closed = False
        # Those who accept:
        self._put_lock = threading.Lock()
        self._unread: deque[Entry] = deque()
        self._seq = 0
        self._accepted_bytes = 0
        # The relay:
        self._relay_lock = threading.Lock()
        self._read: dict[int, Entry] = {}
        self._last_read = 0
        self._dead: list[Dead] = []
        self._delivered = 0
        self._settled_bytes = 0

    def put(self, entries: Sequence[Entry]) -> None:
        """Keep *entries* in order, or raise OutboxFull and keep none."""
        size = 0
        for entry in entries:
            size += len(entry.body)
        with self._put_lock:
            if self._closed:
                raise OutboxClosed("the outbox is closed")
            held = self._accepted_bytes - self._settled_bytes
            if held + size > self._max_bytes:
                raise OutboxFull(f"the outbox holds {held:,} of {self._max_bytes:,} bytes")
            self._accepted_bytes += size
            for entry in entries:
                self._seq += 1
                _place(entry, "seq", self._seq)
                self._unread.append(entry)

    def read(self, after: int, *, limit: int, size: int) -> list[Entry]:
        """Return the entries behind *after*, those that were read before and still wait too."""
        found: list[Entry] = []
        with self._relay_lock:
            if after < self._last_read:
                again = (entry for seq, entry in self._read.items() if seq > after)
                for entry in islice(again, limit):
                    size -= len(entry.body)
                    found.append(entry)
                    if size <= 0:
                        return found
            unread = self._unread
            while unread and len(found) < limit and size > 0:
                entry = unread.popleft()
                size -= len(entry.body)
                found.append(entry)
                self._read[entry.seq] = entry
                self._last_read = entry.seq
        return found

    def settle(self, verdicts: Sequence[Verdict], now: int) -> None:
        """Forget what was delivered, put aside what is dead."""
        with self._relay_lock:
            for verdict in verdicts:
                entry = verdict.entry
                if self._read.pop(entry.seq, None) is None:
                    continue
                self._settled_bytes += len(entry.body)
                if isinstance(verdict, Dead):
                    self._dead.append(verdict)
                else:
                    self._delivered += 1

    def lead(self) -> bool:
        """Return True: nobody else can see this store."""
        return not self._closed

    def last(self) -> int:
        """Return the number accepted so far."""
        return self._seq

    def pending(self, upto: int) -> int:
        """Return how many entries up to *upto* may still wait, 0 when none does."""
        with self._put_lock, self._relay_lock:
            waiting = len(self._read) + len(self._unread)
            # Read entries keep their order in the dict, and are older than all unread ones.
            oldest = next(iter(self._read), self._unread[0].seq if self._unread else None)
            if oldest is None or oldest > upto:
                return 0
            return min(waiting, upto - oldest + 1)

    def counts(self) -> Counts:
        """Return the accounts, all of one moment."""
        with self._put_lock, self._relay_lock:
            oldest = next(iter(self._read.values()), self._unread[0] if self._unread else None)
            return Counts(
                self._seq,
                self._delivered,
                len(self._read) + len(self._unread),
                len(self._dead),
                self._accepted_bytes - self._settled_bytes,
                None if oldest is None else oldest.at,
            )

    def close(self) -> None:
        """Accept nothing more; closing twice is fine."""
        self._closed = True
