"""The blocking driver: performs the effects of a flow, one after another, in this thread."""

import threading
import time
import weakref
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

import httpx2

from ferryman._core.answer import MAX_ANSWER
from ferryman._core.flow import Call, Flow, Raised, Returned, Send, Sleep
from ferryman._core.message import SILENCE, Answer, NoReply, Request
from ferryman._io import process

from .deadline import bound, set_deadline
from .failures import TOO_LARGE, TOO_LONG, failures, no_reply
from .guard import doubt
from .options import Http, Mode, certificates
from .routes import Routes, incoming, outgoing
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
        self._context = certificates(http)
        self._lock = threading.RLock()
        self._routes: Routes[httpx2.HTTPTransport] | None = self._open()
        self._failures = failures(http)
        self._inherited: list[Routes[httpx2.HTTPTransport]] = []
        self._left: list[Routes[httpx2.HTTPTransport]] = []
        _DRIVERS.add(self)

    def _open(self) -> Routes[httpx2.HTTPTransport]:
        routes = Routes(self._http, self._context, httpx2.HTTPTransport)
        for transport in routes.every():
            bound(transport)
        return routes

    def forked(self) -> None:
        """Leave the connections to the parent; the next request opens others."""
        # Closing an inherited TLS connection would say goodbye in the parent's name: keep it.
        if self._routes is not None:
            self._inherited.append(self._routes)
        self._inherited += self._left
        self._routes, self._left = None, []
        self._lock = threading.RLock()

    def _enter(self, asked: httpx2.Request) -> Routes[httpx2.HTTPTransport]:
        """Return the connections that *asked* travels by; they stay open until it has left."""
        while True:
            routes = self._present()
            routes.inside.add(asked)
            if routes is self._routes:
                return routes
            routes.inside.discard(asked)  # left meanwhile, and perhaps closed

    def _present(self) -> Routes[httpx2.HTTPTransport]:
        routes = self._routes
        if routes is None or routes.over():
            with self._lock:
                if routes is not None and routes is self._routes:
                    self._left.append(routes)  # others may still wait for answers on it
                    self._routes = None
                routes = self._routes = self._routes or self._open()
            self._close_left()
        return routes

    def _leave(self, routes: Routes[httpx2.HTTPTransport], asked: httpx2.Request) -> None:
        routes.inside.discard(asked)
        if routes is not self._routes:
            self._close_left()

    def _close_left(self) -> None:
        """Close the connections that were left, where no request waits for an answer."""
        with self._lock:
            empty = [routes for routes in self._left if not routes.inside]
            self._left = [routes for routes in self._left if routes not in empty]
        for routes in empty:
            _close(routes)

    def send(self, request: Request) -> Answer:
        """Put *request* on the wire and return what came of it."""
        start = time.monotonic()
        answer = self._exchange(request, start)
        if self._observers:
            notify(self._observers, request, answer, time.monotonic() - start)
        return answer

    def _exchange(self, request: Request, start: float) -> Answer:
        if self._off:
            return SILENCE
        deadline = start + self._http.timeout + self._http.connect_timeout
        set_deadline(deadline)
        try:
            asked = outgoing(request, self._http)
            routes = self._enter(asked)
            try:
                response = routes.way(request.url).handle_request(asked)
                routes.learn(response.status_code)
                try:
                    return _read(response, deadline)
                finally:
                    response.close()
            finally:
                self._leave(routes, asked)
        except self._failures as error:
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
        for routes in [*self._left, self._routes] if self._routes else self._left:
            _close(routes)


def _close(routes: Routes[httpx2.HTTPTransport]) -> None:
    for transport in routes.every():
        transport.close()


def _read(response: httpx2.Response, deadline: float) -> Answer:
    """Return what *response* says, read whole; it is still open then."""
    parts: list[bytes] = []
    size = 0
    for part in cast(Iterable[bytes], response.stream):
        parts.append(part)
        size += len(part)
        if time.monotonic() > deadline:
            return NoReply(None, TOO_LONG)
        if size > MAX_ANSWER:
            return NoReply(None, TOO_LARGE)
    return doubt(response) or incoming(response, b"".join(parts))


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
        driver.forked()


process.on_fork(_after_fork)
