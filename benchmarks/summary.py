"""From runs to medians: what one contender did at one delay, over all rounds. Pure."""

from collections.abc import Callable
from statistics import median

import msgspec

from benchmarks.rows import STEPS
from benchmarks.sink import Counts

BATCH_LIMIT_BYTES = 500_000


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """What a contender says of itself (see contenders/meter.py); seconds, microseconds, MB."""

    wall_s: float
    cpu_s: float
    harness_cpu_s: float
    peak_mb: float
    refused: int
    extra: dict[str, float]
    p50_us: float | None = None
    p99_us: float | None = None
    max_us: float | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One contender in one round: what it was asked, what it says, what the sink counted."""

    name: str
    delay_ms: int
    round: int
    events: int
    results: Results
    sink: Counts

    @property
    def rate(self) -> float:
        """Return the events delivered in a second: those that the sink counted, once each."""
        return self.sink.unique / self.results.wall_s

    @property
    def cpu_us(self) -> float:
        """Return the CPU microseconds of an event, without those of the measuring."""
        return (self.results.cpu_s - self.results.harness_cpu_s) / self.events * 1e6


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Medians over the rounds; `lost` and `duplicates` are sums, and must be 0."""

    name: str
    delay_ms: int
    rounds: int
    events: int
    rate: float
    rate_low: float
    rate_high: float
    cpu_us: float
    events_per_request: float
    fill: float
    connections: float
    peak_mb: float
    p50_us: float | None
    p99_us: float | None
    lost: int
    duplicates: int


def summarise(runs: list[Run]) -> list[Summary]:
    """Return a summary for each contender and delay, in the order of their first runs.

    The steps of the floor deliver nothing and have their own summary, `steps`.
    """
    groups: dict[tuple[int, str], list[Run]] = {}
    for run in runs:
        if run.name == STEPS:
            continue
        groups.setdefault((run.delay_ms, run.name), []).append(run)
    return [_summary(group) for group in groups.values()]


def steps(runs: list[Run]) -> dict[str, float]:
    """Return the median of each named figure in `extra` of *runs*."""
    names = {name: None for run in runs for name in run.results.extra}
    return {
        name: median(run.results.extra[name] for run in runs if name in run.results.extra)
        for name in names
    }


def _summary(group: list[Run]) -> Summary:
    def of(figure: Callable[[Run], float]) -> float:
        return median(figure(run) for run in group)

    def latency(figure: Callable[[Results], float | None]) -> float | None:
        values = [value for run in group if (value := figure(run.results)) is not None]
        return median(values) if values else None

    rates = [run.rate for run in group]
    return Summary(
        name=group[0].name,
        delay_ms=group[0].delay_ms,
        rounds=len(group),
        events=group[0].events,
        rate=median(rates),
        rate_low=min(rates),
        rate_high=max(rates),
        cpu_us=of(lambda run: run.cpu_us),
        events_per_request=of(lambda run: run.sink.unique / max(1, run.sink.ok)),
        fill=of(lambda run: run.sink.median_body / BATCH_LIMIT_BYTES),
        connections=of(lambda run: run.sink.connections),
        peak_mb=of(lambda run: run.results.peak_mb),
        p50_us=latency(lambda results: results.p50_us),
        p99_us=latency(lambda results: results.p99_us),
        lost=sum(run.events - run.sink.unique for run in group),
        duplicates=sum(run.sink.duplicates for run in group),
    )
