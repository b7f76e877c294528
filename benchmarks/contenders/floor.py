"""The floor: the least that any client in Python must do for an event, on raw TLS sockets.

Check, make an id, encode with msgspec, hand over under a lock, join, post. Nothing is kept,
retried, observed or validated; what a real client costs above this is the price of what it
promises. With `event=typed` the caller holds the same typed event as ours does (a msgspec struct),
with `event=data` the same dict.
"""

import os
import queue
import sys
import threading
import time
from typing import Any

import msgspec
from floor_steps import FILL_BYTES, MAX_ITEMS, Ids, checked, connect, encode, post_head, read_answer
from meter import Job, contend, event, ordered, person


class Line(msgspec.Struct, frozen=True):
    sku: str
    name: str
    quantity: int
    price: float


class OrderCompleted(msgspec.Struct, frozen=True, kw_only=True):
    mk: str
    order_id: str
    total: float
    currency: str
    coupon: str | None
    first_order: bool
    items: list[Line]
    url: str


typed = ordered(OrderCompleted, Line)


def connection(job: Job, batches: "queue.SimpleQueue[list[bytes] | None]", room: Any) -> None:
    with connect(job) as wire:
        while (items := batches.get()) is not None:
            body = b",".join(items)
            wire.sendall(post_head(len(body) + 12) + b'{"batch":[' + body + b"]}")
            if read_answer(wire) != 200:
                raise ConnectionError("refused")
            room.release()


def give_up(told: threading.ExceptHookArgs) -> None:
    """End at once: the others would wait for ever for the connection that is gone."""
    print(f"floor: {told.exc_type.__name__}: {told.exc_value}", file=sys.stderr, flush=True)
    os._exit(1)


def run(job: Job) -> None:
    threading.excepthook = give_up
    connections = job.option("connections", 4)
    batches: queue.SimpleQueue[list[bytes] | None] = queue.SimpleQueue()
    # Two batches waiting for each connection: enough to keep it busy, little enough to hold.
    room = threading.Semaphore(connections * 3)
    senders = [
        threading.Thread(target=connection, args=(job, batches, room)) for _ in range(connections)
    ]
    for sender in senders:
        sender.start()
    lock, ids, pending, size = threading.Lock(), Ids(), [], 0

    kind = OrderCompleted if job.options["event"] == "typed" else dict

    def track(i: int, data: Any) -> None:
        nonlocal pending, size
        who = person(i)
        checked(who, "order_completed", data, kind)
        at = time.time_ns()
        with lock:
            ident = ids(at)
        item = encode(
            {
                "type": "person",
                "action": "event",
                "identifiers": {"id": who},
                "name": "order_completed",
                "attributes": data,
                "timestamp": at // 1_000_000_000,
                "id": ident,
            }
        )
        with lock:
            if size + len(item) >= FILL_BYTES or len(pending) >= MAX_ITEMS:
                full, pending, size = pending, [], 0
                room.acquire()
                batches.put(full)
            pending.append(item)
            size += len(item) + 1

    job.each(track)
    batches.put(pending)
    for _ in senders:
        batches.put(None)
    for sender in senders:
        sender.join()


if __name__ == "__main__":
    contend(run, lambda job: typed if job.options["event"] == "typed" else event)
