"""Many at once: each accepted or refused by itself, and told so."""

import asyncio
import json

import pytest

from ferryman import (
    Account,
    Anonymous,
    AsyncOutbox,
    ConfigurationError,
    Email,
    Event,
    InvalidOperation,
    Outbox,
    OutboxClosed,
    OutboxFull,
    TrackingPlan,
)
from ferryman import operations as say
from ferryman._io.stamp import stamp
from ferryman.operations import pipelines
from ferryman.outbox.entry import Entry
from ferryman.outbox.many import CHUNK, Many
from ferryman.outbox.saying import told
from ferryman.outbox.stores.memory import MemoryStore
from ferryman.testing.stores import waiting


class Paid(Event):
    total: float


class Unplanned(Event):
    """Not in the plan."""


class Old(Event, deprecated=Paid):
    """In the plan, for now."""


def plan(mode):
    """A plan of two events."""
    return TrackingPlan[Paid | Old](events=[Paid, Old], mode=mode)


def sync(call, account, store, **options):
    """Let *call* say things to an Outbox that nobody empties."""
    outbox = Outbox(store, account, relay="external", **options)
    try:
        return call(outbox)
    finally:
        outbox.close()


def awaited(call, account, store, **options):
    """Let *call* say things to an AsyncOutbox that nobody empties."""

    async def main():
        async with AsyncOutbox(store, account, relay="external", **options) as outbox:
            return await call(outbox)

    return asyncio.run(main())


colours = pytest.mark.parametrize("run", [sync, awaited])


@colours
def test_each_event_is_accepted_or_refused_by_itself(run, account):
    """What cannot be is told by its place, and those around it are kept in order."""
    said = [("1", Paid(total=1)), ("2", Paid(total="1")), ("", "named"), ("3", "named", {"n": 3})]
    store = MemoryStore()
    kept = run(lambda outbox: outbox.track_many(said), account, store)
    found = waiting(store)

    assert [entry.id for entry in found] == list(kept.ids)
    assert [receipt.id for receipt in kept.receipts] == list(kept.ids)
    assert [entry.key for entry in found] == ["i:1", "i:3"]
    assert [(place, wrong.field) for place, wrong in kept.refused] == [
        (1, "paid.total"),
        (2, "person"),
    ]
    assert (kept.accepted, kept.count, kept.level) == (2, 4, "memory")


@colours
@pytest.mark.parametrize("item", ["42", ("42",), ("42", "a", {}, {}), 7, None, {"a": "b", "c": 1}])
def test_what_is_no_event_of_anybody_is_refused(run, account, item):
    """An item of another shape is refused as any wrong one is."""
    kept = run(lambda outbox: outbox.track_many([("1", "a"), item]), account, MemoryStore())

    assert kept.accepted == 1
    assert [place for place, _ in kept.refused] == [1]


@colours
def test_operations_are_accepted_each_by_itself(run, account):
    """accept_many takes any that writes, and refuses a question and what is no operation."""
    made = [say.track("1", "a"), say.region(), "b", say.suppress("2")]
    store = MemoryStore()
    kept = run(lambda outbox: outbox.accept_many(made), account, store)

    assert [entry.name for entry in waiting(store)] == ["track", "suppress"]
    assert [place for place, _ in kept.refused] == [1, 2]


def test_the_refused_can_be_raised(account):
    """The error tells how many, and the place, the field and the rule of the first."""
    said = [("1", "a"), ("2", Paid(total="1")), ("", "a")]
    kept = sync(lambda outbox: outbox.track_many(said), account, MemoryStore())

    with pytest.raises(InvalidOperation, match=r"^\[1\]: 2 of 3 .* paid.total: expected float"):
        kept.raise_for_refused()


def test_nothing_is_raised_where_nothing_was_refused(account):
    """What was accepted as a whole passes."""
    kept = sync(lambda outbox: outbox.track_many([("1", "a")]), account, MemoryStore())

    kept.raise_for_refused()

    assert kept.refused == ()


