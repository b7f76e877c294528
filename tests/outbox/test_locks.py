"""Who holds the locks of a spool, and that nothing that was started inherits them (rule 15)."""

import contextlib
import subprocess
import sys

import apsw
import pytest

from ferryman.outbox.stores.schema import open_spool, transaction
from ferryman.outbox.stores.sqlite import SqliteStore


def test_what_a_program_starts_does_not_keep_the_lead(tmp_path):
    """A program started with all open files lives on; another process may deliver all the same."""
    place = tmp_path / "spool.db"
    leading, other = SqliteStore(place), SqliteStore(place)
    assert leading.lead()
    started = subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        close_fds=False,
    )
    assert started.stdout.readline()  # it runs, and has closed what it must

    leading.close()

    with contextlib.closing(other):
        taken_over = other.lead()
    started.communicate(b"\n", timeout=30)
    assert taken_over


def test_a_transaction_has_the_file_for_itself_from_its_begin(tmp_path):
    """What it read first cannot be overtaken by another process before it writes."""
    place = tmp_path / "spool.db"
    one = open_spool(place, workspace="w", synchronous="NORMAL")
    other = open_spool(place, workspace="w", synchronous="NORMAL")
    other.set_busy_timeout(0)

    with transaction(one), pytest.raises(apsw.BusyError):
        other.execute("BEGIN IMMEDIATE")

    one.close()
    other.close()
