"""The Pipelines API in a speaker's mouth: ``client.pipelines``, ``outbox.pipelines``.

One class for every colour: *R* is what a call returns, None of a client and a Receipt of an
outbox, or the awaitable of it. Nothing is decided here; track and identify are written out,
since a descriptor would collapse their overloads.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, overload

from ferryman._core.message import Operation
from ferryman._core.method import Method, R_co, Speaks
from ferryman._core.person import Anonymous, PersonId
from ferryman.operations import pipelines as say
from ferryman.plan import Event, Person, TrackingPlan
from ferryman.plan.tracking import E_contra, P_contra


class Pipelines(Speaks[R_co], Generic[R_co, E_contra, P_contra]):
    """Says operations to the Pipelines API, as the client or outbox does that holds it."""

    def __init__(
        self,
        speak: Callable[[Operation[None]], R_co],
        plan: TrackingPlan[E_contra, P_contra] | None,
    ) -> None:
        self._speak = speak
        self._plan = plan

    def speak(self, operation: Operation[Any]) -> R_co:
        """Say *operation* as the speaker does."""
        return self._speak(operation)

    page = Method(say.page)
    screen = Method(say.screen)
    group = Method(say.group)
    alias = Method(say.alias)
    add_device = Method(say.add_device)
    delete_device = Method(say.delete_device)
    delete = Method(say.delete)
    suppress = Method(say.suppress)
    unsuppress = Method(say.unsuppress)
    delete_relationship = Method(say.delete_relationship)
    delete_object = Method(say.delete_object)
    report_delivery = Method(say.report_delivery)

    @overload
    def track(
        self,
        person: PersonId,
        event: E_contra,
        /,
        *,
        context: Mapping[str, object] | None = ...,
        integrations: Mapping[str, object] | None = ...,
        id: str | None = ...,
        timestamp: datetime | None = ...,
    ) -> R_co: ...
    @overload
    def track(
        self: "Pipelines[R_co, Event, Any]",
        person: PersonId,
        event: str,
        /,
        *,
        data: Mapping[str, object] | None = ...,
        context: Mapping[str, object] | None = ...,
        integrations: Mapping[str, object] | None = ...,
        id: str | None = ...,
        timestamp: datetime | None = ...,
    ) -> R_co: ...
    def track(self, person: PersonId, event: Any, /, **given: Any) -> R_co:
        """Say that *person* did *event*: see :func:`ferryman.operations.pipelines.track`."""
        if self._plan is not None:
            event, given["data"] = self._plan.admit_event(event, given.get("data"))
        return self._speak(say.track(person, event, **given))

    @overload
    def identify(
        self,
        person: PersonId,
        traits: P_contra | None = ...,
        /,
        *,
        anonymous: Anonymous | None = ...,
        context: Mapping[str, object] | None = ...,
        integrations: Mapping[str, object] | None = ...,
        id: str | None = ...,
        timestamp: datetime | None = ...,
    ) -> R_co: ...
    @overload
    def identify(
        self: "Pipelines[R_co, Any, Person]",
        person: PersonId,
        traits: Mapping[str, object],
        /,
        *,
        anonymous: Anonymous | None = ...,
        context: Mapping[str, object] | None = ...,
        integrations: Mapping[str, object] | None = ...,
        id: str | None = ...,
        timestamp: datetime | None = ...,
    ) -> R_co: ...
    def identify(self, person: PersonId, traits: Any = None, /, **given: Any) -> R_co:
        """Create or update *person*: see :func:`ferryman.operations.pipelines.identify`."""
        if self._plan is not None:
            traits = self._plan.admit_person(traits)
        return self._speak(say.identify(person, traits, **given))
