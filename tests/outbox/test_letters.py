"""Dead letters as an application sees to them: look, replay, skip, purge, beside a relay."""

import asyncio
import contextlib
import time

import pytest

from ferryman import Account, Anonymous, CioId, CioObjectId, Email, ObjectId, Phone
from ferryman._core.outbox_keys import new_outbox_key
from ferryman.errors import FlushTimeout, InvalidOperation
from ferryman.outbox import AsyncOutbox, Outbox
from ferryman.outbox.letters import DeadLetters, Replay
from ferryman.outbox.stores import open_store
from ferryman.outbox.stores.sealed import Sealed


@pytest.fixture(params=["memory", "sqlite"])
def place(request, tmp_path):
    """Where an outbox keeps things: both stores."""
    return "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'spool.db'}"


@pytest.fixture
def spool(tmp_path):
    """The place of a SQLite outbox."""
    return f"sqlite:///{tmp_path / 'spool.db'}"


def kill_all(outbox, seen, acts, *fault):
    """Have Customer.io refuse for good what each of *acts* says; return to a world of no faults."""
    seen.faults(*(fault or ({"status": 400},)))
    receipts = [act() for act in acts]
    outbox.flush(30)
    seen.faults()
    return receipts


def said(outbox, *people):
    """Return acts that each say an event of one of *people*."""
    return [lambda person=person: outbox.track(person, "said") for person in people]


def test_what_is_refused_is_told_and_kept(place, live, seen):
    """A letter says what died, why, when and of what; its repr nothing of whom."""
    with Outbox(place, live) as outbox:
        (receipt,) = kill_all(outbox, seen, said(outbox, "ann"), {"status": 422})
        (letter,) = outbox.dead.list()
        shown = outbox.dead.show(letter.place)

    assert shown == letter
    assert (letter.id, letter.operation, letter.status) == (receipt.id, "track", 422)
    assert (letter.attempts, letter.maybe_delivered, letter.parks) == (1, False, False)
    assert letter.person == "ann"
    assert b'"said"' in letter.body
    assert letter.accepted_at <= letter.died_at
    assert "ann" not in repr(letter)


NAMED = [
    "42", "i:42", "id:42", " 42 ", "email:a@b", Email("Ann@Example.com"), Phone("+491701234567"),
    CioId("d9c1"), CioId("cio_cio_d9c1"), Anonymous("a:b"), ObjectId(1, "acme/west"),
    CioObjectId("ob1"),
]  # fmt: skip


@pytest.mark.parametrize("keys", [None, new_outbox_key(bytes(48))], ids=["plain", "encrypted"])
def test_what_a_letter_gives_is_what_every_method_takes(place, live, seen, keys):
    """The person or object of a letter selects, replays and purges what is about it."""
    with Outbox(place, live, keys=keys) as outbox:
        acts = [
            (lambda each=each: outbox.identify_object(each, {"a": 1}))
            if isinstance(each, ObjectId | CioObjectId)
            else (lambda each=each: outbox.track(each, "said"))
            for each in NAMED
        ]
        kill_all(outbox, seen, acts)
        letters = outbox.dead.list()
        listed = [outbox.dead.list(person=letter.person) for letter in letters]
        again = [outbox.dead.list(person=each) for each in NAMED]
        skipped = outbox.dead.skip(person=letters[0].person)
        purged = [outbox.dead.purge_person(letter.person) for letter in letters[1:]]
        left = outbox.dead.list()

    assert len(letters) == len(NAMED)
    assert listed == again == [[letter] for letter in letters]
    assert [letters[0].person, letters[5].person] == ["42", Email("ann@example.com")]
    assert (skipped, purged, left) == (1, [1] * (len(NAMED) - 1), [])


def test_a_letter_about_no_person_has_none(place, live, seen):
    """A delivery's letter has none; to purge it is refused, and purges nothing."""
    with Outbox(place, live) as outbox:
        kill_all(outbox, seen, [lambda: outbox.report_metric("delivery", "opened")])
        (letter,) = outbox.dead.list()
        with pytest.raises(InvalidOperation, match="person: must be str"):
            outbox.dead.purge_person(letter.person)

    assert letter.person is None


