"""The command: `python -m benchmarks`; `--help` says the rest.

Progress goes to stderr, results to stdout. Exit code 1 when a promise is broken, when events of
ours are lost or doubled, or when a contender of ours could not run; a missing peer is only told.
"""

import argparse
import sys

import msgspec

from benchmarks import promises, report
from benchmarks.rows import ROWS, STEPS
from benchmarks.run import Failed, Plan, perform
from benchmarks.summary import Run, summarise

QUICK_SCALE = 0.2


def _plan(words: list[str] | None) -> tuple[Plan, bool]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    parser.add_argument("--rounds", type=int, default=3, help="alternating rounds (default 3)")
    parser.add_argument(
        "--only", default="", help="rows whose name contains one of these words, comma-separated"
    )
    parser.add_argument("--delays", default="0,50", help="server delays in ms (default 0,50)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual events")
    parser.add_argument(
        "--pace", type=int, default=0, help="say so many events a second, for what a call costs"
    )
    parser.add_argument("--quick", action="store_true", help="one round with a fifth of the events")
    parser.add_argument("--list", action="store_true", help="name the rows and leave")
    given = parser.parse_args(words)
    if given.list:
        print("\n".join(row.name for row in ROWS))
        raise SystemExit(0)
    only = [word.strip() for word in given.only.split(",") if word.strip()]
    rows = tuple(row for row in ROWS if not only or any(word in row.name for word in only))
    if given.pace:
        rows = tuple(row for row in rows if row.paced)
    if not rows:
        parser.error("no row has such a name, or none of them can be paced; --list names all")
    plan = Plan(
        rows=rows,
        delays=tuple(int(delay) for delay in given.delays.split(",")),
        rounds=1 if given.quick else given.rounds,
        scale=QUICK_SCALE if given.quick else given.scale,
        pace=given.pace,
    )
    return plan, given.json


def _tell(done: Run | Failed) -> None:
    if isinstance(done, Failed):
        line = f"{done.name}: left out, {done.reason}"
    elif done.name == STEPS:
        line = f"round {done.round + 1}, {done.name}"
    else:
        line = (
            f"round {done.round + 1}, {done.delay_ms:>2} ms, {done.name:<34}"
            f" {done.rate:>10,.0f} events/s, {done.sink.unique:,} of {done.events:,}"
        )
    print(line, file=sys.stderr, flush=True)


def main(words: list[str] | None = None) -> int:
    """Run the plan of the command line and print what came of it; return the exit code."""
    plan, as_json = _plan(words)
    runs: list[Run] = []
    failed: list[Failed] = []
    for done in perform(plan):
        _tell(done)
        if isinstance(done, Failed):
            failed.append(done)
        else:
            runs.append(done)
    summaries = summarise(runs)
    # A short run measures the start of a contender more than its work.
    verdicts = [] if plan.pace or plan.scale < 1 else promises.judge(summaries)
    if as_json:
        whole = report.document(plan, summaries, runs, verdicts, failed)
        print(msgspec.json.encode(whole).decode())
    else:
        print(report.table(summaries, runs, verdicts))
    ours = {row.name for row in ROWS if row.family == "ours"}
    broken = any(not verdict.holds for verdict in verdicts)
    spoilt = any(each.name in ours and (each.lost or each.duplicates) for each in summaries)
    return int(broken or spoilt or any(each.name in ours for each in failed))


if __name__ == "__main__":
    raise SystemExit(main())
