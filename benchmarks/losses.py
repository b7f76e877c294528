"""What is lost: each contender says its events and ends as told, each against a sink of its own.

Nothing is timed, so they run side by side. Our outbox is judged once a later process, which says
nothing itself, has opened its file; the peers keep nothing that a later process could find.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from benchmarks import sink as sinks
from benchmarks.child import Child, Failed, command
from benchmarks.medians import Run
from benchmarks.rows import BURST, ENDINGS, OUTAGE, Case, Row
from benchmarks.sink import Sink

SIDE_BY_SIDE = 5
UP_S, DOWN_S = 2, 10
AFTER_S = 1.0
PATIENCE_S = {OUTAGE: 120, BURST: 240} | dict.fromkeys(ENDINGS, 45)
LATER_S = 90


def perform(
    wanted: list[tuple[Row, Case]], scale: float, source: Path, folder: Path
) -> Iterator[Run | Failed]:
    """Yield each run as it ends."""
    sinks.build()
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        pending = [pool.submit(_one, row, case, scale, source, folder) for row, case in wanted]
        for done in as_completed(pending):
            yield done.result()


def _one(row: Row, case: Case, scale: float, source: Path, folder: Path) -> Run | Failed:
    own = folder / f"{row.script}-{case.name}-{row.interpreter}".replace(" ", "-")
    own.mkdir()
    # An outage shorter than what is said over it would be none.
    n = row.count(case, 1.0 if case.name == OUTAGE else scale)
    with Sink() as sink:
        sink.reset(delay_ms=case.delay_ms)
        child = Child(row, command(row), case, n, sink, own, source=source)
        if case.name == OUTAGE:
            _outage(sink)
        started = time.monotonic()
        _, errors, code = child.end(PATIENCE_S[case.name])
        seconds = time.monotonic() - started
        time.sleep(AFTER_S)
        left = n - sink.counts().unique
        if row.family == "ours":
            if complaint := _later(row, case, sink, own, source):
                return Failed(row.name, case.name, True, complaint)
            if code != _CODES.get(case.name, 0):
                last = (errors.strip().splitlines() or ["it said nothing"])[-1]
                return Failed(row.name, case.name, True, f"ended with {code}: {last}")
        counts = sink.counts()
    return Run(
        section=row.section,
        row=row.name,
        case=case.name,
        round=0,
        events=n,
        values={
            "lost": n - counts.unique,
            "duplicates": counts.duplicates,
            "left_by_the_first": left,
            "ended_after_s": seconds,
        },
    )


_CODES = {"SIGTERM": -15, "kill -9": -9}


def _outage(sink: Sink) -> None:
    """Take the server down for 10 s, 2 s after the first request."""
    give_up = time.monotonic() + 20
    while not sink.counts().requests and time.monotonic() < give_up:
        time.sleep(0.05)
    time.sleep(UP_S)
    sink.down(DOWN_S * 1000)


def _later(row: Row, case: Case, sink: Sink, folder: Path, source: Path) -> str:
    """Let a later process deliver what is left; return its complaint, or nothing."""
    later = Child(row, command(row), case, 0, sink, folder, source=source, options=("end=later",))
    _, errors, code = later.end(LATER_S)
    if code == 0:
        return ""
    return (errors.strip().splitlines() or [f"the later process ended with {code}"])[-1]
