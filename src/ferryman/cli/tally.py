"""What became of this run's own operations, in an outbox that others may use at the same time.

A store around a store: it notes which entries this run put, and counts those that its own relay
settles. What another process delivered for us is what is missing at the end.
"""

import threading
from collections import Counter
from collections.abc import Sequence

from ferryman._core.message import Level
from ferryman.outbox.entry import Counts, Dead, Entry, Store, Verdict


class Tally:
    """Passes everything on to *store*, and counts what was put through it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.level: Level = store.level
        self.accepted = 0
        self.reasons: Counter[str] = Counter()
        """Why operations of this run died: codes and fields, never texts or values."""
        self._done = self._dead = self._dead_of_others = 0
        self._dead_before = store.counts().dead
        # Ranges of seq that hold our entries; beside each, the ids of ours where others wrote
        # into the same range at the same time.
        self._ranges: list[tuple[int, int, frozenset[str] | None]] = []
        self._noting = threading.Lock()
        self._closed: tuple[int, int, int] | None = None

    def put(self, entries: Sequence[Entry]) -> None:
        """Keep *entries* and note where."""
        with self._noting:
            before = self._store.last()
            self._store.put(entries)
            after = self._store.last()
            self.accepted += len(entries)
            if after - before != len(entries):
                ids = frozenset([entry.id for entry in entries])
                self._ranges.append((before + 1, after, ids))
            elif self._ranges and self._ranges[-1][1:] == (before, None):
                self._ranges[-1] = (self._ranges[-1][0], after, None)
            else:
                self._ranges.append((before + 1, after, None))

    def settle(self, verdicts: Sequence[Verdict], now: int) -> None:
        """Carry out *verdicts* and count ours among them."""
        self._store.settle(verdicts, now)
        with self._noting:
            for verdict in verdicts:
                ours = self._is_ours(verdict.entry)
                if not isinstance(verdict, Dead):
                    self._done += ours
                elif ours:
                    self._dead += 1
                    self.reasons[" ".join(filter(None, (verdict.reason, verdict.field)))] += 1
                else:
                    self._dead_of_others += 1

    def _is_ours(self, entry: Entry) -> bool:
        for low, high, ids in reversed(self._ranges):
            if low <= entry.seq <= high:
                return ids is None or entry.id in ids
        return False

    def figures(self) -> tuple[int, int, int]:
        """Return how many of this run's are delivered, dead and pending: together, all accepted."""
        with self._noting:
            if self._closed is not None:
                return self._closed
            rest = self.accepted - self._done - self._dead
            counts = self._store.counts()
            waits = rest and self._store.pending(self._ranges[-1][1])
            pending = min(rest, counts.pending) if waits else 0
            # Another process's relay may have settled some. What it let die counts as ours.
            strange = counts.dead - self._dead_before - self._dead_of_others - self._dead
            dead = self._dead + min(rest - pending, max(0, strange))
            return self.accepted - dead - pending, dead, pending

    def read(self, after: int, *, limit: int, size: int) -> list[Entry]:
        """Return entries of the store."""
        return self._store.read(after, limit=limit, size=size)

    def lead(self) -> bool:
        """Return whether this process's relay delivers."""
        return self._store.lead()

    def last(self) -> int:
        """Return the place of the newest entry."""
        return self._store.last()

    def pending(self, upto: int) -> int:
        """Return how many may still wait."""
        return self._store.pending(upto)

    def counts(self) -> Counts:
        """Return the accounts of the whole store."""
        return self._store.counts()

    def close(self) -> None:
        """Keep the figures, and close the store."""
        if self._closed is None:
            self._closed = self.figures()
        self._store.close()
