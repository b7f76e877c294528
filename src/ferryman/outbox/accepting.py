"""How what is said to an outbox becomes kept: admitted, stamped, put, the relay woken.

Here must not live: what an entry is made of (entry.py, saying.py), or what becomes of it
(relay.py).
"""

import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ferryman._core.message import Level, Operation, Receipt
from ferryman._core.wrong import wrong_kind
from ferryman._io.stamp import stamp
from ferryman.errors import InvalidOperation, OutboxClosed
from ferryman.plan.tracking import E_contra, P_contra

from .entry import Entry
from .many import Accepted, Make, Many
from .relay import Relay
from .saying import Saying


class Accepting(Saying[E_contra, P_contra]):
    """Accepts operations with *put*, and tells *relay* where this process delivers."""

    level: Level
    """How safe an accepted operation is: ``"power"``, ``"process"`` or ``"memory"``."""
    _closed = True  # until it is open
    _started = False
    _carries = False
    _relay: Relay
    _put: Callable[[Sequence[Entry]], None]
    _put_now: Callable[[Sequence[Entry]], None]

    @abstractmethod
    def start(self) -> None:
        """Start delivering."""

    def accept(self, operation: Operation[Any]) -> Receipt:
        """Keep *operation*; raise OutboxFull, OutboxClosed or StoreError when it was not kept.

        The plan is asked whether it has the class of a typed event. What was said by name or as
        attributes is bytes by now, and nobody asks about it: :meth:`track` does.
        """
        return self.keep_one(self.entry_of(operation, *stamp()))

    def keep_said(self, operation: Operation[Any]) -> Receipt:
        """Keep an *operation* about which the plan was asked already."""
        self.admit(operation)
        return self.keep_one(Entry.of(operation, *stamp()))

    def admit(self, operation: Operation[Any]) -> None:
        """Raise InvalidOperation for a question, ConfigurationError where a key is missing."""
        endpoint = operation.endpoint
        if not endpoint.writes:
            raise InvalidOperation(f"{operation.name} only asks: say it to a client")
        if endpoint.api not in self.apis and endpoint.authenticated:
            self.account.authorization(endpoint.api)

    def accept_many(self, operations: Iterable[Operation[Any]]) -> Accepted:
        """Keep many *operations* in order, each by itself, as :meth:`track_many` keeps events.

        About each the plan is asked as by :meth:`accept`. Returns and raises what
        :meth:`track_many` does.
        """
        return self.accept_each(self.entry_of, operations)

    def entry_of(self, operation: Operation[Any], ident: str, at: int) -> Entry:
        """Return *operation* as an entry, stamped; raises what the plan and admit() raise."""
        if not isinstance(operation, Operation):
            raise InvalidOperation(wrong_kind("an Operation", operation))
        endpoint = operation.endpoint
        if not endpoint.writes or endpoint.api not in self.apis:
            self.admit(operation)
        if operation.event is not None and self.plan is not None:
            self.plan.admit_class(operation.event)
        return Entry.of(operation, ident, at)

    def accept_each(self, make: Make, items: Iterable[Any]) -> Accepted:
        """Keep the entries that *make* makes of *items*: see :meth:`track_many`."""
        many = self.many(make, lasts=1.0)
        for entries in many.chunks(items):
            with many.telling():
                self.keep(entries)
        return many.result()

    def many(self, make: Make, *, lasts: float) -> Many:
        """Return who makes entries of many, with *make*, in chunks of up to *lasts* seconds."""
        return Many(make, self.level, stamps=stamp.run, clock=time.monotonic, lasts=lasts)

    def keep_one(self, entry: Entry) -> Receipt:
        """Keep a new *entry* and return its receipt: :meth:`keep`, of the hottest call."""
        if self._closed:
            raise OutboxClosed("the outbox is closed")
        if self._carries and not self._started:
            self.start()  # before it is kept: an outbox that was found full must be emptied
        self._put((entry,))
        if self._carries:
            self._relay.wake(len(entry.body))
        return Receipt(entry.id, self.level)

    def keep_now(self, entries: Sequence[Entry]) -> None:
        """Keep new *entries* as :meth:`keep` does, and where they have no room wait for none."""
        self.keep(entries, put=self._put_now)

    def keep(
        self, entries: Sequence[Entry], *, put: Callable[[Sequence[Entry]], None] | None = None
    ) -> None:
        """Keep new *entries*, all or none: what :meth:`accept` makes of operations."""
        if self._closed:
            raise OutboxClosed("the outbox is closed")
        if self._carries and not self._started:
            self.start()
        (put or self._put)(entries)
        if self._carries:
            size = 0
            for entry in entries:
                size += len(entry.body)
            self._relay.wake(size)
