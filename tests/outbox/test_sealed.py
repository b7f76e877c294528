"""Encrypted outboxes: nothing readable in the file, everything kept, nothing altered unseen."""

import contextlib
import os
import threading

import apsw
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferryman import Email
from ferryman import operations as say
from ferryman._core.outbox_keys import new_outbox_key
from ferryman.errors import ConfigurationError
from ferryman.outbox import Outbox
from ferryman.outbox.entry import Dead, Done, Entry
from ferryman.outbox.protocol import Where
from ferryman.outbox.stores import runs
from ferryman.outbox.stores.memory import MemoryStore
from ferryman.outbox.stores.seal import Seal
from ferryman.outbox.stores.sealed import ALTERED, Sealed
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.outbox.stores.xaes import Xaes
from ferryman.testing.stores import StoreContract, waiting

OLD = new_outbox_key(bytes(range(48)))
NEW = new_outbox_key(bytes(range(50, 98)), OLD)
STRANGE = new_outbox_key(bytes(range(100, 148)))
BOTH = f"{NEW},{OLD}"


class TestSealedMemoryStore(StoreContract):
    @pytest.fixture
    def make_store(self):
        return lambda **options: Sealed(MemoryStore(**options), OLD)


class TestSealedSqliteStore(StoreContract):
    @pytest.fixture
    def make_store(self, tmp_path):
        return lambda **options: Sealed(SqliteStore(tmp_path / "spool.db", **options), OLD)


def entry_of(operation, ident="id", at=7):
    return Entry.of(operation, ident, at)


# -- nothing readable


def test_nothing_of_a_person_stands_in_the_file(spool, opened):
    """Ids, e-mail addresses, payloads and messages are in no byte of the file, its log or lock."""
    store = opened(OLD)
    said = [
        say.track("MARKER-id", "bought", data={"MARKER-name": "MARKER-value"}),
        say.identify(Email("MARKER@example.com"), {"plan": "MARKER-plan"}),
        say.delete("MARKER-gone"),
        say.merge("MARKER-one", "MARKER-two"),
        say.submit_form("MARKER-form", "MARKER-id", {"x": "MARKER-field"}),
    ]
    store.put([entry_of(each, f"{n}") for n, each in enumerate(said)])
    everywhere = [bytes_of(spool)]
    first, *rest = waiting(store)
    store.begin([rest[-1].seq], sent=True)
    verdicts = [Done(first), *(Dead(each, "r", "f", "MARKER-message") for each in rest)]
    store.settle(verdicts, 9)
    everywhere.append(bytes_of(spool))
    store.close()
    everywhere.append(bytes_of(spool))

    assert len(everywhere[0]) > 4_096
    assert [found for found in everywhere if b"MARKER" in found] == []
    assert {dead.message for dead in opened(OLD).dead(Where(), after=0, limit=9)} == {
        "MARKER-message"
    }


def bytes_of(spool):
    """Return everything that lies beside the spool, its log brought along."""
    return b"".join(each.read_bytes() for each in sorted(spool.parent.iterdir()))


def test_the_same_person_twice_is_two_ciphertexts_and_one_name():
    """What is said twice is sealed differently each time, and still compared by its name."""
    seal = Seal(OLD)
    one, other = seal.sealed([entry_of(say.delete("p")), entry_of(say.delete("p"))])

    assert one.key == other.key != "p"
    assert one.path != other.path
    assert Seal(BOTH).name(say.delete("p").key) == one.key


def test_a_key_is_shown_nowhere(live, spool):
    """Neither the outbox, nor what encrypts, nor the error of a wrong key shows a key."""
    outbox = Outbox(f"sqlite:///{spool}", live, keys=OLD)
    holders = [vars(outbox), vars(Seal(OLD)), vars(Xaes(bytes(32)))]
    shown = f"{outbox!r} {holders!r}"
    outbox.close()
    with pytest.raises(ConfigurationError) as caught:
        Seal([OLD, STRANGE[:-1]])

    assert OLD[9:20] not in shown
    assert STRANGE[9:20] not in f"{caught.value!r}"
    assert repr(OLD) == "'•••'"


# -- everything kept


def test_a_delivered_removal_is_forgotten_under_its_name(spool, opened):
    """What a removal left in the store goes with it: the store is told by the name it knows."""
    store = opened(OLD)
    store.put([entry_of(say.delete("a"))])
    store.settle([Done(*waiting(store))], 1)

    with contextlib.closing(apsw.Connection(str(spool))) as file:
        assert list(file.execute("SELECT * FROM removed")) == []


