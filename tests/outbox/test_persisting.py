"""A store that fails for a while stops nobody for good (rule 32)."""

import pytest

from ferryman import Outbox
from ferryman.errors import StoreError
from ferryman.outbox.stores.around import Around
from ferryman.outbox.stores.memory import MemoryStore


class Failing(Around):
    """A store of which each worker's first look fails."""

    def __init__(self, store, error):
        super().__init__(store)
        self.error = error
        self.failures = 0

    def read(self, after, *, limit, size):
        if self.failures < 3:
            self.failures += 1
            raise self.error
        return super().read(after, limit=limit, size=size)


@pytest.mark.parametrize("error", [StoreError("locked"), ValueError("unforeseen")])
def test_a_worker_whose_store_failed_looks_again(live, seen, error):
    """What waits is delivered once the store can be read, whatever it raised before."""
    store = Failing(MemoryStore(), error)
    with Outbox(store, live, linger=0) as outbox:
        receipt = outbox.track("p", "x")
        outbox.flush(30)

    assert store.failures == 3
    assert seen.ids() == [receipt.id]
