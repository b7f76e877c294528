"""A damaged spool opens or says why not, loses only what is damaged, and says how much (gate 6)."""

import random
import re
import shutil

import apsw
import pytest

from ferryman.errors import StoreError
from ferryman.outbox.entry import Dead, Done
from ferryman.outbox.stores.check import check
from ferryman.outbox.stores.schema import PAGE_SIZE
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import assert_adds_up, events, waiting

NO_SUM = "the accounts do not add up"
SENTENCES = (
    NO_SUM,
    "the outbox file is damaged, or is not an outbox",
    "the outbox file is damaged: a table is empty that never is",
    "the outbox file is another program's database",
    "the outbox file has a format this version does not know",
    "the outbox file belongs to another workspace than this one",
    "the outbox file cannot be opened",
    "the outbox file or its folder is not writable",  # what SQLite takes a damaged header for
    "the outbox file failed (",
    "the file is another program's database, or too damaged to be read",
)


class Spool:
    """A spool as a killed process leaves it: pages in the file, some newer ones in the log."""

    def __init__(self, folder, *, log):
        self.path = folder / "spool.db"
        self.log = log
        store = SqliteStore(folder / "made.db")
        store.put(events(600))
        found = waiting(store)
        store.settle([Dead(e, "odd") if e.seq % 9 == 0 else Done(e) for e in found[:200]], 8)
        store._file._writing.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        if log:
            store.settle([Done(entry) for entry in found[200:230]], 8)
            store.put(events(100, start=600))
        self.entries = {entry.seq: entry for entry in waiting(store)}
        self.pages = self._pages(store._file._writing)
        for end in ("", "-wal"):
            shutil.copy(folder / f"made.db{end}", folder / f"spool.db{end}")
        store.close()

    def _pages(self, connection):
        """Return the leaf pages of the entries, each with the places that stand on it."""
        runs = iter(connection.execute("SELECT seq, last FROM entries ORDER BY seq").fetchall())
        rows = connection.execute(
            "SELECT pageno, ncell FROM dbstat WHERE name = 'entries' AND pagetype = 'leaf'"
            " ORDER BY path"
        )
        on_pages = {}
        for page, cells in rows.fetchall():
            spans = [next(runs) for _ in range(cells)]
            on_pages[page] = {seq for first, last in spans for seq in range(first, last + 1)}
        return on_pages

    def copy(self, folder):
        folder.mkdir()
        for end in ("", "-wal"):
            shutil.copy(f"{self.path}{end}", folder / f"spool.db{end}")
        return folder / "spool.db"


