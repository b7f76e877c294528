"""What an outbox says of itself: accounts, reasons, retries, its relay, its pace."""

import contextlib
import time

import httpx2
import pytest

from ferryman import Account
from ferryman.errors import FlushTimeout
from ferryman.outbox import Outbox
from ferryman.outbox.protocol import Stats


@pytest.fixture(params=["memory", "sqlite"])
def place(request, tmp_path):
    """Where an outbox keeps things: both stores."""
    return "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'spool.db'}"


def until(condition):
    """Wait until *condition* holds."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.01)


def test_a_new_outbox_has_nothing_to_tell(place, live):
    """All is 0, no API was asked, and it adds up."""
    with Outbox(place, live) as outbox:
        stats = outbox.stats()

    assert stats == Stats()
    assert stats.adds_up()


def test_reasons_are_counted(place, live, seen):
    """How many died of which reason, the most frequent first."""
    with Outbox(place, live, linger=0) as outbox:
        seen.faults({"status": 422, "path": "/api/v1/forms"}, {"status": 400})
        outbox.submit_form("f", "p", {"a": "b"})
        for number in range(3):
            outbox.track(f"p{number}", "said")
        outbox.flush(30)
        stats = outbox.stats()

    assert sum(stats.reasons.values()) == stats.dead == 4
    assert list(stats.reasons.values()) == sorted(stats.reasons.values(), reverse=True)


def test_an_outage_is_seen_and_is_over(place, live, seen):
    """Away while Customer.io answers nothing well, well afterwards; retries and age are told."""
    with Outbox(place, live, linger=0) as outbox:
        seen.faults({"status": 503})
        outbox.track("p", "said")
        until(lambda: outbox.stats().relay == {"track": "away"})
        until(lambda: outbox.stats().oldest_pending_seconds > 1)
        during = outbox.stats()
        seen.faults()
        outbox.flush(60)
        after = outbox.stats()

    assert (during.relay, during.pending) == ({"track": "away"}, 1)
    assert during.oldest_pending_at is not None
    assert (after.relay, after.pending) == ({"track": "well"}, 0)
    assert (after.oldest_pending_at, after.oldest_pending_seconds) == (None, 0.0)
    assert after.retries >= during.retries > 0


def test_a_refused_key_pauses_and_keeps_everything(place, live, seen):
    """401 is the key's fault: paused, nothing dead, until the key is taken again (rule 21)."""
    with Outbox(place, live, linger=0) as outbox:
        seen.faults({"status": 401})
        receipt = outbox.track("p", "said")
        until(lambda: outbox.stats().relay == {"track": "paused"})
        during = outbox.stats()
        seen.faults()
        outbox.flush(60)
        after = outbox.stats()

    assert (during.pending, during.dead) == (1, 0)
    assert after.relay == {"track": "well"}
    assert seen.ids() == [receipt.id]


def test_where_another_process_delivers_the_relay_is_empty(tmp_path, live):
    """The accounts are the file's, the relay's health is its own process's."""
    spool = f"sqlite:///{tmp_path / 'spool.db'}"
    with Outbox(spool, live, relay="external") as accepting:
        accepting.track("p", "said")
        with Outbox(spool, live):
            accepting.flush(30)
        stats = accepting.stats()

    assert (stats.delivered, stats.relay, stats.retries) == (1, {}, 0)


def test_a_flush_without_deadline_does_not_wait_for_a_person(place, live, seen):
    """With only parked ones left it raises at once, says what to do, and close loses nothing."""
    outbox = Outbox(place, live, linger=0)
    seen.faults({"status": 400})
    outbox.merge("ann", "bob")
    outbox.flush(30)
    outbox.track("ann", "behind")

    with pytest.raises(FlushTimeout, match="1 operation waits for a person") as raised:
        outbox.flush()

    stats = outbox.stats()
    assert raised.value.pending == 1
    assert (stats.parked, stats.dead, stats.pending) == (1, 1, 1)
    seen.faults()
    outbox.dead.skip(parks=True)
    outbox.close(30)


def requests(emulator):
    """Return the paths that were asked for."""
    found = httpx2.get(f"{emulator.url}/emulator/requests").raise_for_status().json()
    return [each["path"] for each in found["requests"]]


def test_a_stop_does_not_wait_for_an_endpoints_pace(place, emulator, seen):
    """A broadcast that waits for its turn is given up by close, and kept where it can be."""
    account = Account(
        site_id="emulator-site",
        track_api_key="emulator-key",
        app_api_key="emulator-app",
        track_url=emulator.url,
        app_url=emulator.url,
    )
    outbox = Outbox(place, account, linger=0)
    for _ in range(3):
        outbox.trigger_broadcast(7)
    other = outbox.track("p", "said")
    until(lambda: outbox.stats().pending <= 2 and outbox.stats().delivered)
    begun = time.monotonic()
    with contextlib.suppress(FlushTimeout):  # memory says what is lost with it
        outbox.close(0.1)
    took = time.monotonic() - begun
    triggered = [each for each in requests(emulator) if "/triggers" in each]

    assert len(triggered) == 1
    assert seen.ids() == [other.id]
    assert took < 5  # the promise of close: its deadline, and half a second for what is on its way
