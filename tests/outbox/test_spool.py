"""The spool file: whose it is, what is refused, full disks, damage (rules 6, 15 to 19)."""

import contextlib
import os
import shutil
import stat
import tempfile
import threading
from pathlib import Path

import apsw
import pytest

from ferryman import operations as say
from ferryman.errors import OutboxClosed, StoreError
from ferryman.outbox.entry import Dead, Done, Entry
from ferryman.outbox.stores import sqlite
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import assert_adds_up, events, waiting


def fill(path, count=3, **options):
    store = SqliteStore(path, **options)
    store.put(events(count))
    store.close()


def test_every_file_is_private_to_its_owner(spool):
    """Spool, log, index and lock are 0600 whatever the umask (promise 6)."""
    before = os.umask(0)
    try:
        store = SqliteStore(spool)
        store.lead()
        store.put(events(1))
    finally:
        os.umask(before)

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in spool.parent.iterdir()}
    store.close()

    names = ("spool.db", "spool.db-wal", "spool.db-shm", "spool.db.lock")
    assert modes == dict.fromkeys(names, 0o600)


@pytest.mark.parametrize("content", [b"no database at all, but long enough" * 40, b"short"])
def test_a_file_that_is_no_database_is_refused_and_left_alone(spool, content):
    """Garbage is not overwritten."""
    spool.write_bytes(content)

    with pytest.raises(StoreError, match="damaged, or is not an outbox"):
        SqliteStore(spool)

    assert spool.read_bytes() == content
    assert [file.name for file in spool.parent.iterdir()] == ["spool.db"]


def test_another_programs_database_is_refused_and_left_alone(spool):
    """A database that is not an outbox gets neither tables nor another journal mode."""
    other = apsw.Connection(str(spool))
    other.execute("CREATE TABLE theirs(x); INSERT INTO theirs VALUES (1)")
    other.close()
    content = spool.read_bytes()

    with pytest.raises(StoreError, match="another program's database"):
        SqliteStore(spool)

    assert spool.read_bytes() == content


def test_another_workspaces_spool_is_refused_and_left_alone(spool):
    """A staging spool is never opened by production (rule 15)."""
    fill(spool, workspace="staging")

    with pytest.raises(StoreError, match="CUSTOMERIO_WORKSPACE"):
        SqliteStore(spool, workspace="production")

    store = SqliteStore(spool, workspace="staging")
    assert assert_adds_up(store).pending == 3
    store.close()


def test_a_format_of_the_future_is_refused_and_left_alone(spool):
    """A file that a newer version made is not touched by this one."""
    fill(spool)
    newer = apsw.Connection(str(spool))
    newer.execute("UPDATE header SET format = 999")
    newer.close()

    with pytest.raises(StoreError, match="format this version does not know"):
        SqliteStore(spool)

    check = apsw.Connection(str(spool))
    assert check.execute("SELECT format, sum(count) FROM header, entries").fetchone() == (999, 3)
    check.close()


@pytest.mark.parametrize("place", ["missing/spool.db", ".", "file/spool.db"])
def test_a_place_that_cannot_be_is_refused_with_a_sentence(tmp_path, place):
    """No folder, a folder, a file as folder: StoreError asks for the folder."""
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(StoreError, match="does its folder exist"):
        SqliteStore(tmp_path / place)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
@pytest.mark.parametrize("made", ["", "root", "nobody"])
def test_a_folder_without_write_permission_is_refused_with_a_sentence(child, made):
    """A user who may not write is told so; what was there is left alone (rule 19)."""
    folder = Path(tempfile.mkdtemp(prefix="ferryman-test-"))
    try:
        if made:
            fill(folder / "spool.db")
            shutil.chown(folder / "spool.db", made)
        folder.chmod(0o555)

        out, err = child("open_as_nobody", folder / "spool.db").communicate(timeout=60)

        assert out == "StoreError the outbox file or its folder is not writable\n", err
        folder.chmod(0o755)
        if made:
            store = SqliteStore(folder / "spool.db")
            assert assert_adds_up(store).pending == 3
            store.close()
    finally:
        shutil.rmtree(folder)


