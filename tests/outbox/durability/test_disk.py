"""A full or failing disk is a typed error, keeps nothing by halves, and passes (gate 7)."""

import contextlib
import os
import random
import shutil
import subprocess

import apsw
import pytest

from ferryman import operations as say
from ferryman.errors import StoreError
from ferryman.outbox import Outbox
from ferryman.outbox.entry import Dead, Done
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import assert_adds_up, events, waiting


@pytest.fixture
def disk(tmp_path):
    """A file system of its own with 2 MB, for root."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root and mount, for a small tmpfs")
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small tmpfs")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(outbox):
    """Track until the disk is full; return the ids that were accepted, in order."""
    accepted, why = [], ""
    while not why:
        number = len(accepted)
        try:
            accepted.append(outbox.track(f"p{number % 5}", "said", data={"n": number}).id)
        except StoreError as error:
            why = str(error)
    assert why == "the disk is full; nothing of this call was accepted"
    return accepted


def test_a_full_disk_is_emptied_by_delivering_alone(disk, live, seen):
    """Nobody frees space: the relay settles in the space the file and its log have already."""
    place = f"sqlite:///{disk / 'spool.db'}"
    used = [say.track("p0", "said", data={"n": n}) for n in range(1_500)]
    with Outbox(place, live) as outbox:
        accepted = list(outbox.accept_many(used).ids)
        outbox.flush(20)
    with Outbox(place, live, relay="external") as outbox:
        accepted += fill(outbox)

    with Outbox(place, live) as outbox:
        outbox.flush(20)
        accepted.append(outbox.track("p0", "said").id)
        outbox.flush(20)
        counts = outbox.stats()

    assert sorted(seen.ids()) == sorted(accepted)
    assert (counts.accepted, counts.delivered) == (len(accepted), len(accepted))
    assert counts.adds_up()


def test_what_waits_can_be_settled_on_a_full_disk(disk):
    """With a log that cannot grow, it is moved into the file and begun anew."""
    store = SqliteStore(disk / "spool.db")
    store.put(events(2_500))
    store.settle([Done(entry) for entry in waiting(store)], 8)
    store.close()  # the file has room for them now
    store = SqliteStore(disk / "spool.db")
    accepted = 0
    with contextlib.suppress(StoreError):
        while True:
            store.put(events(1, start=10_000 + accepted))
            accepted += 1

    found = waiting(store)
    for start in range(0, len(found), 20):
        store.settle([Done(entry) for entry in found[start : start + 20]], 8)
    store.put(events(1, start=99_999))
    counts = assert_adds_up(store)
    store.close()

    assert len(found) == accepted > 50
    assert (counts.pending, counts.delivered) == (1, 2_500 + accepted)


def test_a_relay_outlives_a_full_disk(disk, live, seen):
    """While no settlement can be written nothing is sent again and again, and it passes."""
    ballast = disk / "ballast"
    with Outbox(f"sqlite:///{disk / 'spool.db'}", live, linger=0.0) as outbox:
        first = [outbox.track(f"p{n % 5}", "said", data={"n": n}).id for n in range(50)]
        outbox.flush(30)
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"x" * 4096):
                pass
        refused = 0
        second = []
        for number in range(400):
            try:
                second.append(outbox.track("p", "said", data={"n": number}).id)
            except StoreError:
                refused += 1
        ballast.unlink()
        outbox.flush(20)
        third = outbox.track("p", "said").id
        outbox.flush(20)
        counts = outbox.stats()

    assert refused > 0
    assert sorted(seen.ids()) == sorted([*first, *second, third])
    assert counts.delivered == counts.accepted == len(first) + len(second) + 1


class Failing(apsw.VFS):
    """A disk that fails a share of its writes and syncs while it is bad."""

    def __init__(self, rng):
        self.rng = rng
        self.share = 0.0
        self.failed = 0
        super().__init__(f"failing-{id(self)}", "")

    @property
    def name(self):
        return f"failing-{id(self)}"

    def xOpen(self, name, flags):  # noqa: N802 - apsw's name
        return _FailingFile(self, name, flags)

    def risk(self):
        if self.rng.random() < self.share:
            self.failed += 1
            raise apsw.IOError("bad sector")


class _FailingFile(apsw.VFSFile):
    def __init__(self, disk, name, flags):
        self.disk = disk
        super().__init__("", name, flags)

    def xWrite(self, data, offset):  # noqa: N802 - the name that apsw calls
        self.disk.risk()
        super().xWrite(data, offset)

    def xSync(self, flags):  # noqa: N802 - the name that apsw calls
        self.disk.risk()


def work_on(store, rng, turns):
    """Put and settle on a disk that fails at times; return the ids accepted and those settled."""
    accepted, settled, refused = [], set(), 0
    for number in range(turns):
        try:
            operations = events(rng.randint(1, 20), start=100 * number)
            store.put(operations)
            accepted += [operation.id for operation in operations]
            found = store.read(0, limit=rng.randint(1, 20), size=1 << 30)
            store.settle([Done(e) if e.seq % 7 else Dead(e, "odd") for e in found], 8)
            settled.update(entry.id for entry in found)
        except StoreError:
            refused += 1
    return accepted, settled, refused


def test_a_failing_disk_keeps_nothing_by_halves(tmp_path):
    """Where writes and syncs fail, a refused put left nothing, and an accepted one is there."""
    first = random.SystemRandom().randrange(1 << 32)
    print(f"seeds from {first}")
    for seed in range(first, first + 40):
        rng = random.Random(seed)
        disk = Failing(rng)
        store = SqliteStore(tmp_path / f"{seed}.db", vfs=disk.name)
        disk.share = rng.choice([0.005, 0.02, 0.1])
        accepted, settled, refused = work_on(store, rng, 40)
        disk.share = 0.0

        counts = assert_adds_up(store)
        left = [entry.id for entry in waiting(store)]
        store.put(events(1, start=99_999))
        store.close()
        disk.unregister()

        assert disk.failed >= refused
        assert left == [ident for ident in accepted if ident not in settled], seed
        assert counts.accepted == len(accepted)
