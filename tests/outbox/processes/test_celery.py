"""Under Celery's prefork pool nothing that a task accepted is lost (gate 9)."""

import os
import signal
import time

import pytest

from .conftest import HERE, accepted, deliver, finished

GRACE = 20
"""Seconds in which a worker that was asked to end must be gone."""


@pytest.fixture
def worker(launch, tmp_path):
    """Start a Celery worker of two processes."""

    def start(place):
        return launch(
            *("-W", "default", "-m", "celery", "-A", "tasks", "worker", "--pool", "prefork"),
            *("--concurrency", 2, "--loglevel", "WARNING", "--without-gossip", "--without-mingle"),
            place=place,
        )

    return start


@pytest.fixture
def said(tmp_path):
    """Return what the tasks wrote down, once there are so many lines, or as it is."""
    file = tmp_path / "said.txt"

    def wait(least=0):
        deadline = time.monotonic() + 60
        while True:
            text = file.read_text() if file.exists() else ""
            if text.count("\n") >= least or time.monotonic() > deadline:
                return accepted(text)
            time.sleep(0.05)

    return wait


def end(process):
    """Have the worker shut down as it does when it is deployed anew."""
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=GRACE)
    assert process.returncode == 0, err


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_worker_that_ends_has_lost_nothing(launch, worker, said, place, live, seen, kind):
    """All tasks done, then SIGTERM: on disk it waits for the next, from memory it was sent."""
    place = place if kind == "sqlite" else "memory:"
    finished(launch(HERE / "tasks.py", 50, 10, place=place))
    process = worker(place)
    done = said(500)
    end(process)

    if kind == "sqlite":
        deliver(place, live)

    assert sum(map(len, done.values())) == 500
    assert seen.by_person() == done


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_warm_shutdown_amid_tasks_loses_nothing(launch, worker, said, place, live, seen, kind):
    """SIGTERM while tasks run: those under way are finished, the others stay in the broker."""
    place = place if kind == "sqlite" else "memory:"
    finished(launch(HERE / "tasks.py", 100, 20, place=place))
    process = worker(place)
    said(100)
    end(process)

    if kind == "sqlite":
        deliver(place, live)

    assert seen.by_person() == said()


def test_a_killed_worker_loses_nothing_on_disk(launch, worker, said, place, live, seen):
    """kill -9 of the pool: what a task accepted is on disk."""
    finished(launch(HERE / "tasks.py", 100, 20, place=place))
    process = worker(place)
    said(500)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(GRACE)

    deliver(place, live)

    held = seen.by_person()
    for person, ids in said().items():
        # The last one may be accepted and not written down.
        assert held[person][: len(ids)] == ids
        assert len(held[person]) - len(ids) in (0, 1)
