"""Everything that can be said goes through the outbox: Track, Pipelines, sends, each by its way."""

import asyncio
import json

import apsw
import httpx2
import pytest
from tests.operations.messages import EVERYTHING

from ferryman import Anonymous
from ferryman import operations as say
from ferryman._core.account import Account
from ferryman._core.retry import Retry
from ferryman.emulator import DEFAULT_WORKSPACE as KEYS
from ferryman.errors import ConfigurationError
from ferryman.operations import pipelines
from ferryman.operations.catalogue import PACES
from ferryman.outbox import AsyncOutbox, Outbox
from ferryman.outbox.entry import Entry


@pytest.fixture(params=["memory", "sqlite"])
def place(request, tmp_path):
    """Where an outbox keeps things: both stores."""
    return "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'spool.db'}"


@pytest.fixture
def whole(emulator):
    """The account of the emulator, with a key for each API."""
    return Account(
        site_id=KEYS.site_id,
        track_api_key=KEYS.track_api_key,
        app_api_key=KEYS.app_api_key,
        pipelines_write_key=KEYS.write_key,
        track_url=emulator.url,
        app_url=emulator.url,
        pipelines_url=emulator.url,
    )


def impatient(place, account, **options):
    """Return an outbox that rests shortly, so that a test need not."""
    outbox = Outbox(place, account, linger=0.001, **options)
    outbox._relay._retry = Retry(retries=10**6, wait_base=0.01, wait_max=0.05, total_max=1e12)
    return outbox


def requests(emulator):
    answer = httpx2.get(f"{emulator.url}/emulator/requests?limit=1000")
    return [(each["path"], each["status"], each["items"]) for each in answer.json()["requests"]]


@pytest.mark.parametrize("said", EVERYTHING, ids=str)
def test_an_entry_gives_its_operation_again(said):
    """What is kept of an operation is enough to send it: address, body, key and repeat."""
    made = said.make()
    again = Entry.of(made, "0" * 26, 1).operation()
    stamped = made.stamped("0" * 26, 1)

    assert (again.endpoint, again.path, again.body) == (made.endpoint, made.path, stamped.body)
    assert (again.key, again.barrier, again.id) == (made.key, made.barrier, stamped.id)


def test_everything_goes_through_the_outbox(place, whole, emulator, seen, monkeypatch):
    """Each operation of Pipelines and of the App API is delivered from both stores."""
    monkeypatch.setitem(PACES, "broadcast", 1_000.0)  # else one in ten seconds
    with impatient(place, whole) as outbox:
        outbox.accept_many(each.make() for each in EVERYTHING)
        outbox.flush(30)
        counts = outbox.stats()

    sends = sum(each.make().endpoint.api == "app" for each in EVERYTHING)
    settled = counts.delivered + counts.cancelled  # some of it removes people
    assert (counts.accepted, settled, counts.dead) == (len(EVERYTHING),) * 2 + (0,)
    assert counts.delivered > len(EVERYTHING) // 2
    assert seen.summary()["messages"] == sends
    assert {status for _, status, _ in requests(emulator)} == {200}


def test_the_methods_of_an_outbox_keep_what_the_functions_say(place, whole, seen):
    """pipelines and the sends are said to an outbox as to a client, and give receipts."""
    with impatient(place, whole) as outbox:
        receipts = [
            outbox.pipelines.track("1", "paid", data={"total": 9.5}),
            outbox.pipelines.identify("1", {"plan": "pro"}),
            outbox.send_email("1", transactional_message_id=7, to="a@example.com"),
        ]
        outbox.flush(30)

    assert {receipt.level for receipt in receipts} == {outbox.level}
    assert seen.by_person() == {"1": [receipts[0].id]}
    assert seen.summary()["messages"] == 1


def test_the_other_colour_keeps_them_too(place, whole, seen):
    """Awaited, the same calls are kept and delivered."""

    async def main():
        async with AsyncOutbox(place, whole, linger=0.001) as outbox:
            first = await outbox.pipelines.track("1", "paid")
            await outbox.send_push("1", transactional_message_id=7)
            await outbox.flush(30)
            return first

    receipt = asyncio.run(main())

    assert seen.by_person() == {"1": [receipt.id]}
    assert seen.summary()["messages"] == 1


def test_a_batch_holds_one_route(place, whole, emulator, seen):
    """Track's items share Track's batch, those of Pipelines theirs, in the order of each."""
    with impatient(place, whole) as outbox:
        outbox.accept_many(
            make("1", f"e{n}") for n in range(20) for make in (say.track, pipelines.track)
        )
        outbox.flush(30)

    paths = requests(emulator)
    assert {path for path, _, _ in paths} == {"/api/v2/batch", "/v1/batch"}
    assert sum(items for path, _, items in paths if path == "/v1/batch") == 20
    assert sum(items for path, _, items in paths if path == "/api/v2/batch") == 20
    assert len(seen.ids()) == 40


def test_an_unknown_answer_makes_a_send_maybe_delivered(spool, whole, emulator, seen):
    """A send whose answer was lost is kept aside, marked, and never sent again."""
    seen.faults({"drop": "after", "path": "/v1/", "count": 1})
    with impatient(f"sqlite:///{spool}", whole) as outbox:
        outbox.send_email("1", transactional_message_id=7, to="a@example.com")
        outbox.flush(30)
        counts = outbox.stats()

    assert (counts.delivered, counts.dead) == (0, 1)
    assert buried(spool) == [("send_email", 1, 0)]
    assert seen.summary()["messages"] == 1
    assert len(requests(emulator)) == 1


