"""What became of this run's own operations, in an outbox that others may use at the same time.

A store around a store: it notes which entries this run put, and counts those that its own relay
settles. What another process delivered for us is what is missing at the end.
"""

import threading
from collections import Counter
from collections.abc import Sequence

from ferryman.outbox.entry import Dead, Entry, Verdict
from ferryman.outbox.protocol import Store
from ferryman.outbox.stores.around import Around


class Tally(Around):
    """Passes everything on to *store*, and counts what was put through it."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.accepted = 0
        self.causes: Counter[str] = Counter()
        """Why operations of this run died: codes and fields, never texts or values."""
        self._done = self._dead = self._dead_of_others = 0
        self._dead_before = store.counts().dead
        self._ranges: list[tuple[int, int]] = []
        """First and last places of what is ours."""
        self._noting = threading.Lock()
        self._closed: tuple[int, int, int] | None = None

    def put(self, entries: Sequence[Entry]) -> None:
        """Keep *entries* and note where."""
        with self._noting:
            self._store.put(entries)
            if not entries:
                return
            self.accepted += len(entries)
            first, last = entries[0].seq, entries[-1].seq
            if self._ranges and self._ranges[-1][1] == first - 1:
                first = self._ranges.pop()[0]
            self._ranges.append((first, last))

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
                    self.causes[" ".join(filter(None, (verdict.reason, verdict.field)))] += 1
                else:
                    self._dead_of_others += 1

    def _is_ours(self, entry: Entry) -> bool:
        return any(low <= entry.seq <= high for low, high in reversed(self._ranges))

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

    def close(self) -> None:
        """Keep the figures, and close the store."""
        if self._closed is None:
            self._closed = self.figures()
        self._store.close()
