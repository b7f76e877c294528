"""The log of a spool: who moves it into the file, and that it does not grow for ever (rule 14)."""

from functools import partial

import apsw
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


class Beside(apsw.VFS):
    """A disk on which somebody acts when a page of the log is moved into the file, once."""

    name = "beside"

    def __init__(self):
        self.act = None
        super().__init__(self.name, "")

    def xOpen(self, name, flags):  # noqa: N802 - apsw's name
        return _File(self, name, flags)


class _File(apsw.VFSFile):
    def __init__(self, disk, name, flags):
        self.disk = disk
        self.main = bool(flags[0] & apsw.SQLITE_OPEN_MAIN_DB)
        super().__init__("", name, flags)

    def xWrite(self, data, offset):  # noqa: N802 - the name that apsw calls
        super().xWrite(data, offset)
        if self.main and self.disk.act is not None:
            act, self.disk.act = self.disk.act, None
            act()


def test_the_log_begins_anew_although_somebody_always_accepts(tmp_path, monkeypatch):
    """What is accepted while the log is moved does not keep it from beginning anew."""
    monkeypatch.setattr(sqlite, "_TIDY_BYTES", 0)
    disk = Beside()
    store = SqliteStore(tmp_path / "spool.db", vfs=disk.name)
    came = 0
    for _ in range(10):
        entries = accept(store)
        disk.act = partial(accept, store)
        store.settle([Done(entry) for entry in entries], 8)
        came += disk.act is None

    _, log = sizes(store)
    store.close()
    disk.unregister()

    assert came == 10
    assert log < 4 * ROUND


def test_a_log_that_nobody_delivers_from_is_moved_at_a_bound(store, monkeypatch):
    """Without a relay in this process an acceptance moves it, once in a long while."""
    monkeypatch.setattr(sqlite, "_LOG_BYTES", ROUND)

    for _ in range(10):
        accept(store)

    _, log = sizes(store)
    assert log < 4 * ROUND
