"""Endings beside those of test_exits.py: threads, Ctrl-C, hangs, handlers, two imports (gate 9)."""

import time

import pytest

from .conftest import accepted, deliver, finished

COUNT = 500


def in_order(few, many):
    """Whether *few* is a part of *many*, in its order."""
    left = iter(many)
    return all(each in left for each in few)


def lost(said, held):
    """Return whose events are not held, or not in the order in which they were said."""
    return [who for who, ids in said.items() if not in_order(ids, held.get(who, []))]


@pytest.fixture(params=["memory", "sqlite"])
def kept(request, place):
    """Where an outbox keeps things: both stores."""
    return "memory:" if request.param == "memory" else place


def test_sys_exit_in_a_thread_ends_the_thread_alone(scene, kept, seen, live):
    """The process then ends by itself, and what waits is delivered."""
    said = finished(scene("ends.sys_exit_in_a_thread", place=kept))

    assert sum(map(len, said.values())) == COUNT
    assert seen.by_person() == said


def test_daemon_threads_that_accept_at_the_end_lose_nothing_on_disk(scene, place, live, seen):
    """Whatever the interpreter does to them: a receipt that was printed is on disk."""
    process = scene("ends.exit_while_threads_accept", place=place)
    out, _ = process.communicate(timeout=90)

    deliver(place, live)

    said = accepted(out)
    assert sum(map(len, said.values())) >= COUNT
    assert lost(said, seen.by_person()) == []


def test_ctrl_c_amid_acceptance_loses_nothing(scene, kept, live, seen):
    """KeyboardInterrupt strikes anywhere; the outbox goes on, and the end is a clean one."""
    said = finished(scene("ends.interrupt_main", place=kept))

    if kept != "memory:":
        deliver(kept, live)

    held = seen.by_person()
    assert lost(said, held) == []
    # The one that was interrupted may be accepted and not printed.
    assert sum(map(len, held.values())) - sum(map(len, said.values())) in (0, 1)


def test_closing_while_others_accept_loses_nothing_that_was_accepted(scene, kept, live, seen):
    """Whoever got a receipt before the end is delivered; whoever comes later is refused."""
    said = finished(scene("ends.closing_while_threads_accept", place=kept))

    if kept != "memory:":
        deliver(kept, live)

    assert sum(map(len, said.values())) >= COUNT
    assert lost(said, seen.by_person()) == []


def test_an_exit_handler_may_accept(scene, kept, live, seen):
    """One that runs before the outbox leaves is heard; a later one is refused, or kept."""
    process = scene("ends.handlers", place=kept)
    out, err = process.communicate(timeout=90)

    if kept != "memory:":
        deliver(kept, live)

    said = accepted(out)
    assert process.returncode == 0, err
    assert len(said["registered-last"]) == 1
    assert ("refused" in out) != ("registered-first" in said)
    assert seen.by_person() == said


@pytest.mark.parametrize("exit_timeout", [0.5, 2.0])
def test_an_exit_is_bounded_while_a_request_hangs(scene, kept, live, seen, exit_timeout):
    """The deadline is the outbox's, not the request's (10 s) and not the server's (60 s)."""
    seen.faults({"delay": 60})
    process = scene("ends.hanging", exit_timeout, place=kept)
    out = ""
    while not out.endswith("ends\n"):
        out += process.stdout.readline()
    start = time.monotonic()
    _, err = process.communicate(timeout=90)
    spent = time.monotonic() - start
    seen.faults()

    if kept != "memory:":
        deliver(kept, live)
        assert lost(accepted(out), seen.by_person()) == []
    else:
        assert "ferryman.lost_at_exit" in err
    assert process.returncode == 0, err
    # Half a second is the grace for what is on its way, the rest the interpreter's own end.
    assert spent < exit_timeout + 0.5 + 2.0


def test_two_imports_of_the_package_share_a_file(scene, place, live, seen):
    """Reloaders and plugins import it twice: two outboxes, two sets of hooks, also at a fork."""
    said = finished(scene("ends.imported_twice", place=place))

    deliver(place, live)

    assert sum(map(len, said.values())) == COUNT + 100
    assert seen.by_person() == said
