"""Asks Customer.io now and returns the answer: Client blocks, AsyncClient is awaited.

No decision about Customer.io stands here: flows decide, drivers perform. track and identify are
written out in both colours (see operations/verbs.py); everything else is declared once.
"""

import random
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Self, TypeVar, overload

from ferryman import operations as say
from ferryman._core.account import Account, checked_path
from ferryman._core.answer import failure, parsed
from ferryman._core.batch import BatchResult
from ferryman._core.encode import encode_value
from ferryman._core.flow import deliver, deliver_batch, insist, opened
from ferryman._core.message import Answer, Api, Operation, Repeat, Reply, Request
from ferryman._core.method import Asks, AsksAsync
from ferryman._core.person import AnyObjectId, PersonId
from ferryman._core.retry import Retry
from ferryman._io.aio import AsyncDriver
from ferryman._io.options import Http, Mode
from ferryman._io.stamp import stamp
from ferryman._io.sync import SyncDriver
from ferryman._io.watch import Observer, log_exchange
from ferryman.errors import InvalidOperation
from ferryman.operations.verbs import Reads, Writes
from ferryman.plan import Event, Person

T = TypeVar("T")
D = TypeVar("D", SyncDriver, AsyncDriver)


class _Speaker(Generic[D]):
    """What both colours share: the account, the policy, and how a call becomes a flow."""

    def __init__(self, account: Account, retry: Retry | None, mode: Mode, driver: D) -> None:
        self.account = account
        self.retry = retry or Retry()
        self.mode = mode
        self._driver = driver
        self._said: Counter[str] = Counter()
        self._closed = False

    def stats(self) -> Mapping[str, int]:
        """Return how often each operation was said since the start, in mode ``off`` too."""
        return dict(self._said)

    def __repr__(self) -> str:
        """Show the account with its keys masked."""
        return f"<{type(self).__name__} {self.account!r}>"

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            warnings.warn(f"{type(self).__name__} was not closed", ResourceWarning, stacklevel=2)

    def _timing(self) -> dict[str, Any]:
        return {"retry": self.retry, "chance": random.random, "now": time.time}

    def _one(self, operation: Operation[T]) -> tuple[Operation[T], Request]:
        self._said[operation.name] += 1
        stamped = operation.stamped(*stamp())
        return stamped, self.account.address(stamped)

    def _many(self, operations: Iterable[Operation[Any]]) -> list[Operation[Any]]:
        found = list(operations)
        for index, operation in enumerate(found):
            if not isinstance(operation, Operation):
                raise InvalidOperation(
                    f"must be an Operation, not {type(operation).__name__}", field=f"batch[{index}]"
                )
            if not operation.endpoint.batches:
                raise InvalidOperation(
                    f"{operation.name} cannot be in a batch; say it alone", field=f"batch[{index}]"
                )
        self._said["batch"] += 1
        return [operation.stamped(*stamp()) for operation in found]

    def _raw(
        self,
        method: str,
        path: str,
        api: Api | None,
        query: Mapping[str, str | int | bool] | None,
        json: object,
    ) -> Request:
        if method.upper() not in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            raise InvalidOperation("must be an HTTP method", field="method")
        self._said["request"] += 1
        where = api or ("track" if path.startswith(("/api/", "/unsubscribe/")) else "app")
        body = None if json is None else encode_value(json, where, at="json")
        return self.account.request(
            method.upper(), checked_path(path), api=where, query=query, body=body, template="(raw)"
        )


def _repeat(method: str, repeat: Repeat | None) -> Repeat:
    if repeat is not None:
        return repeat
    return Repeat.ONCE if method.upper() in ("POST", "PATCH") else Repeat.SAME


def _content(answer: Answer) -> Any:
    error = failure(answer, operation="request", now=time.time())
    if error is not None:
        raise error
    return parsed(answer.body) if isinstance(answer, Reply) else None


class Client(_Speaker[SyncDriver], Asks, Writes, Reads):
    """Says operations to Customer.io now, and returns when they are answered.

    *account* holds the keys and the place, *retry* how failures are repeated (3 times), *http*
    timeouts, proxies and the certificate authority. ``mode="off"`` checks and counts everything
    and sends nothing. *observers* are called with a frozen value for each request.

    Safe to share between threads; a forked child uses connections of its own. Close it, or use
    it as a context manager. Every method raises InvalidOperation before anything is sent, and
    an :class:`Undelivered` when Customer.io did not take it.
    """

    def __init__(
        self,
        account: Account,
        *,
        retry: Retry | None = None,
        http: Http | None = None,
        mode: Mode = "live",
        observers: tuple[Observer, ...] = (log_exchange,),
    ) -> None:
        driver = SyncDriver(http or Http(), mode=mode, observers=observers)
        super().__init__(account, retry, mode, driver)

    def perform(self, operation: Operation[T]) -> T:
        """Say *operation* and return its answer; raise Undelivered when there is none."""
        stamped, request = self._one(operation)
        return opened(self._driver.run(deliver(stamped, request, **self._timing())))

    @overload
    def track(
        self,
        person: PersonId,
        event: Event,
        /,
        *,
        id: str | None = ...,
        timestamp: datetime | None = ...,
    ) -> None: ...
    @overload
    def track(
        self,
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
        self.perform(say.track(person, event, **given))

    def identify(
        self,
        person: PersonId,
        attributes: Person | Mapping[str, object] | None = None,
        /,
        *,
        update_only: bool = False,
        relationships_to: Sequence[AnyObjectId]
        | Mapping[AnyObjectId, Mapping[str, Any]]
        | None = None,
        timestamp: datetime | None = None,
    ) -> None:
        """Create or update *person*: see :func:`ferryman.operations.identify`."""
        self.perform(
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

        Returns what became of each; look at ``rejected`` or call ``raise_for_rejected()``.
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
        repeated blindly unless *repeat* says that they may be.

        https://docs.customer.io/integrations/api/
        """
        request = self._raw(method, path, api, query, json)
        flow = insist(request, repeat=_repeat(method, repeat), **self._timing())
        return _content(self._driver.run(flow))

    def close(self) -> None:
        """Close the connections; closing twice is fine."""
        self._closed = True
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class AsyncClient(_Speaker[AsyncDriver], AsksAsync, Writes, Reads):
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
    ) -> None:
        driver = AsyncDriver(http or Http(), mode=mode, observers=observers)
        super().__init__(account, retry, mode, driver)

    async def perform(self, operation: Operation[T]) -> T:
        """Say *operation* and return its answer; raise Undelivered when there is none."""
        stamped, request = self._one(operation)
        return opened(await self._driver.run(deliver(stamped, request, **self._timing())))

    @overload
    async def track(
        self,
        person: PersonId,
        event: Event,
        /,
        *,
        id: str | None = ...,
        timestamp: datetime | None = ...,
    ) -> None: ...
    @overload
    async def track(
        self,
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
        await self.perform(say.track(person, event, **given))

    async def identify(
        self,
        person: PersonId,
        attributes: Person | Mapping[str, object] | None = None,
        /,
        *,
        update_only: bool = False,
        relationships_to: Sequence[AnyObjectId]
        | Mapping[AnyObjectId, Mapping[str, Any]]
        | None = None,
        timestamp: datetime | None = None,
    ) -> None:
        """Create or update *person*: see :func:`ferryman.operations.identify`."""
        await self.perform(
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
        flow = insist(request, repeat=_repeat(method, repeat), **self._timing())
        return _content(await self._driver.run(flow))

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
