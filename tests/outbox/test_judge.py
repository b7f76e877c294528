"""What an answer means for each entry of a request: the table (rules 3, 20, 21)."""

import json

import pytest

from ferryman._core.message import NoReply, Reply
from ferryman.outbox.entry import Dead, Done
from ferryman.outbox.judge import Judged, Split, Wait, judge

HTML = {"content-type": "text/html; charset=utf-8"}
PAGE = b"<html><body>oops</body></html>"
NAMELESS = json.dumps({"errors": [{"reason": "invalid", "field": "name"}]}).encode()
META = json.dumps({"meta": {"error": "no"}}).encode()


def indexed(*places: int) -> bytes:
    errors = [
        {"batch_index": n, "reason": "required", "field": "name", "message": "m"} for n in places
    ]
    return json.dumps({"errors": errors}).encode()


def said(judgement, entries):
    """Say in a word what becomes of each entry: done, dead, maybe, again, split, paused."""
    words = {}
    match judgement:
        case Judged(verdicts):
            words = {v.entry.seq: "done" if isinstance(v, Done) else "dead" for v in verdicts}
        case Split(again, dead):
            words = {e.seq: "split" for e in again} | {d.entry.seq: "maybe" for d in dead}
            assert all(d.maybe_delivered for d in dead)
        case Wait(again, dead, paused):
            words = {e.seq: "paused" if paused else "again" for e in again}
            words |= {d.entry.seq: "maybe" for d in dead}
            assert all(d.maybe_delivered for d in dead)
    assert sorted(words) == [entry.seq for entry in entries], "each entry has one judgement"
    return [words[entry.seq] for entry in entries]


FINAL = {"single": "dead", "many": "split"}
AGAIN = {"safe": "again", "once": "again"}
UNKNOWN = {"safe": "again", "once": "maybe"}
PAUSED = {"safe": "paused", "once": "paused"}

# answer -> what becomes of an entry that is safe to repeat, and of one that is not
WHOLE = [
    (Reply(200, {}, b""), {"safe": "done", "once": "done"}),
    (Reply(200, {}, b"{}"), {"safe": "done", "once": "done"}),
    (Reply(200, {}, b'{"errors":null}'), {"safe": "done", "once": "done"}),
    (Reply(200, {}, b'{"errors":[]}'), {"safe": "done", "once": "done"}),
    (Reply(204), {"safe": "done", "once": "done"}),
    (Reply(207, {}, b'{"errors":[]}'), {"safe": "done", "once": "done"}),
    # The destination is broken, not the operation; nobody knows what was done.
    (Reply(200, HTML, PAGE), UNKNOWN),
    (Reply(200, {}, PAGE), UNKNOWN),
    (Reply(200, {}, b'{"errors":[{"batch_index":0,"rea'), UNKNOWN),
    (Reply(207, {}, indexed(0)[:-3]), UNKNOWN),
    (Reply(404, HTML, PAGE), UNKNOWN),
    (Reply(302, {}, b""), UNKNOWN),
    (Reply(301, {"location": ""}), UNKNOWN),
    (Reply(304), UNKNOWN),
    *[(Reply(status, {}, b"{}"), UNKNOWN) for status in (500, 502, 503, 504, 520, 599)],
    (Reply(502, HTML, PAGE), UNKNOWN),
    (NoReply(None, "ReadTimeout"), UNKNOWN),
    # It was certainly not done.
    (NoReply(False, "ConnectError"), AGAIN),
    *[(Reply(status, {}, b"{}"), AGAIN) for status in (408, 425, 429)],
    (Reply(429, {"retry-after": "7"}, META), AGAIN),
    # The key is at fault, no entry is.
    (Reply(401, {}, META), PAUSED),
    (Reply(403, {}, b""), PAUSED),
    # An entry is at fault.
    *[(Reply(status, {}, META), FINAL) for status in (400, 409, 413, 422, 404, 405, 410)],
    *[(Reply(status, {}, b"{}"), FINAL) for status in (400, 413, 501, 505)],
]
NAMES = {"event": "track", "identify": "identify", "merge": "merge", "form": "submit_form"}
ONCE = {"merge", "form"}


@pytest.mark.parametrize(("answer", "expected"), WHOLE, ids=lambda x: getattr(x, "status", ""))
@pytest.mark.parametrize("kind", NAMES)
def test_an_answer_to_one_entry(make, kind, answer, expected):
    """Every answer to a request with one entry has its place in the table."""
    entries = [make(NAMES[kind], "a")]

    found = said(judge(entries, answer, attempts=1), entries)

    word = expected.get("single") or expected["once" if kind in ONCE else "safe"]
    assert found == [word]


@pytest.mark.parametrize(("answer", "expected"), WHOLE, ids=lambda x: getattr(x, "status", ""))
def test_an_answer_to_many_entries(make, answer, expected):
    """Every answer to a batch means for each of its entries what its kind needs."""
    kinds = ["event", "identify", "merge", "event"]
    entries = [make(NAMES[kind], key) for kind, key in zip(kinds, "abcd", strict=True)]

    found = said(judge(entries, answer, attempts=1), entries)

    if "many" in expected:
        assert found == ["split"] * 4
    else:
        assert found == [expected["once" if kind in ONCE else "safe"] for kind in kinds]


@pytest.mark.parametrize("status", [200, 207])
def test_named_items_are_dead_and_the_others_delivered(make, status):
    """A partial success is split by the places it names, with reason, field and message."""
    entries = [make("track", key) for key in "abcde"]

    judgement = judge(entries, Reply(status, {}, indexed(1, 3)), attempts=4)

    assert said(judgement, entries) == ["done", "dead", "done", "dead", "done"]
    assert judgement.verdicts[1] == Dead(entries[1], "required", "name", "m", status, 4)


@pytest.mark.parametrize("status", [200, 207])
@pytest.mark.parametrize("body", [NAMELESS, META, indexed(99), indexed(-1), indexed(0, 99)])
def test_errors_that_name_nobody_are_asked_in_halves(make, status, body):
    """Somebody was refused and others were done: repeat what may be, hold back what may not."""
    entries = [make("track", "a"), make("merge", "b", "c"), make("identify", "d")]

    found = said(judge(entries, Reply(status, {}, body), attempts=1), entries)

    assert found == ["split", "maybe", "split"]


@pytest.mark.parametrize("body", [NAMELESS, META, indexed(0), indexed(7)])
def test_an_error_in_a_success_kills_the_only_entry(make, body):
    """With one entry in the request there is no doubt whom the error means."""
    entries = [make("track", "a")]

    found = said(judge(entries, Reply(200, {}, body), attempts=1), entries)

    assert found == ["dead"]


def test_a_dead_entry_says_why(make):
    """Status, reason, field, message and attempts go along; the status where no reason is."""
    body = b'{"errors":[{"reason":"invalid","field":"email","message":"not an address"}]}'
    entry = make("track", "a")

    told = judge([entry], Reply(422, {}, body), attempts=3)
    mute = judge([entry], Reply(413, {}, b""), attempts=1)

    assert told == Judged((Dead(entry, "invalid", "email", "not an address", 422, 3),))
    assert mute == Judged((Dead(entry, "status 413", status=413),))
