"""Who runs, and with how many events: one table, which the runner and the report read."""

from typing import Literal

import msgspec

Family = Literal["floor", "peer", "ours"]
Interpreter = Literal["here", "customerio", "cdp", "async", "posthog", "node"]

CLASSIC = "customerio, queue of 50"
CDP = "customerio-cdp-analytics"
NODE_CDP = "@customerio/cdp-analytics-node"
HAND_MADE = "async-customerio, batches by hand"
FLOOR = "floor, 4 connections"
STEPS = "floor, step by step"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One contender. `events` says how many at 0 ms and at a delay, so that a run takes seconds.

    `multiple` keeps the number of events to whole batches of a peer whose last, unfinished batch
    waits for a timer of 10 s, which would be measured in place of its work. `paced` rows take
    part in `--pace`: those whose call only hands over.
    """

    name: str
    family: Family
    script: str
    interpreter: Interpreter = "here"
    options: tuple[str, ...] = ()
    events: tuple[int, int]
    delays: Literal["any", "zero"] = "any"
    multiple: int = 1
    paced: bool = False

    def count(self, delay_ms: int, scale: float) -> int:
        """Return how many events to say at this delay."""
        n = max(50, int(self.events[1 if delay_ms else 0] * scale))
        return n - n % self.multiple


ROWS = (
    Row(name=STEPS, family="floor", script="floor_steps.py", events=(20_000, 0), delays="zero"),
    Row(name=FLOOR, family="floor", script="floor.py", events=(100_000, 100_000)),
    Row(
        name="floor, 8 connections",
        family="floor",
        script="floor.py",
        options=("connections=8",),
        events=(100_000, 100_000),
    ),
    Row(
        name="customerio, call in a loop",
        family="peer",
        script="peer_customerio.py",
        interpreter="customerio",
        options=("way=loop",),
        events=(2_000, 100),
    ),
    Row(
        name=CLASSIC,
        family="peer",
        script="peer_customerio.py",
        interpreter="customerio",
        options=("way=classic",),
        events=(2_000, 1_000),
    ),
    Row(
        name=CDP,
        paced=True,
        family="peer",
        script="peer_cdp.py",
        interpreter="cdp",
        events=(20_000, 10_000),
    ),
    Row(
        name=NODE_CDP,
        family="peer",
        script="peer_node.mjs",
        interpreter="node",
        multiple=15,
        events=(9_990, 9_990),
    ),
    Row(
        name=HAND_MADE,
        family="peer",
        script="peer_async.py",
        interpreter="async",
        options=("connections=4",),
        events=(80_000, 80_000),
    ),
    Row(
        name="posthog",
        paced=True,
        family="peer",
        script="peer_posthog.py",
        interpreter="posthog",
        events=(20_000, 10_000),
    ),
    *(
        Row(
            name=f"outbox, {store}, {words}",
            family="ours",
            script="ours.py",
            options=(f"store={store}", f"way={way}"),
            events=events,
            paced=way in ("call", "typed"),
        )
        for store, way, words, events in (
            ("memory", "call", "name and data", (100_000, 100_000)),
            ("memory", "typed", "typed", (100_000, 100_000)),
            ("sqlite", "call", "name and data", (20_000, 20_000)),
            ("sqlite", "typed", "typed", (20_000, 20_000)),
            ("sqlite", "threads", "typed, 32 threads", (50_000, 50_000)),
            ("sqlite", "tasks", "typed, 256 tasks", (50_000, 50_000)),
            ("sqlite", "bulk", "typed, in bulk", (100_000, 100_000)),
        )
    ),
)
