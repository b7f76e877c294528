"""What becomes of a call that finds the outbox full: refused, held up, or others make way."""

import asyncio
import threading
import time

import pytest

from ferryman.errors import ConfigurationError, OutboxFull
from ferryman.outbox import AsyncOutbox, Outbox
from ferryman.outbox.overflow import Block, Evict
from ferryman.testing.stores import waiting

FEW = {"max_entries": 5}
TIGHT = {"max_bytes": 5 * 200}
"""Five events of this page and no sixth: see :func:`say`."""


@pytest.fixture(params=["memory", "sqlite"])
def place(request, tmp_path):
    """Where an outbox keeps things: both stores."""
    return "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'spool.db'}"


@pytest.fixture
def holding(place, account):
    """Make an outbox that nobody delivers from, with options, and close it at the end."""
    made = []

    def make(**options):
        made.append(Outbox(place, account, relay="external", **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def say(outbox, number, person="p"):
    """Say an event of between 167 and 200 bytes."""
    return outbox.track(person, "said", data={"n": number, "x": "x" * 20})


def names(outbox):
    """Return the names and people of what waits, in order."""
    return [(entry.name, entry.key[2:]) for entry in waiting(outbox._store)]


@pytest.mark.parametrize("bound", [FEW, TIGHT], ids=["entries", "bytes"])
def test_a_full_outbox_refuses_and_keeps_what_it_has(holding, bound):
    """The default: OutboxFull, nothing of the call is kept, what waits stays."""
    outbox = holding(**bound)
    for number in range(5):
        say(outbox, number)

    with pytest.raises(OutboxFull):
        say(outbox, 5)

    counts = outbox.stats()
    assert (counts.accepted, counts.pending, counts.evicted) == (5, 5, 0)


@pytest.mark.parametrize("bound", [FEW, TIGHT], ids=["entries", "bytes"])
def test_blocking_gives_up_in_the_end(holding, bound):
    """Without room by then it is OutboxFull, as if nobody had waited."""
    outbox = holding(overflow=Block(0.2), **bound)
    for number in range(5):
        say(outbox, number)
    begun = time.monotonic()

    with pytest.raises(OutboxFull):
        say(outbox, 5)

    assert time.monotonic() - begun < 5  # its deadline is a promise
    assert outbox.stats().accepted == 5


@pytest.mark.parametrize("bound", [FEW, TIGHT], ids=["entries", "bytes"])
def test_blocking_waits_for_room_and_loses_nothing(place, live, seen, bound):
    """Threads that find it full are held up while it delivers; each is kept in its order."""
    receipts = {name: [] for name in ("a", "b", "c")}

    def go(name):
        receipts[name] += [say(outbox, number, name).id for number in range(30)]

    with Outbox(place, live, overflow=Block(60), linger=0, **bound) as outbox:
        threads = [threading.Thread(target=go, args=(name,)) for name in receipts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        outbox.flush(60)
        counts = outbox.stats()

    assert (counts.accepted, counts.delivered) == (90, 90)
    assert seen.by_person() == receipts


@pytest.mark.parametrize(
    "overflow", ["reject", Block(30), Evict()], ids=["reject", "block", "evict"]
)
def test_an_outbox_found_full_is_emptied(live, seen, tmp_path, account, overflow):
    """Whoever opens a file that an earlier process left full begins to deliver it."""
    spool = f"sqlite:///{tmp_path / 'spool.db'}"
    with Outbox(spool, account, relay="external") as before:
        for number in range(5):
            say(before, number)
    outbox = Outbox(spool, live, overflow=overflow, **FEW)
    deadline = time.monotonic() + 30
    receipt = None
    while receipt is None:
        try:
            receipt = say(outbox, 5)
        except OutboxFull:
            assert time.monotonic() < deadline, "nobody delivers"
            time.sleep(0.01)
    outbox.close(30)

    assert receipt.id in seen.ids()


def test_the_loop_goes_on_while_a_task_is_held_up(place, live, seen):
    """Blocking is awaited off the loop, each task for its own room, and all are kept."""

    async def main():
        ticks = 0
        async with (
            asyncio.timeout(50),
            AsyncOutbox(place, live, overflow=Block(60), **FEW) as outbox,
        ):
            seen.faults({"delay": 1, "count": 1})
            tasks = [asyncio.create_task(say(outbox, n, f"p{n}")) for n in range(40)]
            while not all(task.done() for task in tasks):
                ticks += 1
                await asyncio.sleep(0.01)
            receipts = await asyncio.gather(*tasks)
            await outbox.flush(60)
            return ticks, receipts, outbox.stats()

    ticks, receipts, counts = asyncio.run(main())

    assert ticks > 20
    assert (counts.accepted, counts.delivered) == (40, 40)
    assert sorted(seen.ids()) == sorted(receipt.id for receipt in receipts)


def test_tasks_that_share_a_wait_share_its_deadline(place, account):
    """However many find it full together, each is answered when its time is over."""

    async def main():
        full = Block(0.3)
        async with AsyncOutbox(place, account, relay="external", overflow=full, **FEW) as outbox:
            said = [say(outbox, n, f"p{n}") for n in range(40)]
            begun = time.monotonic()
            results = await asyncio.gather(*said, return_exceptions=True)
            return [type(each).__name__ for each in results], time.monotonic() - begun

    results, took = asyncio.run(main())

    assert (results.count("Receipt"), results.count("OutboxFull")) == (5, 35)
    assert took < 5  # its deadline is a promise


def test_async_code_is_refused_and_makes_way_too(place, account):
    """Each policy answers tasks as it answers threads."""

    async def main(**options):
        async with AsyncOutbox(place, account, relay="external", **FEW, **options) as outbox:
            said = [say(outbox, n, f"p{n}") for n in range(12)]
            results = await asyncio.gather(*said, return_exceptions=True)
            counts = outbox.stats()
            return [type(each).__name__ for each in results], counts

    rejected, before = asyncio.run(main())
    gone, after = asyncio.run(main(overflow=Evict()))

    assert rejected.count("OutboxFull") == 7
    assert before.accepted == before.pending == 5
    assert gone == ["Receipt"] * 12
    assert after.adds_up()
    assert after.pending <= 5


@pytest.mark.parametrize("bound", [FEW, TIGHT], ids=["entries", "bytes"])
def test_the_oldest_events_make_way_and_nothing_else(holding, bound):
    """Identify and delete stay, whatever comes; what went is counted, and the accounts add up."""
    outbox = holding(overflow=Evict(), **bound)
    outbox.identify("first", {"a": 1})
    outbox.delete("gone")
    for number in range(20):
        say(outbox, number, f"p{number}")

    left = names(outbox)
    counts = outbox.stats()

    assert left[:2] == [("identify", "first"), ("delete", "gone")]
    assert [name for name, _ in left[2:]] == ["track"] * (len(left) - 2)
    assert left[2:] == [("track", f"p{n}") for n in range(20 - len(left[2:]), 20)]
    assert (counts.accepted, counts.evicted) == (22, 22 - len(left))
    assert counts.adds_up()


def test_where_nobody_may_go_the_call_is_refused(holding):
    """Evicting makes no room of what must stay: OutboxFull, and nothing is lost."""
    outbox = holding(overflow=Evict(), **FEW)
    for number in range(5):
        outbox.identify(f"p{number}", {"a": 1})

    with pytest.raises(OutboxFull):
        say(outbox, 1)

    assert [name for name, _ in names(outbox)] == ["identify"] * 5
    assert outbox.stats().evicted == 0


def test_nobody_goes_for_what_would_not_fit_all_the_same(holding):
    """What is larger than all the room that can be made costs nobody their place."""
    outbox = holding(overflow=Evict(), **TIGHT)
    for number in range(5):
        say(outbox, number)

    with pytest.raises(OutboxFull):
        outbox.track("p", "said", data={"x": "x" * 2_000})

    counts = outbox.stats()
    assert (counts.pending, counts.evicted) == (5, 0)


def test_many_threads_evict_and_it_adds_up(place, live, seen):
    """Under threads and a relay at work everything is delivered, waiting or evicted."""

    def go(name):
        for number in range(100):
            say(outbox, number, name)

    with Outbox(place, live, overflow=Evict(), linger=0, max_entries=20) as outbox:
        threads = [threading.Thread(target=go, args=(f"t{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        outbox.flush(60)
        counts = outbox.stats()

    assert counts.accepted == 400
    assert counts.delivered + counts.evicted == 400
    assert counts.adds_up()
    assert len(seen.ids()) >= counts.delivered


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Block(0), "more than 0"),
        (lambda: Block(float("inf")), "finite"),
        (lambda: Evict(("delete",)), "changes who somebody is"),
        (lambda: Evict(("tracc",)), "no operation 'tracc'"),
        (lambda: Evict(("get_region",)), "no operation"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(make, sentence):
    """Where it is written, not when the outbox is full."""
    with pytest.raises(ConfigurationError, match=sentence):
        make()
