"""The guard of HTTP/1.1 connections: an answer counts only for the request that was sent before it.

HTTP/1.1 numbers nothing. Where a server or a proxy answers twice, the second answer lies in the
connection, and the next request would find it there. So

* no request begins on a connection where bytes wait;
* a connection is not used again once bytes follow an answer;
* what was sent before the whole request was there is believed only if it refuses the request and
  ends the connection, as a server may that does not read on;
* once an answer too many was seen, each connection carries one request, for ten minutes.

What cannot be told from a true answer is the first extra one that a server sends when it has the
next request already. HTTP/2 numbers its answers and needs none of this.

The streams of the async driver are here; those of the blocking one have a deadline, too, and are in
deadline.py.
"""

import logging
import select
import ssl
import sys
import time
from contextlib import suppress
from operator import attrgetter
from typing import Any, Final

import httpx2

from ferryman._core.message import NoReply

from .say import say

if sys.platform != "win32":
    import fcntl
    import termios

PART: Final = 65_536
"""Bytes written between two looks."""
SOON: Final = 0.001
"""Seconds to wait for what is there already."""
_ALONE: Final = 600.0
"""Seconds for which each connection carries one request after an answer too many."""
_AT_ONCE: Final = 262_144
"""Bytes that asyncio takes from a socket at once: read whole, so that none stay in between."""
_NOTHING = bytes(4)
_INTERIM = b"HTTP/1.1 1"
_IDLE = (b"HTTP/1.1 408", b"HTTP/1.0 408")
_TOO_SOON = "an answer to what was not sent whole"
_TOO_MANY = "more than one answer"

# The library says nowhere how much its parser holds beyond an answer.
_LEFT = attrgetter("stream._httpcore_stream._stream._connection._h11_state.trailing_data")


class Trust:
    """Whether the connections of one transport carry more than one request each."""

    def __init__(self) -> None:
        self._alone_until = 0.0

    @property
    def lost(self) -> bool:
        """Whether an answer too many was seen lately."""
        return time.monotonic() < self._alone_until

    def lose(self) -> None:
        """Note an answer too many."""
        is_news = not self.lost
        self._alone_until = time.monotonic() + _ALONE
        if is_news:
            say(logging.WARNING, "ferryman.answer_too_many", seconds=_ALONE)


class Guard:
    """What was seen on one connection."""

    __slots__ = ("_answering", "_socket", "cut", "early", "reused", "spent", "trust", "waits")

    def __init__(self, socket: Any, trust: Trust) -> None:
        self._socket = socket
        self.trust = trust
        self.reused = False
        """Whether an earlier request was answered on it."""
        self.early = False
        """Whether bytes came before its present request was sent whole."""
        self.cut = False
        """Whether its present request could not be sent whole."""
        self.waits = False
        """Whether something waits to be read that no request asked for: bytes, or the end."""
        self.spent = False
        """Whether no further request may use it."""
        self._answering = False

    def came(self, data: bytes) -> None:
        """Note what was read."""
        if self.reused and not self._answering and not self.early:
            self.early = _is_unreceived(self._socket)
        self._answering = True
        if self.early and data.startswith(_INTERIM):  # a server may say that it reads on
            self.early = False

    def writes(self) -> None:
        """Look before bytes are sent; raise ConnectError where no request may begin."""
        # A new TLS connection is readable whenever a session ticket comes: nothing is old there.
        if self._answering:
            self._answering = self.early = self.cut = False
            self.reused = True
            if self.is_over():
                raise httpx2.ConnectError("the connection cannot be used again")
        elif self.reused and not self.early:
            self.early = _is_readable(self._socket)

    def found(self, data: bytes) -> None:
        """Note the bytes that no request asked for."""
        # A server may say so when it closes an idle connection (RFC 9110, 15.5.9).
        if data and not data.startswith(_IDLE):
            self.trust.lose()

    def is_over(self) -> bool:
        """Tell whether no request may begin on this connection, which is idle."""
        self.waits = _is_readable(self._socket)
        return self.waits or self.spent or self.trust.lost


