"""PostHog's client, which has the same shape as a library for Customer.io would: queue and thread.

Here for the time that a caller spends in one call.
"""

import logging
from typing import Any

from meter import Job, contend, person
from posthog import Posthog


def run(job: Job) -> None:
    logging.disable(logging.CRITICAL)
    client = Posthog("phc_key", host=job.url, max_queue_size=job.n + 1)

    def enqueue(i: int, data: dict[str, Any]) -> None:
        taken = client.capture("order_completed", distinct_id=person(i), properties=data)
        job.refused += taken is None

    job.begin()
    job.each(enqueue)
    if job.drains:
        client.shutdown()


contend(run)
