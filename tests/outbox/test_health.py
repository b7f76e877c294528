"""What the outbox says of an API goes by its last answers (rule 21)."""

from ferryman import Outbox


def test_an_api_whose_key_works_again_is_well(live, seen):
    """A key that was refused and is taken again is an alarm that ends."""
    with Outbox("memory:", live, linger=0) as outbox:
        seen.faults({"status": 401, "count": 1})
        outbox.track("p", "x")
        outbox.flush(30)

        assert outbox.stats().relay == {"track": "well"}
