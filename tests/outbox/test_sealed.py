"""What an encrypted outbox keeps: the contract of every store, and nothing that can be read."""

import pytest

from ferryman import Account, Outbox
from ferryman._core.outbox_keys import new_outbox_key
from ferryman.errors import ConfigurationError, StoreError
from ferryman.outbox.entry import Dead
from ferryman.outbox.protocol import Where
from ferryman.outbox.stores.memory import MemoryStore
from ferryman.outbox.stores.sealed import Sealed
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import StoreContract, waiting

KEY = new_outbox_key(bytes(range(48)))
NEWER = new_outbox_key(bytes(range(1, 49)), str(KEY))


class TestSealedMemoryStore(StoreContract):
    """Around the memory store it keeps the promises of every store."""

    @pytest.fixture
    def make_store(self):
        """Makes an empty store."""
        return lambda **options: Sealed(MemoryStore(**options), KEY)


class TestSealedSqliteStore(StoreContract):
    """Around the SQLite store it keeps the promises of every store."""

    @pytest.fixture
    def make_store(self, tmp_path):
        """Makes an empty store."""
        return lambda **options: Sealed(SqliteStore(tmp_path / "spool.db", **options), KEY)


def test_nothing_of_a_person_can_be_read_on_disk(tmp_path, account):
    """Neither ids nor addresses nor what was said stand in the file or in its log."""
    place = f"sqlite:///{tmp_path / 'spool.db'}"
    with Outbox(place, account, relay="external", keys=KEY) as outbox:
        outbox.identify("person-4711", {"email": "ann@secret.example", "plan": "hidden-plan"})
        outbox.track("person-4711", "bought", data={"what": "hidden-thing"})
        store = outbox._store
        store.settle([Dead(waiting(store)[1], "odd", message="hidden-thing was wrong")], 9)

        kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        (dead,) = outbox.dead.list(person="person-4711")

    kept += b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [word for word in (b"4711", b"secret.example", b"hidden") if word in kept] == []
    assert (dead.person, dead.message) == ("i:person-4711", "hidden-thing was wrong")


def test_keys_rotate_and_old_entries_are_delivered(tmp_path, live, seen):
    """The first key encrypts, all of them decrypt; a person's order holds across the change."""
    place = f"sqlite:///{tmp_path / 'spool.db'}"
    with Outbox(place, live, relay="external") as plain:
        first = plain.track("1", "plain").id
    with Outbox(place, live, relay="external", keys=KEY) as old:
        second = old.track("1", "old").id
    with Outbox(place, live, keys=[NEWER, KEY]) as new:
        third = new.track("1", "new").id
        new.flush(20)

    assert seen.by_person() == {"1": [first, second, third]}


@pytest.mark.parametrize("keys", [None, NEWER])
def test_without_its_key_an_outbox_is_refused_and_kept(tmp_path, live, keys):
    """No key, or another one: said at once, and everything still waits."""
    place = f"sqlite:///{tmp_path / 'spool.db'}"
    with Outbox(place, live, relay="external", keys=KEY) as outbox:
        outbox.track("1", "said")

    with pytest.raises((StoreError, ConfigurationError), match="key"):
        Outbox(place, live, keys=keys)

    with Outbox(place, live, relay="external", keys=KEY) as outbox:
        assert (outbox.stats().pending, outbox._store.dead(Where(), after=0, limit=1)) == (1, [])


@pytest.mark.parametrize("keys", ["", "short", "ferryman_nonsense"])
def test_what_is_no_key_is_refused_and_not_shown(tmp_path, account: Account, keys):
    """The error says how a key is made, and does not repeat what was given."""
    with pytest.raises(ConfigurationError, match="ferryman outbox key") as refused:
        Outbox(f"sqlite:///{tmp_path / 'spool.db'}", account, keys=[keys])

    assert not keys or keys not in str(refused.value)
