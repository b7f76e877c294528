"""`async-customerio` with batches of 1,000 made by hand, several connections at once.

The fastest that an application reaches today by its own work; nothing is kept or retried.
"""

import asyncio

from async_customerio import AsyncCustomerIO
from meter import Job, batch_item, contend

BATCH = 1_000


async def deliver(job: Job) -> None:
    client = AsyncCustomerIO("site", "key", host="localhost", port=job.port)
    turns = asyncio.Semaphore(job.option("connections", 4))

    async def send(first: int) -> None:
        async with turns:
            last = min(job.n, first + BATCH)
            await client.v2.send_batch([batch_item(i) for i in range(first, last)])

    job.begin()
    await asyncio.gather(*[send(first) for first in range(0, job.n, BATCH)])
    job.end()
    await client.close()


contend(lambda job: asyncio.run(deliver(job)))