@given(
    key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    body=st.binary(),
    path=st.sampled_from(["", "/api/v1/forms/ü/submit"]),
    other=st.text(st.characters(exclude_categories=["Cs"])),
    barrier=st.booleans(),
)
def test_every_entry_comes_back_as_it_was(key, body, path, other, barrier):
    """Whatever is sealed is opened to the same, and its body is as long meanwhile."""
    entry = Entry(3, "id", "track", key, body, other, barrier, path, 8)
    seal = Seal(OLD)

    (kept,) = seal.sealed([entry])
    again = seal.opened(kept)

    assert (again.seq, again.id, again.name, again.key, again.body) == (3, "id", "track", key, body)
    assert (again.other, again.barrier, again.path, again.at) == (other, barrier, path, 8)
    assert len(kept.body) == len(body)


def test_the_cipher_is_xaes():
    """The vectors of https://c2sp.org/XAES-256-GCM."""
    nonce = b"ABCDEFGHIJKLMNOPQRSTUVWX"

    one = Xaes(b"\1" * 32).seal(nonce, b"XAES-256-GCM", b"")
    other = Xaes(b"\3" * 32).seal(nonce, b"XAES-256-GCM", b"c2sp.org/XAES-256-GCM")

    assert one.hex() == "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"
    assert other.hex() == "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"


def test_no_nonce_comes_twice_in_threads_and_children():
    """Nonces differ among threads and in a forked child, which knows its parent's first half."""
    xaes = Xaes(bytes(32))
    found = list(xaes.nonces(10))
    threads = [threading.Thread(target=lambda: found.extend(xaes.nonces(1_000))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, b"".join(xaes.nonces(100)))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, 24 * 100)
    os.close(reading)
    os.close(writing)
    found += [theirs[place : place + 24] for place in range(0, len(theirs), 24)]
    found += xaes.nonces(100)

    assert len(set(found)) == len(found) == 8_210


def test_threads_seal_and_open_side_by_side():
    """Many threads with one seal: each opens what it sealed."""
    seal = Seal(OLD)
    wrong = []

    def work(name):
        for number in range(200):
            entry = entry_of(say.track(f"{name}", "e", data={"n": number}))
            (kept,) = seal.sealed([entry])
            if seal.opened(kept).body != entry.body:
                wrong.append(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


# -- what was altered


def _flip(text):
    return text[:9] + ("A" if text[9] != "A" else "B") + text[10:]


ALTERATIONS = {
    "body": lambda one, other: {"body": bytes([one.body[0] ^ 1]) + one.body[1:]},
    "path": lambda one, other: {"path": one.path[:60] + _flip(one.path[60:])},
    "shortened": lambda one, other: {"path": one.path[:40]},
    "mark": lambda one, other: {"path": "!" + one.path[1:]},
    "another's body": lambda one, other: {"body": other.body, "path": other.path},
    "another's person": lambda one, other: {"key": other.key},
    "id": lambda one, other: {"id": other.id},
    "name": lambda one, other: {"name": "identify"},
    "at": lambda one, other: {"at": one.at + 1},
    "barrier": lambda one, other: {"barrier": True},
    "other": lambda one, other: {"other": other.key},
}


@pytest.mark.parametrize("what", ALTERATIONS)
def test_what_was_altered_becomes_a_dead_letter(what, spool, live, seen):
    """An altered entry is never sent and never lost, and the others go on."""
    store = Sealed(SqliteStore(spool), OLD)
    pair = [("a", "id1"), ("b", "id2"), ("c", "id3")]
    store.put([entry_of(say.track(p, "said", data={"n": 1}), i) for p, i in pair])
    store.close()
    alter(spool, ALTERATIONS[what])

    with Outbox(f"sqlite:///{spool}", live, keys=OLD) as outbox:
        outbox.flush(20)
        (letter,) = outbox.dead.list()
        stats = outbox.stats()

    assert (letter.place, letter.reason, letter.body) == (1, ALTERED, b"")
    assert (stats.delivered, stats.dead, stats.adds_up()) == (2, 1, True)
    assert set(seen.by_person()) == {"b", "c"}


def alter(spool, change):
    """Change the first entry of *spool*, checksums and all, as somebody who means it would."""
    file = apsw.Connection(str(spool))
    row = next(iter(file.execute("SELECT * FROM entries")))
    one, other, *rest = runs.unpacked(row)
    one = msgspec.structs.replace(one, **change(one, other))
    with file:
        file.execute("DELETE FROM entries")
        file.executemany(
            "INSERT INTO entries VALUES (?,?,?,?,?,?,?,?)", runs.rows([one, other, *rest])
        )
    file.close()


def test_an_altered_dead_letter_says_so():
    """A dead letter that no longer opens is listed without what it said, and can be thrown away."""
    inner = MemoryStore()
    store = Sealed(inner, OLD)
    store.put([entry_of(say.track("a", "said"))])
    (kept,) = inner.read(0, limit=1, size=1)
    altered = msgspec.structs.replace(kept, body=bytes(len(kept.body)))
    inner.settle([Dead(altered, "refused", message="~1" + "A" * 80)], 1)

    (dead,) = store.dead(Where(), after=0, limit=1)

    assert (dead.entry.body, dead.reason) == (b"", "refused")
    assert "changed" in dead.message
    assert store.purge([dead.entry.seq]) == 1
