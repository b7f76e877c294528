"""What the figures must show: one table, judged on medians of one alternating run."""

import msgspec

from benchmarks.rows import CLASSIC
from benchmarks.summary import Summary


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """The best of the rows whose name begins with `rows` delivers `at_least` times `against`."""

    rows: str
    against: str
    delay_ms: int
    at_least: float


class Verdict(msgspec.Struct, frozen=True):
    """A promise, the row that came nearest, what it reached, and whether that is enough."""

    promise: Promise
    row: str
    reached: float
    holds: bool


PROMISES = (Promise(rows="outbox, sqlite", against=CLASSIC, delay_ms=50, at_least=100),)


def judge(summaries: list[Summary]) -> list[Verdict]:
    """Return a verdict on each promise whose rows have run."""
    verdicts: list[Verdict] = []
    for promise in PROMISES:
        here = [each for each in summaries if each.delay_ms == promise.delay_ms]
        against = next((each.rate for each in here if each.name == promise.against), 0.0)
        rows = [each for each in here if each.name.startswith(promise.rows)]
        if not against or not rows:
            continue
        best = max(rows, key=lambda each: each.rate)
        reached = best.rate / against
        verdicts.append(Verdict(promise, best.name, reached, reached >= promise.at_least))
    return verdicts