def test_level_memory_is_no_level_of_a_file(spool):
    """The levels of a spool are power and process."""
    with pytest.raises(StoreError, match="'power' or 'process'"):
        SqliteStore(spool, level="memory")


def test_places_go_on_after_everything_was_settled_and_the_file_was_opened_anew(spool):
    """seq is never given twice, not by an empty file that is opened again either."""
    fill(spool)
    store = SqliteStore(spool)
    old = waiting(store)
    store.settle([Done(entry) for entry in old], 8)
    store.close()

    store = SqliteStore(spool)
    store.put(events(1))

    assert [entry.seq for entry in waiting(store)] == [old[-1].seq + 1]
    store.close()


def test_what_was_accepted_is_there_when_the_file_is_opened_anew(spool):
    """Entries, dead letters and accounts survive a reopening."""
    store = SqliteStore(spool)
    store.put(events(4))
    a, b, *_ = waiting(store)
    store.settle([Done(a), Dead(b, "poison")], 8)
    before = store.counts()
    store.close()

    store = SqliteStore(spool)

    assert assert_adds_up(store) == before
    store.close()


def test_a_settlement_by_a_relay_that_leads_no_more_counts_nothing(spool):
    """Two processes that settle the same entries (one was stopped and went on) count them once."""
    first, second = SqliteStore(spool), SqliteStore(spool)
    first.put(events(3))
    seen = waiting(first)
    same = waiting(second)
    first.settle([Done(entry) for entry in seen[:2]], 8)

    second.settle([Done(entry) for entry in same], 8)

    assert assert_adds_up(first).delivered == 3
    first.close()
    second.close()


def test_a_failing_checkpoint_fails_no_acceptance(spool, monkeypatch):
    """What was committed is accepted, whatever becomes of the tidying after it (promise 1)."""
    monkeypatch.setattr(sqlite, "_LOG_BYTES", 0)
    monkeypatch.setattr(sqlite, "_TIDY_BYTES", 0)
    store = SqliteStore(spool)
    store.put(events(1))
    writer, other = apsw.Connection(str(spool)), apsw.Connection(str(spool))
    waits, go_on = threading.Event(), threading.Event()

    def busy(_count):
        waits.set()
        return not go_on.wait(30)

    other.execute("SELECT count(*) FROM entries").fetchall()
    writer.execute("BEGIN IMMEDIATE")
    other.set_busy_handler(busy)

    def full_checkpoint():
        with contextlib.suppress(apsw.BusyError):
            other.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_FULL)

    checkpoint = threading.Thread(target=full_checkpoint)
    checkpoint.start()  # holds the lock of checkpoints, waits for the writer's
    assert waits.wait(30)
    writer.execute("COMMIT")

    store.put(events(1, start=1))
    store.settle([Done(waiting(store)[0])], 8)

    go_on.set()
    checkpoint.join()
    counts = assert_adds_up(store)
    assert (counts.accepted, counts.delivered) == (2, 1)
    for each in (store, writer, other):
        each.close()


def test_a_closed_store_says_so_to_everybody(spool):
    """No method uses a connection after close."""
    store = SqliteStore(spool)
    store.put(events(1))
    found = waiting(store)
    store.close()

    for ask in (
        store.counts,
        store.last,
        lambda: store.pending(1),
        lambda: waiting(store),
        lambda: store.settle([Done(found[0])], 8),
        lambda: store.put(events(1)),
    ):
        with pytest.raises(OutboxClosed):
            ask()


def test_a_row_that_was_changed_is_put_aside(spool):
    """What is not what was accepted stops nobody who stands behind it, and is counted."""
    store = SqliteStore(spool)
    odd = Entry.of(say.track("p", "x"), "i", 7)
    store.put([odd, *events(2)])
    tool = apsw.Connection(str(spool))
    (packed,) = tool.execute("SELECT packed FROM entries").fetchone()
    tool.execute("UPDATE entries SET packed = ?", (packed.replace(b"track", b"trash", 1),))
    tool.close()

    assert [entry.id for entry in waiting(store)] == ["p-000000", "p-000001"]
    assert store.counts().quarantined == 1
    store.close()
