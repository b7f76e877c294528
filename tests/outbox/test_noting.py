"""What may not be repeated is noted in the store before it is on the wire (rule 20)."""

from ferryman import Outbox
from ferryman.outbox.stores.around import Around
from ferryman.outbox.stores.memory import MemoryStore


class Recording(Around):
    """A store that records what is noted."""

    def __init__(self, store):
        super().__init__(store)
        self.happened = []

    def begin(self, places, *, sent):
        super().begin(places, sent=sent)
        self.happened.append(("noted" if sent else "forgotten", *places))


def test_a_form_is_noted_before_it_is_sent_and_forgotten_when_it_was_turned_away(live, seen):
    """Whoever dies in between leaves the note: the next relay knows that nobody knows."""
    store = Recording(MemoryStore())
    with Outbox(store, live, linger=0) as outbox:
        seen.faults({"status": 429, "count": 1})
        driver = outbox._relay._sending._driver
        sending = driver.send
        driver.send = lambda request: store.happened.append("sent") or sending(request)
        outbox.submit_form("f", "p", {"x": "y"})
        outbox.flush(30)

    assert store.happened == [("noted", 1), "sent", ("forgotten", 1), ("noted", 1), "sent"]
