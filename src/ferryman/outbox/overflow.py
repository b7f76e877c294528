"""What becomes of a call that finds the outbox full: refused, held up, or others make way.

Refusing is the default and needs nothing: the store raises OutboxFull. Every eviction is counted
(``Counts.evicted``) and said.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from ferryman._io.say import say
from ferryman.errors import ConfigurationError, OutboxFull
from ferryman.operations import CATALOGUE

from .entry import Entry
from .protocol import Store

EVENTS: Final = ("track", "page", "screen", "pipelines.track", "pipelines.page", "pipelines.screen")
_TRIES = 3
"""How often there is no room, and nobody took it, before the call is refused."""


class Block(msgspec.Struct, frozen=True):
    """Wait up to *seconds* for room, then raise OutboxFull."""

    seconds: float

    def __post_init__(self) -> None:
        if not 0 < self.seconds < float("inf"):
            raise ConfigurationError("Block: seconds must be more than 0, and finite")


class Evict(msgspec.Struct, frozen=True):
    """Throw away the oldest that wait of *operations*, events by default, until there is room.

    Names are those of the methods, such as ``"track"``, with ``"pipelines.track"`` for those of
    ``outbox.pipelines``. Raises OutboxFull where that does not make room. What is on its way
    meanwhile may be delivered and counted as evicted.
    """

    operations: tuple[str, ...] = EVENTS

    def __post_init__(self) -> None:
        for name in self.operations:
            row = CATALOGUE.get(name)
            if row is None or not row.writes:
                raise ConfigurationError(f"Evict: there is no operation {name!r}")
            if row.barrier:
                raise ConfigurationError(f"Evict: {name} changes who somebody is, and stays")


Overflow: TypeAlias = Literal["reject"] | Block | Evict
"""What becomes of a call that finds the outbox full."""


class Yielding:
    """Puts into *store* as *policy* says; *wait* sleeps until something is settled, or so long."""

    def __init__(self, store: Store, policy: Block | Evict, wait: Callable[[float], None]) -> None:
        self._store = store
        self._policy = policy
        self._wait = wait

    def put(self, entries: Sequence[Entry]) -> None:
        """Keep *entries*, making room or waiting for it; raise OutboxFull when there is none."""
        try:
            return self._store.put(entries)
        except OutboxFull as full:
            if isinstance(self._policy, Block):
                return self._put_later(entries, self._policy.seconds, full)
            return self._put_instead(entries, self._policy.operations, full)

    def _put_later(self, entries: Sequence[Entry], seconds: float, full: OutboxFull) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._wait(min(left, 0.1))
            try:
                return self._store.put(entries)
            except OutboxFull as still:
                full = still
        raise full

    def _put_instead(
        self, entries: Sequence[Entry], names: tuple[str, ...], full: OutboxFull
    ) -> None:
        size = sum(len(entry.body) for entry in entries)
        vain = 0
        while vain < _TRIES:
            last = self._store.last()
            gone = self._store.evict(names, len(entries), size)
            if gone:  # none, too, where a delivery has made room meanwhile
                say(logging.WARNING, "ferryman.outbox_evicted", operations=gone)
            try:
                return self._store.put(entries)
            except OutboxFull as still:
                full = still
            # Others may take the room, whoever made it: then it is worth another try.
            vain += not gone and self._store.last() == last
        raise full
