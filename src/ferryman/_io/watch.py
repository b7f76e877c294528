"""Who looks on: one call with a frozen value for each request; a log line as the default.

Holds no payload, no id of a person and no key: only the template, the status and the time.
What counts payloads by their shape (overhearing.py) is given them here, and keeps none.
"""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

import msgspec

from ferryman._core.message import Answer, Reply, Request
from ferryman.plan import Deviation, TrackingPlan

from .overhearing import Observing
from .say import say

_log = logging.getLogger("ferryman")


class Exchange(msgspec.Struct, frozen=True):
    """One request and what came of it: ``status`` is None when nothing did."""

    request: str
    status: int | None
    reason: str
    seconds: float
    sent_bytes: int


Observer: TypeAlias = Callable[[Exchange], None] | Observing


def log_exchange(exchange: Exchange) -> None:
    """Write *exchange* to the logger ``ferryman`` at level DEBUG."""
    if _log.isEnabledFor(logging.DEBUG):
        say(logging.DEBUG, "ferryman.exchange", **msgspec.structs.asdict(exchange))


def log_deviation(deviation: Deviation) -> None:
    """Write *deviation*, the first of its kind, to the logger ``ferryman`` at level WARNING."""
    say(
        logging.WARNING,
        "ferryman.plan_deviation",
        kind=deviation.kind,
        event=deviation.name,
        field=deviation.field,
        rule=deviation.rule,
    )


def watched(plan: TrackingPlan[Any, Any] | None) -> TrackingPlan[Any, Any] | None:
    """Return *plan*, which from now on logs what is said against it."""
    if plan is not None:
        plan.tally.tell = log_deviation
    return plan


def notify(
    observers: tuple[Observer, ...], request: Request, answer: Answer, seconds: float
) -> None:
    """Tell every observer; one that raises is logged and changes nothing (delivery rule 32)."""
    exchange = Exchange(
        request.template,
        answer.status if isinstance(answer, Reply) else None,
        "" if isinstance(answer, Reply) else answer.reason,
        seconds,
        len(request.body or b""),
    )
    for observer in _calls(observers, request, answer):
        try:
            observer(exchange)
        except Exception as error:
            say(logging.ERROR, "ferryman.observer_raised", error=type(error).__name__)


def _calls(
    observers: tuple[Observer, ...], request: Request, answer: Answer
) -> Iterator[Callable[[Exchange], object]]:
    for observer in observers:
        if isinstance(observer, Observing):
            yield partial(_hear, observer, request, answer)
        else:
            yield observer


def _hear(observing: Observing, request: Request, answer: Answer, _exchange: Exchange) -> None:
    observing.hear(request, answer)