class Stream:
    """A network stream of the HTTP library, in either colour, and what is seen on it."""

    def __init__(self, stream: Any, trust: Trust) -> None:
        self._stream = stream
        self._trust = trust
        tls = stream.get_extra_info("ssl_object")
        is_numbered = tls is not None and tls.selected_alpn_protocol() == "h2"
        self.guard = None if is_numbered else Guard(stream.get_extra_info("socket"), trust)

    def get_extra_info(self, info: str) -> Any:
        """Return what the library asks for; it asks idle connections whether they are readable."""
        if info == "is_readable" and self.guard is not None:
            return self.guard.is_over()
        return self._stream.get_extra_info(info)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _is_readable(socket: Any) -> bool:
    """Tell whether a read would not wait: bytes are there, or the end is."""
    number = socket.fileno()
    if number < 0:
        return True
    if sys.platform == "win32" or not hasattr(select, "poll"):  # gevent and eventlet take it away
        return bool(select.select([number], [], [], 0)[0])
    looking = select.poll()
    looking.register(number, select.POLLIN)
    return bool(looking.poll(0))


def _is_unreceived(socket: Any) -> bool:
    """Tell whether the other side has not received all yet that was sent.

    What answers a request acknowledges its bytes: what comes before they are was sent before.
    """
    if sys.platform == "win32":
        return False
    try:
        return fcntl.ioctl(socket.fileno(), termios.TIOCOUTQ, _NOTHING) != _NOTHING
    except OSError:
        return False


def doubt(response: httpx2.Response) -> NoReply | None:
    """Return why *response*, read to its end, cannot be believed; None when it can be.

    Its connection is not used again where more than this answer came.
    """
    stream = response.extensions.get("network_stream")
    guard: Guard | None = getattr(stream, "guard", None)
    if guard is None:
        return None
    more = _follows(response, stream, guard)
    if guard.cut or guard.early:
        guard.spent = True
        if guard.early and response.status_code < 400:
            guard.trust.lose()
        ends = guard.cut or "close" in response.headers.get("connection", "").lower()
        if response.status_code < 400 or not ends:
            return NoReply(None, _TOO_SOON)
    if more and guard.reused:  # on a new connection the first answer is the request's own
        return NoReply(None, _TOO_MANY)
    return None


def _follows(response: httpx2.Response, stream: Any, guard: Guard) -> bool:
    """Tell whether bytes behind *response* were read with it."""
    try:
        more: bytes = _LEFT(response)[0]
    except AttributeError:  # a later version keeps it elsewhere: a test of the drivers fails
        guard.spent = True
        return False
    tls = stream.get_extra_info("ssl_object")
    if isinstance(tls, ssl.SSLObject):  # what was taken from the socket may not be decrypted yet
        try:
            more += tls.read(PART)
            guard.spent = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            guard.spent = True
    guard.spent = guard.spent or bool(more)
    guard.found(more)
    return bool(more)


def guarded(transport: Any) -> None:
    """Let the connections of *transport*, an async one of the HTTP library's, be guarded."""
    pool = getattr(transport, "_pool", None)
    backend = getattr(pool, "_network_backend", None)
    if backend is not None:
        vars(pool)["_network_backend"] = _Backend(backend)


class _Backend:
    """Opens the streams that *backend* opens, each guarded."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._trust = Trust()

    async def connect_tcp(self, host: str, port: int, **how: Any) -> Any:
        try:
            return _Stream(await self._backend.connect_tcp(host, port, **how), self._trust)
        except UnicodeError:  # no name that can be looked up
            raise httpx2.ConnectError("no host name") from None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


class _Stream(Stream):
    """An async stream, its reads and writes noted."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data: bytes = await self._stream.read(max(max_bytes, _AT_ONCE), timeout=timeout)
        if self.guard is not None:
            self.guard.came(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        guard = self.guard
        if guard is None:
            await self._stream.write(buffer, timeout=timeout)
            return
        for start in range(0, len(buffer), PART):
            guard.writes()
            guard.cut = True
            await self._stream.write(buffer[start : start + PART], timeout=timeout)
            guard.cut = False

    async def start_tls(self, *args: Any, **how: Any) -> "_Stream":
        return _Stream(await self._stream.start_tls(*args, **how), self._trust)

    async def aclose(self) -> None:
        if self.guard is not None and self.guard.waits:
            with suppress(Exception):  # the other side may have ended it, too
                self.guard.found(await self._stream.read(_AT_ONCE, timeout=SOON))
        await self._stream.aclose()
