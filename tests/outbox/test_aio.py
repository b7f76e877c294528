"""AsyncOutbox: the same promises, one commit for many tasks, and cancelling harms nobody else."""

import asyncio
import contextlib
import threading

import pytest

from ferryman import Account
from ferryman import operations as say
from ferryman.errors import ConfigurationError, OutboxClosed, OutboxFull, StoreError
from ferryman.outbox import AsyncOutbox
from ferryman.outbox.many import CHUNK
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import events, waiting


class Watched(SqliteStore):
    """A spool that counts its puts, can hold one up, and can fail."""

    def __init__(self, path, **options):
        super().__init__(path, level="process", **options)
        self.sizes = []
        self.failing = None
        self.entered = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def put(self, entries):
        self.sizes.append(len(entries))
        self.entered.set()
        assert self.go_on.wait(30)
        if self.failing is not None:
            raise self.failing
        super().put(entries)


@pytest.fixture
def store(tmp_path):
    """A spool that is watched."""
    made = Watched(tmp_path / "spool.db")
    yield made
    made.close()


def kept(store):
    """Return the ids that the spool of *store* holds, in order."""
    store.close()
    again = SqliteStore(store.path)
    found = [entry.id for entry in waiting(again)]
    again.close()
    return found


async def until(condition):
    """Wait until *condition* holds."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - the store's threads set it
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("place", ["memory", "sqlite"])
def test_256_tasks_lose_nothing(place, tmp_path, live, seen):
    """Many tasks accept at once; each one's events arrive in its order."""
    where = "memory:" if place == "memory" else f"sqlite:///{tmp_path / 'spool.db'}"

    async def one(outbox, number):
        return [(await outbox.track(f"t{number}", "said", data={"n": n})).id for n in range(4)]

    async def main():
        async with AsyncOutbox(where, live) as outbox:
            said = await asyncio.gather(*[one(outbox, number) for number in range(256)])
            await outbox.flush(60)
            return said, outbox.stats()

    said, counts = asyncio.run(main())

    assert (counts.accepted, counts.delivered) == (1024, 1024)
    assert seen.by_person() == {f"t{number}": ids for number, ids in enumerate(said)}


def test_tasks_that_accept_at_once_share_commits(store, account):
    """256 tasks pay for a few commits, not for 256 (rule 13)."""

    async def main():
        async with AsyncOutbox(store, account, relay="external") as outbox:
            await asyncio.gather(*[outbox.track(f"t{n}", "said") for n in range(256)])

    asyncio.run(main())

    assert sum(store.sizes) == 256
    assert len(store.sizes) <= 4


def test_cancelling_one_who_waits_harms_nobody_else(store, account):
    """The first of a group and another are cancelled while they wait; all others are kept."""
    closing = contextlib.ExitStack()

    async def main():
        outbox = AsyncOutbox(store, account, relay="external")
        closing.callback(outbox.abandon)
        store.go_on.clear()
        first = asyncio.create_task(outbox.track("first", "said"))
        await until(store.entered.is_set)
        tasks = [asyncio.create_task(outbox.track(f"t{n}", "said")) for n in range(20)]
        await asyncio.sleep(0.02)
        for number in (0, 7):
            tasks[number].cancel()
        await asyncio.sleep(0.02)
        store.go_on.set()
        async with asyncio.timeout(5):
            return await asyncio.gather(first, *tasks, return_exceptions=True)

    with closing:
        results = asyncio.run(main())

    there = set(kept(store))
    receipts = [result for result in results if not isinstance(result, BaseException)]
    assert len(receipts) >= 19
    assert {receipt.id for receipt in receipts} <= there
    assert not [r for r in results if isinstance(r, Exception)]


@pytest.mark.parametrize("error", [StoreError("the disk is full"), SystemExit()])
def test_a_failing_commit_reaches_everybody_who_shared_it(store, account, error):
    """Each task of the group gets the error, once, and the next group is accepted."""
    store.failing = error

    async def main():
        async with AsyncOutbox(store, account, relay="external") as outbox:
            results = await asyncio.gather(
                *[outbox.track(f"t{n}", "said") for n in range(20)], return_exceptions=True
            )
            store.failing = None
            return results, await outbox.track("later", "said")

    results, receipt = asyncio.run(main())

    assert [type(result) for result in results] == [StoreError] * 20
    assert kept(store) == [receipt.id]


def test_a_task_that_no_thread_can_commit_for_is_told(store, account):
    """Where the loop starts no more threads, whoever accepts gets an error and does not hang."""

    async def main():
        outbox = AsyncOutbox(store, account, relay="external")
        await asyncio.get_running_loop().shutdown_default_executor()
        async with asyncio.timeout(5):
            with pytest.raises(StoreError):
                await outbox.track("p", "said")
        outbox.abandon()

    asyncio.run(main())

    assert kept(store) == []


def test_an_event_that_no_key_could_deliver_is_refused(store):
    """With the key of another API alone it would wait for ever; the caller is told at once."""

    async def main():
        async with AsyncOutbox(store, Account(pipelines_write_key="w"), relay="external") as outbox:
            with pytest.raises(ConfigurationError):
                await outbox.track("p", "said")

    asyncio.run(main())

    assert kept(store) == []


def test_one_tasks_full_outbox_is_not_the_others(tmp_path, account):
    """Tasks that share a commit share no refusal: what fits is accepted."""
    each = len(events(1)[0].body)
    store = Watched(tmp_path / "spool.db", max_bytes=5 * each)

    async def main():
        async with AsyncOutbox(store, account, relay="external") as outbox:
            return await asyncio.gather(
                *[outbox.track("p", "counted", data={"n": n}) for n in range(10)],
                return_exceptions=True,
            )

    results = asyncio.run(main())
    there = len(kept(store))

    assert there >= 4
    assert [isinstance(result, OutboxFull) for result in results].count(True) == 10 - there


def test_bulk_acceptance_and_closing_are_awaited(store, live, seen):
    """accept_many gives ids in order; after aclose nothing is accepted."""

    async def main():
        outbox = AsyncOutbox(store, live)
        kept = await outbox.accept_many(say.track("p", "said") for _ in range(2_500))
        await outbox.aclose(30)
        with pytest.raises(OutboxClosed):
            await outbox.track("p", "said")
        return kept

    kept = asyncio.run(main())

    assert sum(store.sizes) == 2_500
    assert max(store.sizes) <= CHUNK
    assert seen.by_person() == {"p": list(kept.ids)}
