"""A million events of 300 bytes into the SQLite outbox while the server is down, and their drain.

The server is down when this starts. The start of memory is after all imports, with the outbox open
and its relay at work. When everything is accepted this says so on its standard output and waits for
a line on its standard input, which comes when the server is back: the drain is timed from there.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from meter import Job, clock, contend, person
from said import account, http, small

from ferryman import Operation, Outbox, operations

CHUNK = 1_000
SETTLE_S = 2.0
PATIENCE_S = 140
BYTES = 300


def memory(name: str) -> float:
    """Return VmRSS or VmHWM of this process in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def forget_peak() -> None:
    """Let VmHWM begin again at what is held now."""
    Path("/proc/self/clear_refs").write_text("5")


def said(first: int, last: int) -> Iterator[Operation[Any]]:
    for i in range(first, last):
        yield operations.track(person(i), small(i))


def run(job: Job) -> None:
    with tempfile.TemporaryDirectory(dir=job.options["folder"]) as folder:
        path = Path(folder) / "backlog.db"
        with Outbox(f"sqlite:///{path}", account(job), http=http(job)) as outbox:
            time.sleep(SETTLE_S)
            start = memory("VmRSS")
            forget_peak()
            begun = clock()
            for first in range(0, job.n, CHUNK):
                outbox.accept_many(said(first, min(job.n, first + CHUNK)))
            accepted = clock() - begun
            time.sleep(SETTLE_S)
            stats = outbox.stats()
            job.extra = {
                "start_mb": start,
                "grown_mb": memory("VmRSS") - start,
                "grown_peak_mb": memory("VmHWM") - start,
                "accepted_per_s": job.n / accepted,
                "bytes_each": stats.pending_bytes / job.n,
                "pending": stats.pending,
            }
            if stats.pending != job.n:
                raise SystemExit(f"{stats.pending} of {job.n} wait: the server was not down")
            print("down", flush=True)
            sys.stdin.readline()
            begun = clock()
            outbox.flush(timeout=PATIENCE_S)
            job.extra["drained_s"] = clock() - begun


if __name__ == "__main__":
    contend(run)
