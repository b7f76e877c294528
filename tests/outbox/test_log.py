"""The log of a spool: who moves it into the file, and that it does not grow for ever (rule 14)."""

import pytest

from ferryman import operations as say
from ferryman.outbox.entry import Done
from ferryman.outbox.stores import sqlite
from ferryman.outbox.stores.schema import PAGE_SIZE
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import kept, waiting

ROUND = 200 * 30_000


@pytest.fixture
def store(tmp_path):
    """An empty spool."""
    made = SqliteStore(tmp_path / "spool.db")
    yield made
    made.close()


def accept(store):
    """Accept a round of large operations; return them."""
    return kept(store, *[say.track("p", "x", data={"t": "x" * 30_000}) for _ in range(200)])


def sizes(store):
    """Return the bytes of the file and of its log."""
    log = store.path.with_name(f"{store.path.name}-wal")
    return store.path.stat().st_size, log.stat().st_size


def test_whoever_accepts_moves_no_log(store):
    """A checkpoint would stall them: what was accepted stays in the log until the relay comes."""
    for _ in range(2):  # SQLite's own bound is a thousand pages
        accept(store)

    file, log = sizes(store)

    assert file < ROUND / 10
    assert log > 2 * ROUND > 1_000 * PAGE_SIZE


def test_delivering_begins_the_log_anew(store):
    """The log is no longer after ten rounds than what one or two of them need."""
    for _ in range(10):
        store.settle([Done(entry) for entry in accept(store)], 8)

    _, log = sizes(store)

    assert log < 4 * ROUND
    assert waiting(store) == []


def test_a_log_that_nobody_delivers_from_is_moved_at_a_bound(store, monkeypatch):
    """Without a relay in this process an acceptance moves it, once in a long while."""
    monkeypatch.setattr(sqlite, "_LOG_BYTES", ROUND)

    for _ in range(10):
        accept(store)

    _, log = sizes(store)
    assert log < 4 * ROUND
