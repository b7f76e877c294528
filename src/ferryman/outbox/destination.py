"""One API of Customer.io as the relay sees it: its line, its pace, how far it was read.

An outage of one API leaves the others alone. A destination that is not well reads no further
than a bound; what lies behind is passed over, and read again when it is well (``resume``).
Whoever calls holds the relay's lock. Knows no thread, no clock, no network.
"""

from collections.abc import Sequence

from ferryman._core.message import Answer, Api

from .batching import Batch, Limits
from .entry import Entry
from .order import Line
from .throttle import Throttle, weather

HELD = 8 * 1024 * 1024
"""Bytes that may wait behind muted keys before nothing more is read."""
NEVER = float("inf")


class Destination:
    """Where entries of one *api* go, up to *ceiling* requests at once."""

    def __init__(self, api: Api, *, ceiling: int, limits: Limits) -> None:
        self.api: Api = api
        self.line = Line()
        self.throttle = Throttle(ceiling=ceiling)
        self.paused = False
        """Whether the key was refused (401, 403) and nothing was answered well since."""
        self.answered = 0
        """How many requests were answered well."""
        self.resume: int | None = None
        """The place behind which entries were passed over; None when none was."""
        self._limits = limits
        self._before: set[int] = set()  # batches that travelled when it began anew
        self._since: float | None = None

    @property
    def full(self) -> bool:
        """Whether it has as much to send as should be read ahead."""
        line = self.line
        return line.bytes >= 2 * self._limits.bytes or line.held_bytes >= HELD

    @property
    def well(self) -> bool:
        """Whether it takes what it is sent."""
        return not (self.paused or self.throttle.window.outage)

    def join(self, entries: Sequence[Entry], now: float) -> None:
        """Let *entries* of this api join the line."""
        self.line.join(entries)
        if self._since is None and len(self.line):
            self._since = now

    def staying(self, entries: list[Entry]) -> list[Entry]:
        """Return those *entries* that are not on their way already."""
        travelling = self.line.travelling()
        return [entry for entry in entries if entry.seq not in travelling]

    def patience(self, now: float, *, linger: float, urgent: bool) -> float:
        """Return the seconds that the next request may still wait for company."""
        line = self.line
        if not len(line) or not self.throttle.open:
            return NEVER
        if urgent or self._since is None or line.alone or line.bytes >= self._limits.bytes:
            return 0.0
        return self._since + linger - now

    def missing(self) -> int:
        """Return the bytes that would fill the next request."""
        return max(1, self._limits.bytes - self.line.bytes)

    def take(self, now: float) -> Batch | None:
        """Return the next batch, if somebody may go."""
        batch = self.line.take(self._limits)
        if batch is not None:
            self.throttle.claimed += 1
            self._since = now if len(self.line) else None
        return batch

    def release(self, batch: Batch) -> None:
        """Let the keys of a settled *batch* go on."""
        self.throttle.claimed -= 1
        self.line.release(batch)
        if id(batch) in self._before:
            self._before.remove(id(batch))
            self._read_anew()  # what died in it, and was replayed before it ended, waits again

    def restart(self, parked: frozenset[str]) -> None:
        """Forget what waits and read it again: somebody changed it, or what is *parked*."""
        self.line.parked = parked
        self._before = self._read_anew()

    def _read_anew(self) -> set[int]:
        self.resume = 0
        self._since = None
        return self.line.clear()

    def leave(self, answer: Answer, *, seconds: float, now: float) -> None:
        """Learn from an answer."""
        self.throttle.leave(answer, seconds=seconds, now=now)
        if weather(answer) == "good":
            self.answered += 1
            self.paused = False
