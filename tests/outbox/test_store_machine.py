"""Both stores against a model of plain dicts, whatever is done to them in any order (gate 4)."""

import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ferryman import operations as say
from ferryman.errors import DeadLettersFull, OutboxFull
from ferryman.outbox.entry import REMOVALS, Cancelled, Dead, Done, Entry, parks
from ferryman.outbox.protocol import Where
from ferryman.outbox.stores.memory import MemoryStore
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import all_dead, waiting

PEOPLE = st.sampled_from("abcd")
BOUNDS = {"max_bytes": 150_000, "max_entries": 900, "max_dead_bytes": 40_000}
SAID = st.one_of(
    st.builds(lambda p, n: say.track(p, "x", data={"n": "y" * n}), PEOPLE, st.integers(0, 3_000)),
    st.builds(lambda p: say.track(p, "x"), PEOPLE),
    st.builds(say.identify, PEOPLE),
    st.builds(say.delete, PEOPLE),
    st.builds(say.suppress, PEOPLE),
    st.builds(say.unsuppress, PEOPLE),
    st.sampled_from([say.merge(a, b) for a in "abcd" for b in "abcd" if a != b]),
)
REASONS = st.sampled_from(["odd", "bad"])


def keys_of(entry):
    return {entry.key, entry.other} - {""}


class Model:
    """What a store ought to hold: entries by their places, and every account."""

    def __init__(self):
        self.waiting = {}
        self.dead = {}
        self.removals = []
        self.begun = set()
        self.counted = Counter()

    def enter(self, entry):
        self.waiting[entry.seq] = entry
        self.counted["accepted"] += 1
        if entry.name in REMOVALS:
            self.removals.append(entry)

    def leave(self, places, account, of):
        """Take *places* out *of* those who wait or are dead, counted; return who went."""
        gone = [of.pop(place) for place in sorted(set(places) & of.keys())]
        self.counted[account] += len(gone)
        self.begun -= {entry.seq for entry in gone if of is self.waiting}
        return gone

    def never_removed(self, gone):
        places = {entry.seq for entry in gone}
        self.removals = [each for each in self.removals if each.seq not in places]

    def removed(self, entry):
        return any(each.seq > entry.seq and each.key in keys_of(entry) for each in self.removals)

    def is_first(self, entry):
        """Whether nothing older of its keys waits, as when the relay sends a removal."""
        return not any(
            each.seq < entry.seq and keys_of(each) & keys_of(entry)
            for each in self.waiting.values()
        )


