"""Measure ferryman beside its peers and the floor, and judge what the figures must show.

Progress goes to stderr, results to stdout. The exit code is 1 when a figure does not hold, when
events of ours are lost or doubled, or when a contender of ours could not run; a missing peer is
only told. With --quick no figure is judged by the exit code.
"""

import argparse
import sys
from pathlib import Path

import msgspec

from benchmarks import report
from benchmarks.child import SOURCE, Failed
from benchmarks.figures import FIGURES, Verdict, judge
from benchmarks.medians import Medians, Run, medians
from benchmarks.rows import ROWS, SECTIONS, STEPS, Row
from benchmarks.run import Plan, perform

QUICK_SCALE = 0.2


def _words(given: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in given.split(",") if word.strip())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--json", action="store_true", help="one JSON document instead of tables")
    add("--rounds", type=int, default=3, help="alternating rounds (default 3)")
    add(
        "--only",
        type=_words,
        default=(),
        metavar="WORDS",
        help=f"sections ({', '.join(SECTIONS)}), or rows whose name contains one of these words;"
        " comma-separated; section:word for rows of one section",
    )
    add(
        "--cases",
        type=_words,
        default=(),
        metavar="NAMES",
        help="only these cases, as --list names them: '0 ms', 'fork'; comma-separated",
    )
    add("--scale", type=float, default=1.0, help="share of the usual events")
    add("--quick", action="store_true", help="a look: one round with a fifth of the events")
    add("--source", type=Path, default=SOURCE, help="the src of another checkout to measure")
    add("--list", action="store_true", help="name the rows, their cases and the figures, and leave")
    return parser


def _wanted(row: Row, only: tuple[str, ...]) -> bool:
    if not only:
        return True
    for word in only:
        section, colon, name = word.partition(":")
        if word == row.section or (colon and section == row.section and name in row.name):
            return True
        if word not in SECTIONS and not colon and word in row.name:
            return True
    return False


def _plan(given: argparse.Namespace) -> Plan | None:
    rows = tuple(row for row in ROWS if _wanted(row, given.only))
    if given.cases:
        rows = tuple(row for row in rows if any(each.name in given.cases for each in row.cases))
    if not rows:
        return None
    return Plan(
        rows=rows,
        cases=given.cases,
        rounds=1 if given.quick else given.rounds,
        scale=QUICK_SCALE if given.quick else given.scale,
        source=given.source.resolve(),
    )


def _list() -> str:
    lines: list[str] = []
    for section, says in SECTIONS.items():
        lines += ["", f"{section}: {says}"]
        for row in ROWS:
            if row.section == section:
                lines.append(f"  {row.name}  ({', '.join(case.name for case in row.cases)})")
        lines.append("  figures:")
        lines += [f"    {each.name}" for each in FIGURES if each.section == section]
    return "\n".join(lines[1:])


def _tell(done: Run | Failed) -> None:
    if isinstance(done, Failed):
        line = f"{done.name}, {done.case}: left out, {done.reason}"
    else:
        shown = {name: done.values[name] for name in _SHOWN if name in done.values}
        figures = ", ".join(f"{name} {value:,.1f}" for name, value in shown.items())
        line = f"{done.section}, round {done.round + 1}, {done.case}, {done.row}: {figures}"
        if done.row == STEPS:
            line = f"{done.section}, round {done.round + 1}, {done.row}"
    print(line, file=sys.stderr, flush=True)


_SHOWN = ("rate", "cpu_us", "p50_us", "p99_us", "grown_mb", "lost")


def main(words: list[str] | None = None) -> int:
    """Run the plan of the command line and print what came of it; return the exit code."""
    parser = _parser()
    given = parser.parse_args(words)
    if given.list:
        print(_list())
        return 0
    plan = _plan(given)
    if plan is None:
        parser.error("no row has such a name or case; --list names all")
    runs: list[Run] = []
    failed: list[Failed] = []
    for done in perform(plan):
        _tell(done)
        if isinstance(done, Failed):
            failed.append(done)
        else:
            runs.append(done)
    found = medians(runs)
    verdicts = [each for each in judge(found) if _asked(each.figure.section, plan)]
    if given.json:
        whole = report.document(plan, found, runs, verdicts, failed)
        print(msgspec.json.encode(whole).decode())
    else:
        print(report.table(found, verdicts))
    for line in report.spoilt(found):
        print(line, file=sys.stderr)
    return exit_code(verdicts, found, failed, scale=plan.scale)


def exit_code(
    verdicts: list[Verdict], found: Medians, failed: list[Failed], *, scale: float
) -> int:
    """Return 1 for a figure that does not hold, a loss of ours or one of ours that did not run."""
    # A short run measures the start of a contender more than its work.
    broken = scale >= 1 and any(each.holds is False for each in verdicts)
    return int(broken or bool(report.spoilt(found)) or any(each.ours for each in failed))


def _asked(section: str, plan: Plan) -> bool:
    return any(row.section == section for row in plan.rows)


if __name__ == "__main__":
    raise SystemExit(main())
