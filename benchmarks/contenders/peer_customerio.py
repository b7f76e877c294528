"""The vendor's Python client as it is used: called in a loop, or behind the classic queue.

`way=loop` is the documented call, one request each. `way=classic` is what applications build from
it: a list of 50 events that, when full, is sent by 10 concurrent calls at a time, each group
awaited before the next.
"""

import logging
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from customerio import CustomerIO
from meter import Job, contend, person

QUEUE, CONCURRENT = 50, 10


def run(job: Job) -> None:
    logging.disable(logging.CRITICAL)
    client = CustomerIO("site", "key", host="localhost", port=job.port, retries=3)
    # Built before the threads race for it.
    assert client.http is not None

    def send(i: int, data: dict[str, Any]) -> None:
        client.track(person(i), "order_completed", data, id=f"e{i}")

    job.begin()
    if job.options["way"] == "loop":
        job.each(send)
        return
    pool = ThreadPoolExecutor(CONCURRENT)
    queue: list[tuple[int, dict[str, Any]]] = []

    def flush() -> None:
        for first in range(0, len(queue), CONCURRENT):
            wait([pool.submit(send, *each) for each in queue[first : first + CONCURRENT]])
        queue.clear()

    def enqueue(i: int, data: dict[str, Any]) -> None:
        queue.append((i, data))
        if len(queue) >= QUEUE:
            flush()

    job.each(enqueue)
    flush()


contend(run)
