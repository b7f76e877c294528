"""Who holds the locks of a spool, and that nothing that was started inherits them (rule 15)."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import apsw
import pytest

from ferryman.outbox.entry import Done
from ferryman.outbox.stores.schema import open_spool, transaction
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import assert_adds_up, events, waiting


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


WORK = {
    "accept": lambda file: file.accept(lambda connection: None),
    "write": lambda file: file.write(lambda connection: None),
    "read": lambda file: file.read(lambda connection: None),
    "tidy": lambda file: file.tidy(),
    "tidy_writing": lambda file: file.tidy_writing(),
}


@pytest.mark.parametrize("name", WORK)
def test_nobody_opens_the_file_while_the_process_forks(tmp_path, name):
    """Whoever comes then waits until it is done: what is open across a fork costs the log."""
    store = SqliteStore(tmp_path / "spool.db")
    store.epoch()  # both connections are open
    comer = threading.Thread(target=WORK[name], args=(store._file,))
    store.before_fork()
    comer.start()
    comer.join(0.1)

    opened = store._file._reading, store._file._writing
    store.after_fork()
    comer.join(30)

    assert opened == (None, None)
    assert not comer.is_alive()
    store.close()


class Struck(Exception):
    """What a signal's handler raises."""


@pytest.fixture
def struck():
    """Have SIGUSR1 raise Struck, as Ctrl-C and Celery's soft time limit raise theirs."""

    def strike(*_):
        raise Struck

    before = signal.signal(signal.SIGUSR1, strike)
    yield
    signal.signal(signal.SIGUSR1, before)


def test_a_signals_exception_leaves_no_transaction_open(tmp_path, struck):
    """It strikes while a call waits for another process: that one, and the next call, go on."""
    store = SqliteStore(tmp_path / "spool.db")
    other = open_spool(store.path, workspace="default", synchronous="NORMAL")
    other.execute("BEGIN IMMEDIATE")

    def strike():
        time.sleep(0.2)  # the call has come to wait by then
        os.kill(os.getpid(), signal.SIGUSR1)
        other.execute("ROLLBACK")

    striker = threading.Thread(target=strike)
    striker.start()
    with pytest.raises(Struck):
        store.put(events(1))
    striker.join()
    other.set_busy_timeout(0)

    with transaction(other):
        pass
    store.put(events(1, start=1))

    assert assert_adds_up(store).accepted == 1
    other.close()
    store.close()


def test_what_a_signals_exception_left_open_is_no_damage(tmp_path):
    """It strikes right before a commit; what was done is undone, and all goes on."""
    store = SqliteStore(tmp_path / "spool.db")
    store.put(events(1))
    before = sys.gettrace()

    def strike(frame, event, _):
        if frame.f_code is transaction.__exit__.__code__:
            raise Struck

    sys.settrace(strike)
    try:
        with pytest.raises(Struck):
            store.put(events(1, start=1))
    finally:
        sys.settrace(before)
    store.settle([Done(entry) for entry in waiting(store)], 8)
    store.put(events(1, start=2))

    assert assert_adds_up(store).accepted == 2
    store.close()


def test_a_signals_exception_leaves_no_lock_held(tmp_path):
    """Wherever in taking or leaving the lock it strikes, other threads accept all the same."""
    store = SqliteStore(tmp_path / "spool.db", level="process")
    before, number = sys.gettrace(), 0
    struck = True
    while struck:
        struck, left = False, number

        def strike(frame, event, _):
            nonlocal struck, left
            if Path(frame.f_code.co_filename).name != "owned.py" or struck:
                return None
            left -= event in ("call", "return")
            if left < 0:
                struck = True
                raise Struck
            return strike

        sys.settrace(strike)
        try:
            with contextlib.suppress(Struck):
                store.put(events(1, start=number))
        finally:
            sys.settrace(before)
        other = threading.Thread(target=store.put, args=(events(1, person="q", start=number),))
        other.daemon = True
        other.start()
        other.join(30)
        assert not other.is_alive()
        number += 1

    assert number > 2
    store.close()
