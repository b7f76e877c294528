"""Damage among dead letters, and what a mending or repair must not forget (gate 6)."""

import random

import apsw
import msgspec
import pytest

from ferryman import operations as say
from ferryman.outbox.entry import Dead, Done
from ferryman.outbox.protocol import Where
from ferryman.outbox.stores.check import check
from ferryman.outbox.stores.looking import entries_in
from ferryman.outbox.stores.schema import PAGE_SIZE
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import all_dead, assert_adds_up, events, kept, waiting


class Graveyard:
    """A closed spool: 200 dead letters, 150 that wait, a removal, one begun, some thrown away."""

    def __init__(self, path):
        self.path = path
        store = SqliteStore(path)
        letters = kept(store, *[say.track(f"p{n}", "x", data={"at": _mark(n)}) for n in range(202)])
        store.settle([Dead(entry, f"odd {entry.seq % 3}") for entry in letters], 8)
        store.skip([letters.pop().seq])
        store.purge([letters.pop().seq])
        kept(store, say.delete("p7"), say.merge("p8", "q"), say.submit_form("f", "p9"))
        removal, merge, form = waiting(store)
        store.settle([Done(removal), Dead(merge, "odd")], 8)
        store.begin([form.seq], sent=True)
        self.begun = {form.seq}
        self.hidden = letters[7].seq
        kept(store, *[say.track(f"w{n}", "x", data={"at": _mark(900 + n)}) for n in range(150)])
        self.dead = all_dead(store)
        self.waiting = waiting(store)
        store.close()

    def pages(self, table):
        connection = apsw.Connection(str(self.path))
        sql = "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'"
        found = [page for (page,) in connection.execute(sql, (table,))]
        connection.close()
        return found

    def harm(self, change):
        content = bytearray(self.path.read_bytes())
        change(content)
        self.path.write_bytes(content)

    def write(self, sql):
        connection = apsw.Connection(str(self.path))
        connection.execute(sql)
        connection.close()

    def flip(self, mark):
        def change(content):
            assert content.count(mark) == 1
            content[content.index(mark)] ^= 4

        self.harm(change)

    def zero(self, page):
        def change(content):
            content[(page - 1) * PAGE_SIZE : page * PAGE_SIZE] = bytes(PAGE_SIZE)

        self.harm(change)


def _mark(number):
    return f"needle-{number:04}"


@pytest.fixture
def graveyard(tmp_path):
    return Graveyard(tmp_path / "spool.db")


def open_again(graveyard):
    """Open the spool, let it notice what is damaged, and return it."""
    store = SqliteStore(graveyard.path)
    store.dead(Where(), after=0, limit=1_000)
    waiting(store)
    return store


def test_a_flipped_bit_costs_one_dead_letter(graveyard):
    """It is put aside and counted; all others are there, and can be replayed or skipped."""
    graveyard.flip(_mark(50).encode())

    store = open_again(graveyard)
    left = all_dead(store)
    counts = assert_adds_up(store)
    store.replay([left[20].entry.seq])
    store.skip([each.entry.seq for each in left[30:40]])

    lost = [each for each in graveyard.dead if each not in left]
    assert [each.entry.key for each in lost] == ["i:p50"]
    assert (counts.quarantined, counts.dead) == (1, 200)
    assert assert_adds_up(store).dead == 200 - 11
    store.close()


def test_a_flipped_bit_costs_one_that_waits(graveyard):
    """Those who share its row stay, in order; it is put aside and counted."""
    graveyard.flip(_mark(950).encode())

    store = open_again(graveyard)
    left = waiting(store)
    counts = assert_adds_up(store)
    store.settle([Done(entry) for entry in left], 8)

    lost = [entry for entry in graveyard.waiting if entry not in left]
    assert [entry.key for entry in lost] == ["i:w50"]
    assert counts.quarantined == 1
    assert assert_adds_up(store).pending == 0
    store.close()


