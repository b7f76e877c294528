"""Who may go next: each person's operations in order, everybody else unhindered. Pure.

The rules (delivery rules 7 to 9): a key in flight or in backoff is muted; what comes meanwhile
waits in the key's own lane. A barrier (delete, suppress, merge, an identify that changes who
somebody is) shares no request with anything of its key. A merge names two keys and waits for,
and blocks, both.
"""

from collections import deque
from collections.abc import Iterable

import msgspec

from ferryman._core.batch import ENVELOPE
from ferryman._core.encode import MAX_BATCH
from ferryman.operations import CATALOGUE

from .entry import Entry

_BATCHES = {name: row.batches for name, row in CATALOGUE.items()}


class Limits(msgspec.Struct, frozen=True):
    """What one request may hold: encoded bytes with the envelope, and items."""

    bytes: int = MAX_BATCH
    items: int = 4_000


class Batch(msgspec.Struct, frozen=True):
    """Entries that travel in one request; ``together`` is False for one that goes by itself."""

    entries: tuple[Entry, ...]
    together: bool

    def keys(self) -> set[str]:
        """Return the keys that are muted while it travels."""
        return {entry.key for entry in self.entries} | {e.other for e in self.entries if e.other}


class Line:
    """The entries read from a store and not yet settled, and who of them may go."""

    def __init__(self) -> None:
        self._waiting: deque[Entry] = deque()
        self._ready: deque[Entry] = deque()
        self._alone: deque[Entry] = deque()
        self._lanes: dict[str, deque[Entry]] = {}
        self._muted: set[str] = set()
        self.bytes = 0
        """Encoded bytes of what may go now or was never looked at."""
        self.held_bytes = 0
        """Encoded bytes of what waits in lanes."""

    def __len__(self) -> int:
        return len(self._waiting) + len(self._ready) + len(self._alone)

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing travels."""
        return not (self._waiting or self._ready or self._alone or self._lanes or self._muted)

    def join(self, entries: Iterable[Entry]) -> None:
        """Let *entries* join the end, in the order of acceptance."""
        for entry in entries:
            self._waiting.append(entry)
            self.bytes += len(entry.body) + 1

    def take(self, limits: Limits) -> Batch | None:
        """Return the next batch and mute its keys; None when nobody may go."""
        chosen: list[Entry] = []
        keys: set[str] = set()
        closed: set[str] = set()  # keys with a barrier in this batch
        size = ENVELOPE
        muted, lanes = self._muted, self._lanes
        for queue in (self._ready, self._waiting):
            while queue and not self._alone:
                entry = queue[0]
                key = entry.key
                apart = entry.barrier or entry.other or not _BATCHES.get(entry.name, False)
                if key in muted or key in lanes or key in closed:
                    self._hold(queue.popleft())
                    continue
                if apart and (
                    key in keys
                    or (entry.other and (entry.other in keys or self._blocked(entry.other)))
                ):
                    self._hold(queue.popleft())
                    continue
                if apart and not _BATCHES.get(entry.name, False):
                    self._alone.append(queue.popleft())
                    muted.add(key)
                    break
                grown = size + len(entry.body) + 1
                if chosen and (grown > limits.bytes or len(chosen) >= limits.items):
                    return self._depart(chosen, keys)
                chosen.append(queue.popleft())
                size = grown
                keys.add(key)
                if apart:
                    closed.add(key)
                    if entry.other:
                        keys.add(entry.other)
                        closed.add(entry.other)
        if chosen:
            return self._depart(chosen, keys)
        if self._alone:
            entry = self._alone.popleft()
            self.bytes -= len(entry.body) + 1
            return Batch((entry,), False)
        return None

    def release(self, batch: Batch) -> None:
        """Unmute the keys of *batch*, which is settled; who waited in their lanes may go."""
        keys = batch.keys()
        self._muted -= keys
        for key in keys:
            while lane := self._lanes.get(key):
                entry = lane[0]
                if not self._first_everywhere(entry):
                    break
                for each in (entry.key, entry.other):
                    if each:
                        own = self._lanes[each]
                        own.popleft()
                        if not own:
                            del self._lanes[each]
                size = len(entry.body) + 1
                self._ready.append(entry)
                self.bytes += size
                self.held_bytes -= size

    def _first_everywhere(self, entry: Entry) -> bool:
        return all(
            key not in self._muted and self._lanes[key][0] is entry
            for key in (entry.key, entry.other)
            if key
        )

    def _blocked(self, key: str) -> bool:
        return key in self._muted or key in self._lanes

    def _hold(self, entry: Entry) -> None:
        size = len(entry.body) + 1
        self.bytes -= size
        self.held_bytes += size
        for key in (entry.key, entry.other):
            if key:
                self._lanes.setdefault(key, deque()).append(entry)

    def _depart(self, chosen: list[Entry], keys: set[str]) -> Batch:
        self._muted |= keys
        self.bytes -= sum([len(entry.body) + 1 for entry in chosen])
        return Batch(tuple(chosen), True)
