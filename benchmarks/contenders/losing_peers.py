"""The Python peers as their documentation has them used: queues of the size that they come with."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, TypeAlias

from losing import lose
from meter import Job, described, person

Say: TypeAlias = Callable[[int, dict[str, Any]], object]
Client: TypeAlias = tuple[Say, Callable[[], object]]
QUEUE, CONCURRENT = 50, 10


def classic(job: Job) -> Client:
    """Queue 50, then send them by 10 concurrent calls of the vendor's client."""
    from customerio import CustomerIO

    client = CustomerIO("site", "key", host="localhost", port=job.port)
    assert client.http is not None
    pool = ThreadPoolExecutor(CONCURRENT)
    queue: list[tuple[int, dict[str, Any]]] = []

    def send(i: int, data: dict[str, Any]) -> None:
        client.track(person(i), "order_completed", data, id=f"e{i}")

    def flush() -> None:
        for first in range(0, len(queue), CONCURRENT):
            wait([pool.submit(send, *each) for each in queue[first : first + CONCURRENT]])
        queue.clear()

    def say(i: int, data: dict[str, Any]) -> None:
        queue.append((i, data))
        if len(queue) >= QUEUE:
            flush()

    return say, flush


def cdp(job: Job) -> Client:
    from customerio.analytics.client import Client as Analytics

    client = Analytics("key", host=job.url)
    return lambda i, data: client.track(person(i), "order_completed", data), client.shutdown


def posthog(job: Job) -> Client:
    from posthog import Posthog

    client = Posthog("phc_key", host=job.url)

    def say(i: int, data: dict[str, Any]) -> None:
        client.capture("order_completed", distinct_id=person(i), properties=data)

    return say, client.shutdown


def main(job: Job) -> None:
    logging.disable(logging.CRITICAL)
    peers = {"classic": classic, "cdp": cdp, "posthog": posthog}
    lose(job, *peers[job.options["peer"]](job))


main(described())
