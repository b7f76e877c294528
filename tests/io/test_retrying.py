"""with_retry around any callable: what is tried again, what is not, and what comes out."""

import asyncio
import socket
import urllib.error
from collections.abc import Callable
from email.message import Message
from typing import Any

import pytest

from ferryman import Retry, with_retry, with_retry_async
from ferryman._core.message import Answer, NoReply, Reply
from ferryman._io.retrying import as_answer
from ferryman.errors import (
    BadRequest,
    ConfigurationError,
    InvalidOperation,
    OutboxFull,
    RateLimited,
    ServerError,
    Unreachable,
)

AT_ONCE = Retry(wait_base=0.0)


class Response:
    """An answer as requests, httpx and aiohttp have them: falsy when it is an error."""

    def __init__(self, status_code: int, headers: Any = None) -> None:
        self.status_code = status_code
        self.headers = headers

    def __bool__(self) -> bool:
        return False


class HTTPStatusError(Exception):
    """What httpx and requests raise for a status."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class TransportError(Exception):
    """What httpx raises for no answer."""


class ReadTimeout(TransportError):
    """One of its kinds."""


class ClientConnectionError(Exception):
    """What aiohttp raises for no answer."""


class ClientResponseError(Exception):
    """What aiohttp raises for a status."""

    status = 503
    headers = {"Retry-After": "2"}  # noqa: RUF012 - as aiohttp has it


class Shy(Exception):
    """Has attributes that cannot be read, as httpx' request errors do."""

    @property
    def response(self) -> Any:
        raise RuntimeError("not set")


def http_error(status: int) -> urllib.error.HTTPError:
    headers = Message()
    headers["Retry-After"] = "7"
    return urllib.error.HTTPError("http://x/marker", status, "m", headers, None)


UNKNOWN = "unknown"
CASES: list[tuple[Exception, Any]] = [
    (Unreachable("x", sent=False), NoReply(False, "unreachable")),
    (Unreachable("x", sent=None), NoReply(None, "unreachable")),
    (RateLimited("x", retry_after=3.0), Reply(429, {"retry-after": "3.0"})),
    (RateLimited("x"), Reply(429)),
    (ServerError("x", status=503), Reply(503)),
    (ServerError("HTML", status=200), UNKNOWN),
    (ServerError("HTML", status=404), UNKNOWN),
    (ServerError("nowhere", status=302), UNKNOWN),
    (BadRequest("x", status=400), Reply(400)),
    (BadRequest("x", status=200), Reply(200)),
    (InvalidOperation("x"), None),
    (ConfigurationError("x"), None),
    (OutboxFull("x"), None),
    (ConnectionRefusedError(), UNKNOWN),
    (ConnectionResetError(), UNKNOWN),
    (BrokenPipeError(), UNKNOWN),
    (TimeoutError(), UNKNOWN),
    (socket.gaierror(), UNKNOWN),
    (HTTPStatusError(Response(503, {"Retry-After": "9"})), Reply(503, {"retry-after": "9"})),
    (HTTPStatusError(Response(404)), Reply(404)),
    (HTTPStatusError(Response(700)), None),
    (ClientResponseError(), Reply(503, {"retry-after": "2"})),
    (TransportError(), UNKNOWN),
    (ReadTimeout(), UNKNOWN),
    (ClientConnectionError(), UNKNOWN),
    (http_error(429), Reply(429, {"retry-after": "7"})),
    (urllib.error.URLError(ConnectionRefusedError()), UNKNOWN),
    (urllib.error.URLError(socket.gaierror()), UNKNOWN),
    (urllib.error.URLError("unknown url type"), None),
    (Shy(), None),
    (ValueError(), None),
    (KeyError("status"), None),
    (OSError(28, "No space left"), None),
]


@pytest.mark.parametrize(("error", "expected"), CASES, ids=lambda c: type(c).__name__)
def test_each_exception_is_an_answer_or_none(error: Exception, expected: Any) -> None:
    """Exceptions of ours and of other HTTP clients are read by what they carry, never imported."""
    found: Answer | None = as_answer(error)

    if expected == UNKNOWN:
        assert isinstance(found, NoReply)
        assert found.sent is None
    else:
        assert found == expected


class Failing:
    """Fails some times with an error, then returns."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error, self.times, self.calls = error, times, 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.times:
            raise self.error
        return "done"

    async def awaited(self) -> str:
        await asyncio.sleep(0)
        return self()


Colour = Callable[[Failing, Retry], str]


def blocking(failing: Failing, retry: Retry) -> str:
    return with_retry(failing, retry)


def awaiting(failing: Failing, retry: Retry) -> str:
    return asyncio.run(with_retry_async(failing.awaited, retry))


@pytest.mark.parametrize("colour", [blocking, awaiting])
def test_it_is_called_until_it_returns(colour: Colour) -> None:
    """What fails twice and then returns has returned."""
    failing = Failing(ConnectionResetError(), 2)
    result = colour(failing, AT_ONCE)

    assert (result, failing.calls) == ("done", 3)


@pytest.mark.parametrize("colour", [blocking, awaiting])
def test_it_is_called_no_more_often_than_said(colour: Colour) -> None:
    """After the last repeat its own error comes out, the very same."""
    failing = Failing(ConnectionResetError(), 9)

    with pytest.raises(ConnectionResetError) as raised:
        colour(failing, AT_ONCE)
    assert raised.value is failing.error
    assert failing.calls == 4


@pytest.mark.parametrize("colour", [blocking, awaiting])
@pytest.mark.parametrize(
    "error", [ValueError(), BadRequest("x", status=400), InvalidOperation("x")]
)
def test_what_another_call_cannot_mend_comes_out_at_once(colour: Colour, error: Exception) -> None:
    """A mistake is raised after one call."""
    failing = Failing(error, 9)

    with pytest.raises(type(error)):
        colour(failing, AT_ONCE)
    assert failing.calls == 1


def test_an_interrupt_is_no_failure() -> None:
    """What is no Exception is never caught."""
    calls = []

    def interrupted() -> None:
        calls.append(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        with_retry(interrupted, AT_ONCE)
    assert len(calls) == 1


def test_a_cancelled_task_is_cancelled() -> None:
    """Cancelling passes through while it waits, and ends the repeating."""
    failing = Failing(ConnectionResetError(), 99)

    async def main() -> None:
        patient = Retry(retries=99, wait_base=60.0, wait_max=60.0)
        task = asyncio.ensure_future(with_retry_async(failing.awaited, patient))
        while not failing.calls:  # noqa: ASYNC110 - what is called knows no events
            await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert failing.calls == 1


def test_the_default_policy_is_retry() -> None:
    """Without a policy of its own a call gets the default one, and returns at once on success."""
    result = with_retry(lambda: 42)

    assert result == 42
