"""What a store promises. Pure.

A store keeps entries and knows nothing of Customer.io; the relay carries them and knows nothing
of SQL. The Protocol below is the seam between them; `ferryman.testing.StoreContract` tries it.
"""

from collections.abc import Collection, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from ferryman._core.message import Api, Level

from .entry import Dead, Entry, Verdict

Health: TypeAlias = Literal["well", "away", "paused"]
"""Whether an API takes what it is sent, does not, or refuses the key."""


class Counts(msgspec.Struct, frozen=True):
    """The accounts of a store; at every moment they add up.

    ``cancelled`` made way for a newer delete or suppress, ``skipped`` and ``purged`` were thrown
    away by a person, ``evicted`` by the policy for a full outbox, ``quarantined`` are damaged
    where they were kept. ``parked`` counts the dead ones behind which others wait.
    """

    accepted: int = 0
    delivered: int = 0
    pending: int = 0
    dead: int = 0
    cancelled: int = 0
    skipped: int = 0
    purged: int = 0
    evicted: int = 0
    quarantined: int = 0
    pending_bytes: int = 0
    dead_bytes: int = 0
    parked: int = 0
    oldest_pending_at: int | None = None

    def adds_up(self) -> bool:
        """Whether each accepted operation is in exactly one place (delivery rule 2)."""
        thrown = self.cancelled + self.skipped + self.purged + self.evicted
        settled = self.delivered + self.dead + thrown + self.quarantined
        return self.accepted == settled + self.pending and self.pending >= 0


class Stats(Counts, frozen=True):
    """The accounts of an outbox's store, and how its own relay is doing.

    ``reasons`` tells how many dead letters there are of each reason. ``retries`` counts the
    requests that were repeated since the outbox was opened. ``relay`` has, for each API that was
    sent anything, ``"well"``, ``"away"`` or ``"paused"`` (the key was refused); it is empty
    where another process delivers.
    """

    reasons: dict[str, int] = {}
    retries: int = 0
    relay: dict[Api, Health] = {}
    oldest_pending_seconds: float = 0.0
    """For how long the oldest that waits has waited."""


class Bounds(msgspec.Struct, frozen=True):
    """How much a store holds: encoded bytes and operations that wait, bytes that are dead."""

    bytes: int
    entries: int
    dead_bytes: int

    def spare(self) -> "Bounds":
        """Return what an eviction frees beyond what it must, so that not each call needs one."""
        return Bounds(self.bytes // 64, self.entries // 64, 0)


class Where(msgspec.Struct, frozen=True):
    """Which dead letters: each given value must be theirs; *key* may be either of a merge's."""

    reason: str | None = None
    name: str | None = None
    key: str | None = None
    maybe_delivered: bool | None = None
    parks: bool | None = None

    def holds(self, dead: Dead) -> bool:
        """Whether *dead* is one of them."""
        entry = dead.entry
        return (
            (self.reason is None or self.reason == dead.reason)
            and (self.name is None or self.name == entry.name)
            and (self.key is None or self.key in (entry.key, entry.other))
            and (self.maybe_delivered is None or self.maybe_delivered == dead.maybe_delivered)
            and (self.parks is None or self.parks == dead.parks)
        )


Obstacle: TypeAlias = Literal["gone", "removed"]
"""Why a dead letter cannot be replayed: it is not there, or its person was removed since."""


class Replayed(msgspec.Struct, frozen=True):
    """Which dead letters wait again, and which do not."""

    places: tuple[int, ...] = ()
    refused: tuple[tuple[int, Obstacle], ...] = ()


class Store(Protocol):
    """Where entries are kept. Every method may be called from any thread."""

    level: Level

    def put(self, entries: Sequence[Entry]) -> None:
        """Keep new *entries*, all or none, as safe as ``level`` says before it returns.

        Their order becomes the order of acceptance. Raises OutboxFull, StoreError.
        """

    def evict(self, names: Collection[str], entries: int, size: int) -> int:
        """Throw away the oldest that wait of those *names*; return how many went.

        As many as it takes until *entries* more, of *size* bytes, have room; none where that
        would not do.
        """
        ...

    def read(self, after: int, *, limit: int, size: int) -> list[Entry]:
        """Return entries with ``seq > after`` in order, up to *limit* of them or *size* bytes."""
        ...

    def settle(self, verdicts: Sequence[Verdict], now: int) -> None:
        """Carry out *verdicts*, all or none: delivered entries go, dead ones move aside.

        What waits no more is left out. Raises DeadLettersFull, StoreError.
        """

    def begin(self, places: Sequence[int], *, sent: bool) -> None:
        """Note that *places* are being sent, or (not *sent*) that they never arrived.

        Kept as safe as ``level`` says, until they are settled.
        """

    def begun(self) -> set[int]:
        """Return the places that were noted so, by whichever relay."""
        ...

    def lead(self) -> bool:
        """Return whether this store's relay is the one that delivers, becoming it if none is."""
        ...

    def epoch(self) -> int:
        """Return a number that grows when what waits changed in another way than by put and settle.

        So it does, too, when a key was parked: the relay then reads anew.
        """
        ...

    def parked(self) -> set[str]:
        """Return the keys whose operations wait until a person replays or skips a dead one."""
        ...

    def last(self) -> int:
        """Return the ``seq`` of the newest accepted entry, 0 for none ever."""
        ...

    def pending(self, upto: int) -> int:
        """Return how many entries with ``seq <= upto`` may still wait: 0 when none does."""
        ...

    def counts(self) -> Counts:
        """Return the accounts."""
        ...

    def dead(self, where: Where, *, after: int, limit: int) -> list[Dead]:
        """Return dead letters with ``seq > after`` in order of acceptance, up to *limit*."""
        ...

    def reasons(self) -> dict[str, int]:
        """Return how many dead letters there are of each reason."""
        ...

    def replay(self, places: Sequence[int]) -> Replayed:
        """Let dead letters wait again, each in its old place, unless its person was removed."""
        ...

    def skip(self, places: Sequence[int]) -> int:
        """Throw dead letters away, so that what was parked goes on; return how many there were."""
        ...

    def purge(self, places: Sequence[int]) -> int:
        """Throw dead letters away because they must not be kept; return how many there were."""
        ...

    def purge_key(self, key: str) -> int:
        """Throw away everything of *key* that waits or is dead; return how many there were."""
        ...

    def close(self) -> None:
        """Let go of files and leadership; closing twice is fine."""
