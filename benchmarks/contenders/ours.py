"""Ferryman's outbox: `store=memory` or `store=sqlite` (at `power`), each call as `way` says.

`way=data` says name and data, `way=typed` a typed event, `way=bulk` typed events through
`track_many`, `way=threads` and `way=tasks` typed events from 32 threads or 256 tasks, each waiting
for its own safety. The time runs until `flush` has seen the last event delivered.
"""

import asyncio
import itertools
import tempfile
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from meter import Job, clock, contend, event, person
from said import account, http, typed

from ferryman import Account, AsyncOutbox, Outbox, OutboxFull

PATIENCE_S = 110
THREADS, TASKS, BULK = 32, 256, 10_000
PAUSE_S = 0.001


def typed_call(job: Job, outbox: Outbox) -> Callable[[int, Any], None]:
    """Return the call that says a typed event; where the outbox is full it tries again."""
    track = outbox.track

    def call(i: int, made: Any) -> None:
        while True:
            try:
                track(person(i), made)
            except OutboxFull:
                pause(job)
            else:
                return

    return call


def named_call(job: Job, outbox: Outbox) -> Callable[[int, Any], None]:
    """Return the call that says a name and data; where the outbox is full it tries again."""
    track = outbox.track

    def call(i: int, made: Any) -> None:
        while True:
            try:
                track(person(i), "order_completed", data=made)
            except OutboxFull:
                pause(job)
            else:
                return

    return call


def pause(job: Job) -> None:
    job.refused += 1
    threading.Event().wait(PAUSE_S)


def from_threads(job: Job, outbox: Outbox) -> None:
    """Say all events from many threads that share one counter."""
    numbers, call = itertools.count(), typed_call(job, outbox)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while (i := next(numbers)) < job.n:
                made = job.make(i)
                before = clock()
                call(i, made)
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
            pause(job)


def say(job: Job, outbox: Outbox) -> None:
    match job.options["way"]:
        case "data":
            job.each(named_call(job, outbox))
        case "typed":
            job.each(typed_call(job, outbox))
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
        job.begin()
        await from_tasks(job, outbox)
        await outbox.flush(timeout=PATIENCE_S)
        job.end()


def run(job: Job) -> None:
    with place(job) as folder:
        where = f"sqlite:///{Path(folder) / 'bench.db'}" if folder else "memory:"
        if job.options["way"] == "tasks":
            asyncio.run(deliver(job, where))
            return
        outbox = Outbox(where, account(job), http=http(job))
        outbox.start()
        job.begin()
        say(job, outbox)
        if job.drains:
            outbox.flush(timeout=PATIENCE_S)
        job.end()
        if job.drains:
            outbox.close()


def load() -> None:
    """Import what an outbox imports at first use: peers import it before the clock runs, too."""
    with tempfile.TemporaryDirectory() as folder:
        Outbox(f"sqlite:///{folder}/load.db", Account(site_id="site", track_api_key="key")).close()


load()
contend(run, lambda job: event if job.options["way"] == "data" else typed)
