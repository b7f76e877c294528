"""Tells people and machines what was measured: a table on stdout, or one JSON document."""

import platform
from typing import Any

from benchmarks.promises import Verdict
from benchmarks.rows import CDP, CLASSIC, FLOOR, ROWS, STEPS
from benchmarks.run import Failed, Plan, cpus
from benchmarks.summary import Run, Summary, steps

KEEP = "keep and remove"
HEAD = (
    f"{'contender':<34} {'events/s':>9} {'spread':>17} {'x classic':>9} {'x cdp':>7}"
    f" {'us/event':>8} {'x floor':>7} {'ev/req':>7} {'fill':>5} {'p50 us':>8} {'p99 us':>9}"
    f" {'lost':>5} {'dup':>5}  holds"
)


def table(summaries: list[Summary], runs: list[Run], verdicts: list[Verdict]) -> str:
    """Return the table for people: a block for each delay, then the floor's steps and promises."""
    floor_steps = steps([run for run in runs if run.name == STEPS])
    lines: list[str] = []
    for delay_ms in dict.fromkeys(each.delay_ms for each in summaries):
        block = [each for each in summaries if each.delay_ms == delay_ms]
        lines += ["", f"{delay_ms} ms of server delay", HEAD, "-" * len(HEAD)]
        lines += [_line(each, block, verdicts, floor_steps) for each in block]
    if floor_steps:
        each = ", ".join(f"{name} {value:.2f}" for name, value in floor_steps.items())
        total = sum(value for name, value in floor_steps.items() if name != KEEP)
        lines += ["", f"floor, CPU us an event by step: {each}; sum without the last {total:.2f}"]
    lines += ["", *(_promise(verdict) for verdict in verdicts)]
    return "\n".join(lines)


def _line(
    each: Summary, block: list[Summary], verdicts: list[Verdict], floor_steps: dict[str, float]
) -> str:
    rates = {other.name: other.rate for other in block}
    low, high = _figure(each.rate_low), _figure(each.rate_high)
    return (
        f"{each.name:<34} {each.rate:>9,.0f} {f'{low}..{high}':>17}"
        f" {_ratio(each.rate, rates.get(CLASSIC)):>9} {_ratio(each.rate, rates.get(CDP)):>7}"
        f" {each.cpu_us:>8.1f} {_ratio(each.cpu_us, floor_cpu_us(each, block, floor_steps)):>7}"
        f" {each.events_per_request:>7,.1f} {each.fill:>5.0%} {_figure(each.p50_us):>8}"
        f" {_figure(each.p99_us):>9} {each.lost:>5,} {each.duplicates:>5,}"
        f"  {_holds(each, verdicts)}"
    )


def floor_cpu_us(
    each: Summary, block: list[Summary], floor_steps: dict[str, float]
) -> float | None:
    """Return the floor under *each*: of this delay, with the bare cost of SQLite where it keeps."""
    floor = next((other.cpu_us for other in block if other.name == FLOOR), None)
    if floor is not None and "sqlite" in each.name:
        return floor + floor_steps[KEEP] if KEEP in floor_steps else None
    return floor


def _holds(each: Summary, verdicts: list[Verdict]) -> str:
    mine = [v for v in verdicts if v.row == each.name and v.promise.delay_ms == each.delay_ms]
    if each.lost or each.duplicates:
        return "NO"
    if not mine:
        return "-"
    return "yes" if all(verdict.holds for verdict in mine) else "NO"


def _promise(verdict: Verdict) -> str:
    promise = verdict.promise
    return (
        f"{'holds ' if verdict.holds else 'BROKEN'} at {promise.delay_ms} ms {verdict.row} delivers"
        f" {verdict.reached:,.0f} times {promise.against}; promised {promise.at_least:,.0f}"
    )


def _ratio(value: float, base: float | None) -> str:
    if not base:
        return "-"
    return f"{value / base:,.1f}" if value / base < 100 else f"{value / base:,.0f}"


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def document(
    plan: Plan,
    summaries: list[Summary],
    runs: list[Run],
    verdicts: list[Verdict],
    failed: list[Failed],
) -> dict[str, Any]:
    """Return everything that was measured, every run included, for a machine to read."""
    floor_steps = steps([run for run in runs if run.name == STEPS])
    families = {row.name: row.family for row in ROWS}
    rows: list[dict[str, Any]] = []
    for each in summaries:
        block = [other for other in summaries if other.delay_ms == each.delay_ms]
        rates = {other.name: other.rate for other in block}
        floor = floor_cpu_us(each, block, floor_steps)
        rows.append(
            {
                "name": each.name,
                "family": families[each.name],
                "delay_ms": each.delay_ms,
                "rounds": each.rounds,
                "events": each.events,
                "events_per_second": each.rate,
                "events_per_second_low": each.rate_low,
                "events_per_second_high": each.rate_high,
                "times_classic": each.rate / rates[CLASSIC] if CLASSIC in rates else None,
                "times_cdp": each.rate / rates[CDP] if CDP in rates else None,
                "cpu_us_per_event": each.cpu_us,
                "times_floor_cpu": each.cpu_us / floor if floor else None,
                "events_per_request": each.events_per_request,
                "median_body_of_limit": each.fill,
                "connections": each.connections,
                "peak_mb": each.peak_mb,
                "p50_us": each.p50_us,
                "p99_us": each.p99_us,
                "lost": each.lost,
                "duplicates": each.duplicates,
                "holds": {"yes": True, "NO": False, "-": None}[_holds(each, verdicts)],
            }
        )
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cpus": cpus(),
        "rounds": plan.rounds,
        "delays_ms": plan.delays,
        "rows": rows,
        "floor_cpu_us_by_step": floor_steps,
        "promises": verdicts,
        "failed": failed,
        "runs": runs,
    }
