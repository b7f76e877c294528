"""What is remembered of an answer that proved nothing, whatever came after it (rule 20)."""

from ferryman._core.message import NoReply, Reply, Request
from ferryman.outbox.batching import Batch
from ferryman.outbox.entry import Dead
from ferryman.outbox.pump import PATIENCE, Note, Rest, Settle, carry

LOST = NoReply(None, "ReadTimeout")
OK = Reply(200, {}, b"{}")


def effects(entries, *answers, together=True):
    """Return what a flow does with *entries*, answered in turn."""
    flow = carry(
        Batch(tuple(entries), together),
        lambda batch: Request("POST", "http://x/", {}),
        retry=PATIENCE,
        chance=lambda: 0.5,
        now=lambda: 0.0,
    )
    left, found, reply = list(answers), [], None
    try:
        while True:
            found.append(flow.send(reply))
            match found[-1]:
                case Rest():
                    reply = True
                case Note() | Settle():
                    reply = None
                case _:
                    reply = left.pop(0) if left else None
    except StopIteration:
        return found


def dead(found):
    """Return who died, and whether it may have arrived."""
    verdicts = [each for effect in found if isinstance(effect, Settle) for each in effect.verdicts]
    return [(each.entry.seq, each.maybe_delivered) for each in verdicts if isinstance(each, Dead)]


def test_who_dies_in_a_half_may_have_arrived_with_the_whole(make):
    """A request that got no answer, and was then halved, may have been carried out at first."""
    found = effects([make("track", "a"), make("track", "b")], LOST, Reply(400), Reply(400), OK)

    assert dead(found) == [(1, True)]


def test_a_later_answer_does_not_unsay_an_earlier_silence(make):
    """429 proves that this try did nothing; of the one before nobody knows."""
    found = effects([make("track", "a")], LOST, Reply(429), Reply(422))

    assert dead(found) == [(1, True)]


def test_who_certainly_never_arrived_is_not_noted_as_being_sent(make):
    """A form that was turned away waits unnoted: a crash while it rests makes it no doubt."""
    found = effects([make("submit_form", "a")], Reply(429), OK, together=False)

    notes = [(each.places, each.sent) for each in found if isinstance(each, Note)]
    rest = next(place for place, each in enumerate(found) if isinstance(each, Rest))
    assert notes == [((1,), True), ((1,), False), ((1,), True)]
    assert found[rest - 1] == Note((1,), sent=False)


def test_a_wait_that_was_asked_for_is_marked(make):
    """Only a wait of our own may end early, when somebody else is answered well (rule 22)."""
    found = effects([make("track", "a")], Reply(429, {"retry-after": "7"}), Reply(503), OK)

    assert [each.asked for each in found if isinstance(each, Rest)] == [True, False]
