"""The SQLite outbox as an application holds it that never says good-bye; `end=later` comes after.

The later process says nothing: it opens the same file and delivers what an earlier one left.
"""

from pathlib import Path
from typing import Any

from losing import lose
from meter import Job, described, event, person
from said import account, http

from ferryman import Outbox, operations

PATIENCE_S = 60


def main(job: Job) -> None:
    path = Path(job.options["folder"]) / "losses.db"
    outbox = Outbox(f"sqlite:///{path}", account(job), http=http(job))
    outbox.start()
    if job.options["end"] == "later":
        outbox.flush(timeout=PATIENCE_S)
        outbox.close()
        return

    def say(i: int, data: dict[str, Any]) -> None:
        outbox.track(person(i), "order_completed", data=data)

    def many(first: int, last: int) -> None:
        outbox.accept_many(
            operations.track(person(i), "order_completed", data=event(i))
            for i in range(first, last)
        )

    lose(job, say, outbox.close, many)


main(described())