def test_a_lost_page_of_dead_letters_leaves_the_others_and_their_indexes(graveyard):
    """The table is made anew around it: who is parked and who is asked for is found as before."""
    pages = graveyard.pages("dead")
    graveyard.zero(pages[len(pages) // 2])

    store = open_again(graveyard)
    left = all_dead(store)
    counts = assert_adds_up(store)
    connection = store._file._reading_connection()
    plans = [
        " ".join(str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}"))
        for sql in (
            "SELECT 1 FROM dead WHERE key = 'k'",
            "SELECT 1 FROM dead WHERE other = 'k'",
            "SELECT count(*) FROM dead WHERE parks",
        )
    ]

    assert 0 < len(graveyard.dead) - len(left) < 60
    assert [each for each in left if each not in graveyard.dead] == []
    assert counts.quarantined == len(graveyard.dead) - len(left)
    assert store.parked() == {"i:p8", "i:q"}
    for plan, index in zip(plans, ("dead_key", "dead_other", "dead_parks"), strict=True):
        assert index in plan
    assert store.begun() == graveyard.begun
    store.settle([Dead(entry, "odd") for entry in waiting(store)], 9)
    assert assert_adds_up(store).pending == 0
    store.close()


@pytest.mark.parametrize("place", [0, -1], ids=["key", "reason"])
def test_a_flipped_bit_beside_a_dead_letter_costs_nothing(graveyard, place):
    """What is in the letter, too, is taken from it; text that is none is told as far as it is."""
    beside = b"i:p50trackodd"

    def flip(content):
        assert content.count(beside) == 1
        content[content.index(beside) + place % len(beside)] ^= 0x80

    graveyard.harm(flip)

    store = open_again(graveyard)
    left = all_dead(store)
    of_person = store.dead(Where(key="i:p50"), after=0, limit=9)
    counts = assert_adds_up(store)
    store.close()

    assert [each.entry for each in left] == [each.entry for each in graveyard.dead]
    assert [each.entry.key for each in of_person] == ["i:p50"]
    assert {each.reason for each in left} <= {"odd 0", "odd 1", "odd 2", "odd", "od\ufffd 0"}
    assert counts.quarantined == 0


@pytest.mark.parametrize(
    "harm",
    [
        "packed = CAST(packed AS TEXT)",
        "total = CAST(total AS BLOB)",
        "key = CAST(key AS BLOB)",
        "name = CAST(x'99' AS TEXT)",
        "reason = CAST(x'99' AS TEXT)",
        "reason = CAST(reason AS BLOB)",
        "field = x''",
        "status = 'x'",
        "attempts = -1",
        "died_at = 1 << 60",
    ],
)
def test_a_column_of_another_kind_stops_no_list(graveyard, harm):
    """One bit makes bytes of a text, or a text of bytes: whatever was read can be mended."""
    harmed = graveyard.dead[50]
    graveyard.write(f"UPDATE dead SET {harm} WHERE seq = {harmed.entry.seq}")

    store = open_again(graveyard)
    left = all_dead(store)
    counts = assert_adds_up(store)
    store.close()

    assert len(graveyard.dead) - len(left) == counts.quarantined == harm.startswith("total")
    assert [each for each in left if each.entry not in (e.entry for e in graveyard.dead)] == []
    kinds = {tuple(map(type, msgspec.structs.astuple(each)[1:])) for each in left}
    assert kinds == {(str, str, str, int, int, bool, int)}
    assert {each.died_at for each in left} <= {0, 8}
    assert check(graveyard.path).sound


@pytest.mark.parametrize(
    "harm", ["packed = CAST(packed AS TEXT)", "marks = CAST(marks AS TEXT)", "marks = x''"]
)
def test_a_column_of_another_kind_costs_nobody_who_waits(graveyard, harm):
    """What reads as it was put is put anew as it was, by whoever reads or by a repair."""
    graveyard.write(f"UPDATE entries SET {harm} WHERE seq = (SELECT max(seq) FROM entries)")

    observed = list(entries_in(graveyard.path))
    before = check(graveyard.path)
    store = open_again(graveyard)
    left = waiting(store)
    counts = assert_adds_up(store)
    store.close()
    check(graveyard.path, repair=True)

    assert left == graveyard.waiting
    assert observed == [*left, *(each.entry for each in graveyard.dead)]
    assert (before.sound, before.missing) == (False, 0)
    assert counts.quarantined == 0
    assert check(graveyard.path).sound


def test_a_changed_key_brings_no_removed_person_back(graveyard):
    """Whose a dead letter is says the letter, which has a checksum, and not the column."""
    graveyard.write(f"UPDATE dead SET key = 'i:r' WHERE seq = {graveyard.hidden}")

    store = SqliteStore(graveyard.path)
    replayed = store.replay([graveyard.hidden])
    store.close()

    assert replayed.refused == ((graveyard.hidden, "removed"),)


@pytest.mark.parametrize("table", ["entries", "dead"])
def test_a_repair_keeps_what_a_person_has_to_decide(graveyard, table):
    """Dead letters, who is parked, who was removed and what was begun are in the new file."""
    pages = graveyard.pages(table)
    graveyard.zero(pages[-1])

    report = check(graveyard.path, repair=True)
    store = SqliteStore(graveyard.path)
    left, waits = all_dead(store), waiting(store)
    replayed = store.replay([graveyard.hidden])
    counts = assert_adds_up(store)

    assert report.kept_as is not None
    assert check(graveyard.path).sound
    lost = len(graveyard.dead) - len(left) + len(graveyard.waiting) - len(waits)
    assert counts.quarantined == lost > 0
    assert [each for each in left if each not in graveyard.dead] == []
    assert table == "dead" or left == graveyard.dead
    assert replayed.refused == ((graveyard.hidden, "removed"),)
    assert store.begun() == graveyard.begun
    store.close()


def test_dead_letters_harmed_in_any_way_are_told_and_left_out(graveyard, tmp_path):
    """60 times some bits of a leaf are harmed: what is listed is as it died, the rest counted."""
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seeds from {seed}")
    pages, content = graveyard.pages("dead"), graveyard.path.read_bytes()
    for number in range(seed, seed + 60):
        rng = random.Random(number)
        page = rng.choice(pages)
        graveyard.path.write_bytes(content)
        graveyard.harm(lambda harmed, page=page, rng=rng: _harm(harmed, page, rng))

        store = open_again(graveyard)
        left = {each.entry.seq: each.entry for each in all_dead(store)}
        counts = assert_adds_up(store)
        store.put(events(2))
        store.close()

        died = {each.entry.seq: each.entry for each in graveyard.dead}
        assert [seq for seq, entry in left.items() if died.get(seq) != entry] == [], number
        assert counts.quarantined == len(died) - len(left), number
        for file in tmp_path.glob("spool.db-*"):
            file.unlink()


def _harm(content, page, rng):
    for _ in range(rng.choice([1, 1, 8, 64])):
        content[rng.randrange((page - 1) * PAGE_SIZE, page * PAGE_SIZE)] ^= 1 << rng.randrange(8)
