"""The memory store: a deque. What it holds survives a clean exit up to a deadline, nothing else.

Those who accept and the relay share no lock: a deque's ends are safe by themselves, and each
side counts for itself. A forked child drops what it inherited: the parent owns it.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice

import msgspec

from ferryman._core.message import Level
from ferryman.errors import OutboxClosed, OutboxFull

from ..entry import Cancelled, Dead, Done, Entry, Verdict, cancels
from ..protocol import Bounds, Counts, Obstacle, Replayed, Where
from .letters import Letters, Removals, keys_of
from .owned import Owned

_place = msgspec.structs.force_setattr
MAX_BYTES, MAX_DEAD_BYTES = 256 * 1024**2, 64 * 1024**2
MAX_ENTRIES = 10_000_000


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
        self._removals = Removals()
        # The relay; where both locks are taken, the other one comes first:
        self._relay_lock = Owned()
        self._read: dict[int, Entry] = {}
        self._last_read = 0
        self._letters = Letters(self._bounds.dead_bytes)
        self._settled_bytes = 0
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
                    self._removals.note(entry.key, self._seq)
                self._unread.append(entry)

    def evict(self, names: Collection[str], entries: int, size: int) -> int:
        """Throw away the oldest of those *names* until there is room."""
        with self._put_lock, self._relay_lock:
            held, spare = self._accepted_bytes - self._settled_bytes, self._bounds.spare()
            bytes_over = held + size - self._bounds.bytes + spare.bytes
            over = self._seq - self._settled + entries - self._bounds.entries + spare.entries
            gone: list[Entry] = []
            for entry in self._waiting():
                if bytes_over <= 0 and over <= 0:
                    break
                if entry.name in names:
                    gone.append(entry)
                    bytes_over -= len(entry.body)
                    over -= 1
            if bytes_over > spare.bytes or over > spare.entries:
                return 0
            return self._remove(gone, "evicted")

    def _waiting(self) -> Iterator[Entry]:
        return chain(self._read.values(), self._unread)

    def _remove(self, gone: Sequence[Entry], account: str) -> int:
        """Take what is *gone* out of what waits, counted as *account*; called with both locks."""
        places = {entry.seq for entry in gone}
        for place in places & self._read.keys():
            del self._read[place]
        self._unread = deque([entry for entry in self._unread if entry.seq not in places])
        self._settled_bytes += sum(len(entry.body) for entry in gone)
        self._settled += len(gone)
        self._accounts[account] += len(gone)
        self._epoch += bool(gone)
        for entry in gone:
            if cancels(entry):
                self._forget(entry.key, places)
        return len(gone)

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
                self._read[entry.seq] = entry
                self._last_read = entry.seq
                if entry.seq > after:
                    size -= len(entry.body)
                    found.append(entry)
        return found

    def settle(self, verdicts: Sequence[Verdict], now: int) -> None:
        """Forget what was delivered or cancelled, put aside what is dead."""
        with self._relay_lock:
            read = self._read
            known = {v.entry.seq: v for v in verdicts if v.entry.seq in read}
            dead = [
                msgspec.structs.replace(verdict, died_at=now)
                for verdict in known.values()
                if isinstance(verdict, Dead)
            ]
            self._letters.bury(dead)
            self._epoch += any(each.parks for each in dead)
            removals: list[str] = []
            for place, verdict in known.items():
                entry = verdict.entry
                del read[place]
                self._settled_bytes += len(entry.body)
                if isinstance(verdict, Done):
                    self._accounts["delivered"] += 1
                    if entry.barrier and cancels(entry):
                        removals.append(entry.key)
                elif isinstance(verdict, Cancelled):
                    self._accounts["cancelled"] += 1
            self._settled += len(known)
            for key in removals:
                self._forget(key)

    def _forget(self, key: str, gone: Collection[int] = ()) -> None:
        """Forget the removals of *key* that are *gone*, or over with nothing dead from before."""

        def needed(place: int) -> bool:
            waits = place in self._read or place > self._last_read
            return place not in gone and (waits or self._letters.has(key, place))

        self._removals.forget(key, needed)

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
            return {key for entry in self._letters.parking() for key in keys_of(entry)}

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
                dead=len(self._letters),
                pending_bytes=self._accepted_bytes - self._settled_bytes,
                dead_bytes=self._letters.size,
                parked=len(self._letters.parking()),
                oldest_pending_at=None if oldest is None else oldest.at,
                **self._accounts,
            )

    # -- dead letters

    def dead(self, where: Where, *, after: int, limit: int) -> list[Dead]:
        """Return dead letters behind *after*, in order of acceptance."""
        with self._relay_lock:
            return self._letters.find(where, after, limit)

    def reasons(self) -> dict[str, int]:
        """Return how many dead letters there are of each reason, the most frequent first."""
        with self._relay_lock:
            return self._letters.reasons()

    def replay(self, places: Sequence[int]) -> Replayed:
        """Let dead letters wait again, each in its old place, unless its person was removed."""
        back: list[int] = []
        refused: list[tuple[int, Obstacle]] = []
        with self._put_lock, self._relay_lock:
            for place in sorted(set(places)):
                dead = self._letters.get(place)
                if dead is None:
                    refused.append((place, "gone"))
                elif self._removals.hides(dead.entry):
                    refused.append((place, "removed"))
                else:
                    self._letters.drop(dead)
                    self._read[place] = dead.entry
                    self._settled_bytes -= len(dead.entry.body)
                    self._settled -= 1
                    back.append(place)
            self._read = dict(sorted(self._read.items()))
            self._epoch += bool(back)
        return Replayed(tuple(back), tuple(refused))

    def skip(self, places: Sequence[int]) -> int:
        """Throw dead letters away, so that what was parked goes on."""
        return self._throw_away(places, "skipped")

    def purge(self, places: Sequence[int]) -> int:
        """Throw dead letters away."""
        return self._throw_away(places, "purged")

    def _throw_away(self, places: Sequence[int], account: str) -> int:
        with self._put_lock, self._relay_lock:
            found = [dead for place in set(places) if (dead := self._letters.get(place))]
            return self._drop(found, account)

    def _drop(self, found: Sequence[Dead], account: str) -> int:
        for dead in found:
            self._letters.drop(dead)
        places = {dead.entry.seq for dead in found}
        for key in {key for dead in found for key in keys_of(dead.entry)}:
            self._forget(key, places)
        self._accounts[account] += len(found)
        self._epoch += bool(found)
        return len(found)

    def purge_key(self, key: str) -> int:
        """Throw away everything of *key* that waits or is dead."""
        with self._put_lock, self._relay_lock:
            dead = [each for each in self._letters if key in keys_of(each.entry)]
            waiting = [entry for entry in self._waiting() if key in keys_of(entry)]
            return self._remove(waiting, "purged") + self._drop(dead, "purged")

    def close(self) -> None:
        """Accept nothing more; closing twice is fine."""
        self._closed = True
