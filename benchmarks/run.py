"""Runs contenders one after another, round after round, against one sink.

Alternating (A B C, A B C) instead of one after the other (A A, B B) lets a slow minute of the
machine fall on all alike. Losses take no time that is measured: they run once, side by side.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from benchmarks import environments, losses
from benchmarks.child import HERE, SOURCE, Broken, Child, Failed, command, cpus
from benchmarks.medians import Run
from benchmarks.rows import SECTIONS, Case, Row
from benchmarks.sink import Counts, Sink

SCRATCH = HERE / "results"
PATIENCE_S = 150
BATCH_LIMIT_BYTES = 500_000


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to run: which rows and cases, how often, at what share of their events.

    `source` is the ferryman that is measured, another checkout's `src` for instance.
    """

    rows: tuple[Row, ...]
    cases: tuple[str, ...] = ()
    rounds: int = 3
    scale: float = 1.0
    source: Path = SOURCE

    def wants(self, row: Row, case: str) -> Case | None:
        """Return *row*'s case of this name, if it is wanted."""
        found = next((each for each in row.cases if each.name == case), None)
        return found if not self.cases or case in self.cases else None


def perform(plan: Plan) -> Iterator[Run | Failed]:
    """Yield each run as it ends; a contender that fails once is left out from then on."""
    commands: dict[str, list[str]] = {}
    failed: set[tuple[str, str]] = set()
    for row in plan.rows:
        if row.interpreter in commands:
            continue
        try:
            commands[row.interpreter] = command(row)
        except environments.Absent as reason:
            commands[row.interpreter] = []
            yield Failed(row.interpreter, "all", row.family == "ours", str(reason))
    rows = [row for row in plan.rows if commands[row.interpreter]]
    timed = [row for row in rows if row.section != "losses"]
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch:
        folder = Path(scratch)
        if timed:
            with Sink(cpus()[1]) as sink:
                for number in range(plan.rounds):
                    for row, case in _turns(timed, plan):
                        if (row.section, row.name) in failed:
                            continue
                        done = _one(row, case, plan, number, sink, folder)
                        if isinstance(done, Failed):
                            failed.add((row.section, row.name))
                        yield done
        losing = [row for row in rows if row.section == "losses"]
        if losing:
            wanted = list(_turns(losing, plan))
            yield from losses.perform(wanted, plan.scale, plan.source, folder)


def _turns(rows: list[Row], plan: Plan) -> Iterator[tuple[Row, Case]]:
    """Yield who runs when: section by section, case by case, everybody in turn."""
    for section in SECTIONS:
        mine = [row for row in rows if row.section == section]
        for name in dict.fromkeys(case.name for row in mine for case in row.cases):
            for row in mine:
                if (case := plan.wants(row, name)) is not None:
                    yield row, case


def _one(row: Row, case: Case, plan: Plan, number: int, sink: Sink, folder: Path) -> Run | Failed:
    n = row.count(case, plan.scale)
    sink.reset(delay_ms=case.delay_ms)
    conduct = _backlog if row.section == "backlog" else _measured

    def begin() -> Child:
        return Child(row, command(row), case, n, sink, folder, source=plan.source)

    try:
        values = conduct(begin, row, n, sink)
    except Broken as reason:
        return Failed(row.name, case.name, row.family == "ours", str(reason))
    return Run(
        section=row.section, row=row.name, case=case.name, round=number, events=n, values=values
    )


def _measured(begin: Callable[[], Child], row: Row, n: int, sink: Sink) -> dict[str, float]:
    """Let a contender say everything, and read what it and the sink have counted."""
    values = begin().results(PATIENCE_S)
    values["cpu_us"] = values.pop("cpu_s") / n * 1e6
    if row.section == "durable":
        return values | {"rate": values["kept"] / values["accepted_s"]}
    counts = sink.counts()
    if counts.unique and "drain=no" not in row.options:
        values |= _delivered(n, values["wall_s"], counts)
    elif row.section == "speed" and row.script != "floor_steps.py":
        raise Broken("nothing was delivered")
    return values


def _delivered(n: int, seconds: float, counts: Counts) -> dict[str, float]:
    return {
        "rate": counts.unique / seconds,
        "events_per_request": counts.unique / max(1, counts.ok),
        "fill": counts.median_body / BATCH_LIMIT_BYTES,
        "connections": counts.connections,
        "lost": n - counts.unique,
        "duplicates": counts.duplicates,
    }


def _backlog(begin: Callable[[], Child], row: Row, n: int, sink: Sink) -> dict[str, float]:
    """Take the server down, let the contender accept everything, and time the drain."""
    sink.down()
    child = begin()
    try:
        if (line := child.says(PATIENCE_S)) != "down":
            raise Broken(line)
        sink.up()
        child.tell("up")
    except BaseException:
        child.end(timeout=1)
        raise
    values = child.results(PATIENCE_S)
    counts = sink.counts()
    values |= _delivered(n, values["drained_s"], counts)
    return values | {"rate_moving": counts.unique / max(counts.span, 1e-3)}
