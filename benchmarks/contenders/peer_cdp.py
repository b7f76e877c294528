"""The vendor's `customerio-cdp-analytics`: a queue and one thread that sends batches of 100.

Its queue is made large enough for the whole run, since by default it drops what exceeds 10,000.
"""

import logging
from typing import Any

from customerio.analytics.client import Client
from meter import Job, contend, person


def run(job: Job) -> None:
    logging.disable(logging.CRITICAL)
    client = Client("key", host=job.url, max_queue_size=job.n + 1)

    def enqueue(i: int, data: dict[str, Any]) -> None:
        taken, _ = client.track(person(i), "order_completed", data)
        job.refused += not taken

    job.begin()
    job.each(enqueue)
    if job.drains:
        client.shutdown()


contend(run)