def test_what_is_refused_holds_nothing_that_was_said(account):
    """Errors that are kept hold no frames, and with them no payload."""
    kept = sync(
        lambda outbox: outbox.track_many([("1", Paid(total="secret"))]), account, MemoryStore()
    )
    wrong = kept.refused[0][1]

    assert (wrong.__traceback__, wrong.__context__) == (None, None)
    assert "secret" not in repr(kept) + repr(kept.refused)


@colours
def test_a_full_store_ends_it_and_says_how_far_it_came(run, account):
    """Chunks before are kept; what follows was neither accepted nor refused, and can go on."""
    store = MemoryStore(max_bytes=700_000)
    said = [("", "a") if n == 5 else ("1", "a", {"n": n, "more": "." * 100}) for n in range(5_000)]
    with pytest.raises(OutboxFull) as full:
        run(lambda outbox: outbox.track_many(said), account, store)
    before = full.value.accepted

    assert before.accepted == len(waiting(store))
    assert [place for place, _ in before.refused] == [5]
    assert before.count == before.accepted + 1 < len(said)


@colours
def test_what_came_before_an_error_of_the_caller_is_kept(run, account):
    """Where the caller's own iterator raises, that goes through, and what it gave is kept."""

    def failing():
        for n in range(CHUNK + 7):
            yield "1", f"e{n}"
        raise LookupError("the caller's own")

    store = MemoryStore()
    with pytest.raises(LookupError, match="own"):
        run(lambda outbox: outbox.track_many(failing()), account, store)

    assert len(waiting(store)) == CHUNK + 7


@colours
def test_events_are_taken_as_they_are_kept(run, account):
    """No more than a chunk is held: an endless source ends where the store does."""

    def endless():
        while True:
            yield "1", "a"

    with pytest.raises(OutboxFull):
        run(lambda outbox: outbox.track_many(endless()), account, MemoryStore(max_bytes=1_000_000))


@colours
def test_each_is_encoded_before_the_next_is_asked_for(run, account):
    """A caller may use one dict for all: what it holds when it is given is what is said."""

    def reusing():
        data = {}
        for n in range(3):
            data["n"] = n
            yield "1", "a", data

    store = MemoryStore()
    run(lambda outbox: outbox.track_many(reusing()), account, store)

    assert [json.loads(entry.body)["attributes"] for entry in waiting(store)] == [
        {"n": 0},
        {"n": 1},
        {"n": 2},
    ]


def test_as_many_as_a_chunk_are_kept_together():
    """While the clock stands, a chunk ends when it is full, and the last one with its source."""

    def make(item, ident, at):
        return told("1", item, None, None, None)

    many = Many(make, "memory", stamps=stamp.run, clock=lambda: 0.0, lasts=1.0)
    sizes = [len(entries) for entries in many.chunks("a" for _ in range(4_500))]

    assert sizes == [2_000, 2_000, 500]
    assert many.result().accepted == 4_500


def test_a_slow_source_neither_delays_nor_predates():
    """What comes late is stamped when it comes, and what came before is not kept waiting for it."""
    now = 0.0
    made: list[tuple[str, int]] = []

    def make(item, ident, at):
        made.append((item, at))
        return told("1", item, None, None, None)

    def slowly():
        nonlocal now
        for item in ("a", "b", "c", "d"):
            yield item
            now += 0.6

    many = Many(
        make, "memory", stamps=lambda: (iter(("",) * CHUNK), int(now)), clock=lambda: now, lasts=1.0
    )
    kept = [(len(entries), [item for item, _ in made]) for entries in many.chunks(slowly())]

    assert made == [("a", 0), ("b", 0), ("c", 1), ("d", 1)]
    assert kept == [(2, ["a", "b"]), (2, ["a", "b", "c", "d"])]
    assert many.result().accepted == 4


