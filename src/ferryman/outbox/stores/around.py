"""A store around a store: passes everything on, for those that change a part of it."""

from collections.abc import Collection, Sequence

from ferryman._core.message import Level

from ..entry import Dead, Entry, Verdict
from ..protocol import Counts, Replayed, Store, Where


class Around:
    """Passes every call on to *store*."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.level: Level = store.level

    def put(self, entries: Sequence[Entry]) -> None:
        """Keep *entries*."""
        self._store.put(entries)

    def evict(self, names: Collection[str], entries: int, size: int) -> int:
        """Throw away the oldest of those *names*."""
        return self._store.evict(names, entries, size)

    def read(self, after: int, *, limit: int, size: int) -> list[Entry]:
        """Return entries behind *after*."""
        return self._store.read(after, limit=limit, size=size)

    def settle(self, verdicts: Sequence[Verdict], now: int) -> None:
        """Carry out *verdicts*."""
        self._store.settle(verdicts, now)

    def begin(self, places: Sequence[int], *, sent: bool) -> None:
        """Note what is being sent."""
        self._store.begin(places, sent=sent)

    def begun(self) -> set[int]:
        """Return what was being sent."""
        return self._store.begun()

    def lead(self) -> bool:
        """Return whether this store's relay delivers."""
        return self._store.lead()

    def epoch(self) -> int:
        """Return the number of the last change."""
        return self._store.epoch()

    def parked(self) -> set[str]:
        """Return the keys behind a dead barrier."""
        return self._store.parked()

    def last(self) -> int:
        """Return the place of the newest entry."""
        return self._store.last()

    def pending(self, upto: int) -> int:
        """Return how many may still wait."""
        return self._store.pending(upto)

    def counts(self) -> Counts:
        """Return the accounts."""
        return self._store.counts()

    def dead(self, where: Where, *, after: int, limit: int) -> list[Dead]:
        """Return dead letters."""
        return self._store.dead(where, after=after, limit=limit)

    def reasons(self) -> dict[str, int]:
        """Return how many dead letters there are of each reason."""
        return self._store.reasons()

    def replay(self, places: Sequence[int]) -> Replayed:
        """Let dead letters wait again."""
        return self._store.replay(places)

    def skip(self, places: Sequence[int]) -> int:
        """Throw dead letters away, so that what was parked goes on."""
        return self._store.skip(places)

    def purge(self, places: Sequence[int]) -> int:
        """Throw dead letters away because they must not be kept."""
        return self._store.purge(places)

    def purge_key(self, key: str) -> int:
        """Throw away everything of *key*."""
        return self._store.purge_key(key)

    def forked(self) -> None:
        """Begin anew in a forked child."""
        forked = getattr(self._store, "forked", None)
        if forked is not None:
            forked()

    def close(self) -> None:
        """Close the store."""
        self._store.close()
