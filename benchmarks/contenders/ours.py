"""Ferryman's outbox: `store=memory` or `store=sqlite` (at `power`), each call as `way` says.

`way=data` says name and data, `way=typed` a typed event, `way=bulk` typed events through
`track_many`, `way=threads` and `way=tasks` typed events from 32 threads or 256 tasks, each waiting
for its own safety. The time runs until `flush` has seen the last event delivered.
"""

import asyncio
import itertools
import tempfile
import threading
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from meter import Job, clock, contend, event, person
from said import account, http, typed

from ferryman import Account, AsyncOutbox, Outbox, OutboxFull

PATIENCE_S = 110
THREADS, TASKS, BULK = 32, 256, 10_000
PAUSE_S = 0.001


def patiently(job: Job, call: Any, *args: Any, **kwargs: Any) -> None:
    """Call until it is accepted; a full outbox says so, and the caller tries again."""
    while True:
        try:
            call(*args, **kwargs)
        except OutboxFull:
            job.refused += 1
            threading.Event().wait(PAUSE_S)
        else:
            return


def from_threads(job: Job, outbox: Outbox) -> None:
    """Say all events from many threads that share one counter."""
    numbers = itertools.count()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while (i := next(numbers)) < job.n:
                made = job.make(i)
                before = clock()
                patiently(job, outbox.track, person(i), made)
                job.latencies.append(clock() - before)
        except Exception as error:
            failures.append(error)

    workers = [threading.Thread(target=work) for _ in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]


async def from_tasks(job: Job, outbox: AsyncOutbox) -> None:
    """Say all events from many tasks that share one counter."""
    numbers = itertools.count()

    async def work() -> None:
        while (i := next(numbers)) < job.n:
            made = job.make(i)
            before = clock()
            while True:
                try:
                    await outbox.track(person(i), made)
                except OutboxFull:
                    job.refused += 1
                    await asyncio.sleep(PAUSE_S)
                else:
                    break
            job.latencies.append(clock() - before)

    await asyncio.gather(*[work() for _ in range(TASKS)])


def in_bulk(job: Job, outbox: Outbox) -> None:
    """Say all events through `track_many`, from what makes them; go on where it was full."""
    said = 0
    while said < job.n:
        last = min(job.n, said + BULK)
        try:
            said += outbox.track_many((person(i), job.make(i)) for i in range(said, last)).count
        except OutboxFull as full:
            said += full.accepted.count if full.accepted else 0
            job.refused += 1
            threading.Event().wait(PAUSE_S)


def say(job: Job, outbox: Outbox) -> None:
    match job.options["way"]:
        case "data":
            job.each(
                lambda i, made: patiently(
                    job, outbox.track, person(i), "order_completed", data=made
                )
            )
        case "typed":
            job.each(lambda i, made: patiently(job, outbox.track, person(i), made))
        case "threads":
            from_threads(job, outbox)
        case "bulk":
            in_bulk(job, outbox)
        case other:
            raise SystemExit(f"no such way: {other}")


def place(job: Job) -> AbstractContextManager[str]:
    if job.options["store"] == "memory":
        return nullcontext("")
    return tempfile.TemporaryDirectory(dir=job.options["folder"])


async def deliver(job: Job, where: str) -> None:
    async with AsyncOutbox(where, account(job), http=http(job)) as outbox:
        await from_tasks(job, outbox)
        await outbox.flush(timeout=PATIENCE_S)


def run(job: Job) -> None:
    with place(job) as folder:
        where = f"sqlite:///{Path(folder) / 'bench.db'}" if folder else "memory:"
        if job.options["way"] == "tasks":
            asyncio.run(deliver(job, where))
            return
        outbox = Outbox(where, account(job), http=http(job))
        outbox.start()
        say(job, outbox)
        if job.drains:
            outbox.flush(timeout=PATIENCE_S)
            outbox.close()


def load() -> None:
    """Import what an outbox imports at first use: peers import it before the clock runs, too."""
    with tempfile.TemporaryDirectory() as folder:
        Outbox(f"sqlite:///{folder}/load.db", Account(site_id="site", track_api_key="key")).close()


load()
contend(run, lambda job: event if job.options["way"] == "data" else typed)
