"""The memory store: a deque. What it holds survives a clean exit up to a deadline, nothing else.

Those who accept and the relay share no lock: a deque's ends are safe by themselves, and each
side counts for itself. A forked child drops what it inherited: the parent owns it.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice

import msgspec

from ferryman._core.message import Level
from ferryman.errors import DeadLettersFull, OutboxClosed, OutboxFull

from ..entry import Cancelled, Dead, Done, Entry, Verdict, cancels
from ..protocol import Bounds, Counts, Obstacle, Replayed, Where
from .owned import Owned

_place = msgspec.structs.force_setattr
MAX_BYTES = 256 * 1024**2
MAX_ENTRIES = 10_000_000
MAX_DEAD_BYTES = 64 * 1024**2


class MemoryStore:
    """Keeps entries in this process.

    Up to *max_bytes* of encoded operations that wait, *max_entries* of them, and
    *max_dead_bytes* of dead letters.
    """

    level: Level = "memory"

    def __init__(
        self,
        *,
        max_bytes: int = MAX_BYTES,
        max_entries: int = MAX_ENTRIES,
        max_dead_bytes: int = MAX_DEAD_BYTES,
    ) -> None:
        self._bounds = Bounds(max_bytes, max_entries, max_dead_bytes)
        self.forked()

    def forked(self) -> None:
        """Begin anew: at the start, and in a forked child."""
        self._closed = False
        # Those who accept:
        self._put_lock = Owned()
        self._unread: deque[Entry] = deque()
        self._seq = 0
        self._accepted_bytes = 0
        self._removed: dict[str, int] = {}
        # The relay; where both locks are taken, the other one comes first:
        self._relay_lock = Owned()
        self._read: dict[int, Entry] = {}
        self._last_read = 0
        self._dead: dict[int, Dead] = {}
        self._settled_bytes = 0
        self._dead_bytes = 0
        self._accounts: Counter[str] = Counter()
        self._settled = 0
        """How many do not wait: those in the accounts, and the dead."""
        self._epoch = 0

    # -- accepting

    def put(self, entries: Sequence[Entry]) -> None:
        """Keep *entries* in order, or raise OutboxFull and keep none."""
        size = 0
        for entry in entries:
            size += len(entry.body)
        bounds = self._bounds
        with self._put_lock:
            if self._closed:
                raise OutboxClosed("the outbox is closed")
            held = self._accepted_bytes - self._settled_bytes
            if held + size > bounds.bytes:
                raise OutboxFull(f"the outbox holds {held:,} of {bounds.bytes:,} bytes")
            waiting = self._seq - self._settled
            if waiting + len(entries) > bounds.entries:
                raise OutboxFull(f"the outbox holds {waiting:,} of {bounds.entries:,} operations")
            self._accepted_bytes += size
            for entry in entries:
                self._seq += 1
                _place(entry, "seq", self._seq)
                if entry.barrier and cancels(entry):
                    self._removed[entry.key] = self._seq
                self._unread.append(entry)

    def evict(self, names: Collection[str], entries: int, size: int) -> int:
        """Throw away the oldest of those *names* until there is room."""
        with self._put_lock, self._relay_lock:
            held = self._accepted_bytes - self._settled_bytes
            bounds = self._bounds  # and a little more, so that it need not be done at each call
            bytes_over = held + size - (bounds.bytes - bounds.bytes // 64)
            over = self._seq - self._settled + entries - (bounds.entries - bounds.entries // 64)
            gone: set[int] = set()
            for entry in self._waiting():
                if bytes_over <= 0 and over <= 0:
                    break
                if entry.name in names:
                    gone.add(entry.seq)
                    bytes_over -= len(entry.body)
                    over -= 1
            return self._remove(gone, "evicted")

    def _waiting(self) -> Iterator[Entry]:
        return chain(self._read.values(), self._unread)

    def _remove(self, places: set[int], account: str) -> int:
        """Take *places* out, counted as *account*; called with both locks."""
        for place in places & self._read.keys():
            self._settled_bytes += len(self._read.pop(place).body)
        if places:
            kept = [entry for entry in self._unread if entry.seq not in places]
            size = sum(len(entry.body) for entry in self._unread)
            self._settled_bytes += size - sum(len(entry.body) for entry in kept)
            self._unread.clear()
            self._unread.extend(kept)
        self._accounts[account] += len(places)
        self._settled += len(places)
        return len(places)

    # -- carrying

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
        """Forget what was delivered or cancelled, put aside what is dead."""
        with self._relay_lock:
            read = self._read
            new: dict[int, Dead] = {}
            for verdict in verdicts:
                if isinstance(verdict, Dead) and verdict.entry.seq in read:
                    new[verdict.entry.seq] = msgspec.structs.replace(verdict, died_at=now)
            if new:
                self._bury(new)
            for verdict in verdicts:
                entry = verdict.entry
                if read.pop(entry.seq, None) is None:
                    continue
                self._settled_bytes += len(entry.body)
                self._settled += 1
                if isinstance(verdict, Done):
                    self._accounts["delivered"] += 1
                    if entry.barrier and cancels(entry):
                        self._forget(entry.key, entry.seq)
                elif isinstance(verdict, Cancelled):
                    self._accounts["cancelled"] += 1

    def _bury(self, new: dict[int, Dead]) -> None:
        size = self._dead_bytes + sum(len(dead.entry.body) for dead in new.values())
        if size > self._bounds.dead_bytes:
            raise DeadLettersFull(
                f"the dead letters would hold {size:,} of {self._bounds.dead_bytes:,} bytes:"
                " replay, skip or purge some"
            )
        self._dead_bytes = size
        self._dead |= new
        self._epoch += any(dead.parks for dead in new.values())

    def _forget(self, key: str, seq: int) -> None:
        """Forget the removal of *key* at *seq*, unless something dead could still come back."""
        dead = any(key in (each.entry.key, each.entry.other) for each in self._dead.values())
        if not dead and self._removed.get(key, 0) <= seq:
            self._removed.pop(key, None)

    def begin(self, places: Sequence[int], *, sent: bool) -> None:
        """Do nothing: what this process leaves unsettled is gone with it."""

    def begun(self) -> set[int]:
        """Return nothing: see :meth:`begin`."""
        return set()

    def lead(self) -> bool:
        """Return True: nobody else can see this store."""
        return not self._closed

    def epoch(self) -> int:
        """Return the number that replays, skips, purges and parking raise."""
        return self._epoch

    def parked(self) -> set[str]:
        """Return the keys behind a dead barrier."""
        with self._relay_lock:
            parking = [dead.entry for dead in self._dead.values() if dead.parks]
        return {key for entry in parking for key in (entry.key, entry.other) if key}

    # -- asking

    def last(self) -> int:
        """Return the number accepted so far."""
        return self._seq

    def pending(self, upto: int) -> int:
        """Return how many entries up to *upto* may still wait, 0 when none does."""
        with self._put_lock, self._relay_lock:
            # Read entries keep their order in the dict, and are older than all unread ones.
            oldest = next(self._waiting(), None)
            if oldest is None or oldest.seq > upto:
                return 0
            return min(self._seq - self._settled, upto - oldest.seq + 1)

    def counts(self) -> Counts:
        """Return the accounts, all of one moment."""
        with self._put_lock, self._relay_lock:
            oldest = next(self._waiting(), None)
            return Counts(
                accepted=self._seq,
                pending=self._seq - self._settled,
                dead=len(self._dead),
                pending_bytes=self._accepted_bytes - self._settled_bytes,
                dead_bytes=self._dead_bytes,
                parked=sum(dead.parks for dead in self._dead.values()),
                oldest_pending_at=None if oldest is None else oldest.at,
                **self._accounts,
            )

    # -- dead letters

    def dead(self, where: Where, *, after: int, limit: int) -> list[Dead]:
        """Return dead letters behind *after*, in order of acceptance."""
        with self._relay_lock:
            ordered = sorted(self._dead.items())
        found = (dead for place, dead in ordered if place > after and where.holds(dead))
        return list(islice(found, limit))

    def reasons(self) -> dict[str, int]:
        """Return how many dead letters there are of each reason, the most frequent first."""
        with self._relay_lock:
            return dict(Counter(dead.reason for dead in self._dead.values()).most_common())

    def replay(self, places: Sequence[int]) -> Replayed:
        """Let dead letters wait again, each in its old place, unless its person was removed."""
        back: list[int] = []
        refused: list[tuple[int, Obstacle]] = []
        with self._put_lock, self._relay_lock:
            for place in sorted(set(places)):
                dead = self._dead.get(place)
                if dead is None:
                    refused.append((place, "gone"))
                elif self._is_removed(dead.entry):
                    refused.append((place, "removed"))
                else:
                    self._drop(dead)
                    self._read[place] = dead.entry
                    self._settled_bytes -= len(dead.entry.body)
                    self._settled -= 1
                    back.append(place)
            self._read = dict(sorted(self._read.items()))
            self._epoch += bool(back)
        return Replayed(tuple(back), tuple(refused))

    def _is_removed(self, entry: Entry) -> bool:
        return any(self._removed.get(key, 0) > entry.seq for key in (entry.key, entry.other))

    def _drop(self, dead: Dead) -> None:
        del self._dead[dead.entry.seq]
        self._dead_bytes -= len(dead.entry.body)

    def skip(self, places: Sequence[int]) -> int:
        """Throw dead letters away, so that what was parked goes on."""
        return self._throw_away(places, "skipped")

    def purge(self, places: Sequence[int]) -> int:
        """Throw dead letters away."""
        return self._throw_away(places, "purged")

    def _throw_away(self, places: Sequence[int], account: str) -> int:
        with self._put_lock, self._relay_lock:
            found = [self._dead[place] for place in set(places) & self._dead.keys()]
            for dead in found:
                self._drop(dead)
                self._forget(dead.entry.key, dead.entry.seq)
            self._accounts[account] += len(found)
            self._epoch += bool(found)
            return len(found)

    def purge_key(self, key: str) -> int:
        """Throw away everything of *key* that waits or is dead."""
        with self._put_lock, self._relay_lock:
            found = [d for d in self._dead.values() if key in (d.entry.key, d.entry.other)]
            for dead in found:
                self._drop(dead)
            self._accounts["purged"] += len(found)
            waiting = {e.seq for e in self._waiting() if key in (e.key, e.other)}
            self._remove(waiting, "purged")
            self._removed.pop(key, None)
            self._epoch += bool(found or waiting)
            return len(found) + len(waiting)

    def close(self) -> None:
        """Accept nothing more; closing twice is fine."""
        self._closed = True