@pytest.fixture(scope="module")
def settled(tmp_path_factory):
    """A spool without a log: every page is in the file."""
    return Spool(tmp_path_factory.mktemp("settled"), log=False)


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A spool with a log."""
    return Spool(tmp_path_factory.mktemp("killed"), log=True)


def harm(content, rng, start, end):
    """Harm some of *content* between *start* and *end*."""
    match rng.choice(["bit", "bits", "zero", "garbage", "sector"]):
        case "bit":
            content[rng.randrange(start, end)] ^= 1 << rng.randrange(8)
        case "bits":
            for _ in range(rng.randint(2, 64)):
                content[rng.randrange(start, end)] ^= 1 << rng.randrange(8)
        case "zero":
            content[start:end] = bytes(end - start)
        case "garbage":
            content[start:end] = rng.randbytes(end - start)
        case "sector":
            place = rng.randrange(start, end) // 512 * 512
            content[place : place + 512] = rng.randbytes(len(content[place : place + 512]))


def lose_a_page(spool, folder, rng):
    """Harm one leaf of the entries; return the store, and the places that stood on it."""
    path = spool.copy(folder)
    page = rng.choice(list(spool.pages))
    content = bytearray(path.read_bytes())
    harm(content, rng, (page - 1) * PAGE_SIZE, page * PAGE_SIZE)
    path.write_bytes(content)
    return SqliteStore(path), spool.pages[page]


def each_seed(folder, seeds, act):
    for seed in seeds:
        try:
            act(folder / str(seed), random.Random(seed))
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
        shutil.rmtree(folder / str(seed))


def seeds(count):
    first = random.SystemRandom().randrange(1 << 32)
    print(f"seeds from {first}")
    return range(first, first + count)


def harm_one_page(spool):
    def act(folder, rng):
        store, at_risk = lose_a_page(spool, folder, rng)
        before = store.counts()

        found = waiting(store)
        lost = spool.entries.keys() - {entry.seq for entry in found}
        store.put(events(5, start=900))
        counts = assert_adds_up(store)
        store.settle([Done(entry) for entry in waiting(store)], 8)
        after = assert_adds_up(store)
        store.close()

        assert lost <= at_risk
        assert [entry for entry in found if entry != spool.entries.get(entry.seq)] == []
        assert counts.quarantined == len(lost)
        assert counts.accepted == before.accepted + 5
        assert (after.pending, after.quarantined) == (0, len(lost))
        assert after.adds_up()

    return act


def harm_anything(spool):
    def act(folder, rng):
        path = spool.copy(folder)
        ways = ["harm", "cut", "header", "tail"]
        if spool.log:
            ways += ["harm log", "cut log", "no log"]
        how = rng.choice(ways)
        file = path.with_name("spool.db-wal") if "log" in how else path
        content = bytearray(file.read_bytes())
        match how.split()[0]:
            case "harm":
                page = rng.randrange(len(content) // PAGE_SIZE)
                harm(content, rng, page * PAGE_SIZE, (page + 1) * PAGE_SIZE)
            case "cut":
                del content[rng.randrange(len(content)) :]
            case "tail":
                content += rng.randbytes(rng.randrange(9_000))
            case "header":
                harm(content, rng, 0, 100)
        file.write_bytes(content)
        if how == "no log":
            file.unlink()
        originals = {entry.id: entry.body for entry in events(700)}

        why = told(lambda: use(path, originals))
        report = told(lambda: check(path, repair=True))
        for text in (why, report):
            assert not isinstance(text, str) or text.startswith(SENTENCES), text
        if isinstance(report, str):
            return
        if report.kept_as is not None:
            assert report.kept_as.exists()
        again = check(path)
        assert again.sound, (report, again)
        if again.workspace == "default":  # the name itself may be what was harmed
            use(path, originals)

    return act


def told(act):
    """Return what *act* does, or the sentence of its error."""
    try:
        return act()
    except StoreError as error:
        return str(error)


def use(path, originals):
    """Read, accept, settle and count, as an application would."""
    store = SqliteStore(path)
    try:
        found = waiting(store)
        assert [e.seq for e in found if originals.get(e.id, e.body) != e.body] == []
        store.put(events(3, start=900_000))
        store.settle([Done(entry) for entry in found[:50]], 8)
        if not store.counts().adds_up():  # the status says so; only a repair counts anew
            raise StoreError(NO_SUM)
    finally:
        store.close()


def test_only_what_is_damaged_is_lost_and_counted(settled, tmp_path):
    """One harmed page takes at most what stood on it, and everything goes on around it."""
    each_seed(tmp_path, seeds(150), harm_one_page(settled))


def test_a_damaged_place_takes_nobody_elses(settled, tmp_path):
    """A row that claims the place of another gets its own again, and the other one stays."""
    path = settled.copy(tmp_path / "here")
    content = path.read_bytes()
    first = min(settled.pages[sorted(settled.pages)[len(settled.pages) // 2]])
    # In its page a row begins with its place, as a varint, and the types of its columns.
    row = re.search(re.escape(_place(first)) + rb"[\x08-\x0f]\x00", content)
    content = content[: row.start()] + _place(first + 100) + content[row.start() + 2 :]
    path.write_bytes(content)

    store = SqliteStore(path)
    found = {entry.seq for entry in waiting(store)}
    counts = assert_adds_up(store)
    store.close()

    assert settled.entries.keys() == found
    assert counts.quarantined == 0


def test_a_header_that_lets_nobody_write_is_repaired(settled, tmp_path):
    """SQLite takes it for that of a newer one: a check tells it, and a repair loses nothing."""
    path = settled.copy(tmp_path / "here")
    content = bytearray(path.read_bytes())
    content[18] = 3
    path.write_bytes(content)

    report = check(path, repair=True)
    store = SqliteStore(path)
    found = {entry.seq for entry in waiting(store)}
    store.put(events(2, start=900))
    store.close()

    assert report.integrity == ("the header lets nobody write",)
    assert report.kept_as is not None
    assert found == settled.entries.keys()


def _place(seq):
    return bytes([0x80 | seq >> 7, seq & 0x7F])


def test_any_damage_is_told_or_mended(killed, settled, tmp_path):
    """Whatever is harmed: a sentence or a working outbox, and a sound one after a repair."""
    for spool, name in ((killed, "killed"), (settled, "settled")):
        (tmp_path / name).mkdir()
        each_seed(tmp_path / name, seeds(80), harm_anything(spool))


@pytest.mark.soak
def test_damage_in_many_ways(killed, settled, tmp_path):
    """The same for 3,000 seeds from 0 on each."""
    for name, act in (
        ("page", harm_one_page(settled)),
        ("killed", harm_anything(killed)),
        ("settled", harm_anything(settled)),
    ):
        (tmp_path / name).mkdir()
        each_seed(tmp_path / name, range(3_000), act)
