"""Ferryman's outbox: `store=memory` or `store=sqlite` (at `power`), each call as `way` says.

`way=call` says name and data, `way=typed` a typed event, `way=bulk` typed events through
`accept_many`, `way=threads` and `way=tasks` typed events from 32 threads or 256 tasks, each waiting
for its own safety. The time runs until `flush` has seen the last event delivered.
"""

import asyncio
import itertools
import tempfile
import threading
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import msgspec
from meter import Job, clock, contend, event, person

from ferryman import Account, AsyncOutbox, Event, Http, Outbox, OutboxFull, operations

PATIENCE_S = 110
THREADS, TASKS, BULK = 32, 256, 1_000
PAUSE_S = 0.001


class Line(msgspec.Struct, frozen=True):
    sku: str
    name: str
    quantity: int
    price: float


class OrderCompleted(Event):
    mk: str
    order_id: str
    total: float
    currency: str
    coupon: str | None
    first_order: bool
    items: list[Line]
    url: str


def typed(data: dict[str, Any]) -> OrderCompleted:
    """Build the typed event as an application would, from what it has at hand."""
    lines = [Line(**line) for line in data["items"]]
    return OrderCompleted(**{**data, "items": lines})


def patiently(job: Job, call: Any, *args: Any, **kwargs: Any) -> None:
    """Call until it is accepted; a full outbox says so, and the caller tries again."""
    wait = threading.Event()
    while True:
        try:
            call(*args, **kwargs)
        except OutboxFull:
            job.refused += 1
            wait.wait(PAUSE_S)
        else:
            return


def from_threads(job: Job, outbox: Any) -> None:
    """Say all events from many threads that share one counter."""
    numbers = itertools.count()

    def work() -> None:
        while (i := next(numbers)) < job.n:
            made = event(i)
            before = clock()
            patiently(job, outbox.track, person(i), typed(made))
            job.latencies.append(clock() - before)

    workers = [threading.Thread(target=work) for _ in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


async def from_tasks(job: Job, outbox: AsyncOutbox) -> None:
    """Say all events from many tasks that share one counter."""
    numbers = itertools.count()

    async def work() -> None:
        while (i := next(numbers)) < job.n:
            made = event(i)
            before = clock()
            while True:
                try:
                    await outbox.track(person(i), typed(made))
                except OutboxFull:
                    job.refused += 1
                    await asyncio.sleep(PAUSE_S)
                else:
                    break
            job.latencies.append(clock() - before)

    await asyncio.gather(*[work() for _ in range(TASKS)])


def in_bulk(job: Job, outbox: Outbox) -> None:
    """Say all events a thousand at a time, from whatever makes them."""
    for first in range(0, job.n, BULK):
        numbers = range(first, min(job.n, first + BULK))
        said = [operations.track(person(i), typed(event(i))) for i in numbers]
        patiently(job, outbox.accept_many, said)


def say(job: Job, outbox: Outbox) -> None:
    match job.options["way"]:
        case "call":
            job.each(
                lambda i, made: patiently(
                    job, outbox.track, person(i), "order_completed", data=made
                )
            )
        case "typed":
            job.each(lambda i, made: patiently(job, outbox.track, person(i), typed(made)))
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


async def deliver(job: Job, where: str, account: Account) -> None:
    async with AsyncOutbox(where, account, http=Http(ca=job.ca)) as outbox:
        started = clock()
        await from_tasks(job, outbox)
        job.extra["accepted_s"] = clock() - started
        await outbox.flush(timeout=PATIENCE_S)


def run(job: Job) -> None:
    account = Account(site_id="site", track_api_key="key", track_url=job.url)
    with place(job) as folder:
        where = f"sqlite:///{Path(folder) / 'bench.db'}" if folder else "memory:"
        if job.options["way"] == "tasks":
            asyncio.run(deliver(job, where, account))
            return
        with Outbox(where, account, http=Http(ca=job.ca)) as outbox:
            started = clock()
            say(job, outbox)
            job.extra["accepted_s"] = clock() - started
            outbox.flush(timeout=PATIENCE_S)


contend(run)
