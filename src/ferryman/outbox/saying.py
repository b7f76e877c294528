"""What a blocking outbox is told in words of the plan: track and identify, with their overloads.

They are written out, since a ParamSpec descriptor collapses overloads and loses the plan's
union (see operations/verbs.py). Here must not live: what becomes of an operation (outbox.py).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, overload

from ferryman import operations as say
from ferryman._core.message import Receipt
from ferryman._core.method import Keeps
from ferryman._core.person import AnyObjectId, PersonId
from ferryman.operations.pipelines.speaking import Pipelines
from ferryman.operations.verbs import Writes
from ferryman.plan import Event, Person, TrackingPlan
from ferryman.plan.tracking import E_contra, P_contra


class Saying(Keeps, Writes, Generic[E_contra, P_contra]):
    """Takes the events and people of a plan, or any where it has none, and accepts them."""

    plan: TrackingPlan[Any, Any] | None = None
    """Asked about what is tracked and identified."""

    @cached_property
    def pipelines(self) -> Pipelines[Receipt, E_contra, P_contra]:
        """What goes to the Pipelines API: see :mod:`ferryman.operations.pipelines`."""
        return Pipelines(self.accept, self.plan)

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
        return self.accept(say.track(person, event, data=data, id=id, timestamp=timestamp))

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
