"""What the figures must show: one table, judged on medians of one alternating run. Pure.

A figure is a measured value over others (or over nothing). It holds when what it reaches is at
least, or at most, what is promised; it is not judged where one of its values is missing.
"""

from typing import Literal

import msgspec

from benchmarks.medians import Medians
from benchmarks.rows import (
    BARE,
    BULK,
    BURST,
    CDP,
    CLASSIC,
    ENDINGS,
    FAR,
    FLAT,
    FLOOR,
    FLOOR_TYPED,
    HAND_MADE,
    MEMORY,
    MEMORY_TYPED,
    MILLION,
    NEAR,
    NODE_CDP,
    OUTAGE,
    PACED,
    PLAN,
    POSTHOG,
    PYDANTIC,
    SQLITE,
    STEPS,
    TASKS,
    TIGHT,
    TRACK,
    WAITERS,
    Section,
)


class Value(msgspec.Struct, frozen=True):
    """Where a measured value stands: the section, the contender, the case, the value's name."""

    section: Section
    row: str
    case: str
    value: str


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A promise: `of` over `over` is `at_least` or `at_most` so much.

    Of several values in `of`, one for each way to reach the figure, the best counts: the highest
    where `at_least` is promised, the lowest where `at_most` is. Of several values in `over` the
    sum, the highest or the lowest counts, as `by` says. All of them must be there. `beside` is only
    told.
    """

    name: str
    of: tuple[Value, ...]
    over: tuple[Value, ...] = ()
    by: Literal["sum", "highest", "lowest"] = "sum"
    at_least: float | None = None
    at_most: float | None = None
    beside: tuple[Value, ...] = ()
    unit: Literal["times", "of it", "of the limit", "us", "MB", "events"] = "times"

    @property
    def section(self) -> Section:
        """Return the section that measures it."""
        return self.of[0].section


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a figure has reached, from which values, and whether it holds; None: not measured."""

    figure: Figure
    value: float | None
    against: float | None
    reached: float | None
    holds: bool | None
    beside: dict[str, float]


def _speed(row: str, case: str, value: str = "rate") -> Value:
    return Value("speed", row, case, value)


def _short(row: str) -> str:
    return row.removeprefix("outbox, ")


