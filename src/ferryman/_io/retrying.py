"""The retry policy around any callable of yours: with_retry and with_retry_async."""

import random
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from ferryman._core.flow import reattempt
from ferryman._core.message import Answer, NoReply, Reply
from ferryman._core.retry import Retry
from ferryman.errors import FerrymanError, RateLimited, Refused, ServerError, Unreachable

from . import aio, sync

T = TypeVar("T")


def with_retry(function: Callable[[], T], retry: Retry | None = None) -> T:
    """Call *function* without arguments until it returns, or until *retry* says stop.

    Tried again: :class:`Unreachable`, :class:`Refused` with a status that may pass, built-in
    connection failures and timeouts, and any exception that carries an HTTP status (its own
    ``status``, ``status_code`` or that of its ``response``) by the same table; a Retry-After is
    honoured. Everything else is raised at once, and so is the last failure. What *function*
    does is repeated: wrap only what may be.
    """
    flow = reattempt(retry=retry or Retry(), chance=random.random, now=time.time)
    return sync.run(flow, sync.calling(function, as_answer))  # type: ignore[no-any-return]  # what function returned


async def with_retry_async(function: Callable[[], Awaitable[T]], retry: Retry | None = None) -> T:
    """Await *function()* until it returns, or until *retry* says stop; see :func:`with_retry`."""
    flow = reattempt(retry=retry or Retry(), chance=random.random, now=time.time)
    return await aio.run(flow, aio.calling(function, as_answer))  # what function returned


# Names of what other HTTP clients raise when no answer came: httpx, requests, aiohttp, urllib3.
_UNANSWERED = frozenset(
    {
        *("TransportError", "NetworkError", "TimeoutException"),
        *("ConnectionError", "Timeout", "ChunkedEncodingError"),
        *("ClientConnectionError", "ClientPayloadError", "ProtocolError", "NewConnectionError"),
    }
)


def as_answer(error: Exception) -> Answer | None:
    """Return what *error* is in answers, or None for what another try cannot mend."""
    if isinstance(error, Unreachable):
        return NoReply(False if error.sent is False else None, "unreachable")
    if isinstance(error, RateLimited):
        wait = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
        return Reply(error.status, wait)
    if isinstance(error, ServerError) and error.status < 500:
        return NoReply(None, "not Customer.io's answer")
    if isinstance(error, Refused):
        return Reply(error.status)
    if isinstance(error, FerrymanError):
        return None
    if isinstance(error, ConnectionError | TimeoutError | socket.gaierror):
        return NoReply(None, type(error).__name__)
    return _foreign(error)


def _foreign(error: Exception) -> Answer | None:
    response = _attribute(error, "response")
    for holder in (error, response):
        for name in ("status", "status_code", "code"):
            status = _attribute(holder, name)
            if type(status) is int and 100 <= status < 600:
                headers = _attribute(response, "headers") or _attribute(error, "headers")
                return Reply(status, _lowered(headers))
    if {base.__name__ for base in type(error).__mro__} & _UNANSWERED:
        return NoReply(None, type(error).__name__)
    cause = _attribute(error, "reason")  # urllib's URLError wraps what the socket said
    if isinstance(cause, ConnectionError | TimeoutError | socket.gaierror):
        return NoReply(None, type(cause).__name__)
    return None


def _attribute(holder: object, name: str) -> Any:
    try:
        return getattr(holder, name, None)
    except Exception:  # a property that raises must not hide the error that is judged
        return None


def _lowered(headers: Any) -> dict[str, str]:
    try:
        return {str(k).lower(): str(v) for k, v in dict(headers or {}).items()}
    except (TypeError, ValueError):
        return {}
