"""One spool for the processes of a host: order, one leader, takeover, forks (rules 15, 16, 30)."""

import time

from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import assert_adds_up, events, waiting


def finish(process, *, code=0):
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    return out.split()


def test_processes_that_accept_at_once_all_keep_their_order(child, spool):
    """Six processes make and fill one file: everything is there once, each in its order."""
    writers = [child("put_many", spool, f"w{number}", 60) for number in range(6)]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        finish(writer)

    store = SqliteStore(spool)
    found = [entry.id for entry in waiting(store)]
    assert len(found) == 360
    for number in range(6):
        own = [ident for ident in found if ident.startswith(f"w{number}-")]
        assert own == [f"w{number}-{n:06}" for n in range(60)]
    assert_adds_up(store)
    store.close()


def test_one_process_leads_and_the_next_takes_over_when_it_is_killed(child, spool):
    """The lock is held by one; kill -9 of its holder frees it at once."""
    store = SqliteStore(spool)
    leader = child("lead", spool)
    assert leader.stdout.readline() == "leads\n"
    meanwhile = store.lead()

    leader.kill()
    leader.wait(30)
    deadline = time.monotonic() + 1.0
    while not (taken := store.lead()) and time.monotonic() < deadline:
        time.sleep(0.01)

    assert meanwhile is False
    assert taken is True
    store.close()


def test_two_stores_of_one_process_have_one_leader(spool):
    """Leadership is a store's, not a process's; closing gives it away."""
    first, second = SqliteStore(spool), SqliteStore(spool)

    held = (first.lead(), second.lead())
    first.close()

    assert held == (True, False)
    assert second.lead() is True
    second.close()


def test_a_fork_amid_writers_hangs_nobody_and_loses_nothing(child, spool):
    """Children forked while threads write open the file anew; the parent keeps the lead."""
    children, written = map(int, finish(child("fork_while_writing", spool, 60)))

    store = SqliteStore(spool)
    found = [entry.id for entry in waiting(store)]
    assert children == 60
    assert len(set(found)) == len(found) == children + written
    for number in range(4):
        own = [ident for ident in found if ident.startswith(f"w{number}-")]
        assert own == [f"w{number}-{n}" for n in range(len(own))]
    assert_adds_up(store)
    store.close()


def test_a_child_that_outlives_its_parent_keeps_what_it_accepts(child, spool):
    """The parent's last close deletes no log under a forked child (rule 16)."""
    assert finish(child("fork_and_outlive", spool)) == ["accepted"]

    store = SqliteStore(spool)
    assert [entry.id for entry in waiting(store)] == ["parent-0", "child-0", "child-1"]
    store.close()


def test_a_lock_does_not_outlive_its_holder_in_a_child(child, spool):
    """A forked child gives up the inherited lock, so that the parent's death frees it."""
    process = child("lead_fork_and_leave", spool)
    assert process.stdout.readline() == "left\n"

    store = SqliteStore(spool)

    assert store.lead() is True
    store.close()


def test_accounts_of_all_processes_are_one(child, spool):
    """What another process accepted is counted here at once."""
    store = SqliteStore(spool)
    store.put(events(2))
    writer = child("put_many", spool, "w", 5)
    writer.stdin.write("go\n")
    finish_line = writer.stdout.readline()
    writer.stdin.flush()
    finish(writer)

    assert finish_line == "ready\n"
    assert assert_adds_up(store).accepted == 7
    assert store.last() == 7
    store.close()
