"""The relay's flow, driven by a scripted answerer in simulated time: no clock, socket or thread."""

import json

import pytest

from ferryman._core.flow import Send
from ferryman._core.message import NoReply, Reply, Request
from ferryman._core.retry import Retry
from ferryman.outbox.batching import Batch
from ferryman.outbox.entry import Dead, Done
from ferryman.outbox.pump import PATIENCE, Claim, Release, Rest, Settle, carry, pump

OK = Reply(200, {}, b"{}")


def address(batch):
    """Put the places of the entries into the request, so that a script can read them."""
    places = [entry.seq for entry in batch.entries]
    return Request("POST", "http://x/", {}, json.dumps(places).encode())


class Played:
    """What a flow did while *answer* spoke for Customer.io: sent, settled, rested, released."""

    def __init__(self, flow, answer, *, stop_at_rest=None, claims=()):
        self.sent, self.verdicts, self.rests, self.released = [], [], [], []
        claims = list(claims)
        reply = None
        try:
            while True:
                match flow.send(reply):
                    case Send(request):
                        self.sent.append(json.loads(request.body))
                        reply = answer(self.sent[-1])
                    case Settle(verdicts):
                        self.verdicts += verdicts
                        reply = None
                    case Rest() as rest:
                        self.rests.append(rest)
                        reply = len(self.rests) != stop_at_rest
                    case Release(batch):
                        self.released.append(batch)
                        reply = None
                    case Claim():
                        reply = claims.pop(0) if claims else None
        except StopIteration as end:
            self.result = end.value

    @property
    def done(self):
        return [v.entry.seq for v in self.verdicts if isinstance(v, Done)]

    @property
    def dead(self):
        return [v for v in self.verdicts if isinstance(v, Dead)]


def carried(batch, answer, *, retry=PATIENCE, chance=0.5, now=0.0, **more):
    flow = carry(batch, address, retry=retry, chance=lambda: chance, now=lambda: now)
    return Played(flow, answer, **more)


def script(*answers):
    """Answer in turn, then with success."""
    left = list(answers)
    return lambda _sent: left.pop(0) if left else OK


def batch_of(entries):
    return Batch(tuple(entries), True)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_one_bad_entry_in_a_thousand_is_found_and_the_others_arrive(make, status):
    """A batch refused whole is halved until the bad one stands alone (rule 21, gate 11)."""
    entries = [make("track", f"p{n % 50}") for n in range(1000)]
    bad = 637

    played = carried(
        batch_of(entries), lambda sent: Reply(status, {}, b"{}") if bad in sent else OK
    )

    assert [dead.entry.seq for dead in played.dead] == [bad]
    assert played.done == [entry.seq for entry in entries if entry.seq != bad]
    assert len(played.sent) <= 21
    assert played.rests == []
    assert played.released == [batch_of(entries)]


def test_many_bad_entries_are_all_found(make):
    """Halving finds every bad entry, in order, and never asks for a request of none."""
    entries = [make("track", f"p{n}") for n in range(64)]
    bad = {1, 2, 33, 64}

    played = carried(batch_of(entries), lambda sent: Reply(400, {}, b"") if bad & set(sent) else OK)

    assert {dead.entry.seq for dead in played.dead} == bad
    assert played.done == [entry.seq for entry in entries if entry.seq not in bad]
    assert [] not in played.sent


def test_a_request_that_is_too_large_is_halved_until_it_fits(make):
    """413 halves as often as it must; nobody dies of it who fits alone."""
    entries = [make("track", f"p{n}") for n in range(10)]

    played = carried(batch_of(entries), lambda sent: Reply(413, {}, b"") if len(sent) > 2 else OK)

    assert played.done == [entry.seq for entry in entries]
    assert played.dead == []


def test_attempts_count_how_often_an_entry_was_sent(make):
    """A dead letter says how many requests the entry was in, waits and halvings included."""
    entries = [make("track", "a"), make("track", "b")]
    answers = iter([Reply(503), Reply(400), Reply(400), OK])

    played = carried(batch_of(entries), lambda _sent: next(answers))

    assert [(dead.entry.seq, dead.attempts) for dead in played.dead] == [(1, 3)]


def test_waits_grow_and_are_capped(make):
    """Each failure in a row doubles the wait up to the cap."""
    retry = Retry(wait_base=1.0, wait_max=30.0)
    outage = script(*[Reply(503)] * 9)

    played = carried(batch_of([make("track", "a")]), outage, retry=retry, chance=1.0)

    assert [rest.seconds for rest in played.rests] == [1, 2, 4, 8, 16, 30, 30, 30, 30]
    assert {rest.status for rest in played.rests} == {503}
    assert played.done == [1]


