"""Runs contenders one after another, round after round, against one sink.

Alternating (A B C, A B C) instead of one after the other (A A, B B) lets a slow minute of the
machine fall on all alike. The contender runs on the first CPU and the sink on the second, where
there are two.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks import environments
from benchmarks.rows import Row
from benchmarks.sink import Sink, pinned
from benchmarks.summary import Results, Run

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent / "src"
SCRATCH = HERE / "results"
CHILD_TIMEOUT_S = 150
PACED_S = 5


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to run: which rows, at which delays (ms), how often, at what share of their events.

    With a `pace`, callers say so many events a second, for PACED_S seconds, in place of all that
    they can: what a call costs is then not what a saturated process makes of it.
    """

    rows: tuple[Row, ...]
    delays: tuple[int, ...]
    rounds: int
    scale: float
    pace: int = 0

    def count(self, row: Row, delay_ms: int) -> int:
        """Return how many events *row* says."""
        if self.pace:
            return max(100, int(self.pace * PACED_S * self.scale))
        return row.count(delay_ms, self.scale)


class Failed(msgspec.Struct, frozen=True):
    """A contender that could not run, and the reason in one line."""

    name: str
    reason: str


def cpus() -> tuple[int | None, int | None]:
    """Return the CPUs of the contender and of the sink, or none where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else (None, None)


def perform(plan: Plan) -> Iterator[Run | Failed]:
    """Yield each run as it ends; a contender that fails once is left out from then on."""
    mine, others = cpus()
    commands: dict[str, list[str]] = {}
    failed: set[str] = set()
    for row in plan.rows:
        try:
            commands[row.name] = _command(row)
        except environments.Absent as reason:
            failed.add(row.name)
            yield Failed(row.name, str(reason))
    SCRATCH.mkdir(exist_ok=True)
    with Sink(others) as sink, tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        for number in range(plan.rounds):
            for delay_ms in plan.delays:
                for row in plan.rows:
                    if row.name in failed or (delay_ms and row.delays == "zero"):
                        continue
                    n = plan.count(row, delay_ms)
                    sink.reset(delay_ms=delay_ms)
                    command = [*pinned(mine), *commands[row.name], "--n", str(n)]
                    command += ["--pace", str(plan.pace)]
                    done = _child(row, command, sink, folder)
                    if isinstance(done, Failed):
                        failed.add(row.name)
                        yield done
                        continue
                    yield Run(
                        name=row.name,
                        delay_ms=delay_ms,
                        round=number,
                        events=n,
                        results=done,
                        sink=sink.counts(),
                    )


def _command(row: Row) -> list[str]:
    script = str(HERE / "contenders" / row.script)
    match row.interpreter:
        case "here":
            return [sys.executable, script]
        case "node":
            return ["node", script, "--modules", str(environments.node())]
        case peer:
            return [str(environments.python(peer)), script]


def _child(row: Row, command: list[str], sink: Sink, folder: str) -> Results | Failed:
    """Run one contender to its end; its last line of output is its results."""
    trust = dict.fromkeys(
        ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), str(sink.ca)
    )
    path = {"PYTHONPATH": str(SOURCE) if row.interpreter == "here" else ""}
    options = [] if row.interpreter == "node" else [f"folder={folder}", *row.options]
    words = [word for option in options for word in ("--option", option)]
    try:
        done = subprocess.run(
            [*command, "--url", sink.url, "--ca", str(sink.ca), *words],
            env={**os.environ, **trust, **path},
            capture_output=True,
            text=True,
            timeout=CHILD_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Failed(row.name, f"not done after {CHILD_TIMEOUT_S} s")
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        return Failed(row.name, (done.stderr.strip().splitlines() or ["it said nothing"])[-1])
    return msgspec.json.decode(lines[-1], type=Results)
