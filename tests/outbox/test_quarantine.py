"""What is put aside as damaged is a person's too, and goes when they are purged."""

import apsw
import pytest

from ferryman import operations as say
from ferryman.errors import StoreError
from ferryman.outbox.stores import schema
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import assert_adds_up, kept, waiting


def aside(place):
    """Return what is in quarantine in the spool *place*."""
    connection = apsw.Connection(str(place))
    found = [packed for (packed,) in connection.execute("SELECT packed FROM quarantine")]
    connection.close()
    return found


def test_a_purge_takes_what_was_put_aside(tmp_path):
    """Nobody delivers a damaged operation, and nobody keeps it against its person's will."""
    place = tmp_path / "spool.db"
    store = SqliteStore(place)
    gone, _ = kept(
        store, say.track("p", "x", data={"at": "needle"}), say.track("q", "x", data={"at": "hay"})
    )
    store.close()
    content = bytearray(place.read_bytes())
    content[content.index(b"needle")] ^= 4
    place.write_bytes(content)
    store = SqliteStore(place)
    left = waiting(store)
    before = aside(place)

    store.purge_key(gone.key)

    assert [entry.key for entry in left] == ["i:q"]
    assert len(before) == 1
    assert aside(place) == []
    assert assert_adds_up(store).quarantined == 1
    store.close()


def test_a_sqlite_that_corrupts_files_is_refused(tmp_path, monkeypatch):
    """Before 3.51.3 two connections can damage a spool: none is opened (rule 15)."""
    monkeypatch.setattr(schema, "MIN_SQLITE", apsw.SQLITE_VERSION_NUMBER + 1)

    with pytest.raises(StoreError, match="newer is needed"):
        SqliteStore(tmp_path / "spool.db")