def test_waits_begin_anew_after_an_answer(make):
    """An answer in between shows that the destination is there again."""
    entries = [make("track", "a"), make("track", "b")]
    answers = script(Reply(400), Reply(503), Reply(503), OK, Reply(503), OK)

    played = carried(batch_of(entries), answers, chance=1.0)

    assert [rest.seconds for rest in played.rests] == [1, 2, 1]


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7", 7, 8),
        ("0", 0, 1),
        ("-5", 0, 1),
        ("nan", 0, 1),
        ("inf", 300, 301),
        ("1e99", 300, 301),
        ("soon", 0, 1),
        ("Thu, 01 Jan 1970 00:01:00 GMT", 60, 61),
        ("Wed, 31 Dec 1969 00:00:00 GMT", 0, 1),
    ],
)
def test_retry_after_is_honoured_in_every_form(make, header, least, most):
    """Seconds, a date, the past or nonsense: clamped, and nothing is dropped over it (rule 22)."""
    answers = script(Reply(429, {"retry-after": header}))

    played = carried(batch_of([make("track", "a")]), answers, chance=0.9)

    assert [least <= rest.seconds <= most for rest in played.rests] == [True]
    assert played.done == [1]


def test_what_may_not_be_repeated_is_held_back_and_the_rest_is_sent_again(make):
    """After an unknown answer a merge is dead, maybe_delivered; events go again (rule 20)."""
    entries = [make("track", "a"), make("merge", "b", "c"), make("track", "d")]

    played = carried(batch_of(entries), script(NoReply(None, "ReadTimeout")))

    assert played.sent == [[1, 2, 3], [1, 3]]
    assert [(d.entry.seq, d.maybe_delivered, d.reason) for d in played.dead] == [
        (2, True, "ReadTimeout")
    ]
    assert played.done == [1, 3]


@pytest.mark.parametrize("answer", [NoReply(False, "ConnectError"), Reply(429), Reply(401)])
def test_what_was_certainly_not_done_is_repeated_whatever_it_is(make, answer):
    """A connection refused, 429 or 401 did nothing: a form may be sent again (rule 20)."""
    batch = Batch((make("submit_form", "a"),), False)

    played = carried(batch, script(answer))

    assert played.sent == [[1], [1]]
    assert played.done == [1]


def test_errors_that_name_nobody_repeat_no_merge(make):
    """A success with a nameless error may have merged already: it is held back (rule 20)."""
    entries = [make("track", "a"), make("merge", "b", "c"), make("track", "d")]
    nameless = Reply(200, {}, b'{"errors":[{"reason":"odd"}]}')

    played = carried(batch_of(entries), lambda sent: nameless if 3 in sent else OK)

    assert [(d.entry.seq, d.maybe_delivered) for d in played.dead] == [(2, True), (3, False)]
    assert sum(2 in sent for sent in played.sent) == 1
    assert played.done == [1]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_pauses_and_throws_nothing_away(make, status):
    """401 and 403 are outages of the key: rest, say so, and go on when it works again."""
    entries = [make("track", "a"), make("merge", "b", "c")]

    played = carried(batch_of(entries), script(*[Reply(status)] * 3))

    assert [rest.paused for rest in played.rests] == [True] * 3
    assert played.done == [1, 2]
    assert played.dead == []


def test_stopping_while_it_rests_loses_nothing(make):
    """Told to stop, it settles nothing it does not know and releases nobody."""
    entries = [make("track", f"p{n}") for n in range(4)]
    answers = script(Reply(400), OK, Reply(503))

    played = carried(batch_of(entries), answers, stop_at_rest=1)

    assert played.result is False
    assert played.done == [1, 2]
    assert played.dead == []
    assert played.released == []


def test_the_pump_carries_until_it_is_given_nothing(make):
    """Batch after batch is claimed, settled and released; None ends it."""
    batches = [batch_of([make("track", "a")]), batch_of([make("track", "b")])]

    flow = pump(address, retry=PATIENCE, chance=lambda: 0.5, now=lambda: 0.0)
    played = Played(flow, lambda _sent: OK, claims=batches)

    assert played.sent == [[1], [2]]
    assert played.released == batches


def test_the_pump_stops_after_a_rest_that_ended_it(make):
    """A carry that was stopped claims nothing more."""
    batches = [batch_of([make("track", "a")]), batch_of([make("track", "b")])]

    flow = pump(address, retry=PATIENCE, chance=lambda: 0.5, now=lambda: 0.0)
    played = Played(flow, script(Reply(503)), stop_at_rest=1, claims=batches)

    assert played.sent == [[1]]
    assert played.verdicts == []


def test_settling_comes_before_releasing(make):
    """The keys are unmuted only when the store knows what became of the entries."""
    batch = batch_of([make("track", "a")])
    flow = carry(batch, address, retry=PATIENCE, chance=lambda: 0.5, now=lambda: 0.0)

    effects = [next(flow), flow.send(OK), flow.send(None)]

    assert [type(effect) for effect in effects] == [Send, Settle, Release]