_WAYS = (BULK, TASKS)
_RATES = tuple(
    Figure(
        name=f"events/s at {case}, sqlite, better way, over {against}",
        of=tuple(_speed(row, case) for row in _WAYS),
        over=(_speed(against, case),),
        at_least=at_least,
        beside=tuple(_speed(row, case) for row in _WAYS),
    )
    for case, against, at_least in (
        (FAR, CLASSIC, 300),
        (FAR, CDP, 30),
        (FAR, NODE_CDP, 10),
        (NEAR, CDP, 8),
        (NEAR, HAND_MADE, 2),
    )
)
_FILL = tuple(
    Figure(
        name=f"fill of batches at {case}, sqlite, in bulk",
        of=(_speed(BULK, case, "fill"),),
        at_least=0.95,
        unit="of the limit",
    )
    for case in (NEAR, FAR)
)
_CPU = tuple(
    Figure(
        name=f"CPU an event at {case}, {_short(row)}, over {words}",
        of=(_speed(row, case, "cpu_us"),),
        over=tuple(_speed(*each) for each in floor),
        at_most=2,
    )
    for case in (NEAR, FAR)
    for row, words, floor in (
        (MEMORY, "the floor", ((FLOOR, case, "cpu_us"),)),
        (MEMORY_TYPED, "the floor", ((FLOOR_TYPED, case, "cpu_us"),)),
        (
            BULK,
            "floor and bare SQLite",
            ((FLOOR_TYPED, case, "cpu_us"), (STEPS, NEAR, "keep and remove")),
        ),
    )
)
_CALLERS = tuple(
    (case, row, floor)
    for case in (TIGHT, PACED)
    for row, floor in ((MEMORY, FLOOR), (MEMORY_TYPED, FLOOR_TYPED))
)
_CALLED = (CDP, POSTHOG)
# A tenth of the better peer's median call lies below the floor: no client in Python reaches it.
_CALLS = tuple(
    Figure(
        name=f"p50 of a call, {_short(row)}, {case}, over the floor's own",
        of=(Value("calls", row, case, "p50_us"),),
        over=(Value("calls", floor, case, "p50_us"),),
        at_most=1.5,
        beside=tuple(Value("calls", peer, case, "p50_us") for peer in _CALLED),
    )
    for case, row, floor in _CALLERS
) + tuple(
    Figure(
        name=f"p99 of a call, {_short(row)}, {case}, over the better peer",
        of=(Value("calls", row, case, "p99_us"),),
        over=tuple(Value("calls", peer, case, "p99_us") for peer in _CALLED),
        by="lowest",
        at_most=1 / 3,
        beside=(Value("calls", floor, case, "p99_us"),),
        unit="of it",
    )
    for case, row, floor in _CALLERS
)
_DURABLE = tuple(
    Figure(
        name=f"durable acceptances/s, {waiters}, bare apsw loop over ours",
        of=(Value("durable", BARE, waiters, "rate"),),
        over=(Value("durable", TRACK, waiters, "rate"),),
        at_most=1.5,
    )
    for waiters in WAITERS
)
_CHECKS = (
    Figure(
        name="checking a flat event of eight fields, added to its acceptance, in us",
        of=(Value("checks", PLAN, FLAT, "added_us"),),
        at_most=2,
        beside=(Value("checks", PYDANTIC, FLAT, "added_us"),),
        unit="us",
    ),
)
_BACKLOG = (
    Figure(
        name="memory after a million events while the server is down, above the start",
        of=(Value("backlog", SQLITE, MILLION, "grown_mb"),),
        at_most=30,
        unit="MB",
    ),
    Figure(
        name="draining them, events/s from the server's return, over the fastest at 0 ms",
        of=(Value("backlog", SQLITE, MILLION, "rate"),),
        over=tuple(_speed(row, NEAR) for row in _WAYS),
        by="highest",
        at_least=2 / 3,
        unit="of it",
    ),
)
_PEERS = (CLASSIC, CDP, POSTHOG, NODE_CDP)
_LOSSES = tuple(
    Figure(
        name=f"lost by the SQLite outbox, {case}",
        of=(Value("losses", SQLITE, case, "lost"),),
        at_most=0,
        beside=tuple(
            Value("losses", row, case, "lost") for row in (CLASSIC, CDP, POSTHOG, NODE_CDP)
        ),
        unit="events",
    )
    for case in (*ENDINGS, BURST, OUTAGE)
)
FIGURES: tuple[Figure, ...] = (
    *_RATES,
    *_FILL,
    *_CPU,
    *_CALLS,
    *_DURABLE,
    *_CHECKS,
    *_BACKLOG,
    *_LOSSES,
)


def judge(medians: Medians, figures: tuple[Figure, ...] = FIGURES) -> list[Verdict]:
    """Return a verdict on each figure."""
    return [_verdict(figure, medians) for figure in figures]


def _verdict(figure: Figure, medians: Medians) -> Verdict:
    values = _all(figure.of, medians)
    value = None if not values else min(values) if figure.at_least is None else max(values)
    against = _against(figure, medians)
    reached = value
    if figure.over:
        reached = value / against if value is not None and against else None
    holds: bool | None = None
    if reached is not None:
        holds = (figure.at_least is None or reached >= figure.at_least) and (
            figure.at_most is None or reached <= figure.at_most
        )
    return Verdict(
        figure=figure,
        value=value,
        against=against,
        reached=reached,
        holds=holds,
        beside={
            each.row: found for each in figure.beside if (found := _find(medians, each)) is not None
        },
    )


def _against(figure: Figure, medians: Medians) -> float | None:
    values = _all(figure.over, medians)
    if not values:
        return None
    match figure.by:
        case "sum":
            return sum(values)
        case "highest":
            return max(values)
        case "lowest":
            return min(values)


def _all(places: tuple[Value, ...], medians: Medians) -> list[float]:
    """Return the values at *places*; none where one of them is missing."""
    found = [_find(medians, each) for each in places]
    values = [value for value in found if value is not None]
    return values if len(values) == len(found) else []


def _find(medians: Medians, at: Value) -> float | None:
    return medians.get((at.section, at.row, at.case), {}).get(at.value)
