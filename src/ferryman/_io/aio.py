"""The async driver: performs the effects of a flow on the running event loop (asyncio or trio)."""

import os
import time
import weakref
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio
import httpx2

from ferryman._core.flow import Call, Flow, Raised, Returned, Send, Sleep
from ferryman._core.message import SILENCE, Answer, NoReply, Reply, Request

from .failures import ANY, no_reply
from .loop import current_loop
from .options import Http, Mode, arguments
from .watch import Observer, notify

T = TypeVar("T")


class AsyncDriver:
    """Sends requests over connections of the loop it runs on; each loop has its own."""

    def __init__(
        self, http: Http, *, mode: Mode = "live", observers: tuple[Observer, ...] = ()
    ) -> None:
        self._http = http
        self._off = mode == "off"
        self._observers = observers
        self._arguments = arguments(http, transport=httpx2.AsyncHTTPTransport)
        self._clients: weakref.WeakKeyDictionary[Any, httpx2.AsyncClient]
        self._clients = weakref.WeakKeyDictionary()
        self._inherited: list[httpx2.AsyncClient] = []
        _DRIVERS.add(self)

    def _client(self) -> httpx2.AsyncClient:
        loop = current_loop()
        client = self._clients.get(loop)
        if client is None:
            if self._clients or self._inherited:  # transports are not shared between loops
                self._arguments = arguments(self._http, transport=httpx2.AsyncHTTPTransport)
            client = self._clients[loop] = httpx2.AsyncClient(**self._arguments)
        return client

    def _forked(self) -> None:
        self._inherited.extend(self._clients.values())
        self._clients = weakref.WeakKeyDictionary()

    async def send(self, request: Request) -> Answer:
        """Put *request* on the wire and return what came of it."""
        start = time.monotonic()
        answer: Answer
        try:
            with anyio.fail_after(self._http.timeout + self._http.connect_timeout):
                answer = await self._exchange(request)
        except TimeoutError:
            answer = NoReply(None, "the answer took too long")
        if self._observers:
            notify(self._observers, request, answer, time.monotonic() - start)
        return answer

    async def _exchange(self, request: Request) -> Answer:
        if self._off:
            return SILENCE
        try:
            response = await self._client().request(
                request.method, request.url, content=request.body, headers=request.headers
            )
        except ANY as error:
            return no_reply(error)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, headers, response.content)

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
        client = self._clients.pop(current_loop(), None)
        if client is not None:
            await client.aclose()


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
        driver._forked()


os.register_at_fork(after_in_child=_after_fork)
