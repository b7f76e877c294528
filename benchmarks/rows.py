"""Who runs, in which section, and with how many events: one table, which all others read."""

from typing import Literal

import msgspec

Family = Literal["floor", "peer", "ours"]
Interpreter = Literal["here", "customerio", "cdp", "async", "posthog", "node"]
Section = Literal["speed", "calls", "durable", "checks", "backlog", "losses"]

SECTIONS: dict[Section, str] = {
    "speed": "events delivered per second, CPU and fill, from the first call to the last answer",
    "calls": "microseconds of one call while the relay works, 50 ms of server delay",
    "durable": "acceptances per second, each call waiting for its own safety, nothing delivered",
    "checks": "microseconds that checking a typed event of eight fields adds to its acceptance",
    "backlog": "a million events of 300 bytes while the server is down, and after",
    "losses": "of what was accepted, lost (twice): what no process ever delivered",
}

CLASSIC = "customerio, queue of 50"
CDP = "customerio-cdp-analytics"
NODE_CDP = "@customerio/cdp-analytics-node"
HAND_MADE = "async-customerio, batches by hand"
POSTHOG = "posthog"
FLOOR = "floor, name and data"
FLOOR_TYPED = "floor, typed"
STEPS = "floor, step by step"
MEMORY = "outbox, memory, name and data"
MEMORY_TYPED = "outbox, memory, typed"
BULK = "outbox, sqlite, in bulk"
TASKS = "outbox, sqlite, 256 tasks"
SQLITE = "outbox, sqlite"
NEAR, FAR = "0 ms", "50 ms"
TIGHT, PACED = "tight loop", "1000 a second"
WAITERS = ("1 thread", "32 threads", "256 tasks")
ENDINGS = ("exit", "SIGTERM", "kill -9", "fork")
BURST, OUTAGE = "burst of 30000", "outage of 10 s"


