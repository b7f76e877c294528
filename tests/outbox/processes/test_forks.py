"""Forks at the worst moment, and every way Python has of making processes (rule 30, gate 9)."""

import pytest

from .conftest import deliver, finished

COUNT = 50
# What a thread may hold when another forks; a child that inherited it held would hang. SQLite's
# are waited for by the fork itself, so their holder lets go.
LOCKS = ["stamp._lock", "settings._lock", "outbox._relay._room", "outbox._driver._lock"]
MEMORYS = [*LOCKS, "outbox._store._put_lock", "outbox._store._relay_lock"]
SQLITES = {
    **dict.fromkeys([*LOCKS, "outbox._store._store._group._lock"], 60),
    "outbox._store._store._file.write_lock": 0.2,
    "outbox._store._store._file.read_lock": 0.2,
}


@pytest.mark.parametrize("lock", MEMORYS)
def test_a_fork_while_a_lock_is_held_hangs_nobody(scene, seen, lock):
    """The child begins with locks of its own; parent and child deliver all they accept."""
    said = finished(scene("forks.fork_holding", lock, COUNT, 60, 20, place="memory:"))

    assert sum(map(len, said.values())) == 3 * COUNT
    assert seen.by_person() == said
    assert seen.summary()["repeats"] == 0


@pytest.mark.parametrize(("lock", "seconds"), SQLITES.items())
def test_a_fork_while_a_lock_is_held_loses_nothing_on_disk(scene, place, live, seen, lock, seconds):
    """The same with a file that both share."""
    said = finished(scene("forks.fork_holding", lock, COUNT, seconds, 0.1, place=place))

    deliver(place, live)

    assert sum(map(len, said.values())) == 3 * COUNT
    assert seen.by_person() == said


WAYS = [
    (way, method)
    for way in ("processes", "pool", "executor")
    for method in ("fork", "forkserver", "spawn")
]


@pytest.mark.parametrize(("way", "method"), WAYS)
def test_children_lose_nothing_on_disk_although_they_run_no_atexit(
    scene, place, live, seen, way, method
):
    """Process, Pool and ProcessPoolExecutor, whatever starts them: a later process delivers."""
    said = finished(scene(f"forks.{way}", method, COUNT, "leave", place=place))

    deliver(place, live)

    parts = {"processes": 2}.get(way, 10)
    assert sum(map(len, said.values())) == (1 + parts) * COUNT
    assert seen.by_person() == said


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_children_that_close_a_memory_outbox_deliver_all(scene, seen, method):
    """Without a file a child of multiprocessing must close: nobody else does it for it."""
    said = finished(scene("forks.processes", method, COUNT, "close", place="memory:"))

    assert sum(map(len, said.values())) == 3 * COUNT
    assert seen.by_person() == said


def test_a_child_holds_nothing_of_its_parents_memory(scene, seen):
    """The inherited buffer is dropped: it is the parent's to deliver (rule 30)."""
    said = finished(scene("forks.fork_with_a_full_buffer", 500, place="memory:"))

    assert seen.summary()["repeats"] == 0
    assert seen.by_person() == said


def test_grandchildren_keep_what_they_accept(scene, place, live, seen):
    """A daemon forks twice; each generation has its own outbox on the same file."""
    said = finished(scene("forks.fork_raw", COUNT, place=place))

    deliver(place, live)

    assert sum(map(len, said.values())) == 3 * COUNT
    assert seen.by_person() == said


@pytest.mark.parametrize("turns", [1, 2])
def test_a_child_waits_for_no_commit_of_its_parents_tasks(scene, place, live, seen, turns):
    """A loop of its own accepts in the child, whatever tasks of the parent's were about."""
    said = finished(scene("forks.fork_amid_tasks", turns, place=place))

    deliver(place, live)

    assert said.keys() == {"parent", "child"}
    assert seen.by_person() == said
    assert seen.summary()["repeats"] == 0


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_fork_of_which_python_hears_nothing_loses_nothing(scene, place, live, seen, kind):
    """The second line: a process that is not the one that opened the outbox begins anew."""
    place = place if kind == "sqlite" else "memory:"
    said = finished(scene("forks.fork_without_hooks", COUNT, place=place))

    if kind == "sqlite":
        deliver(place, live)

    assert sum(map(len, said.values())) == 2 * COUNT
    assert seen.by_person() == said
    if kind == "memory":
        assert seen.summary()["repeats"] == 0, "the child sent what is its parent's"
