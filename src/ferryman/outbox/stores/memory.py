"""The memory store: a deque. What it holds survives a clean exit up to a deadline, nothing else.

Those who accept and the relay share no lock: a deque's ends are safe by themselves, and each
side counts for itself. A forked child drops what it inherited: the parent owns it.
"""

from collections import deque
from collections.abc import Collection, Sequence
from itertools import islice
from operator import attrgetter
from threading import get_ident

import msgspec

from ferryman.errors import OutboxClosed, OutboxFull, StoreError

from ..entry import Cancelled, Dead, Done, Entry, Verdict, cancels
from ..protocol import Obstacle, Replayed
from .holding import Holding
from .letters import keys_of
from .owned import WITHIN

_place, _place_of = msgspec.structs.force_setattr, attrgetter("seq")


class MemoryStore(Holding):
    """Keeps entries in this process.

    Up to *max_bytes* of encoded operations that wait, *max_entries* of them, and
    *max_dead_bytes* of dead letters.
    """

    # -- accepting

    def put(self, entries: Sequence[Entry]) -> None:
        """Keep *entries* in order, or raise OutboxFull and keep none."""
        size = 0
        for entry in entries:
            size += len(entry.body)
        own, bounds = self._put_lock, self._bounds
        with own.lock:  # as Owned.acquire and release have it
            if own.owner:
                raise StoreError(WITHIN)
            own.owner = get_ident()
            try:
                if self._closed:
                    raise OutboxClosed("the outbox is closed")
                held = self._accepted_bytes - self._settled_bytes
                if held + size > bounds.bytes:
                    raise OutboxFull(f"the outbox holds {held:,} of {bounds.bytes:,} bytes")
                place = self._seq
                waiting = place - self._settled
                if waiting + len(entries) > bounds.entries:
                    most = bounds.entries
                    raise OutboxFull(f"the outbox holds {waiting:,} of {most:,} operations")
                self._accepted_bytes += size
                for entry in entries:
                    place += 1
                    self._seq = place
                    _place(entry, "seq", place)
                    if entry.barrier and cancels(entry):
                        self._removals.note(entry.key, place)
                    self._unread.append(entry)
            finally:
                own.owner = 0

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
            while self._unread and self._unread[0].seq <= after:
                self._have_read([self._unread.popleft()])
            before, count = len(found), len(found)
            take = self._unread.popleft
            try:
                while count < limit and size > 0:
                    entry = take()
                    found.append(entry)
                    count += 1
                    size -= len(entry.body)
            except IndexError:  # that was all
                pass
            finally:
                self._have_read(found[before:])
        return found

    def _have_read(self, entries: Sequence[Entry]) -> None:
        if entries:
            self._read.update(zip(map(_place_of, entries), entries, strict=True))
            self._last_read = entries[-1].seq

    def settle(self, verdicts: Sequence[Verdict], now: int) -> None:
        """Forget what was delivered or cancelled, put aside what is dead."""
        with self._relay_lock:
            read = self._read
            if all(type(v) is Done and not v.entry.barrier for v in verdicts):
                self._settle_delivered(verdicts)
                return
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

    def _settle_delivered(self, verdicts: Sequence[Verdict]) -> None:
        """Forget those that were delivered, none of them a barrier: nearly all are."""
        forget = self._read.pop
        count = size = 0
        for verdict in verdicts:
            entry = forget(verdict.entry.seq, None)
            if entry is not None:
                count += 1
                size += len(entry.body)
        self._accounts["delivered"] += count
        self._settled_bytes += size
        self._settled += count

    def _forget(self, key: str, gone: Collection[int] = ()) -> None:
        """Forget the removals of *key* that are *gone*, or over with nothing dead from before."""

        def needed(place: int) -> bool:
            waits = place in self._read or place > self._last_read
            return place not in gone and (waits or self._letters.has(key, place))

        self._removals.forget(key, needed)

    # -- dead letters

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
