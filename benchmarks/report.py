"""Tells people and machines what was measured: tables on stdout, or one JSON document."""

import platform
from typing import Any

import msgspec

from benchmarks.child import Failed, cpus
from benchmarks.figures import Verdict
from benchmarks.medians import Medians, Run
from benchmarks.rows import CDP, CLASSIC, ROWS, SECTIONS, STEPS, Row, Section
from benchmarks.run import Plan


class Column(msgspec.Struct, frozen=True):
    """A column of a section's table: its head, its width, the value, and how it is written."""

    head: str
    width: int
    value: str
    form: str = ",.0f"


_LATENCY = (Column("p50 us", 10, "p50_us", ",.1f"), Column("p99 us", 11, "p99_us", ",.1f"))
_LOST = (Column("lost", 7, "lost"), Column("twice", 6, "duplicates"))
_RATE = (
    Column("a second", 10, "rate"),
    Column("lowest", 10, "rate_low"),
    Column("highest", 10, "rate_high"),
)
COLUMNS: dict[Section, tuple[Column, ...]] = {
    "speed": (
        *_RATE,
        Column("x classic", 10, "times_classic", ",.1f"),
        Column("x cdp", 8, "times_cdp", ",.1f"),
        Column("us/event", 9, "cpu_us", ".1f"),
        Column("ev/req", 8, "events_per_request", ",.1f"),
        Column("fill", 6, "fill", ".1%"),
        *_LATENCY,
        *_LOST,
    ),
    "calls": (*_LATENCY, Column("worst us", 10, "max_us"), Column("refused", 8, "refused")),
    "durable": (*_RATE, *_LATENCY),
    "checks": (
        Column("added us", 10, "added_us", ".2f"),
        Column("accepted us", 13, "accepted_us", ".2f"),
    ),
    "backlog": (
        Column("accepted/s", 11, "accepted_per_s"),
        Column("bytes", 6, "bytes_each", ".1f"),
        Column("start MB", 9, "start_mb", ".1f"),
        Column("grown MB", 9, "grown_mb", ".1f"),
        Column("peak MB", 8, "grown_peak_mb", ".1f"),
        Column("drained/s", 10, "rate"),
        Column("once moving", 12, "rate_moving"),
        *_LOST,
    ),
    "losses": (
        Column("said", 8, "events"),
        *_LOST,
        Column("left by the first", 18, "left_by_the_first"),
        Column("ended after s", 14, "ended_after_s", ".1f"),
    ),
}
NAME = 36


def table(medians: Medians, verdicts: list[Verdict]) -> str:
    """Return the tables for people: one for each section and case, then the figures."""
    lines: list[str] = []
    told = with_ratios(medians)
    for section, says in SECTIONS.items():
        places = [place for place in told if place[0] == section and place[1] != STEPS]
        if not places:
            continue
        lines += ["", f"{section}: {says}"]
        for case in dict.fromkeys(place[2] for place in places):
            lines += _block(section, case, told)
    for place, values in medians.items():
        if place[1] == STEPS:
            steps = [f"{name} {values[name]:.2f}" for name in STEP_NAMES if name in values]
            lines += ["", f"{STEPS}, CPU us an event: {', '.join(steps)}"]
    return "\n".join([*lines, "", *figures(verdicts)])


STEP_NAMES = ("check", "id", "encode", "hand over", "join", "post", "keep and remove")


def _block(section: Section, case: str, told: Medians) -> list[str]:
    columns = COLUMNS[section]
    head = f"{case:<{NAME}}" + "".join(f"{column.head:>{column.width}}" for column in columns)
    lines = ["", head, "-" * len(head)]
    for (its_section, row, its_case), values in told.items():
        if (its_section, its_case) == (section, case) and row != STEPS:
            cells = "".join(f"{_cell(column, values):>{column.width}}" for column in columns)
            lines.append(f"{row:<{NAME}}{cells}")
    return lines


def _cell(column: Column, values: dict[str, float]) -> str:
    value = values.get(column.value)
    return "-" if value is None else format(value, column.form)


def with_ratios(medians: Medians) -> Medians:
    """Return *medians*, as the rows stand, with the rates of `speed` over those of two peers."""
    order = {(row.section, row.name): number for number, row in enumerate(ROWS)}
    told: Medians = {}
    for place, values in sorted(medians.items(), key=lambda each: order[each[0][:2]]):
        section, _, case = place
        told[place] = dict(values)
        for name, peer in (("times_classic", CLASSIC), ("times_cdp", CDP)):
            base = medians.get((section, peer, case), {}).get("rate")
            if section == "speed" and base and "rate" in values:
                told[place][name] = values["rate"] / base
    return told


def figures(verdicts: list[Verdict]) -> list[str]:
    """Return the table of what is promised, in the order of the promises."""
    head = f"{'figure':<78}{'value':>11}{'over':>11}{'reached':>11}{'promised':>11}  holds"
    lines = [head, "-" * len(head)]
    for each in verdicts:
        figure = each.figure
        promised = figure.at_least if figure.at_least is not None else figure.at_most
        sign = ">=" if figure.at_least is not None else "<="
        lines.append(
            f"{figure.name:<78}{_number(each.value):>11}{_number(each.against):>11}"
            f"{_number(each.reached):>11}{f'{sign} {_number(promised)}':>11}  {said(each.holds)}"
        )
        if each.beside:
            others = ", ".join(f"{name} {_number(value)}" for name, value in each.beside.items())
            lines.append(f"    beside it {others}")
    return lines


def said(holds: bool | None) -> str:
    """Return a verdict as the column `holds` says it."""
    return "-" if holds is None else "yes" if holds else "NO"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:,.3f}" if abs(value) < 1 else f"{value:,.2f}"


def document(
    plan: Plan,
    medians: Medians,
    runs: list[Run],
    verdicts: list[Verdict],
    failed: list[Failed],
) -> dict[str, Any]:
    """Return everything that was measured, every run included, for a machine to read."""
    families = {(row.section, row.name): row.family for row in ROWS}
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cpus": cpus(),
        "rounds": plan.rounds,
        "scale": plan.scale,
        "figures": [
            {
                "name": each.figure.name,
                "section": each.figure.section,
                "unit": each.figure.unit,
                "value": each.value,
                "over": each.against,
                "reached": each.reached,
                "at_least": each.figure.at_least,
                "at_most": each.figure.at_most,
                "holds": each.holds,
                "beside": each.beside,
            }
            for each in verdicts
        ],
        "rows": [
            {
                "section": section,
                "name": row,
                "family": families[section, row],
                "case": case,
                **values,
            }
            for (section, row, case), values in with_ratios(medians).items()
        ],
        "failed": failed,
        "runs": runs,
    }


def spoilt(medians: Medians, rows: tuple[Row, ...] = ROWS) -> list[str]:
    """Return what of ours lost events, or, where no process ended early, delivered some twice."""
    ours = {(row.section, row.name) for row in rows if row.family == "ours"}
    return [
        f"{row}, {case}: {values.get('lost', 0):,.0f} lost, {values['duplicates']:,.0f} twice"
        for (section, row, case), values in medians.items()
        if (section, row) in ours and "duplicates" in values
        if values.get("lost") or (section != "losses" and values["duplicates"])
    ]
