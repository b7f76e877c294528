"""The keys of an encrypted outbox: changed, missing, wrong, and given only lately."""

import contextlib
import subprocess
import sys

import pytest

from ferryman import operations as say
from ferryman._core.outbox_keys import new_outbox_key
from ferryman.errors import ConfigurationError, OutboxSealed, StoreError
from ferryman.outbox import Outbox
from ferryman.outbox.entry import Dead, Done, Entry
from ferryman.outbox.protocol import Where
from ferryman.outbox.stores.seal import Seal, fingerprint
from ferryman.outbox.stores.sealed import Sealed
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.settings import Settings
from ferryman.testing.stores import waiting

OLD = new_outbox_key(bytes(range(48)))
NEW = new_outbox_key(bytes(range(50, 98)), OLD)
STRANGE = new_outbox_key(bytes(range(100, 148)))
BOTH = f"{NEW},{OLD}"


def entry_of(operation, ident="id", at=7):
    return Entry.of(operation, ident, at)


def only(store):
    (entry,) = waiting(store)
    return entry


# -- which key


def test_a_key_can_be_changed_while_everything_waits(spool, live, seen, account):
    """What the old key sealed and what the new one does arrive in order, each person's own."""
    with_old = Outbox(f"sqlite:///{spool}", account, keys=OLD, relay="external")
    receipts = [with_old.track(f"p{n % 3}", "said") for n in range(30)]
    with_old.close()
    with Outbox(f"sqlite:///{spool}", live, keys=BOTH) as with_both:
        receipts += [with_both.track(f"p{n % 3}", "said") for n in range(30)]
        with_both.flush(20)
    with Outbox(f"sqlite:///{spool}", live, keys=NEW) as with_new:
        receipts += [with_new.track(f"p{n % 3}", "said") for n in range(30)]
        with_new.flush(20)
        stats = with_new.stats()

    assert seen.by_person() == {f"p{n}": [r.id for r in receipts[n::3]] for n in range(3)}
    assert (stats.delivered, stats.dead, stats.pending) == (90, 0, 0)


def test_the_first_key_seals(opened):
    """With two keys, what is accepted needs only the first."""
    store = opened(BOTH)
    store.put([entry_of(say.track("a", "said"))])
    store.close()

    with pytest.raises(ConfigurationError, match=fingerprint(NEW)):
        opened(OLD)
    assert only(opened(NEW)).key == say.track("a", "said").key


def test_a_removal_under_the_new_key_stops_a_replay_of_the_old(opened):
    """A person's name in the store outlives the key: an old identify brings nobody back."""
    store = opened(OLD)
    store.put([entry_of(say.identify("a", {"x": 1}))])
    store.settle([Dead(only(store), "refused")], 1)
    store.close()
    store = opened(BOTH)
    store.put([entry_of(say.delete("a"))])
    store.settle([Done(only(store))], 2)

    assert store.replay([1]).refused == ((1, "removed"),)


def test_parking_survives_a_change_of_keys(opened):
    """Behind a barrier that failed under the old key, its person still waits."""
    store = opened(OLD)
    store.put([entry_of(say.merge("a", "b"))])
    store.settle([Dead(only(store), "refused")], 1)
    merge = say.merge("a", "b")
    store.close()

    assert opened(BOTH).parked() == {merge.key, merge.other}


@pytest.mark.parametrize("keys", [NEW, STRANGE])
@pytest.mark.parametrize("state", ["waiting", "dead"])
def test_an_outbox_is_not_opened_with_another_key(opened, keys, state):
    """A wrong key is said at once, with what to do, and changes nothing."""
    store = opened(OLD)
    store.put([entry_of(say.track("a", "said"))])
    if state == "dead":
        store.settle([Dead(only(store), "refused")], 1)
    before = store.counts()
    store.close()

    if state == "waiting":
        with pytest.raises(ConfigurationError, match=f"{fingerprint(OLD)}.*CUSTOMERIO_OUTBOX_KEYS"):
            opened(keys)
    else:
        (dead,) = opened(keys).dead(Where(), after=0, limit=1)
        assert fingerprint(OLD) in dead.message
    assert opened(OLD).counts() == before


@pytest.mark.parametrize("state", ["waiting", "dead"])
def test_an_outbox_is_not_opened_without_its_key(opened, state):
    """What is encrypted is never taken for what it is not: the place is refused."""
    store = opened(OLD)
    store.put([entry_of(say.track("a", "said"))])
    if state == "dead":
        store.settle([Dead(only(store), "refused")], 1)
    store.close()

    with pytest.raises(ConfigurationError, match="set CUSTOMERIO_OUTBOX_KEYS"):
        opened()


