"""The power goes after a person decided, or after a form was noted as being sent (gate 3).

What was thrown away must not come back, and what may have been sent must not be sent again.
"""

import random

import pytest
from tests.outbox.durability.power import Power

from ferryman import operations as say
from ferryman.outbox.entry import Dead
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import all_dead, assert_adds_up, kept, waiting

SEEDS = 12


def found(folder, act):
    """Yield what stands in a spool of dead letters, *act*, and then a cut, for some cuts."""
    for seed in range(SEEDS):
        power = Power()
        before, after = folder / f"{seed}-before", folder / f"{seed}-after"
        before.mkdir()
        after.mkdir()
        store = SqliteStore(before / "spool.db", vfs=power.name)
        letters = kept(store, say.track("a", "x"), say.track("b", "x"))
        store.settle([Dead(entry, "odd") for entry in letters], 8)
        (form,) = kept(store, say.submit_form("f", "c"))  # which syncs what was settled

        act(store, letters, form)
        power.cut(random.Random(seed), after)

        store.close()
        power.unregister()
        left = SqliteStore(after / "spool.db")
        assert_adds_up(left)
        yield left, letters, form
        left.close()


@pytest.mark.parametrize("decision", ["skip", "purge"])
def test_what_a_person_threw_away_does_not_come_back(tmp_path, decision):
    """A skip or purge that returned holds."""

    def act(store, letters, form):
        getattr(store, decision)([letters[0].seq])

    for store, letters, _ in found(tmp_path, act):
        assert [dead.entry.seq for dead in all_dead(store)] == [letters[1].seq]


def test_what_a_person_replayed_waits(tmp_path):
    """A replay that returned holds."""

    def act(store, letters, form):
        store.replay([letters[0].seq])

    for store, letters, form in found(tmp_path, act):
        assert [entry.seq for entry in waiting(store)] == [letters[0].seq, form.seq]


def test_nothing_of_a_purged_person_comes_back(tmp_path):
    """A purge of a person that returned holds, for what waits and what is dead."""

    def act(store, letters, form):
        store.purge_key(letters[0].key)
        store.purge_key(form.key)

    for store, letters, _ in found(tmp_path, act):
        assert [dead.entry.seq for dead in all_dead(store)] == [letters[1].seq]
        assert waiting(store) == []


def test_what_was_noted_as_being_sent_stays_noted(tmp_path):
    """A form may have arrived before the cut: the next relay must know (rule 20)."""

    def act(store, letters, form):
        store.begin([form.seq], sent=True)

    for store, _, form in found(tmp_path, act):
        assert store.begun() == {form.seq}
