"""One deadline for a whole exchange of the blocking driver, whatever trickles in.

The HTTP library bounds each read, and an answer whose head comes byte by byte has a read for
each. So its network streams are wrapped: no read or write waits beyond what the thread's request
has left. (The async driver needs none of this: a task is cancelled.) Each stream has its
guard, too (guard.py).
"""

import math
import threading
import time
from contextlib import suppress
from typing import Any, Final

import httpx2

from .guard import PART, SOON, Stream, Trust

_LEAST: Final = 0.001
"""Seconds; none at all would mean a socket that does not block."""


class _Now(threading.local):
    until = math.inf


_now = _Now()


def set_deadline(until: float) -> None:
    """Let what this thread reads and writes from here on be over at *until* (monotonic)."""
    _now.until = until


def _within(timeout: float | None) -> float:
    left = _now.until - time.monotonic()
    return max(_LEAST, left if timeout is None else min(timeout, left))


def bound(transport: Any) -> None:
    """Let *transport*, one of the HTTP library's, keep the deadlines of its threads.

    The library takes a network backend, and its transports do not pass one on. Where a later
    version keeps it elsewhere each read is bounded, as before, and a test of the drivers fails.
    """
    pool = getattr(transport, "_pool", None)
    backend = getattr(pool, "_network_backend", None)
    if backend is not None:
        vars(pool)["_network_backend"] = _Backend(backend)


class _Backend:
    """Opens the streams that *backend* opens, each bounded and guarded."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._trust = Trust()

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **how: Any) -> Any:
        try:
            stream = self._backend.connect_tcp(host, port, timeout=_within(timeout), **how)
        except UnicodeError:  # no name that can be looked up
            raise httpx2.ConnectError("no host name") from None
        return _Stream(stream, self._trust)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


class _Stream(Stream):
    """A blocking stream, its reads and writes noted, and none waiting beyond the deadline."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data: bytes = self._stream.read(max_bytes, timeout=_within(timeout))
        if self.guard is not None:
            self.guard.came(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        guard = self.guard
        for start in range(0, len(buffer), PART):
            if guard is not None:
                guard.writes()
                guard.cut = True
            self._stream.write(buffer[start : start + PART], timeout=_within(timeout))
            if guard is not None:
                guard.cut = False

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> "_Stream":
        stream = self._stream.start_tls(ssl_context, server_hostname, _within(timeout))
        return _Stream(stream, self._trust)

    def close(self) -> None:
        if self.guard is not None and self.guard.waits:
            with suppress(Exception):  # the other side may have ended it, too
                self.guard.found(self._stream.read(PART, timeout=SOON))
        self._stream.close()
