"""Full disks and damaged spools: typed errors, nothing half kept, nobody hangs (gates 6, 7)."""

import os
import random
import shutil
import subprocess

import apsw
import pytest

from ferryman.errors import StoreError
from ferryman.outbox.entry import Done
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import assert_adds_up, events, waiting

# -- full disks


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of its own with 1 MB, for root."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root and mount, for a small tmpfs")
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small tmpfs")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def put_until_refused(store):
    """Put tens of events until one put is refused; return how many were accepted, and why not."""
    for number in range(10_000):
        try:
            store.put(events(10, start=10 * number))
        except StoreError as error:
            return 10 * number, str(error)
    raise AssertionError("the disk is never full")


def test_a_full_disk_is_a_typed_error_and_passes(tiny_disk):
    """Nothing of a refused call is kept, and acceptance goes on when space returns (rule 19)."""
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(b"x" * 500_000)
    store = SqliteStore(tiny_disk / "spool.db")
    accepted, why = put_until_refused(store)

    full = [entry.id for entry in waiting(store)]
    ballast.unlink()
    store.put(events(1, start=accepted))

    assert why == "the disk is full; nothing of this call was accepted"
    assert full == [f"p-{n:06}" for n in range(accepted)]
    assert assert_adds_up(store).accepted == accepted + 1
    store.close()


def test_a_full_disk_can_be_emptied_by_delivering(tiny_disk):
    """The relay settles on a full disk, or says so, and nothing is lost by it."""
    store = SqliteStore(tiny_disk / "spool.db")
    accepted, _why = put_until_refused(store)
    (tiny_disk / "ballast").unlink(missing_ok=True)
    settled = 0
    for entry in waiting(store):
        try:
            store.settle([Done(entry)], 8)
            settled += 1
        except StoreError:
            break
    store.close()

    subprocess.run(["mount", "-o", "remount,size=8m", str(tiny_disk)], check=True)
    store = SqliteStore(tiny_disk / "spool.db")
    counts = assert_adds_up(store)
    assert (counts.accepted, counts.delivered) == (accepted, settled)
    store.put(events(1, start=accepted))
    store.close()


def test_a_file_size_limit_is_a_typed_error(child, spool):
    """RLIMIT_FSIZE is told with nothing half kept, and a later process goes on."""
    out, err = child("fill_to_limit", spool, 200_000).communicate(timeout=60)
    accepted, refused = out.split(maxsplit=1)

    store = SqliteStore(spool)
    assert "a limit on the size of files may be reached" in refused, err
    assert assert_adds_up(store).accepted == int(accepted)
    store.put(events(1))
    store.close()


# -- damage


def damage(path, rng):
    """Harm the spool or its log in one way; return what was done."""
    wal = path.with_name(path.name + "-wal")
    kind = rng.choice(["flip", "cut", "zero", "no wal", "flip wal", "cut wal"])
    file = wal if "wal" in kind else path
    if kind == "no wal":
        wal.unlink(missing_ok=True)
        return kind
    content = bytearray(file.read_bytes())
    place = rng.randrange(len(content))
    if kind.startswith("flip"):
        for _ in range(rng.choice([1, 8, 64])):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    elif kind.startswith("cut"):
        del content[place:]
    else:
        start = place // 4096 * 4096
        content[start : start + 4096] = bytes(len(content[start : start + 4096]))
    file.write_bytes(bytes(content))
    return kind


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A spool with pages in the file and in the log, as a killed process leaves it."""
    made = tmp_path_factory.mktemp("template") / "spool.db"
    store = SqliteStore(made)
    store.put(events(300))
    store._file._writing.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_FULL)
    store.settle([Done(entry) for entry in waiting(store)[:100]], 8)
    store.put(events(100, start=300))
    kept = tmp_path_factory.mktemp("killed")
    for name in ("spool.db", "spool.db-wal"):
        shutil.copy(made.with_name(name), kept / name)
    store.close()
    return kept


def use(path):
    """Open, read, settle, accept and close, as an application would; return what was readable."""
    store = SqliteStore(path)
    try:
        found = waiting(store)
        store.put(events(1, start=900))
        store.settle([Done(entry) for entry in found], 8)
        store.counts()
        return len(found)
    finally:
        store.close()


def fuzz(template, folder, seeds):
    opened = refused = 0
    for seed in seeds:
        rng = random.Random(seed)
        here = folder / str(seed)
        shutil.copytree(template, here)
        done = damage(here / "spool.db", rng)
        try:
            found = use(here / "spool.db")
            assert 0 <= found <= 401
            opened += 1
        except StoreError:
            refused += 1
        except Exception as error:
            raise AssertionError(f"seed {seed}, {done}: {error!r}") from error
        shutil.rmtree(here)
    print(f"fuzz: {opened} opened, {refused} refused")
    return opened, refused


def test_a_damaged_spool_opens_or_says_so_and_never_hangs(template, tmp_path):
    """Flipped bits, cuts, zeroed pages, a missing log: StoreError at the worst (gate 6)."""
    first = random.SystemRandom().randrange(1 << 32)
    print(f"seeds from {first}")

    opened, refused = fuzz(template, tmp_path, range(first, first + 150))

    assert opened + refused == 150
    assert opened > 0
    assert refused > 0


@pytest.mark.soak
def test_a_damaged_spool_in_many_ways(template, tmp_path):
    """The same for 5,000 seeds from 0 on."""
    fuzz(template, tmp_path, range(5_000))
