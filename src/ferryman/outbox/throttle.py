"""When the next request may leave: the window, the rate and the retry budget of one relay.

It only keeps the present values and asks the core; whoever calls holds the relay's lock and
does the waiting.
"""

from ferryman._core.message import Answer, Reply
from ferryman._core.pace import Bucket, Weather, Window
from ferryman._core.retry import RETRIED

RATE = 1_000.0
"""Requests a second that Customer.io's Track API asks its users not to exceed (Track reference)."""
RETRY_RATE, RETRY_BURST = 5.0, 10.0


class Throttle:
    """The pace of one relay; every method is called under the relay's lock."""

    def __init__(self, *, ceiling: int, rate: float = RATE) -> None:
        self.window = Window(ceiling)
        self._requests = Bucket.full(rate, max(1.0, rate / 10))
        self._retries = Bucket.full(RETRY_RATE, RETRY_BURST)
        self.under_way = 0
        self.retried = 0

    def free(self) -> bool:
        """Whether another request may leave, as far as the window goes."""
        return self.under_way < self.window.places

    def enter(self, now: float) -> float:
        """Take a place; return the seconds to wait before the request may leave."""
        self.under_way += 1
        self._requests, wait = self._requests.take(now)
        return wait

    def leave(self, answer: Answer, *, seconds: float, now: float) -> None:
        """Give the place back, and learn from what came."""
        busy = self.under_way
        self.under_way -= 1
        self.window = self.window.answered(weather(answer), seconds=seconds, busy=busy, now=now)

    def retry(self, now: float) -> float:
        """Take one retry from the budget; return the seconds until it is there."""
        self.retried += 1
        self._retries, wait = self._retries.take(now)
        return wait


def weather(answer: Answer) -> Weather:
    """Return what *answer* says of the destination."""
    if not isinstance(answer, Reply):
        return "outage"
    if answer.status in (408, 425, 429):
        return "pushback"
    if answer.status in RETRIED or answer.status in (401, 403):
        return "outage"
    return "good"