def test_a_letter_whose_key_is_not_given_has_no_person(spool, live, seen):
    """The name by which an encrypted outbox knows a person is not shown as a person."""
    old = new_outbox_key(bytes(48))
    with Outbox(spool, live, keys=old) as outbox:
        kill_all(outbox, seen, said(outbox, "ann"))
    with contextlib.closing(open_store(spool, workspace="default", keys=old)) as store:
        other = Sealed(store._store, new_outbox_key(bytes(range(48)), old))
        (letter,) = DeadLetters(other, lambda: None).list()

    assert (letter.person, letter.body) == (None, b"")


def test_a_selection_is_all_that_is_given(place, live, seen):
    """Each given value must hold; pages go on behind the last place."""
    with Outbox(place, live) as outbox:
        acts = said(outbox, "ann", "bob", "ann")
        acts.append(lambda: outbox.identify("ann", {"a": 1}))
        kill_all(outbox, seen, acts)
        everything = outbox.dead.list()
        of_ann = outbox.dead.list(person="ann")
        events_of_ann = outbox.dead.list(person="ann", operation="track")
        pages = [outbox.dead.list(limit=3), outbox.dead.list(after=3)]
        nobody = outbox.dead.list(person=Email("ann@example.com"))
        reasons = outbox.dead.reasons()

    assert [each.place for each in everything] == [1, 2, 3, 4]
    assert [each.place for each in of_ann] == [1, 3, 4]
    assert [each.place for each in events_of_ann] == [1, 3]
    assert [[each.place for each in page] for page in pages] == [[1, 2, 3], [4]]
    assert nobody == []
    assert sum(reasons.values()) == 4


def test_a_batch_loses_only_those_who_are_refused(place, live, seen):
    """Items that a 207 names die with its reason; the accounts add up; a replay brings them."""
    with Outbox(place, live) as outbox:
        seen.faults({"partial": 0.5, "seed": 3})
        receipts = [outbox.track(f"p{n}", "said") for n in range(40)]
        outbox.flush(30)
        seen.faults()
        before = outbox.stats()
        result = outbox.dead.replay(reason="emulated")
        outbox.flush(30)
        after = outbox.stats()

    assert 0 < before.dead < 40
    assert before.reasons == {"emulated": before.dead}
    assert result == Replay(replayed=before.dead)
    assert (after.delivered, after.dead) == (40, 0)
    assert after.adds_up()
    assert sorted(seen.ids()) == sorted(receipt.id for receipt in receipts)


def test_a_replayed_event_arrives_once_with_its_old_id(place, live, seen):
    """While the relay works: the same id as the receipt's, once, beside what is newer."""
    with Outbox(place, live) as outbox:
        (first,) = kill_all(outbox, seen, said(outbox, "p"))
        second = outbox.track("p", "said")
        result = outbox.dead.replay([1])
        third = outbox.track("p", "said")
        outbox.flush(30)
        again = outbox.dead.replay([1])

    assert (result, again) == (Replay(replayed=1), Replay(gone=1))
    assert sorted(seen.by_person()["p"]) == sorted([first.id, second.id, third.id])


def test_a_replay_goes_before_what_is_newer_and_waits(place, live, seen):
    """It has its old place: of one person it is sent before what was accepted after it."""
    with Outbox(place, live, linger=0) as outbox:
        (first,) = kill_all(outbox, seen, said(outbox, "p"))
        seen.faults({"status": 503})
        later = [outbox.track("p", "said") for _ in range(3)]
        while not outbox.stats().retries:
            outbox.track("somebody-else", "said")
            time.sleep(0.001)  # the relay has its turn
        outbox.dead.replay([1])
        seen.faults()
        outbox.flush(60)

    ids = seen.by_person()["p"]
    assert sorted(ids) == sorted(receipt.id for receipt in [first, *later])
    assert [each for each in ids if each != first.id] == [receipt.id for receipt in later]


