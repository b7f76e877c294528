"""The async driver: performs the effects of a flow on the running event loop (asyncio or trio)."""

import time
import weakref
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Any, TypeAlias, TypeVar, cast

import anyio
import httpx2

from ferryman._core.answer import MAX_ANSWER
from ferryman._core.flow import Call, Flow, Raised, Returned, Send, Sleep
from ferryman._core.message import SILENCE, Answer, NoReply, Request
from ferryman._io import process

from .failures import TOO_LARGE, TOO_LONG, failures, no_reply
from .guard import doubt, guarded
from .loop import current_loop
from .options import Http, Mode, certificates
from .routes import Routes, incoming, outgoing
from .watch import Observer, notify

T = TypeVar("T")
_Routes: TypeAlias = Routes[httpx2.AsyncHTTPTransport]


class AsyncDriver:
    """Sends requests over connections of the loop it runs on; each loop has its own."""

    def __init__(
        self, http: Http, *, mode: Mode = "live", observers: tuple[Observer, ...] = ()
    ) -> None:
        self._http = http
        self._off = mode == "off"
        self._observers = observers
        self._context = certificates(http)
        self._open()  # what cannot work fails here
        self._failures = failures(http)
        self._by_loop: weakref.WeakKeyDictionary[Any, list[_Routes]]
        self._by_loop = weakref.WeakKeyDictionary()
        self._inherited: list[object] = []
        _DRIVERS.add(self)

    def _open(self) -> _Routes:
        routes = Routes(self._http, self._context, httpx2.AsyncHTTPTransport)
        for transport in routes.every():
            guarded(transport)
        return routes

    def _own(self) -> list[_Routes]:
        """Return the connections of this loop, those of the present last."""
        own = self._by_loop.setdefault(current_loop(), [])
        if not own or own[-1].over():  # others may still wait for answers on the last
            own.append(self._open())
        return own

    def forked(self) -> None:
        """Leave the connections to the parent; the next request opens others."""
        self._inherited.append(self._by_loop)
        self._by_loop = weakref.WeakKeyDictionary()

    async def send(self, request: Request) -> Answer:
        """Put *request* on the wire and return what came of it."""
        start = time.monotonic()
        answer: Answer = NoReply(None, TOO_LARGE)
        try:
            with anyio.fail_after(self._http.timeout + self._http.connect_timeout) as scope:
                answer = await self._exchange(request, scope.cancel)
        except TimeoutError:
            answer = NoReply(None, TOO_LONG)
        if self._observers:
            notify(self._observers, request, answer, time.monotonic() - start)
        return answer

    async def _exchange(self, request: Request, give_up: Callable[[], None]) -> Answer:
        if self._off:
            return SILENCE
        try:
            asked = outgoing(request, self._http)
            own = self._own()
            routes = own[-1]
            routes.inside.add(asked)
            try:
                response = await routes.way(request.url).handle_async_request(asked)
                routes.learn(response.status_code)
                try:
                    return await _read(response, give_up)
                finally:
                    await response.aclose()
            finally:
                routes.inside.discard(asked)
                await _close_left(own)
        except self._failures as error:
            return no_reply(error)

    async def run(self, flow: Flow[Send | Sleep, T]) -> T:
        """Perform *flow* to its end and return its result."""
        return await run(flow, self._perform)

    async def _perform(self, effect: Send | Sleep) -> Answer | None:
        if isinstance(effect, Send):
            return await self.send(effect.request)
        await anyio.sleep(effect.seconds)
        return None

    async def aclose(self) -> None:
        """Close this loop's connections; closing twice is fine."""
        await _close(self._by_loop.pop(current_loop(), []))


async def _close_left(own: list[_Routes]) -> None:
    """Close what was left of a loop's *own* connections, where no request waits for an answer."""
    empty = [routes for routes in own[:-1] if not routes.inside]
    if empty:
        own[:] = [routes for routes in own if routes not in empty]
        with anyio.CancelScope(shield=True):
            await _close(empty)


async def _close(those: list[_Routes]) -> None:
    for routes in those:
        for transport in routes.every():
            await transport.aclose()


async def _read(response: httpx2.Response, give_up: Callable[[], None]) -> Answer:
    """Return what *response* says, read whole; it is still open then. *give_up* cancels it."""
    parts: list[bytes] = []
    size = 0
    # Raw, and decoded when it is whole; and where it is too large the next wait is cancelled. To
    # leave the stream amid it would leave the library's generator to the garbage collector, which
    # trio warns of.
    async for part in cast(AsyncIterable[bytes], response.stream):
        size += len(part)
        if size > MAX_ANSWER:
            give_up()
        else:
            parts.append(part)
    if size > MAX_ANSWER:
        return NoReply(None, TOO_LARGE)
    return doubt(response) or incoming(response, b"".join(parts))


async def run(flow: Flow[Any, T], perform: Callable[[Any], Awaitable[Any]]) -> T:
    """Drive *flow* with *perform* until it returns."""
    try:
        effect = next(flow)
        while True:
            effect = flow.send(await perform(effect))
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # the generator's T
    finally:
        flow.close()


def calling(
    function: Callable[[], Awaitable[Any]], judged: Callable[[Exception], Any]
) -> Callable[..., Awaitable[Any]]:
    """Return a performer of Call and Sleep around *function*."""

    async def perform(effect: Call | Sleep) -> Returned | Raised | None:
        if isinstance(effect, Sleep):
            await anyio.sleep(effect.seconds)
            return None
        try:
            return Returned(await function())
        except Exception as error:
            return Raised(error, judged(error))

    return perform


_DRIVERS: "weakref.WeakSet[AsyncDriver]" = weakref.WeakSet()


def _after_fork() -> None:
    for driver in list(_DRIVERS):
        driver.forked()


process.on_fork(_after_fork)
