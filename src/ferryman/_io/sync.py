"""The blocking driver: performs the effects of a flow, one after another, in this thread."""

import os
import time
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

import httpx2

from ferryman._core.flow import Call, Flow, Raised, Returned, Send, Sleep
from ferryman._core.message import SILENCE, Answer, NoReply, Reply, Request

from .failures import ANY, no_reply
from .options import Http, Mode, arguments
from .watch import Observer, notify

T = TypeVar("T")


class SyncDriver:
    """Sends requests over its own connections; safe to share between threads.

    A forked child gets connections of its own and leaves the inherited ones alone.
    """

    def __init__(
        self, http: Http, *, mode: Mode = "live", observers: tuple[Observer, ...] = ()
    ) -> None:
        self._http = http
        self._off = mode == "off"
        self._observers = observers
        self._client = self._open()
        self._inherited: list[httpx2.Client] = []
        _DRIVERS.add(self)

    def _open(self) -> httpx2.Client:
        return httpx2.Client(**arguments(self._http, transport=httpx2.HTTPTransport))

    def _forked(self) -> None:
        # Closing an inherited TLS connection would say goodbye in the parent's name: keep it.
        self._inherited.append(self._client)
        self._client = self._open()

    def send(self, request: Request) -> Answer:
        """Put *request* on the wire and return what came of it."""
        start = time.monotonic()
        answer = self._exchange(request, deadline=start + self._http.timeout)
        if self._observers:
            notify(self._observers, request, answer, time.monotonic() - start)
        return answer

    def _exchange(self, request: Request, *, deadline: float) -> Answer:
        if self._off:
            return SILENCE
        try:
            with self._client.stream(
                request.method, request.url, content=request.body, headers=request.headers
            ) as response:
                parts = []
                for part in response.iter_bytes():
                    parts.append(part)
                    if time.monotonic() > deadline:
                        return NoReply(None, "the answer took too long")
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Reply(response.status_code, headers, b"".join(parts))
        except ANY as error:
            return no_reply(error)

    def run(self, flow: Flow[Send | Sleep, T]) -> T:
        """Perform *flow* to its end and return its result."""
        return run(flow, self._perform)

    def _perform(self, effect: Send | Sleep) -> Answer | None:
        if isinstance(effect, Send):
            return self.send(effect.request)
        time.sleep(effect.seconds)
        return None

    def close(self) -> None:
        """Close the connections; closing twice is fine."""
        self._client.close()


def run(flow: Flow[Any, T], perform: Callable[[Any], Any]) -> T:
    """Drive *flow* with *perform* until it returns."""
    try:
        effect = next(flow)
        while True:
            effect = flow.send(perform(effect))
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # the generator's T
    finally:
        flow.close()


def calling(function: Callable[[], Any], judged: Callable[[Exception], Any]) -> Callable[..., Any]:
    """Return a performer of Call and Sleep around *function*."""

    def perform(effect: Call | Sleep) -> Returned | Raised | None:
        if isinstance(effect, Sleep):
            time.sleep(effect.seconds)
            return None
        try:
            return Returned(function())
        except Exception as error:
            return Raised(error, judged(error))

    return perform


_DRIVERS: "weakref.WeakSet[SyncDriver]" = weakref.WeakSet()


def _after_fork() -> None:
    for driver in list(_DRIVERS):
        driver._forked()


os.register_at_fork(after_in_child=_after_fork)
