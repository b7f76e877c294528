"""How fast: requests a second, requests at once, retries. Frozen values, moved by questions.

Nothing here waits or knows a clock; ``now`` is seconds on any clock that only goes forward.
The window follows the way of TCP and of Vector's adaptive concurrency: it grows while that
helps, halves on pushback, and after an outage begins anew with one probe (delivery rules 22,
24 and 27).
"""

import math
from typing import Literal, TypeAlias

import msgspec

Weather: TypeAlias = Literal["good", "pushback", "outage"]
"""What an answer says of the destination: it took it; it is too much; it is not there."""

_SMOOTH = 0.2
_SLOWER = 2.0
"""A latency so many times the usual one, and more than _NOISE above it, is a queue growing."""
_NOISE = 0.02


class Bucket(msgspec.Struct, frozen=True):
    """A token bucket: *rate* tokens a second, at most *burst* of them saved."""

    rate: float
    burst: float
    tokens: float
    at: float = 0.0

    @classmethod
    def full(cls, rate: float, burst: float) -> "Bucket":
        """Return a full bucket."""
        return cls(rate, burst, burst)

    def take(self, now: float) -> tuple["Bucket", float]:
        """Return the bucket with one token less, and the seconds until that token is there."""
        tokens = min(self.burst, self.tokens + max(0.0, now - self.at) * self.rate) - 1.0
        after = Bucket(self.rate, self.burst, tokens, max(now, self.at))
        return after, max(0.0, -tokens / self.rate)


class Window(msgspec.Struct, frozen=True):
    """How many requests may be under way at once, from 1 to *ceiling*.

    ``limit`` doubles a round trip up to ``threshold``, then grows by one a round trip, while
    all places are taken. Pushback halves it, once a round trip. In an outage one request at a
    time goes out, until one is answered well.
    """

    ceiling: int
    limit: float = 2.0
    threshold: float = math.inf
    usual: float = 0.0
    """The smoothed latency of a calm destination, in seconds."""
    cut_at: float = -math.inf
    failures: int = 0
    """Requests that came to nothing, one after another, with none answered well between."""

    @property
    def outage(self) -> bool:
        """Whether the destination is away: one failure may be chance, two in a row are not."""
        return self.failures > 1

    @property
    def places(self) -> int:
        """How many requests may be under way now."""
        return 1 if self.outage else max(1, min(self.ceiling, int(self.limit)))

    def answered(self, weather: Weather, *, seconds: float, busy: int, now: float) -> "Window":
        """Return the window after an answer that took *seconds*, with *busy* under way."""
        half = max(1.0, self.limit / 2)
        if weather == "outage":
            failures = self.failures + 1
            limit, threshold = (1.0, max(2.0, half)) if failures > 1 else (half, half)
            return msgspec.structs.replace(
                self, limit=limit, threshold=threshold, cut_at=now, failures=failures
            )
        if weather == "pushback":
            if now - self.cut_at < max(seconds, self.usual):
                return self
            return msgspec.structs.replace(self, limit=half, threshold=half, cut_at=now, failures=0)
        usual = seconds if not self.usual else self.usual + _SMOOTH * (seconds - self.usual)
        queueing = bool(self.usual) and seconds > self.usual * _SLOWER + _NOISE
        limit = self.limit
        if queueing:
            usual = self.usual  # a slow answer does not make slowness usual
            if now - self.cut_at >= seconds:
                return msgspec.structs.replace(
                    self, limit=max(1.0, limit * 0.9), cut_at=now, failures=0
                )
        elif busy >= self.places:
            limit += 1.0 if limit < self.threshold else 1.0 / limit
        return msgspec.structs.replace(
            self, limit=min(float(self.ceiling), limit), usual=usual, failures=0
        )