@colours
def test_a_missing_key_ends_it_at_once(run):
    """What no event's making is to blame for is raised, and is no refusal of one."""
    account = Account(pipelines_write_key="w")
    store = MemoryStore()

    with pytest.raises(ConfigurationError):
        run(lambda outbox: outbox.track_many([("1", "a")]), account, store)
    with pytest.raises(ConfigurationError) as ended:
        run(
            lambda outbox: outbox.accept_many([pipelines.track("1", "a"), say.track("1", "a")]),
            account,
            MemoryStore(),
        )
    assert ended.value.accepted.accepted == 1
    assert waiting(store) == []


@colours
def test_the_plan_is_asked_about_each(run, account):
    """Under enforce what is not in the plan is refused, typed or named, made by hand or not."""
    events = [("1", Paid(total=1)), ("1", Unplanned()), ("1", "nobody_knows"), ("1", Old())]
    made = [say.track("1", Unplanned()), say.track(Anonymous("a"), Unplanned())]
    made += [say.track("1", Paid(total=1))]
    options = {"account": account, "plan": plan("enforce")}
    tracked = run(lambda outbox: outbox.track_many(events), store=MemoryStore(), **options)
    kept = run(lambda outbox: outbox.accept_many(made), store=MemoryStore(), **options)

    assert [place for place, _ in tracked.refused] == [1, 2]
    assert [place for place, _ in kept.refused] == [0, 1]


@colours
def test_a_plan_that_warns_counts_each_once(run, account):
    """Under warn all is kept, and each deviation is counted once whichever way it is said."""
    events, asked = [("1", Unplanned()), ("1", Old())], plan("warn")
    tracked = run(lambda o: o.track_many(events), account, MemoryStore(), plan=asked)
    made = [say.track(*each) for each in events]
    kept = run(lambda o: o.accept_many(made), account, MemoryStore(), plan=asked)
    run(lambda o: o.track("1", Unplanned()), account, MemoryStore(), plan=asked)

    assert (tracked.accepted, kept.accepted) == (2, 2)
    assert {each.kind: each.count for each in asked.report()} == {
        "unknown_event": 3,
        "deprecated_event": 2,
    }


def test_a_plan_is_asked_once_by_a_namespace():
    """What pipelines.track asked about is not asked about again where it is kept."""
    account, asked = Account(pipelines_write_key="w"), plan("warn")
    sync(lambda o: o.pipelines.track("1", Unplanned()), account, MemoryStore(), plan=asked)
    made = [pipelines.track("1", Unplanned())]
    sync(lambda o: o.accept_many(made), account, MemoryStore(), plan=asked)

    assert [each.count for each in asked.report()] == [2]


def test_after_closing_nothing_is_accepted(account):
    """A closed outbox says so, with what came before."""
    outbox = Outbox("memory:", account, relay="external")
    outbox.close()

    with pytest.raises(OutboxClosed) as closed:
        outbox.track_many([("1", "a")])

    assert closed.value.accepted.count == 0


@pytest.mark.parametrize("event", ["named", 'ünïcode "quoted"', Paid(total=2.5), Unplanned()])
@pytest.mark.parametrize(
    "person", ["42", 42, ' "q" ', "ü", "x" * 150, Email("a@b.c"), Anonymous("a")]
)
def test_the_short_way_writes_what_an_operation_does(person, event):
    """An entry made at once is the one that its operation would become, to the byte."""
    entry = told(person, event, None, None, None)

    assert entry == Entry.of(say.track(person, event), entry.id, entry.at)


@pytest.mark.parametrize("size", range(32_500, 32_800, 7))
def test_the_short_way_has_the_limit_of_an_operation(size):
    """Neither way takes an event that the other refuses for its size."""

    def refused(make):
        try:
            make()
        except InvalidOperation:
            return True
        return False

    data = {"x": "." * size}

    assert refused(lambda: told("1", "a", data, None, None)) == refused(
        lambda: say.track("1", "a", data=data)
    )
