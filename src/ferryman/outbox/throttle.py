"""When the next request may leave: the window, the rate and the retry budget of one API.

It only keeps the present values and asks the core; whoever calls holds the relay's lock and
does the waiting.
"""

from ferryman._core.message import Answer, Reply
from ferryman._core.pace import Bucket, Weather, Window
from ferryman._core.retry import RETRIED
from ferryman.operations.catalogue import CATALOGUE, PACES

from .entry import Entry

RETRY_RATE, RETRY_BURST = 5.0, 10.0


class Throttle:
    """The pace of one API; every method is called under the relay's lock."""

    def __init__(self, *, ceiling: int) -> None:
        self.window = Window(ceiling)
        self._paces: dict[str, Bucket] = {}
        self._retries = Bucket.full(RETRY_RATE, RETRY_BURST)
        self.claimed = 0
        """Batches on their way: being sent, or waiting for their next try."""
        self.resting = 0
        """Those of them that wait for their next try."""
        self.under_way = 0
        """Requests on the wire."""
        self.retried = 0

    @property
    def open(self) -> bool:
        """Whether another batch may be claimed.

        As many as there are places, not counting those that wait for their next try; in an
        outage the one that is claimed is the probe, and nobody joins it.
        """
        if self.window.outage:
            return self.claimed == 0
        return self.claimed - self.resting < self.window.places

    def free(self) -> bool:
        """Whether another request may leave, as far as the window goes."""
        return self.under_way < self.window.places

    def wait(self, entry: Entry, now: float) -> float:
        """Return the seconds to wait before a request that begins with *entry* may leave.

        Customer.io's limits are those of an endpoint, and of each broadcast by itself.
        """
        row = CATALOGUE.get(entry.name)
        pace = "track" if row is None else row.pace
        name = f"{pace} {entry.path}" if pace == "broadcast" else pace
        bucket = self._paces.get(name)
        if bucket is None:
            rate = PACES[pace]
            bucket = Bucket.full(rate, max(1.0, rate / 10))
        self._paces[name], wait = bucket.take(now)
        return wait

    def enter(self) -> None:
        """Take a place."""
        self.under_way += 1

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
