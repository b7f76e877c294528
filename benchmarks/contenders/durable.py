"""Acceptances that each wait until they are on disk: ours, and a bare apsw loop of the same shape.

`way=track` and `way=accept` are the outbox with nobody delivering, saying a typed event or keeping
an operation that is encoded already. `way=bare` inserts the very rows that the outbox writes, bytes
ready, into the same table: one connection, WAL, synchronous=FULL, no checkpoint, and the same group
commit (who comes while a commit is under way shares the next). `waiters=1|32` threads or `256`
tasks, each waiting for its own row. What they say is made beforehand, on both sides. A slow disk
ends a run after a few seconds; the rate is of what was kept by then.
"""

import asyncio
import itertools
import tempfile
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import apsw
from bare import Grouped, GroupedTasks, Spool
from meter import Job, clock, contend, person
from said import account, http, typed

from ferryman import AsyncOutbox, Outbox, operations

MADE = 1_000
LONG_S = 4.0


def in_threads(job: Job, call: Callable[[int], object]) -> None:
    """Call for every number, from as many threads as wait."""
    numbers, until = itertools.count(), clock() + LONG_S
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while (i := next(numbers)) < job.n and (before := clock()) < until:
                call(i % MADE)
                job.latencies.append(clock() - before)
        except Exception as error:
            failures.append(error)

    workers = [threading.Thread(target=work) for _ in range(job.option("waiters", 1))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]


async def in_tasks(job: Job, call: Callable[[int], Awaitable[object]]) -> None:
    """Call for every number, from as many tasks as wait."""
    numbers, until = itertools.count(), clock() + LONG_S

    async def work() -> None:
        while (i := next(numbers)) < job.n and (before := clock()) < until:
            await call(i % MADE)
            job.latencies.append(clock() - before)

    await asyncio.gather(*[work() for _ in range(job.option("waiters", 256))])


def timed(job: Job, act: Callable[[], object]) -> None:
    started = clock()
    act()
    job.extra["accepted_s"] = clock() - started


def outbox_call(job: Job, outbox: Any) -> Callable[[int], Any]:
    events = [(person(i), typed(i)) for i in range(MADE)]
    if job.options["way"] == "accept":
        said = [operations.track(*each) for each in events]
        return lambda i: outbox.accept(said[i])
    return lambda i: outbox.track(*events[i])


def ours(job: Job, path: Path) -> int:
    with Outbox(f"sqlite:///{path}", account(job), http=http(job), relay="external") as outbox:
        timed(job, lambda: in_threads(job, outbox_call(job, outbox)))
        return outbox.stats().accepted


async def ours_in_tasks(job: Job, path: Path) -> int:
    async with AsyncOutbox(
        f"sqlite:///{path}", account(job), http=http(job), relay="external"
    ) as outbox:
        call = outbox_call(job, outbox)
        started = clock()
        await in_tasks(job, call)
        job.extra["accepted_s"] = clock() - started
        return outbox.stats().accepted


def sample(job: Job, path: Path) -> tuple[str, list[tuple[Any, ...]]]:
    """Return the table that the outbox keeps entries in, and rows that it wrote."""
    # One by one, since entries that are accepted at once share a row.
    with Outbox(f"sqlite:///{path}", account(job), relay="external", level="process") as outbox:
        for i in range(MADE):
            outbox.track(person(i), typed(i))
    db = apsw.Connection(str(path))
    table = str(db.execute("SELECT sql FROM sqlite_master WHERE name = 'entries'").fetchall()[0][0])
    rows = db.execute("SELECT * FROM entries ORDER BY seq").fetchall()
    db.close()
    return table, rows


def bare(job: Job, path: Path) -> int:
    table, rows = sample(job, path.with_name("sample.db"))
    spool = Spool(path, table)
    if job.option("waiters", 1) > 32:

        async def tasks() -> None:
            grouped = GroupedTasks(spool.insert)
            started = clock()
            await in_tasks(job, lambda i: grouped.join(rows[i]))
            job.extra["accepted_s"] = clock() - started

        asyncio.run(tasks())
    else:
        grouped = Grouped(spool.insert)
        timed(job, lambda: in_threads(job, lambda i: grouped.join(rows[i])))
    return spool.close()


def run(job: Job) -> None:
    with tempfile.TemporaryDirectory(dir=job.options["folder"]) as folder:
        path = Path(folder) / "durable.db"
        if job.options["way"] == "bare":
            kept = bare(job, path)
        elif job.option("waiters", 1) > 32:
            kept = asyncio.run(ours_in_tasks(job, path))
        else:
            kept = ours(job, path)
    job.extra["kept"] = kept
    if kept != len(job.latencies):
        raise SystemExit(f"{kept} were kept, {len(job.latencies)} were said to be")


contend(run)