def test_a_replay_with_nobody_under_way_is_first(spool, live, seen):
    """What nobody sends yet goes in the order of acceptance, the replayed one included."""
    with Outbox(spool, live) as outbox:
        (first,) = kill_all(outbox, seen, said(outbox, "p"))
    with Outbox(spool, live, relay="external") as accepting:
        second = accepting.track("p", "said")
        accepting.dead.replay([1])
        with Outbox(spool, live):
            accepting.flush(30)

    assert seen.by_person()["p"] == [first.id, second.id]


@pytest.mark.parametrize("decision", ["replay", "skip", "purge"])
def test_a_failed_merge_parks_until_somebody_decides(place, live, seen, decision):
    """What its people are told since waits, others go on, and any decision lets them go."""
    with Outbox(place, live) as outbox:
        kill_all(outbox, seen, [lambda: outbox.merge("ann", "bob")])
        (letter,) = outbox.dead.list(parks=True)
        behind = [outbox.track(person, "behind") for person in ("ann", "bob")]
        free = outbox.track("eve", "said")
        with pytest.raises(FlushTimeout, match="replay, skip or purge") as raised:
            outbox.flush(30)
        parked = outbox.stats()
        there = seen.by_person()
        getattr(outbox.dead, decision)([letter.place])
        outbox.flush(30)
        after = outbox.stats()

    assert letter.operation == "merge"
    assert (raised.value.pending, parked.pending, parked.parked) == (2, 2, 1)
    assert there == {"eve": [free.id]}
    assert (after.pending, after.dead, after.parked) == (0, 0, 0)
    assert after.adds_up()
    assert {receipt.id for receipt in behind} <= set(seen.ids())


def test_who_was_deleted_is_not_brought_back(place, live, seen):
    """A replay behind a newer delete of the same person is refused, and stays dead (rule 10)."""
    with Outbox(place, live) as outbox:
        kill_all(outbox, seen, [lambda: outbox.identify("ann", {"a": 1}), *said(outbox, "bob")])
        outbox.delete("ann")
        outbox.flush(30)
        result = outbox.dead.replay(everything=True)
        outbox.flush(30)
        left = outbox.dead.list()

    assert result == Replay(replayed=1, removed=1)
    assert [each.operation for each in left] == ["identify"]
    assert set(seen.by_person()) == {"bob"}


def test_what_may_have_arrived_is_sent_again_only_when_asked(place, live, seen):
    """A form whose answer never came is not posted twice by a plain replay (rule 20)."""
    with Outbox(place, live) as outbox:
        kill_all(
            outbox, seen, [lambda: outbox.submit_form("f", "p", {"a": "b"})],
            {"drop": "after", "path": "/api/v1/forms", "count": 1},
        )  # fmt: skip
        (letter,) = outbox.dead.list(maybe_delivered=True)
        plain = outbox.dead.replay(everything=True)
        waits = outbox.stats().pending
        asked = outbox.dead.replay([letter.place], again=True)
        outbox.flush(30)
        counts = outbox.stats()

    assert (plain, waits) == (Replay(maybe_delivered=1), 0)
    assert asked == Replay(replayed=1)
    assert (counts.delivered, counts.dead) == (1, 0)


def test_nothing_is_decided_about_everything_by_accident(place, live, seen):
    """Without places, selection or everything=True all three refuse, and nothing is changed."""
    with Outbox(place, live) as outbox:
        kill_all(outbox, seen, said(outbox, "p"))
        for act in (outbox.dead.replay, outbox.dead.skip, outbox.dead.purge):
            with pytest.raises(InvalidOperation, match="say which"):
                act()
            act([])
        with pytest.raises(InvalidOperation, match="place"):
            outbox.dead.show(99)
        dead = outbox.stats().dead

    assert dead == 1