def buried(spool):
    """The dead letters of a spool: name, maybe_delivered, status."""
    with apsw.Connection(str(spool)) as connection:
        rows = connection.execute("SELECT name, maybe_delivered, status FROM dead").fetchall()
    connection.close()
    return rows


@pytest.mark.parametrize("status", [429, 408])
def test_a_send_that_provably_did_nothing_is_sent_again(place, whole, seen, status):
    """What the server says it did not do is done later, once."""
    seen.faults({"status": status, "path": "/v1/send", "count": 2, "retry_after": 0})
    with impatient(place, whole) as outbox:
        outbox.send_email("1", transactional_message_id=7, to="a@example.com")
        outbox.flush(30)
        counts = outbox.stats()

    assert (counts.delivered, counts.dead) == (1, 0)
    assert seen.summary()["messages"] == 1


def test_a_message_that_is_repeated_is_the_same(place, whole, seen):
    """An event of Pipelines whose answer was lost is repeated under its messageId."""
    seen.faults({"drop": "after", "path": "/v1/batch", "count": 2})
    with impatient(place, whole) as outbox:
        receipt = outbox.pipelines.track("1", "paid")
        outbox.flush(30)

    assert seen.by_person() == {"1": [receipt.id]}
    assert seen.summary()["repeats"] == 2


def test_one_bad_message_does_not_take_the_others_along(spool, whole, seen):
    """Pipelines refuses a batch as a whole; the one at fault is found, 49 are delivered."""
    bad = {"actionType": "nonsense", "contentId": 1}
    with impatient(f"sqlite:///{spool}", whole) as outbox:
        outbox.accept_many(
            pipelines.track(f"p{n}", "Report Content Event", data=bad)
            if n == 31
            else pipelines.track(f"p{n}", "paid")
            for n in range(50)
        )
        outbox.flush(30)
        counts = outbox.stats()

    assert (counts.delivered, counts.dead) == (49, 1)
    assert len(seen.ids()) == 49
    assert buried(spool) == [("pipelines.track", 0, 400)]


def test_an_outage_of_sends_does_not_hold_up_events(place, whole, seen):
    """Where the App API is away, Track and Pipelines go on."""
    seen.faults({"status": 429, "path": "/v1/send", "retry_after": 0})
    with impatient(place, whole) as outbox:
        outbox.send_email("1", transactional_message_id=7, to="a@example.com")
        ids = {outbox.track("1", "paid").id, outbox.pipelines.track("1", "paid").id}
        for _ in range(200):
            if set(seen.ids()) == ids:
                break
            outbox._relay.await_change(0.1)
        arrived = set(seen.ids())
        seen.faults()
        outbox.flush(30)

    assert arrived == ids


def test_large_attachments_go_through_a_spool(spool, whole, seen):
    """A send of 2.6 MB is kept on disk and delivered, with small ones around it."""
    with impatient(f"sqlite:///{spool}", whole) as outbox:
        for size in (1, 1_999_999, 1):
            files = {"a.bin": b"x" * size}
            mail = {"transactional_message_id": 7, "to": "a@example.com"}
            outbox.send_email("1", attachments=files, **mail)
        outbox.flush(30)

    assert seen.summary()["messages"] == 3


@pytest.mark.parametrize(
    ("keys", "operation"),
    [
        ({"site_id": "s", "track_api_key": "k"}, pipelines.track("1", "x")),
        ({"site_id": "s", "track_api_key": "k"}, say.trigger_broadcast(3)),
        ({"pipelines_write_key": "w"}, say.track("1", "x")),
    ],
)
def test_what_no_key_opens_is_not_accepted(place, keys, operation):
    """Without a key of its API an operation could never be sent: acceptance says so at once."""

    async def wait(outbox):
        with pytest.raises(ConfigurationError):
            await outbox.accept(operation)

    with Outbox(place, Account(**keys), relay="external") as outbox:
        with pytest.raises(ConfigurationError):
            outbox.accept(operation)
        with pytest.raises(ConfigurationError):
            outbox.accept_many([operation])
        counts = outbox.stats()
    other = AsyncOutbox(place, Account(**keys), relay="external")
    asyncio.run(wait(other))
    other.abandon()

    assert counts.accepted == 0


def test_the_open_endpoints_need_no_key(place):
    """What is sent without credentials is accepted without them."""
    account = Account(pipelines_write_key="w")
    with Outbox(place, account, relay="external", mode="off") as outbox:
        outbox.report_metric("dlv", "opened")

        assert outbox.stats().accepted == 1


def test_somebody_anonymous_may_be_named(place, whole, emulator):
    """Pipelines takes events of people who are not known yet, in a batch."""
    with impatient(place, whole) as outbox:
        outbox.pipelines.track(Anonymous("a1"), "paid")
        outbox.flush(30)

    held = httpx2.get(f"{emulator.url}/emulator/people/a1").json()
    assert [each["name"] for each in held["events"]] == ["paid"]
    assert json.dumps(held["identifiers"]) == '{"anonymous_ids": ["a1"]}'
