"""A relay that lacks the key of an API which others of its spool have."""

from ferryman import Account, Outbox
from ferryman.emulator import DEFAULT_WORKSPACE as KEYS


def test_what_no_key_opens_waits_as_paused_and_holds_up_nobody(tmp_path, live, emulator, seen):
    """Sends wait, and are shown as paused, until a process that has the key leads."""
    whole = Account(
        site_id=KEYS.site_id,
        track_api_key=KEYS.track_api_key,
        app_api_key=KEYS.app_api_key,
        track_url=emulator.url,
        app_url=emulator.url,
    )
    place = f"sqlite:///{tmp_path / 'spool.db'}"
    with Outbox(place, whole, relay="external") as accepting:
        for number in range(40):
            accepting.send_email(str(number), transactional_message_id=7, to="a@example.com")
            accepting.track(str(number), "bought")

    with Outbox(place, live) as lacking:
        while lacking.stats().pending > 40 or "app" not in lacking.stats().relay:
            lacking._relay.await_change(0.05)
        stats = lacking.stats()
        waiting = (stats.pending, stats.dead, stats.relay)
        lacking._exit_timeout = 0
        lacking.close(0.1)
    with Outbox(place, whole) as having:
        having.flush(30)
        counts = having.stats()

    assert waiting == (40, 0, {"track": "well", "app": "paused"})
    assert (counts.delivered, counts.dead) == (80, 0)
    assert seen.summary()["messages"] == 40
