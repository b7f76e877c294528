"""What waits in an outbox, what may become of it, and what a store promises. Pure.

A store keeps entries and knows nothing of Customer.io; the relay carries them and knows nothing
of SQL. The Protocol below is the seam between them.
"""

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import msgspec

from ferryman._core.message import Level, Operation
from ferryman.operations import CATALOGUE


class Entry(msgspec.Struct, frozen=True, gc=False):
    """An accepted operation in its place: ``seq`` is the order of acceptance in its store.

    It is 0 until a store gives it its place, once.
    """

    seq: int
    id: str
    name: str
    key: str
    body: bytes
    other: str = ""
    barrier: bool = False
    path: str = ""
    at: int = 0

    @staticmethod
    def of(operation: Operation[Any], ident: str, at: int) -> "Entry":
        """Return *operation* as an entry, stamped with *ident* and *at* (Unix seconds)."""
        return Entry(
            0,
            operation.id or ident,
            operation.endpoint.name,
            operation.key,
            operation.completed(ident, at),
            operation.other,
            operation.barrier,
            operation.path,
            at,
        )

    def operation(self) -> Operation[Any]:
        """Return the operation again, complete as it was accepted."""
        return Operation(
            CATALOGUE[self.name],
            self.key,
            self.body,
            self.path,
            self.other,
            self.barrier,
            self.id,
            self.at,
        )

    def __repr__(self) -> str:
        """Show place and name: the key is a person."""
        return f"<Entry {self.seq} {self.name}>"


class Done(msgspec.Struct, frozen=True):
    """Customer.io took it."""

    entry: Entry


class Dead(msgspec.Struct, frozen=True):
    """It cannot be delivered as it is: kept aside with the reason, for a person to decide.

    ``maybe_delivered`` says that it may have arrived all the same: it was sent, no answer came,
    and a second one might do a second thing.
    """

    entry: Entry
    reason: str
    field: str = ""
    message: str = ""
    status: int = 0
    attempts: int = 1
    maybe_delivered: bool = False


Verdict: TypeAlias = Done | Dead


class Counts(msgspec.Struct, frozen=True):
    """The accounts of a store; at every moment they add up."""

    accepted: int = 0
    delivered: int = 0
    pending: int = 0
    dead: int = 0
    pending_bytes: int = 0
    oldest_pending_at: int | None = None
    quarantined: int = 0
    """Damaged where they were kept: put aside, or nothing of them could be read."""

    def adds_up(self) -> bool:
        """Whether each accepted operation is in exactly one place (delivery rule 2)."""
        settled = self.delivered + self.dead + self.quarantined
        return self.accepted == settled + self.pending and self.pending >= 0


class Store(Protocol):
    """Where entries are kept. Every method may be called from any thread."""

    level: Level

    def put(self, entries: Sequence[Entry]) -> None:
        """Keep new *entries*, all or none, as safe as ``level`` says before it returns.

        Their order becomes the order of acceptance. Raises OutboxFull, StoreError.
        """

    def read(self, after: int, *, limit: int, size: int) -> list[Entry]:
        """Return entries with ``seq > after`` in order, up to *limit* of them or *size* bytes."""
        ...

    def settle(self, verdicts: Sequence[Verdict], now: int) -> None:
        """Carry out *verdicts*, all or none: delivered entries go, dead ones move aside."""

    def lead(self) -> bool:
        """Return whether this store's relay is the one that delivers, becoming it if none is."""
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

    def close(self) -> None:
        """Let go of files and leadership; closing twice is fine."""
