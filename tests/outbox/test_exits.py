"""However a process ends, what it accepted arrives, once each and in order (gates 2 and 9).

Children print an id once it is accepted. A later process delivers what is left, and then the
emulator holds exactly what was printed.
"""

import random
import time

import pytest

from ferryman.outbox import Outbox

PER_CHILD = 120


@pytest.fixture
def place(tmp_path):
    """The place of a SQLite outbox that is not there yet."""
    return f"sqlite:///{tmp_path / 'spool.db'}"


def accepted(out):
    """Return what a child printed: the ids it accepted, by person, in order."""
    found = {}
    for line in out.splitlines():
        if len(words := line.split()) == 2:  # a line may be cut by kill -9
            found.setdefault(words[1], []).append(words[0])
    return {person: ids for person, ids in found.items() if ids}


def deliver(place, account):
    """Deliver what is left, as the next process does."""
    with Outbox(place, account) as outbox:
        outbox.flush(60)
        assert outbox.stats().pending == 0


# way -> exit code
WAYS = {
    "clean": 0,
    "sys_exit": 3,
    "os_exit": 0,
    "sigterm": -15,
    "kill": -9,
    "exception": 1,
    "system_exit_in_handler": 0,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_sqlite_outbox_loses_nothing_however_the_process_ends(
    child, place, emulator, live, seen, way
):
    """All that was accepted before the end is there after the next process (promises 1 to 4)."""
    process = child("end", way, place, emulator.url, PER_CHILD)
    out, err = process.communicate(timeout=60)
    assert process.returncode == WAYS[way], err

    deliver(place, live)

    assert sum(map(len, accepted(out).values())) == PER_CHILD
    assert seen.by_person() == accepted(out)


@pytest.mark.parametrize("way", ["clean", "sigterm", "kill"])
def test_a_sqlite_outbox_loses_nothing_while_nobody_answers(
    child, place, emulator, live, seen, way
):
    """The same when the destination is down at the end: nothing depends on delivery."""
    process = child("end", way, place, "http://127.0.0.1:9", 20, 0.5)
    out, err = process.communicate(timeout=60)
    assert process.returncode == WAYS[way], err

    deliver(place, live)

    assert sum(map(len, accepted(out).values())) == 20
    assert seen.by_person() == accepted(out)


@pytest.mark.parametrize(
    "way",
    [
        pytest.param("clean"),
        pytest.param("sys_exit"),
        "exception",
        pytest.param("system_exit_in_handler"),
    ],
)
def test_a_memory_outbox_delivers_all_at_a_clean_exit(child, emulator, seen, way):
    """Where the interpreter ends by itself, what waits is delivered within the deadline."""
    process = child("end", way, "memory:", emulator.url, 500)
    out, err = process.communicate(timeout=60)

    assert process.returncode == WAYS[way], err
    assert sum(map(len, accepted(out).values())) == 500
    assert seen.by_person() == accepted(out)


def test_an_exit_is_bounded_when_nobody_answers(child):
    """A memory outbox gives up at its deadline, and says that something was lost."""
    process = child("end", "clean", "memory:", "http://127.0.0.1:9", 5, 1.0)
    start = time.monotonic()
    out, err = process.communicate(timeout=60)

    assert time.monotonic() - start < 1.0 + 1.0 + 4.0  # deadline, last requests, the interpreter
    assert sum(map(len, accepted(out).values())) == 5
    assert "lost_at_exit" in err


def killed(child, place, emulator, live, rng, times):
    printed = {}
    for _ in range(times):
        process = child("accept_for_ever", place, emulator.url)
        first = process.stdout.readline()
        time.sleep(rng.uniform(0, 0.4))
        process.kill()
        # Not communicate(): it would pass over what readline read ahead.
        out = first + process.stdout.read()
        process.wait(30)
        for person, ids in accepted(out).items():
            printed.setdefault(person, []).extend(ids)
    deliver(place, live)
    return printed


@pytest.mark.parametrize("fault", [None, {"share": 0.2, "drop": "after"}])
def test_kill_9_at_any_moment_loses_nothing(child, place, emulator, live, seen, fault):
    """Killed again and again while it accepts and delivers, nothing printed is lost (gate 2)."""
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    if fault:
        seen.faults(fault)
    printed = killed(child, place, emulator, live, random.Random(seed), 3)

    held = seen.by_person()
    for person, ids in printed.items():
        # The last of each child may be accepted and not printed.
        kept = iter(held[person])
        assert all(ident in kept for ident in ids), "lost, or out of order"
    assert len(seen.ids()) == len(set(seen.ids()))
    assert sum(map(len, held.values())) <= sum(map(len, printed.values())) + 3


@pytest.mark.soak
def test_kill_9_two_hundred_times(child, tmp_path, emulator, live, seen):
    """The same, 50 spools killed four times each."""
    for seed in range(50):
        rng = random.Random(seed)
        seen.faults({"share": 0.2, "drop": rng.choice(["before", "after"])})
        printed = killed(child, f"sqlite:///{tmp_path / str(seed)}", emulator, live, rng, 4)
        held = seen.by_person()
        for person, ids in printed.items():
            kept = iter(held[person])
            assert all(ident in kept for ident in ids), f"seed {seed}"


def test_parent_and_forked_child_lose_nothing_when_the_parent_ends_first(
    child, place, emulator, live, seen
):
    """A child goes on with the outbox it inherited, and keeps what it accepts (rule 30)."""
    process = child("fork_then_leave", place, emulator.url, 40)
    out, err = process.communicate(timeout=60)

    deliver(place, live)

    assert process.returncode == 0, err
    assert sum(map(len, accepted(out).values())) == 80
    assert seen.by_person() == accepted(out)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_lose_nothing(child, place, emulator, live, seen, method):
    """They run no atexit; what they accepted is on disk (rule 28)."""
    process = child("in_children", method, place, emulator.url, 40)
    out, err = process.communicate(timeout=90)

    deliver(place, live)

    assert process.returncode == 0, err
    assert sum(map(len, accepted(out).values())) == 120
    assert seen.by_person() == accepted(out)


def test_a_forked_child_accepts_on_its_parents_outbox(child, place, emulator, live, seen):
    """multiprocessing with fork may use the outbox of the parent as it is."""
    process = child("inherited", "fork", place, emulator.url, 40)
    out, err = process.communicate(timeout=90)

    deliver(place, live)

    assert process.returncode == 0, err
    assert sum(map(len, accepted(out).values())) == 80
    assert seen.by_person() == accepted(out)


def test_a_forked_child_neither_loses_nor_repeats_what_its_parent_holds_in_memory(
    child, emulator, seen
):
    """The memory of the parent is the parent's: the child drops its copy (rule 30)."""
    process = child("inherited", "fork", "memory:", emulator.url, 40)
    out, err = process.communicate(timeout=90)
    held = seen.by_person()
    parents = {p: ids for p, ids in accepted(out).items() if p.startswith("parent")}

    assert process.returncode == 0, err
    assert {p: ids for p, ids in held.items() if p.startswith("parent")} == parents
    assert seen.summary()["repeats"] == 0


def test_the_next_relay_takes_over_from_one_that_is_killed(child, place, emulator, live, seen):
    """While the first lives it delivers for both; when it is killed the second goes on."""
    first = child("relay_until_killed", place, emulator.url)
    assert first.stdout.readline() == "relays\n"
    writer = child("end", "os_exit", place, emulator.url, 30)
    out, _ = writer.communicate(timeout=60)
    second = child("relay_until_killed", place, emulator.url)
    assert second.stdout.readline() == "relays\n"
    first.kill()
    more = child("end", "os_exit", place, emulator.url, 30)
    out_more, _ = more.communicate(timeout=60)

    deadline = time.monotonic() + 20
    while len(seen.ids()) < 60 and time.monotonic() < deadline:
        time.sleep(0.05)

    printed = accepted(out + out_more)
    assert seen.by_person() == printed
