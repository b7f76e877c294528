"""What a memory store holds, and the answers to what is asked about it.

Here must not live: the moves that change it (memory.py).
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import chain

from ferryman._core.message import Level

from ..entry import Dead, Entry
from ..protocol import Bounds, Counts, Where
from .letters import Letters, Removals, keys_of
from .owned import Owned

MAX_BYTES, MAX_DEAD_BYTES = 256 * 1024**2, 64 * 1024**2
MAX_ENTRIES = 10_000_000


class Holding:
    """The entries of one process: who accepts and the relay have a lock and counts each."""

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
        self._closed: bool = False
        # Those who accept:
        self._put_lock = Owned()
        self._unread: deque[Entry] = deque()
        self._seq: int = 0
        self._accepted_bytes: int = 0
        self._removals = Removals()
        # The relay; where both locks are taken, the other one comes first:
        self._relay_lock = Owned()
        self._read: dict[int, Entry] = {}
        self._last_read: int = 0
        self._letters = Letters(self._bounds.dead_bytes)
        self._settled_bytes: int = 0
        self._accounts: Counter[str] = Counter()
        self._settled: int = 0
        """How many do not wait: those in the accounts, and the dead."""
        self._epoch: int = 0

    def _waiting(self) -> Iterator[Entry]:
        return chain(self._read.values(), self._unread)

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

    def dead(self, where: Where, *, after: int, limit: int) -> list[Dead]:
        """Return dead letters behind *after*, in order of acceptance."""
        with self._relay_lock:
            return self._letters.find(where, after, limit)

    def reasons(self) -> dict[str, int]:
        """Return how many dead letters there are of each reason, the most frequent first."""
        with self._relay_lock:
            return self._letters.reasons()
