"""What a blocking outbox is told in words of the plan: track and identify, with their overloads.

They are written out, since a ParamSpec descriptor collapses overloads and loses the plan's
union (see operations/verbs.py). Here must not live: what becomes of an operation (outbox.py).
"""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import Any, Generic, TypeAlias, overload

from ferryman import operations as say
from ferryman._core.account import Account
from ferryman._core.message import Api, Operation, Receipt
from ferryman._core.method import Keeps
from ferryman._core.person import AnyObjectId, PersonId
from ferryman._io.stamp import stamp
from ferryman.errors import InvalidOperation
from ferryman.operations.events import tracked
from ferryman.operations.pipelines.speaking import Pipelines
from ferryman.operations.verbs import Writes
from ferryman.plan import Event, Person, TrackingPlan
from ferryman.plan.tracking import E_contra, P_contra

from .entry import Entry
from .many import Accepted, Make

Named: TypeAlias = tuple[PersonId, str] | tuple[PersonId, str, Mapping[str, object] | None]
"""An event by name: ``(person, name)`` or ``(person, name, data)``."""


def told(
    person: PersonId,
    event: Any,
    data: Mapping[str, object] | None,
    id: str | None,
    timestamp: datetime | None,
) -> Entry:
    """Return an event as an entry, stamped now."""
    ident, at = stamp()
    if id is None and timestamp is None:
        usual = tracked(person, event, data, ident, at)  # no operation in between
        if usual is not None:
            return Entry(0, ident, "track", usual[0], usual[1], "", False, "", at)
    operation = say.track(person, event, data=data, id=id, timestamp=timestamp)
    return Entry.of(operation, ident, at)


def told_in_bulk(plan: TrackingPlan[Any, Any] | None, item: Any, ident: str, at: int) -> Entry:
    """Return one item of ``track_many`` as an entry, stamped with *ident* and *at*."""
    person: Any
    event: Any
    data: Mapping[str, object] | None
    if item.__class__ is tuple and len(item) == 2:
        person, event = item
        data = None
    else:
        person, event, data = _of_item(item)
    if plan is not None:
        event, data = plan.admit_event(event, data)
    usual = tracked(person, event, data, ident, at)
    if usual is None:
        return Entry.of(say.track(person, event, data=data), ident, at)
    return Entry(0, ident, "track", usual[0], usual[1], "", False, "", at)


def _of_item(item: Any) -> tuple[Any, Any, Any]:
    match item:
        case (person, event):
            return person, event, None
        case (person, event, data):
            return person, event, data
        case _:
            raise InvalidOperation("must be (person, event) or (person, name, data)")


class Saying(Keeps, Writes, Generic[E_contra, P_contra]):
    """Takes the events and people of a plan, or any where it has none, and accepts them."""

    account: Account
    apis: frozenset[Api]
    """Those that the account has keys for."""
    plan: TrackingPlan[Any, Any] | None = None
    """Asked about what is tracked and identified."""

    @cached_property
    def pipelines(self) -> Pipelines[Receipt, E_contra, P_contra]:
        """What goes to the Pipelines API: see :mod:`ferryman.operations.pipelines`."""
        return Pipelines(self.keep_said, self.plan)

    @overload
    def track(
        self,
        person: PersonId,
        event: E_contra,
        /,
        *,
        id: str | None = ...,
        timestamp: datetime | None = ...,
    ) -> Receipt: ...
    @overload
    def track(
        self: "Saying[Event, Any]",
        person: PersonId,
        event: str,
        /,
        *,
        data: Mapping[str, object] | None = ...,
        id: str | None = ...,
        timestamp: datetime | None = ...,
    ) -> Receipt: ...
    def track(
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
        if "track" not in self.apis:
            self.open_to_track()
        return self.keep_one(told(person, event, data, id, timestamp))

    @overload
    def track_many(self, events: Iterable[tuple[PersonId, E_contra]], /) -> Accepted: ...
    @overload
    def track_many(
        self: "Saying[Event, Any]", events: Iterable[tuple[PersonId, Event] | Named], /
    ) -> Accepted: ...
    def track_many(self, events: Iterable[Any], /) -> Accepted:
        """Keep many events, each ``(person, event)`` or ``(person, name, data)``, in order.

        They are kept in chunks of 2,000, or of what came within a second, each event accepted or
        refused by itself, and encoded before the next is asked for; the plan is asked about each.
        Where *events* raises, what it gave before is kept. For ids and timestamps of your own use
        :meth:`accept_many`.

        Returns :class:`Accepted`, whose ``refused`` you have to look at. Raises OutboxFull,
        OutboxClosed, StoreError and ConfigurationError with ``accepted``: the same of those
        before. What follows was neither accepted nor refused.
        """
        self.open_to_track()
        return self.accept_each(partial(told_in_bulk, self.plan), events)

    def open_to_track(self) -> None:
        """Raise ConfigurationError where the account lacks the key that events need."""
        if "track" not in self.apis:
            self.account.authorization("track")

    @abstractmethod
    def keep_said(self, operation: Operation[Any]) -> Receipt:
        """Keep an *operation* about which the plan was asked already."""

    @abstractmethod
    def keep_one(self, entry: Entry) -> Receipt:
        """Keep a new *entry* and return its receipt."""

    @abstractmethod
    def accept_each(self, make: Make, items: Iterable[Any]) -> Accepted:
        """Keep the entries that *make* makes of *items*."""

    @overload
    def identify(
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
    def identify(
        self: "Saying[Any, Person]",
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
    def identify(
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
        return self.accept(
            say.identify(
                person,
                attributes,
                update_only=update_only,
                relationships_to=relationships_to,
                timestamp=timestamp,
            )
        )
