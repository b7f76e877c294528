"""One deadline for a whole exchange of the blocking driver, whatever trickles in.

The HTTP library bounds each read, and an answer whose head comes byte by byte has a read for
each. So its network streams are wrapped: no read or write waits beyond what the thread's request
has left. (The async driver needs none of this: a task is cancelled.)
"""

import math
import threading
import time
from typing import Any, Final

_LEAST: Final = 0.001
"""Seconds; none at all would mean a socket that does not block."""
_PART: Final = 65_536
"""Bytes written before the time is looked at again."""


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
    """Opens the streams that *backend* opens, each bounded."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **how: Any) -> Any:
        return _Stream(self._backend.connect_tcp(host, port, timeout=_within(timeout), **how))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


class _Stream:
    """What *stream* is, and no wait of it beyond the deadline."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data: bytes = self._stream.read(max_bytes, timeout=_within(timeout))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PART):
            self._stream.write(buffer[start : start + _PART], timeout=_within(timeout))

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> "_Stream":
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _within(timeout)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