def test_a_relay_without_the_key_of_what_comes_waits_and_loses_nothing(spool, opened, live, seen):
    """Opened before anybody had a key: what is then sealed waits for a relay that has it."""
    plain = Outbox(f"sqlite:///{spool}", live)
    plain.start()
    other = opened(OLD)
    other.put([entry_of(say.track("a", "said"), "01HZZZZZZZZZZZZZZZZZZZZZZZ")])
    with contextlib.suppress(StoreError):
        plain.close(1)
    arrived, counts = seen.ids(), other.counts()
    other.close()
    with Outbox(f"sqlite:///{spool}", live, keys=OLD) as outbox:
        outbox.flush(20)

    assert (arrived, counts.pending, counts.dead) == ([], 1, 0)
    assert seen.ids() == ["01HZZZZZZZZZZZZZZZZZZZZZZZ"]


def test_a_missing_key_stops_reading_and_throws_nothing_away(spool):
    """Between entries that can be opened, too, one whose key is missing is waited for."""
    inner = SqliteStore(spool)
    store = Sealed(inner, BOTH)
    store.put([entry_of(say.track("a", "said"), "1")])
    Sealed(inner, OLD).put([entry_of(say.track("a", "said"), "2")])
    store.put([entry_of(say.track("a", "said"), "3")])

    with pytest.raises(OutboxSealed, match=fingerprint(OLD)):
        Sealed(inner, NEW).read(0, limit=10, size=1 << 20)
    assert [entry.id for entry in waiting(store)] == ["1", "2", "3"]
    store.close()


# -- what was accepted before there was a key


def test_what_was_accepted_before_is_delivered_and_what_comes_is_sealed(spool, live, seen, account):
    """A key that is set on a full outbox loses nothing of what waits."""
    before = Outbox(f"sqlite:///{spool}", account, relay="external")
    receipts = [before.track("p", "said") for _ in range(5)]
    before.close()
    with Outbox(f"sqlite:///{spool}", live, keys=OLD) as outbox:
        receipts += [outbox.track("p", "said") for _ in range(5)]
        outbox.flush(20)

    assert seen.by_person() == {"p": [receipt.id for receipt in receipts]}


def test_a_dead_letter_of_before_is_found_and_not_replayed(opened):
    """It has a person whose removals since are named otherwise: nobody is brought back."""
    plain = opened()
    plain.put([entry_of(say.identify("a", {"x": 1})), entry_of(say.track("b", "said"))])
    plain.settle([Dead(each, "refused", message="why") for each in waiting(plain)], 1)
    key = say.identify("a", {}).key
    plain.close()
    store = opened(OLD)

    (found,) = store.dead(Where(key=key), after=0, limit=9)
    with pytest.raises(StoreError, match="skip or purge 1, 2"):
        store.replay([1, 2])
    assert (found.message, found.entry.key) == ("why", key)
    assert (store.purge_key(key), store.skip([2]), store.counts().dead) == (1, 1, 0)


# -- keys as people write them


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ("", "has no key"),
        ("abc", "is no key of an outbox: `ferryman outbox key` makes one"),
        (f"{OLD},abc", "key 2 of 2"),
        (f"{OLD}x", "is no key"),
        (f"{OLD},{OLD}", "one key twice"),
        (f"{OLD},{STRANGE}", "key 2 in keys belongs to another outbox"),
    ],
)
def test_a_wrong_key_is_refused(keys, says):
    """What is no key, or none of this outbox, is a ConfigurationError that says what is wrong."""
    with pytest.raises(ConfigurationError, match=says):
        Seal(keys)


@pytest.mark.parametrize("keys", [BOTH, f" {NEW} ,\n{OLD},", [NEW, OLD]])
def test_keys_are_written_in_one_text_or_several(keys):
    """Spaces and a last comma do no harm."""
    (kept,) = Seal(OLD).sealed([entry_of(say.track("a", "said"))])

    assert Seal(keys).opened(kept).id == "id"


def test_settings_take_the_keys_along(live, spool):
    """An outbox of the settings is encrypted, and shows no key, nor do they."""
    keys = {"CUSTOMERIO_OUTBOX": f"sqlite:///{spool}", "CUSTOMERIO_OUTBOX_KEYS": BOTH}
    mine = {"CUSTOMERIO_SITE_ID": live.site_id, "CUSTOMERIO_TRACK_API_KEY": live.track_api_key}
    settings = Settings.from_env(environ=keys | mine | {"CUSTOMERIO_TRACK_URL": live.track_url})
    outbox = settings.open_outbox(relay="external")
    outbox.track("MARKER", "said")
    outbox.close()

    assert b"MARKER" not in spool.read_bytes()
    assert NEW[9:20] not in repr(settings)
    assert "outbox_keys='•••'" in repr(settings)


def test_without_the_extra_it_says_what_to_install(spool):
    """Only keys need cryptography: an outbox without them does not."""
    code = f"""
import sys
sys.modules["cryptography"] = None
from ferryman.outbox.stores import open_store
open_store("sqlite:///{spool}", workspace="default").close()
open_store("sqlite:///{spool}", workspace="default", keys="{OLD!s}")
"""

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "ConfigurationError: an encrypted outbox needs cryptography: pip install" in ran.stderr
    assert "ferryman[encryption]" in ran.stderr
