"""The client that is awaited, on asyncio or trio; beyond awaiting it is the blocking one."""

from collections.abc import Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, Self, TypeVar, overload

from ferryman import operations as say
from ferryman._core.account import Account
from ferryman._core.batch import BatchResult
from ferryman._core.flow import deliver, deliver_batch, insist, opened
from ferryman._core.message import Api, Operation, Repeat
from ferryman._core.method import AsksAsync
from ferryman._core.person import AnyObjectId, PersonId
from ferryman._core.retry import Retry
from ferryman._io.aio import AsyncDriver
from ferryman._io.options import Http, Mode
from ferryman._io.watch import Observer, log_exchange, watched
from ferryman.operations.pipelines.speaking import Pipelines
from ferryman.operations.verbs import Reads, Writes
from ferryman.plan import Event, Person, TrackingPlan
from ferryman.plan.tracking import E_contra, P_contra

from .speaker import Speaker, content, repeating

T = TypeVar("T")


class AsyncClient(Speaker[AsyncDriver], AsksAsync, Writes, Reads, Generic[E_contra, P_contra]):
    """Says operations to Customer.io now; its methods are awaited (asyncio or trio).

    Arguments, methods and errors are those of :class:`Client`. Each event loop has connections
    of its own.
    """

    def __init__(
        self,
        account: Account,
        *,
        retry: Retry | None = None,
        http: Http | None = None,
        mode: Mode = "live",
        observers: tuple[Observer, ...] = (log_exchange,),
        plan: TrackingPlan[E_contra, P_contra] | None = None,
    ) -> None:
        driver = AsyncDriver(http or Http(), mode=mode, observers=observers)
        super().__init__(account, retry, mode, driver)
        self.plan = watched(plan)

    @cached_property
    def pipelines(self) -> Pipelines[Coroutine[Any, Any, None], E_contra, P_contra]:
        """What goes to the Pipelines API: see :mod:`ferryman.operations.pipelines`."""
        return Pipelines(self._say, self.plan)

    async def perform(self, operation: Operation[T]) -> T:
        """Say *operation* and return its answer; raise Undelivered when there is none.

        The plan is asked whether it has the class of a typed event.
        """
        self._admit(operation)
        return await self._say(operation)

    async def _say(self, operation: Operation[T]) -> T:
        stamped, request = self._one(operation)
        return opened(await self._driver.run(deliver(stamped, request, **self._timing())))

    @overload
    async def track(
        self,
        person: PersonId,
        event: E_contra,
        /,
        *,
        id: str | None = ...,
        timestamp: datetime | None = ...,
    ) -> None: ...
    @overload
    async def track(
        self: "AsyncClient[Event, Any]",
        person: PersonId,
        event: str,
        /,
        *,
        data: Mapping[str, object] | None = ...,
        id: str | None = ...,
        timestamp: datetime | None = ...,
    ) -> None: ...
    async def track(self, person: PersonId, event: Any, /, **given: Any) -> None:
        """Say that *person* did *event*: see :func:`ferryman.operations.track`."""
        if self.plan is not None:
            event, given["data"] = self.plan.admit_event(event, given.get("data"))
        await self._say(say.track(person, event, **given))

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
    ) -> None: ...
    @overload
    async def identify(
        self: "AsyncClient[Any, Person]",
        person: PersonId,
        attributes: Mapping[str, object],
        /,
        *,
        update_only: bool = ...,
        relationships_to: Sequence[AnyObjectId]
        | Mapping[AnyObjectId, Mapping[str, Any]]
        | None = ...,
        timestamp: datetime | None = ...,
    ) -> None: ...
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
    ) -> None:
        """Create or update *person*: see :func:`ferryman.operations.identify`."""
        if self.plan is not None:
            attributes = self.plan.admit_person(attributes)
        await self._say(
            say.identify(
                person,
                attributes,
                update_only=update_only,
                relationships_to=relationships_to,
                timestamp=timestamp,
            )
        )

    async def batch(self, operations: Iterable[Operation[Any]]) -> BatchResult:
        """Say many *operations* in as few requests as they fit in: see :meth:`Client.batch`."""
        stamped = self._many(operations)
        flow = deliver_batch(stamped, self.account.address_batch, **self._timing())
        return opened(await self._driver.run(flow))

    async def request(
        self,
        method: str,
        path: str,
        /,
        *,
        api: Api | None = None,
        query: Mapping[str, str | int | bool] | None = None,
        json: object = None,
        repeat: Repeat | None = None,
    ) -> Any:
        """Send a request that has no method yet: see :meth:`Client.request`."""
        request = self._raw(method, path, api, query, json)
        flow = insist(request, repeat=repeating(method, repeat), own_path=True, **self._timing())
        return content(await self._driver.run(flow))

    async def aclose(self) -> None:
        """Close this loop's connections; closing twice is fine."""
        self._closed = True
        await self._driver.aclose()

    def abandon(self) -> None:
        """Let go without awaiting: for when the loop it ran on is gone."""
        self._closed = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()
