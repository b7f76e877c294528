"""What this process accepted last, for its own relay: it need not be read from the file again.

The file alone is right about what waits, and this may forget anything at any time. Whoever accepts
and the relay share no lock: a deque's ends are safe by themselves.
"""

from collections import deque
from collections.abc import Sequence

from ..entry import Entry

_MOST = 4_096
"""Entries; older ones are read from the file."""
_USUAL = 2_048
"""Bytes of an entry; where they are larger on the average, all are read from the file."""


class Recent:
    """The newest entries, in order, as they were committed."""

    def __init__(self) -> None:
        self._held = -1, _deque()
        self._passed = 0

    def add(self, entries: Sequence[Entry], size: int, epoch: int) -> None:
        """Add *entries* of *size* encoded bytes, which were just committed, in *epoch*."""
        known, held = self._held
        if epoch > known:
            held = _deque()
            self._held = epoch, held
        # A later epoch may begin right now: it has a deque of its own, and these are forgotten.
        if epoch >= known and size <= _USUAL * len(entries):
            held.extend(entries)

    def passed(self, place: int) -> None:
        """Hand out nothing up to *place* any more: it was read, and may be settled by now."""
        self._passed = max(self._passed, place)

    def follow(self, after: int) -> bool:
        """Tell whether the entry that follows *after* is here, and was never read."""
        if after < self._passed:
            return False
        entries = self._held[1]
        try:
            while entries[0].seq <= after:
                entries.popleft()
            return entries[0].seq == after + 1
        except IndexError:
            return False

    def is_of(self, epoch: int) -> bool:
        """Tell whether nobody took anything out of the file since; if so, forget everything."""
        if epoch != self._held[0]:
            self._held = epoch, _deque()
            return False
        return True

    def take(self, after: int, *, limit: int, size: int) -> list[Entry]:
        """Return what follows *after* without a gap, up to *limit* entries or *size* bytes."""
        found: list[Entry] = []
        take = self._held[1].popleft
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


def _deque() -> deque[Entry]:
    return deque(maxlen=_MOST)
