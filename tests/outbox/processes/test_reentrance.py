"""An acceptance interrupted by another in the same thread, by collector or signal (rule 31)."""

import pytest

from .conftest import deliver, finished


@pytest.fixture(params=["memory", "sqlite"])
def kept(request, place):
    """Where an outbox keeps things: both stores."""
    return "memory:" if request.param == "memory" else place


@pytest.mark.parametrize("how", ["collected", "logged", "signalled"])
def test_an_acceptance_within_an_acceptance_does_not_hang(scene, kept, live, seen, how):
    """It is kept, or refused with a typed error; the one that it interrupts goes on."""
    said = finished(scene(f"reentrance.{how}", place=kept))

    if kept != "memory:":
        deliver(kept, live)

    held = seen.by_person()
    assert len(said["without"]) == 200
    assert held["without"] == said["without"]
    assert set(held.get("within", ())) == set(said.get("within", ()))
