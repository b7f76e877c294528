"""Every loop over time, as generators that yield what they need and are sent what came of it.

A flow decides, a driver performs; one effect at a time. ``Flow[E, T]`` says which effects a
flow may yield, so that a driver that cannot perform one is a type error.
"""

from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeAlias, TypeVar

import msgspec

from ferryman.errors import Detail

from .answer import Failed, Ok, Outcome, broken, failure, read, without_page
from .batch import BatchResult, refused_items, spans
from .message import Answer, Operation, Repeat, Reply, Request, Route
from .redirect import MAX_REDIRECTS, REDIRECTS, follow
from .retry import Retry

E = TypeVar("E")
T = TypeVar("T")
Flow: TypeAlias = Generator[E, Any, T]
Now: TypeAlias = Callable[[], float]
"""Unix time in seconds."""
_ROUTES: tuple[Route, ...] = ("track", "pipelines")
Chance: TypeAlias = Callable[[], float]
"""A number in [0, 1)."""


class Send(msgspec.Struct, frozen=True):
    """Put *request* on the wire; the flow is sent the Answer."""

    request: Request


class Sleep(msgspec.Struct, frozen=True):
    """Let *seconds* pass; the flow is sent None."""

    seconds: float


class Call(msgspec.Struct, frozen=True):
    """Call the caller's function; the flow is sent Returned or Raised."""


class Returned(msgspec.Struct, frozen=True):
    """What the function returned."""

    value: Any


class Raised(msgspec.Struct, frozen=True):
    """What the function raised, and what that is in answers; None means: do not ask again."""

    error: Exception
    answer: Answer | None


def exchange(request: Request) -> Flow[Send, Answer]:
    """Send *request* and follow redirects with method and body kept; return the last answer."""
    answer: Answer = yield Send(request)
    for _ in range(MAX_REDIRECTS):
        if not isinstance(answer, Reply) or answer.status not in REDIRECTS:
            return answer
        onward = follow(request, answer)
        if onward is None:
            return answer
        request = onward
        answer = yield Send(request)
    return answer


def insist(
    request: Request,
    *,
    repeat: Repeat,
    retry: Retry,
    chance: Chance,
    now: Now,
    own_path: bool = False,
) -> Flow[Send | Sleep, Answer]:
    """Send *request* until it is answered for good, or until *retry* says stop.

    *own_path* says that the caller wrote the path: a page on 404 is then an answer for good.
    """
    start = now()
    attempt = 0
    while True:
        answer = yield from exchange(request)
        if own_path:
            answer = without_page(answer)
        moment = now()
        delay = retry.wait(
            attempt,
            answer,
            repeat=repeat,
            chance=chance(),
            now=moment,
            spent=moment - start,
        )
        if delay is None:
            return answer
        yield Sleep(delay)
        attempt += 1


def deliver(
    operation: Operation[T], request: Request, *, retry: Retry, chance: Chance, now: Now
) -> Flow[Send | Sleep, Outcome[T]]:
    """Deliver a stamped *operation*, already addressed as *request*; return its outcome."""
    answer = yield from insist(
        request, repeat=operation.endpoint.repeat, retry=retry, chance=chance, now=now
    )
    return read(answer, operation, now=now())


def deliver_batch(
    operations: Sequence[Operation[Any]],
    address: Callable[[Sequence[bytes], Route], Request],
    *,
    retry: Retry,
    chance: Chance,
    now: Now,
) -> Flow[Send | Sleep, Outcome[BatchResult]]:
    """Deliver stamped *operations* in as few requests as their routes and bytes allow.

    What goes by Track is said first, then what goes by Pipelines, each in its order. Stops at
    the first request that fails as a whole; its error says what was done before.
    """
    rejected: dict[int, Detail] = {}
    said = 0
    for route in _ROUTES:
        places = [n for n, each in enumerate(operations) if each.endpoint.route == route]
        group = [operations[place] for place in places]
        for start, stop in spans(group):
            together = group[start:stop]
            request = address([each.body or b"" for each in together], route)
            repeat = max(each.endpoint.repeat for each in together)
            answer = yield from insist(request, repeat=repeat, retry=retry, chance=chance, now=now)
            refused = _refused(answer, len(together))
            if refused is None:
                error = failure(answer, operation="batch", now=now())
                assert error is not None
                error.done = BatchResult(said, rejected)
                return Failed(error)
            rejected.update((places[start + index], why) for index, why in refused.items())
            said += len(together)
    return Ok(BatchResult(said, rejected))


def _refused(answer: Answer, count: int) -> dict[int, Detail] | None:
    """Return who was refused, by place; None when the request failed as a whole."""
    if isinstance(answer, Reply) and 200 <= answer.status < 300 and not broken(answer):
        return refused_items(answer, count)
    return None


def reattempt(*, retry: Retry, chance: Chance, now: Now) -> Flow[Call | Sleep, Any]:
    """Call until it returns, or until *retry* says stop; return the value or raise its error."""
    start = now()
    attempt = 0
    while True:
        result = yield Call()
        if isinstance(result, Returned):
            return result.value
        moment = now()
        if result.answer is None:
            raise result.error
        delay = retry.wait(
            attempt,
            result.answer,
            repeat=Repeat.SAME,
            chance=chance(),
            now=moment,
            spent=moment - start,
        )
        if delay is None:
            raise result.error
        yield Sleep(delay)
        attempt += 1


def opened(outcome: Outcome[T]) -> T:
    """Return the value of *outcome*, or raise its error: the one door for both colours."""
    match outcome:
        case Ok(value):
            return value
        case Failed(error):
            raise error
