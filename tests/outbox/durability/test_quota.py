"""A quota or a limit on the size of files, which SQLite does not call a full disk (gate 7)."""

import contextlib

import apsw

from ferryman.errors import StoreError
from ferryman.outbox.entry import Done
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import assert_adds_up, events, waiting

QUOTA = 400_000


class Quota(apsw.VFS):
    """A disk on which no file grows beyond QUOTA."""

    name = "quota"

    def __init__(self):
        super().__init__(self.name, "")

    def xOpen(self, name, flags):  # noqa: N802 - apsw's name
        return _File("", name, flags)


class _File(apsw.VFSFile):
    def xWrite(self, data, offset):  # noqa: N802 - the name that apsw calls
        if offset + len(data) > QUOTA:
            raise apsw.IOError("quota")
        super().xWrite(data, offset)


def test_what_waits_can_be_settled_where_no_file_may_grow(tmp_path):
    """A log that reached its quota is moved into the file and begun anew, as on a full disk."""
    quota = Quota()
    store = SqliteStore(tmp_path / "spool.db", vfs=quota.name)
    accepted = 0
    with contextlib.suppress(StoreError):
        while True:
            store.put(events(1, start=accepted))
            accepted += 1

    store.settle([Done(entry) for entry in waiting(store)], 8)
    store.put(events(1, start=99_999))
    counts = assert_adds_up(store)
    store.close()
    quota.unregister()

    assert accepted > 20
    assert (counts.pending, counts.delivered) == (1, accepted)
