"""What this process accepted last, for its own relay: it need not be read from the file again.

The file alone is right about what waits, and this may forget anything at any time. Whoever accepts
and the relay share no lock: a deque's ends are safe by themselves.
"""

from collections import deque
from collections.abc import Sequence

from ..entry import Entry

_MOST = 2_048
"""Entries; older ones are read from the file."""
_USUAL = 2_048
"""Bytes of an entry; where they are larger on the average, all are read from the file."""


class Recent:
    """The newest entries, in order, as they were committed."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_MOST)
        self._epoch = -1
        self._passed = 0

    def add(self, entries: Sequence[Entry], size: int) -> None:
        """Add *entries* of *size* encoded bytes, which were just committed."""
        if size <= _USUAL * len(entries):
            self._entries.extend(entries)

    def passed(self, place: int) -> None:
        """Hand out nothing up to *place* any more: it was read, and may be settled by now."""
        self._passed = max(self._passed, place)

    def follow(self, after: int) -> bool:
        """Tell whether the entry that follows *after* is here, and was never read."""
        if after < self._passed:
            return False
        entries = self._entries
        try:
            while entries[0].seq <= after:
                entries.popleft()
            return entries[0].seq == after + 1
        except IndexError:
            return False

    def is_of(self, epoch: int) -> bool:
        """Tell whether nobody took anything out of the file since; if so, forget everything."""
        if epoch != self._epoch:
            self._epoch = epoch
            self._entries.clear()
            return False
        return True

    def take(self, after: int, *, limit: int, size: int) -> list[Entry]:
        """Return what follows *after* without a gap, up to *limit* entries or *size* bytes."""
        found: list[Entry] = []
        take = self._entries.popleft
        try:
            while len(found) < limit and size > 0:
                entry = take()
                if entry.seq != after + 1:  # another process accepted what lies between
                    break
                after += 1
                size -= len(entry.body)
                found.append(entry)
        except IndexError:
            pass
        self.passed(after)
        return found
