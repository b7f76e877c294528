"""The client that blocks. track and identify are written out: see operations/verbs.py."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, Self, TypeVar, overload

from ferryman import operations as say
from ferryman._core.account import Account
from ferryman._core.batch import BatchResult
from ferryman._core.flow import deliver, deliver_batch, insist, opened
from ferryman._core.message import Api, Operation, Repeat
from ferryman._core.method import Asks
from ferryman._core.person import AnyObjectId, PersonId
from ferryman._core.retry import Retry
from ferryman._io.options import Http, Mode
from ferryman._io.sync import SyncDriver
from ferryman._io.watch import Observer, log_exchange, watched
from ferryman.operations.pipelines.speaking import Pipelines
from ferryman.operations.verbs import Reads, Writes
from ferryman.plan import Event, Person, TrackingPlan
from ferryman.plan.tracking import E_contra, P_contra

from .speaker import Speaker, content, repeating

T = TypeVar("T")


class Client(Speaker[SyncDriver], Asks, Writes, Reads, Generic[E_contra, P_contra]):
    """Says operations to Customer.io now, and returns when they are answered.

    *account* holds the keys and the place, *retry* how failures are repeated (3 times), *http*
    timeouts, proxies and the certificate authority. ``mode="off"`` checks and counts everything
    and sends nothing. *observers* are called with a frozen value for each request. *plan* is
    asked about what is tracked and identified: see :class:`TrackingPlan`.

    Safe to share between threads; a forked child uses connections of its own. Close it, or use
    it as a context manager. Every method raises InvalidOperation before anything is sent, and
    an :class:`Undelivered` when Customer.io did not take it; after :meth:`close`, ClientClosed.
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
        driver = SyncDriver(http or Http(), mode=mode, observers=observers)
        super().__init__(account, retry, mode, driver)
        self.plan = watched(plan)

    @cached_property
    def pipelines(self) -> Pipelines[None, E_contra, P_contra]:
        """What goes to the Pipelines API: see :mod:`ferryman.operations.pipelines`."""
        return Pipelines(self._say, self.plan)

    def perform(self, operation: Operation[T]) -> T:
        """Say *operation* and return its answer; raise Undelivered when there is none.

        The plan is asked whether it has the class of a typed event.
        """
        self._admit(operation)
        return self._say(operation)

    def _say(self, operation: Operation[T]) -> T:
        stamped, request = self._one(operation)
        return opened(self._driver.run(deliver(stamped, request, **self._timing())))

    @overload
    def track(
        self,
        person: PersonId,
        event: E_contra,
        /,
        *,
        id: str | None = ...,
        timestamp: datetime | None = ...,
    ) -> None: ...
    @overload
    def track(
        self: "Client[Event, Any]",
        person: PersonId,
        event: str,
        /,
        *,
        data: Mapping[str, object] | None = ...,
        id: str | None = ...,
        timestamp: datetime | None = ...,
    ) -> None: ...
    def track(self, person: PersonId, event: Any, /, **given: Any) -> None:
        """Say that *person* did *event*: see :func:`ferryman.operations.track`."""
        if self.plan is not None:
            event, given["data"] = self.plan.admit_event(event, given.get("data"))
        self._say(say.track(person, event, **given))

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
    ) -> None: ...
    @overload
    def identify(
        self: "Client[Any, Person]",
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
    ) -> None:
        """Create or update *person*: see :func:`ferryman.operations.identify`."""
        if self.plan is not None:
            attributes = self.plan.admit_person(attributes)
        self._say(
            say.identify(
                person,
                attributes,
                update_only=update_only,
                relationships_to=relationships_to,
                timestamp=timestamp,
            )
        )

    def batch(self, operations: Iterable[Operation[Any]]) -> BatchResult:
        """Say many *operations* in as few requests as 500,000 bytes each allow.

        What goes by Track is said first, then what goes by Pipelines, each in its order. Returns
        what became of each; look at ``rejected`` or call ``raise_for_rejected()``.
        Raises InvalidOperation, before anything is sent, for one that cannot be in a batch, and
        Undelivered when a request failed as a whole (its ``done`` is the part before it).

        https://docs.customer.io/integrations/api/track/#operation/batch
        """
        stamped = self._many(operations)
        flow = deliver_batch(stamped, self.account.address_batch, **self._timing())
        return opened(self._driver.run(flow))

    def request(
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
        """Send a request that has no method yet; return the decoded JSON, or None for none.

        *path* is percent-encoded and has no query; *api* is guessed from it (``/api/`` is
        Track, else App). *json* is encoded by the rules of values. POST and PATCH are not
        repeated blindly unless *repeat* says that they may be. A path that Customer.io does not
        know is NotFound.

        https://docs.customer.io/integrations/api/
        """
        request = self._raw(method, path, api, query, json)
        flow = insist(request, repeat=repeating(method, repeat), own_path=True, **self._timing())
        return content(self._driver.run(flow))

    def close(self) -> None:
        """Close the connections; closing twice is fine."""
        self._closed = True
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
