"""Who may go next: each person's operations in order, everybody else unhindered. Pure.

The rules (delivery rules 7 to 9): a key in flight or in backoff is muted; what comes meanwhile
waits in the key's own lane. A barrier (delete, suppress, merge, an identify that changes who
somebody is) shares no request with anything of its key. A merge names two keys, waits in the
lanes of both, and leaves when it is the first in both. A removal (delete, suppress) cancels what
waits for its key from before (rule 11); behind a barrier that failed nobody goes (rule 10).

Order holds because an entry leaves only from the head of its lanes, or, where its keys have no
lane and travel nowhere, from the head of the line.
"""

from collections import deque
from collections.abc import Sequence
from itertools import islice

from ferryman._core.batch import ENVELOPE
from ferryman.operations import CATALOGUE

from .batching import Batch, Choice, Limits
from .entry import Entry, can_cancel, cancels

_BATCHES = frozenset(name for name, row in CATALOGUE.items() if row.batches)


class _Lane:
    """What waits behind one key, and its encoded bytes (a merge's count at its first key)."""

    __slots__ = ("bytes", "entries", "open")

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque()
        self.bytes = 0
        self.open = False


class Line:
    """The entries read from a store and not yet settled, and who of them may go."""

    def __init__(self) -> None:
        self._waiting: deque[Entry] = deque()
        self._alone: deque[Entry] = deque()
        self._lanes: dict[str, _Lane] = {}
        self._open: deque[str] = deque()
        self._muted: set[str] = set()
        self._travelling: dict[int, tuple[Batch, set[str]]] = {}  # with the keys that it mutes
        self._doomed: dict[str, int] = {}  # key -> place of the removal that comes
        self.cancelled: list[Entry] = []
        """Taken out since somebody looked, to be settled before the batch taken with them."""
        self.parked: frozenset[str] = frozenset()
        """Keys behind a failed barrier: what joins for them is left in the store."""
        self._behind: set[str] = set()  # keys of merges that were left so
        self.parked_entries = 0  # how many were left so
        self.bytes = self.held_bytes = 0
        """Encoded bytes of what may go now or was never looked at, and of what waits in lanes."""

    def __len__(self) -> int:
        """Return how many entries, and lanes of them, may go or were never looked at."""
        return len(self._waiting) + len(self._open) + len(self._alone)

    @property
    def alone(self) -> int:
        """How many requests of one entry each are ready to go, whatever their bytes."""
        return len(self._alone)

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing travels."""
        return not (self._waiting or self._alone or self._lanes or self._muted)

    def join(self, entries: Sequence[Entry]) -> None:
        """Let *entries* join the end, in the order of acceptance."""
        if self.parked:
            entries = self._going(entries)
        size = 0
        for entry in entries:
            size += len(entry.body)
            if entry.barrier and cancels(entry):
                self._doomed[entry.key] = entry.seq
        self._waiting.extend(entries)
        self.bytes += size + len(entries)

    def _going(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        going: list[Entry] = []
        for each in entries:
            keys = {each.key, each.other} if each.other else {each.key}
            if keys.isdisjoint(self.parked) and keys.isdisjoint(self._behind):
                going.append(each)
            elif each.other:  # a merge that waits so lets nobody of its other key pass
                self._behind |= keys
        self.parked_entries += len(entries) - len(going)
        return going

    def oldest(self) -> int | None:
        """Return the place of the oldest that may go, waits in a lane or travels; None for none."""
        heads = [lane.entries[0] for lane in self._lanes.values()]
        heads += [*islice(self._waiting, 1), *self._alone]
        return min([*self.travelling(), *(entry.seq for entry in heads)], default=None)

    def travelling(self) -> set[int]:
        """Return the places of what was taken and is not released."""
        return {entry.seq for batch, _ in self._travelling.values() for entry in batch.entries}

    def clear(self) -> set[int]:
        """Forget everything that does not travel, since it is read again; say which do."""
        lines = self._waiting, self._alone, self._open
        for each in (*lines, self._lanes, self._doomed, self._behind):
            each.clear()
        self._muted = {key for _, keys in self._travelling.values() for key in keys}
        self.bytes = self.held_bytes = self.parked_entries = 0
        return set(self._travelling)

    def take(self, limits: Limits) -> Batch | None:
        """Return the next batch and mute its keys; None when nobody may go."""
        if not self._alone:
            choice = Choice(limits)
            if self._choose_held(choice):
                self._choose_waiting(choice)
            if choice.entries:
                self._muted |= choice.keys
                self.bytes -= choice.size - ENVELOPE
                return self._depart(Batch(tuple(choice.entries), True), choice.keys)
        while self._alone:
            entry = self._alone.popleft()
            if not self._is_doomed(entry):
                self.bytes -= len(entry.body) + 1
                return self._depart(Batch((entry,), False), {entry.key})
            self._cancel(entry)
            self._unmute({entry.key})
            if not self._alone:
                return self.take(limits)
        return None

    def _depart(self, batch: Batch, keys: set[str]) -> Batch:
        self._travelling[id(batch)] = batch, keys
        return batch

    def release(self, batch: Batch) -> None:
        """Unmute the keys of *batch*, which is settled; who waited in their lanes may go."""
        _, keys = self._travelling.pop(id(batch))
        if self._doomed:
            for entry in batch.entries:
                if self._doomed.get(entry.key) == entry.seq:
                    del self._doomed[entry.key]
        self._unmute(keys)

    def _unmute(self, keys: set[str]) -> None:
        self._muted -= keys
        if self._lanes:
            for key in sorted(keys & self._lanes.keys()):
                lane = self._lanes[key]
                if not lane.open:
                    lane.open = True
                    self._open.append(key)
                    self.bytes += lane.bytes
                    self.held_bytes -= lane.bytes

    # -- from the lanes

    def _choose_held(self, choice: Choice) -> bool:
        """Choose from open lanes; return False when the request is full."""
        while self._open:
            key = self._open[0]
            lane = self._lanes.get(key)
            if lane is None:  # a merge left it by the lane of its other key
                self._open.popleft()
                continue
            entry = lane.entries[0]
            if self._doomed and self._is_doomed(entry) and self._first(entry):
                self._leave_lanes(entry)
                self._cancel(entry)
                continue
            batches = entry.name in _BATCHES
            apart = entry.barrier or entry.other != "" or not batches
            if not self._first(entry) or choice.excludes(entry, apart):
                self._open.popleft()
                self._shut(lane)
                continue
            if not batches:
                self._set_apart(entry)
            elif not choice.add(entry):
                return False
            self._leave_lanes(entry)
        return True

    def _first(self, entry: Entry) -> bool:
        """Whether *entry* heads all its lanes, and none of its keys travels."""
        lanes, muted = self._lanes, self._muted
        if entry.key in muted or lanes[entry.key].entries[0] is not entry:
            return False
        other = entry.other
        return not other or (other not in muted and lanes[other].entries[0] is entry)

    def _leave_lanes(self, entry: Entry) -> None:
        size = len(entry.body) + 1
        if not self._lanes[entry.key].open:  # a merge, found by the lane of its other key
            self.held_bytes -= size
            self.bytes += size
        self._lanes[entry.key].bytes -= size
        for key in (entry.key, entry.other):
            if key:
                entries = self._lanes[key].entries
                entries.popleft()
                if not entries:
                    del self._lanes[key]

    def _shut(self, lane: _Lane) -> None:
        lane.open = False
        self.bytes -= lane.bytes
        self.held_bytes += lane.bytes

    # -- from the end of the line

    def _choose_waiting(self, choice: Choice) -> None:
        waiting, muted, lanes = self._waiting, self._muted, self._lanes
        keys, doomed = choice.keys, self._doomed
        while waiting:
            if not doomed and self._choose_plain(choice):
                continue
            entry = waiting[0]
            key = entry.key
            if doomed and key in doomed and self._is_doomed(entry):
                self._cancel(waiting.popleft())
                continue
            batches = entry.name in _BATCHES
            other = entry.other
            if batches and not (entry.barrier or other):
                held = key in muted or key in lanes or key in choice.closed
            else:
                held = (key in keys or key in muted or key in lanes) or (
                    other != "" and (other in keys or other in muted or other in lanes)
                )
            if held:
                self._hold(waiting.popleft())
            elif not batches:
                self._set_apart(waiting.popleft())
            elif choice.add(entry):
                waiting.popleft()
            else:
                return

    def _choose_plain(self, choice: Choice) -> int:
        """Choose from the head of the line as long as nothing is to be decided; say how many.

        The usual ones, in one short loop: it stops at a barrier, at a key that must wait, at
        what travels alone, and where the request is full.
        """
        waiting, muted, lanes, closed = self._waiting, self._muted, self._lanes, choice.closed
        limits, size = choice.limits, choice.size
        keys: list[str] = []
        for entry in islice(waiting, max(0, limits.items - len(choice.entries))):
            key = entry.key
            if (
                key in muted
                or key in lanes
                or entry.barrier
                or entry.other
                or entry.name not in _BATCHES
                or key in closed
            ):
                break
            size += len(entry.body) + 1
            if size > limits.bytes:
                size -= len(entry.body) + 1
                break
            keys.append(key)
        choice.extend([waiting.popleft() for _ in keys], keys, size)
        return len(keys)

    def _is_doomed(self, entry: Entry) -> bool:
        return entry.seq < self._doomed.get(entry.key, 0) and can_cancel(entry)

    def _cancel(self, entry: Entry) -> None:
        self.bytes -= len(entry.body) + 1
        self.cancelled.append(entry)

    def _hold(self, entry: Entry) -> None:
        # Every lane is shut here: the line is asked only when all open lanes were looked at.
        size = len(entry.body) + 1
        lane = self._lane(entry.key)
        lane.entries.append(entry)
        lane.bytes += size
        self.bytes -= size
        self.held_bytes += size
        if entry.other:
            self._lane(entry.other).entries.append(entry)

    def _lane(self, key: str) -> _Lane:
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane()
        return lane

    def _set_apart(self, entry: Entry) -> None:
        """Let *entry* travel by itself: /batch cannot carry it."""
        self._alone.append(entry)
        self._muted.add(entry.key)