def test_what_is_thrown_away_is_counted(place, live, seen):
    """Skipped and purged are accounts of their own, and each letter goes once."""
    with Outbox(place, live) as outbox:
        kill_all(outbox, seen, said(outbox, *[f"p{n}" for n in range(6)]))
        skipped = outbox.dead.skip([1, 1, 2, 99])
        purged = outbox.dead.purge(everything=True)
        counts = outbox.stats()

    assert (skipped, purged) == (2, 4)
    assert (counts.skipped, counts.purged, counts.dead, counts.dead_bytes) == (2, 4, 0, 0)
    assert counts.adds_up()


def test_purging_a_person_takes_what_waits_and_what_is_dead(place, live, seen):
    """Of nobody else anything goes, and what the person says afterwards is delivered."""
    with Outbox(place, live) as outbox:
        kill_all(outbox, seen, said(outbox, "ann", "bob"))
        seen.faults({"status": 503})
        for _ in range(3):
            outbox.track("ann", "waits")
        kept = outbox.track("bob", "waits")
        gone = outbox.dead.purge_person("ann")
        counts = outbox.stats()
        seen.faults()
        since = outbox.track("ann", "since")
        outbox.flush(60)

    assert gone == 4
    assert (counts.purged, counts.dead, counts.pending) == (4, 1, 1)
    assert counts.adds_up()
    assert seen.by_person()["bob"] == [kept.id]
    assert since.id in seen.by_person()["ann"]


def test_of_a_purged_person_no_byte_stays(tmp_path, spool, live, seen):
    """Neither the file nor its log keeps the name, dead or waiting, while both are open."""
    with Outbox(spool, live) as outbox:
        kill_all(outbox, seen, said(outbox, "ann-of-the-wood"))
        seen.faults({"status": 503})
        outbox.track("ann-of-the-wood", "waits")
        before = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        outbox.dead.purge_person("ann-of-the-wood")
        after = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        seen.faults()

    assert b"ann-of-the-wood" in before
    assert b"ann-of-the-wood" not in after


def test_a_second_holder_of_the_file_decides_beside_the_relay(spool, live, seen):
    """What another one replays and skips, the relay that leads sees by itself."""
    account = Account(site_id="s", track_api_key="k", track_url="http://127.0.0.1:9")
    with Outbox(spool, live) as leading:
        first, _ = kill_all(leading, seen, said(leading, "ann", "bob"))
        with Outbox(spool, account, relay="external") as deciding:
            result = deciding.dead.replay(person="ann")
            skipped = deciding.dead.skip(person="bob")
        leading.flush(30)
        counts = leading.stats()

    assert (result, skipped) == (Replay(replayed=1), 1)
    assert (counts.delivered, counts.skipped, counts.dead) == (1, 1, 0)
    assert seen.ids() == [first.id]


def test_async_code_does_the_same(place, live, seen):
    """Every call has its awaited twin, with the same answers."""

    async def main():
        async with AsyncOutbox(place, live) as outbox:
            seen.faults({"status": 400})
            receipts = [await outbox.track(f"p{n}", "said") for n in range(5)]
            await outbox.flush(30)
            seen.faults()
            dead = outbox.dead
            listed = [letter.place for letter in await dead.list(operation="track")]
            shown = await dead.show(1)
            reasons = await dead.reasons()
            done = (
                await dead.replay([1]),
                await dead.skip([2]),
                await dead.purge([3]),
                await dead.purge_person("p3"),
            )
            await outbox.flush(30)
            return receipts, listed, shown, reasons, done, outbox.stats()

    receipts, listed, shown, reasons, done, counts = asyncio.run(main())

    assert listed == [1, 2, 3, 4, 5]
    assert shown.id == receipts[0].id
    assert sum(reasons.values()) == 5
    assert done == (Replay(replayed=1), 1, 1, 1)
    assert (counts.delivered, counts.skipped, counts.purged, counts.dead) == (1, 1, 2, 1)
    assert seen.ids() == [receipts[0].id]