class Case(msgspec.Struct, frozen=True):
    """One way to run a contender: how many events, at which delay (ms), how many a second."""

    name: str
    events: int
    delay_ms: int = 0
    pace: int = 0
    options: tuple[str, ...] = ()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One contender in one section, a script in an interpreter of its own.

    `multiple` keeps the number of events to whole batches of a peer whose last, unfinished batch
    waits for a timer of 10 s, which would be measured in place of its work.
    """

    section: Section
    name: str
    family: Family
    script: str
    interpreter: Interpreter = "here"
    options: tuple[str, ...] = ()
    cases: tuple[Case, ...]
    multiple: int = 1

    def count(self, case: Case, scale: float) -> int:
        """Return how many events to say in *case*."""
        n = max(50, int(case.events * scale))
        return n - n % self.multiple


def _delays(near: int, far: int) -> tuple[Case, ...]:
    return Case(NEAR, near), Case(FAR, far, delay_ms=50)


def _speed(
    name: str,
    family: Family,
    script: str,
    events: tuple[int, int],
    *options: str,
    interpreter: Interpreter = "here",
    multiple: int = 1,
) -> Row:
    return Row(
        section="speed",
        name=name,
        family=family,
        script=script,
        interpreter=interpreter,
        options=options,
        cases=_delays(*events),
        multiple=multiple,
    )


_MANY = (100_000, 100_000)
_SPEED = (
    Row(
        section="speed",
        name=STEPS,
        family="floor",
        script="floor_steps.py",
        cases=(Case(NEAR, 20_000),),
    ),
    _speed(FLOOR, "floor", "floor.py", _MANY, "event=data"),
    _speed(FLOOR_TYPED, "floor", "floor.py", _MANY, "event=typed"),
    _speed(
        "customerio, call in a loop",
        "peer",
        "peer_customerio.py",
        (2_000, 100),
        "way=loop",
        interpreter="customerio",
    ),
    _speed(
        CLASSIC,
        "peer",
        "peer_customerio.py",
        (2_000, 1_000),
        "way=classic",
        interpreter="customerio",
    ),
    _speed(CDP, "peer", "peer_cdp.py", (20_000, 10_000), interpreter="cdp"),
    _speed(NODE_CDP, "peer", "peer_node.mjs", (9_990, 9_990), interpreter="node", multiple=15),
    _speed(
        HAND_MADE, "peer", "peer_async.py", (80_000, 80_000), "connections=4", interpreter="async"
    ),
    _speed(POSTHOG, "peer", "peer_posthog.py", (20_000, 10_000), interpreter="posthog"),
    _speed(MEMORY, "ours", "ours.py", _MANY, "store=memory", "way=data"),
    _speed(MEMORY_TYPED, "ours", "ours.py", _MANY, "store=memory", "way=typed"),
    _speed(
        "outbox, sqlite, one by one", "ours", "ours.py", (2_000,) * 2, "store=sqlite", "way=typed"
    ),
    _speed(
        "outbox, sqlite, 32 threads",
        "ours",
        "ours.py",
        (20_000,) * 2,
        "store=sqlite",
        "way=threads",
    ),
    _speed(TASKS, "ours", "ours.py", _MANY, "store=sqlite", "way=tasks"),
    _speed(BULK, "ours", "ours.py", (200_000,) * 2, "store=sqlite", "way=bulk"),
)

_CALLERS: tuple[tuple[str, Family, str, Interpreter, tuple[str, ...]], ...] = (
    (FLOOR, "floor", "floor.py", "here", ("event=data",)),
    (FLOOR_TYPED, "floor", "floor.py", "here", ("event=typed",)),
    (CDP, "peer", "peer_cdp.py", "cdp", ()),
    (POSTHOG, "peer", "peer_posthog.py", "posthog", ()),
    (MEMORY, "ours", "ours.py", "here", ("store=memory", "way=data")),
    (MEMORY_TYPED, "ours", "ours.py", "here", ("store=memory", "way=typed")),
)
_CALLS = tuple(
    Row(
        section="calls",
        name=name,
        family=family,
        script=script,
        interpreter=interpreter,
        options=("drain=no", *options),
        cases=(Case(TIGHT, 50_000, delay_ms=50), Case(PACED, 5_000, delay_ms=50, pace=1_000)),
    )
    for name, family, script, interpreter, options in _CALLERS
)

_WAITING = tuple(
    Case(name, events, options=(f"waiters={name.partition(' ')[0]}",))
    for name, events in zip(WAITERS, (10_000, 40_000, 60_000), strict=True)
)
BARE, TRACK, ACCEPT = "bare apsw loop", "outbox, track", "outbox, accept what is encoded"
_WRITERS: tuple[tuple[str, Family, str], ...] = (
    (BARE, "floor", "bare"),
    (TRACK, "ours", "track"),
    (ACCEPT, "ours", "accept"),
)
_DURABLE = tuple(
    Row(
        section="durable",
        name=name,
        family=family,
        script="durable.py",
        options=(f"way={way}",),
        cases=_WAITING,
    )
    for name, family, way in _WRITERS
)

PLAN, PYDANTIC = "outbox, memory, with a plan", "pydantic, model_validate"
FLAT, MOMENT = "flat", "one a moment"
_CHECKERS: tuple[tuple[str, Family, str], ...] = (
    (PYDANTIC, "peer", "pydantic"),
    (PLAN, "ours", "ours"),
)
_CHECKS = tuple(
    Row(
        section="checks",
        name=name,
        family=family,
        script="checking.py",
        options=(f"way={way}",),
        cases=(Case(FLAT, 50_000), Case(MOMENT, 50_000, options=("moment=yes",))),
    )
    for name, family, way in _CHECKERS
)

MILLION = "while down and drained"
_BACKLOG = (
    Row(
        section="backlog",
        name=SQLITE,
        family="ours",
        script="backlog.py",
        cases=(Case(MILLION, 1_000_000),),
    ),
)


def _losses(endings: int, without: tuple[str, ...] = ()) -> tuple[Case, ...]:
    ends = [Case(name, endings, delay_ms=50, options=(f"end={name}",)) for name in ENDINGS]
    cases = (
        Case(OUTAGE, 4_000, pace=250, options=("end=close",)),
        Case(BURST, 30_000, options=("end=close",)),
        *ends,
    )
    return tuple(case for case in cases if case.name not in without)


_LOSSES = (
    Row(
        section="losses",
        name=SQLITE,
        family="ours",
        script="losing_ours.py",
        cases=_losses(500),
    ),
    Row(
        section="losses",
        name=CLASSIC,
        family="peer",
        script="losing_peers.py",
        interpreter="customerio",
        options=("peer=classic",),
        # 500 is ten whole queues, by which nothing would be left in the last.
        cases=_losses(525),
    ),
    Row(
        section="losses",
        name=CDP,
        family="peer",
        script="losing_peers.py",
        interpreter="cdp",
        options=("peer=cdp",),
        cases=_losses(500),
    ),
    Row(
        section="losses",
        name=POSTHOG,
        family="peer",
        script="losing_peers.py",
        interpreter="posthog",
        options=("peer=posthog",),
        cases=_losses(500),
    ),
    Row(
        section="losses",
        name=NODE_CDP,
        family="peer",
        script="losing_node.mjs",
        interpreter="node",
        cases=_losses(500, without=("fork",)),
    ),
)

ROWS: tuple[Row, ...] = (*_SPEED, *_CALLS, *_DURABLE, *_CHECKS, *_BACKLOG, *_LOSSES)