class StoreMachine(RuleBasedStateMachine):
    """Acts on one of the store's objects; looks at the store through each of them."""

    def __init__(self):
        super().__init__()
        self.stores = self.opened()
        self.model = Model()
        self.history = []
        self.turn = 0
        self.before = self.store.epoch()
        self.changed = False

    @property
    def store(self):
        self.turn += 1
        return self.stores[self.turn % len(self.stores)]

    def some(self, data):
        """Draw some of all that ever was accepted."""
        return data.draw(st.lists(st.sampled_from(self.history), max_size=12))

    def put(self, said):
        start = self.model.counted["accepted"]
        entries = [Entry.of(each, f"id-{start + n:06}", start) for n, each in enumerate(said)]
        waits = self.model.waiting.values()
        full = len(waits) + len(entries) > BOUNDS["max_entries"] or (
            sum(len(e.body) for e in [*waits, *entries]) > BOUNDS["max_bytes"]
        )
        try:
            self.store.put(entries)
        except OutboxFull:
            assert full
            return
        assert not full
        for place, entry in enumerate(entries, start + 1):
            assert entry.seq == place
            self.model.enter(entry)
            self.history.append(entry)

    @rule(said=st.lists(SAID, max_size=8))
    def put_some(self, said):
        self.put(said)

    @rule(person=PEOPLE, times=st.integers(100, 300))
    def put_many(self, person, times):
        self.put([say.track(person, "x", data={"n": n}) for n in range(times)])

    @rule(after=st.integers(0, 400), limit=st.integers(1, 200), size=st.integers(1, 20_000))
    def read(self, after, limit, size):
        found = self.store.read(after, limit=limit, size=size)

        expected = [entry for place, entry in self.model.waiting.items() if place > after]
        assert found == expected[: len(found)]
        assert bool(found) == bool(expected)
        assert len(found) <= limit
        assert sum(len(entry.body) for entry in found[:-1]) < size

    @precondition(lambda self: self.history)
    @rule(data=st.data())
    def settle_some(self, data):
        self.settle([self.verdict(entry, data) for entry in self.some(data)])

    @precondition(lambda self: self.model.waiting)
    @rule(data=st.data(), step=st.integers(1, 5))
    def settle_many(self, data, step):
        entries = list(self.model.waiting.values())[data.draw(st.integers(0, 9)) :: step]
        verdict = data.draw(st.sampled_from([Done, Cancelled]))
        self.settle([verdict(entry) for entry in entries if entry.name not in REMOVALS])

    @precondition(lambda self: self.model.waiting)
    @rule(data=st.data(), step=st.integers(1, 9))
    def let_many_die(self, data, step):
        entries = list(self.model.waiting.values())[data.draw(st.integers(0, 9)) :: step]
        self.settle([Dead(entry, data.draw(REASONS)) for entry in entries[:100]])

    @rule(count=st.integers(1, 20))
    def deliver_the_oldest(self, count):
        self.settle([Done(entry) for entry in list(self.model.waiting.values())[:count]])

    def verdict(self, entry, data):
        if entry.name in REMOVALS and not self.model.is_first(entry):
            return Dead(entry, "odd")
        kind = data.draw(st.sampled_from([Done, Cancelled, Dead]))
        if kind is Dead:
            return Dead(entry, data.draw(REASONS), maybe_delivered=data.draw(st.booleans()))
        return Done(entry) if entry.name in REMOVALS else kind(entry)

    def settle(self, verdicts):
        by_place = {verdict.entry.seq: verdict for verdict in verdicts}
        verdicts = list(by_place.values())
        try:
            self.store.settle(verdicts, 9)
        except DeadLettersFull:
            assert any(isinstance(verdict, Dead) for verdict in verdicts)
            return
        model = self.model
        model.begun -= by_place.keys() & model.waiting.keys()
        for place, verdict in by_place.items():
            if place not in model.waiting:
                continue
            if isinstance(verdict, Dead):
                entry = model.waiting.pop(place)
                model.dead[place] = Dead(
                    entry, verdict.reason, maybe_delivered=verdict.maybe_delivered, died_at=9
                )
                self.changed |= parks(entry)
            else:
                account = "delivered" if isinstance(verdict, Done) else "cancelled"
                model.leave([place], account, model.waiting)

    @precondition(lambda self: self.history)
    @rule(data=st.data(), everything=st.booleans())
    def replay(self, data, everything):
        places = [entry.seq for entry in self.some(data)]
        places += list(self.model.dead) if everything else []
        replayed = self.store.replay(places)

        model, back, refused = self.model, [], []
        for place in sorted(set(places)):
            if place not in model.dead:
                refused.append((place, "gone"))
            elif model.removed(model.dead[place].entry):
                refused.append((place, "removed"))
            else:
                model.waiting[place] = model.dead.pop(place).entry
                back.append(place)
        model.waiting = dict(sorted(model.waiting.items()))
        self.changed = bool(back)
        assert (list(replayed.places), list(replayed.refused)) == (back, refused)

    @precondition(lambda self: self.model.dead)
    @rule(data=st.data(), act=st.sampled_from(["skip", "purge"]), everything=st.booleans())
    def throw_away(self, data, act, everything):
        places = [entry.seq for entry in self.some(data)]
        places += list(self.model.dead) if everything else list(self.model.dead)[:1]
        count = getattr(self.store, act)(places)

        account = {"skip": "skipped", "purge": "purged"}[act]
        gone = self.model.leave(places, account, self.model.dead)
        self.model.never_removed([dead.entry for dead in gone])
        self.changed = bool(gone)
        assert count == len(gone)

    @precondition(lambda self: self.history)
    @rule(data=st.data())
    def purge_key(self, data):
        key = data.draw(st.sampled_from(self.history)).key
        count = self.store.purge_key(key)

        model = self.model
        gone = model.leave(
            [place for place, each in model.waiting.items() if key in keys_of(each)],
            "purged",
            model.waiting,
        )
        dead = [place for place, each in model.dead.items() if key in keys_of(each.entry)]
        gone += model.leave(dead, "purged", model.dead)
        model.removals = [each for each in model.removals if each.key != key]
        self.changed = bool(gone)
        assert count == len(gone)

    @rule(
        names=st.sampled_from([("track",), ("track", "identify"), ("delete",), ()]),
        entries=st.integers(1, 900),
        size=st.integers(1, 150_000),
    )
    def evict(self, names, entries, size):
        model = self.model
        those = [entry for entry in model.waiting.values() if entry.name in names]
        count = self.store.evict(names, entries, size)

        gone = those[:count]
        before = gone[:-1]  # with the last of them there still was too little, or hardly enough
        assert count == 0 or not self.has_room(before, 1.1 * entries + 20, 1.1 * size + 4_000)
        in_vain = not self.has_room(those, entries, size)
        model.leave([entry.seq for entry in gone], "evicted", model.waiting)
        model.never_removed(gone)
        self.changed = bool(gone)
        in_vain = not self.has_room(those, entries, size)  # then nobody goes
        assert self.has_room([], entries, size) or (count == 0 and in_vain)

    def has_room(self, without, entries, size):
        """Whether so much has room beside all that waits, *without* some of it."""
        gone = {entry.seq for entry in without}
        left = [entry for place, entry in self.model.waiting.items() if place not in gone]
        return (
            len(left) + entries <= BOUNDS["max_entries"]
            and sum(len(entry.body) for entry in left) + size <= BOUNDS["max_bytes"]
        )

    @precondition(lambda self: self.history)
    @rule(data=st.data(), sent=st.booleans())
    def begin(self, data, sent):
        places = [entry.seq for entry in self.some(data)]
        self.store.begin(places, sent=sent)
        if sent:
            self.model.begun |= set(places) & self.model.waiting.keys()
        else:
            self.model.begun -= set(places)

    @invariant()
    def every_object_shows_what_ought_to_be_there(self):
        model = self.model
        expected = [model.dead[place] for place in sorted(model.dead)]
        parking = [dead.entry for dead in expected if parks(dead.entry)]
        for store in self.stores:
            assert waiting(store) == list(model.waiting.values())
            assert all_dead(store) == expected
            assert store.parked() == {key for entry in parking for key in keys_of(entry)}
            assert store.reasons() == Counter(dead.reason for dead in expected)
            assert store.last() == model.counted["accepted"]
        assert (
            store.dead(Where(reason="odd", parks=True), after=0, limit=9)
            == [dead for dead in expected if dead.reason == "odd" and parks(dead.entry)][:9]
        )

    @invariant()
    def accounts_are_exact(self):
        model, counts = self.model, self.store.counts()
        assert counts.adds_up()
        assert counts.quarantined == 0
        assert (counts.pending, counts.dead) == (len(model.waiting), len(model.dead))
        assert counts.pending_bytes == sum(len(entry.body) for entry in model.waiting.values())
        for name in ("accepted", "delivered", "cancelled", "skipped", "purged", "evicted"):
            assert getattr(counts, name) == model.counted[name], name
        for upto in (0, counts.accepted // 2, counts.accepted):
            waits = sum(place <= upto for place in model.waiting)
            assert bool(self.store.pending(upto)) == bool(waits)
            assert self.store.pending(upto) >= waits

    @invariant()
    def the_epoch_tells_of_what_others_cannot_know(self):
        epoch = self.store.epoch()
        assert (epoch > self.before) == self.changed
        self.before, self.changed = epoch, False

    def teardown(self):
        for store in self.stores:
            store.close()


class MemoryMachine(StoreMachine):
    def opened(self):
        return [MemoryStore(**BOUNDS)]


class SqliteMachine(StoreMachine):
    """Two objects on one file, as two processes have them, which are closed and opened again."""

    def opened(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "spool.db"
        return [self.open() for _ in range(2)]

    def open(self):
        return SqliteStore(self.path, level="process", **BOUNDS)

    @rule(which=st.integers(0, 1))
    def reopen(self, which):
        self.stores[which].close()
        self.stores[which] = self.open()

    @rule()
    def reopen_all(self):
        for store in self.stores:
            store.close()
        self.stores = [self.open() for _ in range(2)]

    @invariant()
    def what_was_begun_is_noted(self):
        for store in self.stores:
            assert store.begun() == self.model.begun

    def teardown(self):
        super().teardown()
        self.folder.cleanup()


def test_memory_does_as_the_model():
    """Whatever is done to the store, it holds what the model holds."""
    few = settings(max_examples=150, stateful_step_count=40, deadline=None)
    run_state_machine_as_test(MemoryMachine, settings=few)


def test_a_file_does_as_the_model():
    """The same for two objects on one file."""
    few = settings(max_examples=80, stateful_step_count=40, deadline=None)
    run_state_machine_as_test(SqliteMachine, settings=few)
