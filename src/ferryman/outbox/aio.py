"""AsyncOutbox: the same promises; acceptance is awaited off the loop, one commit for many tasks.

Tasks that accept at the same time share one commit: the first to come takes everybody who
joined until it begins, so that a loop with 256 busy tasks pays one fsync for all of them.
"""

from collections.abc import Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import Any, Generic, Self, overload

import anyio.to_thread

from ferryman import operations as say
from ferryman._core.account import Account
from ferryman._core.message import Level, Operation, Receipt
from ferryman._core.method import KeepsAsync
from ferryman._core.outbox_keys import secret_keys
from ferryman._core.person import AnyObjectId, PersonId
from ferryman._io.stamp import stamp
from ferryman.operations.pipelines.speaking import Pipelines
from ferryman.operations.verbs import Writes
from ferryman.plan import Event, Person, TrackingPlan
from ferryman.plan.tracking import E_contra, P_contra

from .entry import Entry
from .group_aio import TaskCommit
from .letters_aio import AsyncDeadLetters
from .many import Accepted, Make
from .outbox import Outbox
from .protocol import Stats, Store
from .saying import Named, told, told_in_bulk

_TURN = 0.005
"""Seconds for which the others on the loop wait, of many that are accepted at once."""


class AsyncOutbox(KeepsAsync, Writes, Generic[E_contra, P_contra]):
    """Accepts operations from async code; arguments, promises and errors are those of Outbox.

    Use it on one asyncio event loop, in a forked child on one of its own (from trio, use Outbox
    in a thread). A task that is cancelled while it waits may have been accepted.
    """

    def __init__(
        self,
        place: str | Store,
        account: Account,
        *,
        plan: TrackingPlan[E_contra, P_contra] | None = None,
        **options: Any,
    ) -> None:
        if options.get("keys") is not None:
            options["keys"] = secret_keys(options["keys"])  # first: no traceback shows one
        self._outbox = Outbox[Any, Any](place, account, plan=plan, **options)
        self.plan = self._outbox.plan
        self.dead = AsyncDeadLetters(self._outbox.dead)
        """What could not be delivered: look at it, replay, skip or purge it."""
        self._commit = TaskCommit(
            self._outbox.keep, self._outbox.keep_now, patience=self._outbox.patience
        )
        self._keeps_at_once = self._outbox.level == "memory" and not self._outbox.patience

    @property
    def account(self) -> Account:
        """The workspace it delivers to."""
        return self._outbox.account

    @property
    def level(self) -> Level:
        """How safe an accepted operation is."""
        return self._outbox.level

    @cached_property
    def pipelines(self) -> Pipelines[Coroutine[Any, Any, Receipt], E_contra, P_contra]:
        """What goes to the Pipelines API: see :mod:`ferryman.operations.pipelines`."""
        return Pipelines(self._keep_said, self.plan)

    async def accept(self, operation: Operation[Any]) -> Receipt:
        """Keep *operation*; raise OutboxFull, OutboxClosed or StoreError when it was not kept."""
        return await self._keep_one(self._outbox.entry_of(operation, *stamp()))

    async def accept_many(self, operations: Iterable[Operation[Any]]) -> Accepted:
        """Keep many *operations*: see :meth:`Outbox.accept_many`."""
        return await self._accept_each(self._outbox.entry_of, operations)

    async def _accept_each(self, make: Make, items: Iterable[Any]) -> Accepted:
        # Entries are made here, on the loop, and kept in a thread: others get their turn then.
        many = self._outbox.many(make, lasts=_TURN)
        for entries in many.chunks(items):
            with many.telling():
                await anyio.to_thread.run_sync(self._outbox.keep, entries)
        return many.result()

    async def _keep_said(self, operation: Operation[Any]) -> Receipt:
        self._outbox.admit(operation)
        return await self._keep_one(Entry.of(operation, *stamp()))

    async def _keep_one(self, entry: Entry) -> Receipt:
        if self._keeps_at_once:
            return self._outbox.keep_one(entry)
        await self._commit.join(entry)
        return Receipt(entry.id, self.level)

    @overload
    async def track(
        self,
        person: PersonId,
        event: E_contra,
        /,
        *,
        id: str | None = ...,
        timestamp: datetime | None = ...,
    ) -> Receipt: ...
    @overload
    async def track(
        self: "AsyncOutbox[Event, Any]",
        person: PersonId,
        event: str,
        /,
        *,
        data: Mapping[str, object] | None = ...,
        id: str | None = ...,
        timestamp: datetime | None = ...,
    ) -> Receipt: ...
    async def track(
        self,
        person: PersonId,
        event: Any,
        /,
        *,
        data: Mapping[str, object] | None = None,
        id: str | None = None,
        timestamp: datetime | None = None,
    ) -> Receipt:
        """Keep that *person* did *event*: see :func:`ferryman.operations.track`."""
        if self.plan is not None:
            event, data = self.plan.admit_event(event, data)
        self._outbox.open_to_track()
        entry = told(person, event, data, id, timestamp)
        # As _keep_one has it, without a coroutine more: what is awaited here is hot.
        if self._keeps_at_once:
            return self._outbox.keep_one(entry)
        await self._commit.join(entry)
        return Receipt(entry.id, self._outbox.level)

    @overload
    async def track_many(self, events: Iterable[tuple[PersonId, E_contra]], /) -> Accepted: ...
    @overload
    async def track_many(
        self: "AsyncOutbox[Event, Any]", events: Iterable[tuple[PersonId, Event] | Named], /
    ) -> Accepted: ...
    async def track_many(self, events: Iterable[Any], /) -> Accepted:
        """Keep many events, each by itself: see :meth:`Outbox.track_many`."""
        self._outbox.open_to_track()
        return await self._accept_each(partial(told_in_bulk, self.plan), events)

    @overload
    async def identify(
        self,
        person: PersonId,
        attributes: P_contra | None = ...,
        /,
        *,
        update_only: bool = ...,
        relationships_to: Sequence[AnyObjectId]
        | Mapping[AnyObjectId, Mapping[str, Any]]
        | None = ...,
        timestamp: datetime | None = ...,
    ) -> Receipt: ...
    @overload
    async def identify(
        self: "AsyncOutbox[Any, Person]",
        person: PersonId,
        attributes: Mapping[str, object],
        /,
        *,
        update_only: bool = ...,
        relationships_to: Sequence[AnyObjectId]
        | Mapping[AnyObjectId, Mapping[str, Any]]
        | None = ...,
        timestamp: datetime | None = ...,
    ) -> Receipt: ...
    async def identify(
        self,
        person: PersonId,
        attributes: Any = None,
        /,
        *,
        update_only: bool = False,
        relationships_to: Sequence[AnyObjectId]
        | Mapping[AnyObjectId, Mapping[str, Any]]
        | None = None,
        timestamp: datetime | None = None,
    ) -> Receipt:
        """Keep who *person* is: see :func:`ferryman.operations.identify`."""
        if self.plan is not None:
            attributes = self.plan.admit_person(attributes)
        return await self.accept(
            say.identify(
                person,
                attributes,
                update_only=update_only,
                relationships_to=relationships_to,
                timestamp=timestamp,
            )
        )

    def stats(self) -> Stats:
        """Return the accounts, and how the relay is doing: see :meth:`Outbox.stats`."""
        return self._outbox.stats()

    async def flush(self, timeout: float | None = None) -> None:
        """Wait until everything accepted before the call is delivered: see :meth:`Outbox.flush`."""
        await anyio.to_thread.run_sync(self._outbox.flush, timeout)

    async def aclose(self, timeout: float = 5.0) -> None:
        """Deliver what waits for up to *timeout* seconds, then let go: see :meth:`Outbox.close`."""
        await anyio.to_thread.run_sync(self._outbox.close, timeout)

    def abandon(self) -> None:
        """Close without awaiting: for when the loop it ran on is gone."""
        self._outbox.close()

    def __repr__(self) -> str:
        """Show how safe it is, and the account with its keys masked."""
        return f"<Async{repr(self._outbox)[1:]}"

    async def __aenter__(self) -> Self:
        self._outbox.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()
