"""gevent and trio: what docs/deploying.md says of them."""

import pytest

from .conftest import deliver, finished


@pytest.fixture(params=["memory", "sqlite"])
def kept(request, place):
    """Where an outbox keeps things: both stores."""
    return "memory:" if request.param == "memory" else place


@pytest.mark.parametrize("ending", ["close", "leave"])
def test_green_threads_lose_nothing(scene, kept, seen, ending):
    """In a process patched by gevent all that is accepted is delivered, each person in order."""
    said = finished(scene("green.gevent", ending, place=kept))

    assert sum(map(len, said.values())) == 500
    assert seen.by_person() == said


def test_a_forked_green_process_loses_nothing(scene, kept, live, seen):
    """gevent forks by a way of its own, and tells Python of it."""
    said = finished(scene("green.gevent_fork", place=kept))

    if kept != "memory:":
        deliver(kept, live)

    assert sum(map(len, said.values())) == 500
    assert seen.by_person() == said


def test_trio_uses_the_outbox_in_threads(scene, kept, seen):
    """Acceptance and flush wait off trio's loop."""
    said = finished(scene("green.trio", place=kept))

    assert sum(map(len, said.values())) == 500
    assert seen.by_person() == said
