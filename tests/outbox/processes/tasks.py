"""A Celery application whose tasks accept events; its broker is a folder.

``python tasks.py TASKS EVENTS`` asks for so many tasks of so many events. The recipe is that of
docs/deploying.md: each process of the pool closes its outbox when it ends.
"""

import os
import sys
from pathlib import Path

from celery import Celery
from celery.signals import worker_process_shutdown

from ferryman import get_outbox

FOLDER = Path.cwd() / "broker"
for name in ("queue", "control"):
    (FOLDER / name).mkdir(parents=True, exist_ok=True)

app = Celery("tasks", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": str(FOLDER / "queue"),
    "data_folder_out": str(FOLDER / "queue"),
    "control_folder": str(FOLDER / "control"),
    "polling_interval": 0.01,
}
app.conf.worker_prefetch_multiplier = 4
app.conf.broker_connection_retry_on_startup = True

if os.environ.get("AT_IMPORT"):  # in the parent, before the pool is forked
    get_outbox().track("parent", "started")


@worker_process_shutdown.connect
def leave(**_):
    """Deliver what waits: a process of the pool runs no atexit."""
    get_outbox().close()


@app.task
def say(number, events):
    """Accept, and write down what was accepted, one line a receipt."""
    said = os.open("said.txt", os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    for event in range(events):
        receipt = get_outbox().track(f"p{number}", "said", data={"n": event})
        os.write(said, f"{receipt.id} p{number}\n".encode())
    os.close(said)


if __name__ == "__main__":
    tasks, events = map(int, sys.argv[1:])
    from tasks import say as task

    for number in range(tasks):
        task.delay(number, events)
