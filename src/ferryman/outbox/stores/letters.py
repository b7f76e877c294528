"""The dead letters of a memory store, and the removals behind which none comes back.

Here must not live: what waits, or the accounts (memory.py). Whoever asks about letters holds the
relay's lock; removals are noted by those who accept, too, and have a lock of their own.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from ferryman.errors import DeadLettersFull

from ..entry import Dead, Entry
from ..protocol import Where


def keys_of(entry: Entry) -> tuple[str, ...]:
    """Return the keys of *entry*: a merge has two."""
    return (entry.key, entry.other) if entry.other else (entry.key,)


class Letters:
    """Dead letters by their places, up to *most* bytes of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_place: dict[int, Dead] = {}
        self.size = 0
        """Encoded bytes of all."""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._by_place)

    def __iter__(self) -> Iterator[Dead]:
        """Iterate over all, in no order."""
        return iter(self._by_place.values())

    def get(self, place: int) -> Dead | None:
        """Return the one at *place*, None when there is none."""
        return self._by_place.get(place)

    def bury(self, new: Sequence[Dead]) -> None:
        """Add *new* ones, or raise DeadLettersFull and add none."""
        size = self.size + sum(len(dead.entry.body) for dead in new)
        if size > self._most:
            raise DeadLettersFull(
                f"the dead letters would hold {size:,} of {self._most:,} bytes:"
                " replay, skip or purge some"
            )
        self.size = size
        for dead in new:
            self._by_place[dead.entry.seq] = dead

    def drop(self, dead: Dead) -> None:
        """Take *dead* out."""
        del self._by_place[dead.entry.seq]
        self.size -= len(dead.entry.body)

    def find(self, where: Where, after: int, limit: int) -> list[Dead]:
        """Return those of *where* behind *after*, in order, up to *limit*."""
        ordered = sorted(self._by_place.items())
        found = (dead for place, dead in ordered if place > after and where.holds(dead))
        return list(islice(found, limit))

    def reasons(self) -> dict[str, int]:
        """Return how many there are of each reason, the most frequent first."""
        counted = Counter(dead.reason for dead in self)
        return dict(sorted(counted.items(), key=lambda each: (-each[1], each[0])))

    def parking(self) -> list[Entry]:
        """Return the barriers among them."""
        return [dead.entry for dead in self if dead.parks]

    def has(self, key: str, upto: int) -> bool:
        """Whether there is one of *key* at *upto* or before."""
        return any(
            dead.entry.seq <= upto and key in (dead.entry.key, dead.entry.other) for dead in self
        )


class Removals:
    """Which keys were removed at which places, as long as something older could come back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: dict[str, set[int]] = {}

    def __len__(self) -> int:
        """Return how many keys are remembered."""
        return len(self._places)

    def note(self, key: str, place: int) -> None:
        """Remember that *key* was removed at *place*."""
        with self._lock:
            self._places.setdefault(key, set()).add(place)

    def hides(self, entry: Entry) -> bool:
        """Whether a key of *entry* was removed after it was accepted."""
        with self._lock:
            return any(
                place > entry.seq for key in keys_of(entry) for place in self._places.get(key, ())
            )

    def forget(self, key: str, needed: Callable[[int], bool]) -> None:
        """Forget the removals of *key*, but those at places that are *needed*."""
        with self._lock:
            kept = {place for place in self._places.pop(key, ()) if needed(place)}
            if kept:
                self._places[key] = kept
