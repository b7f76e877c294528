"""Flows: what they yield and what they return, driven by hand, without clock, socket or mock."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from ferryman import Repeat, Retry, operations
from ferryman._core.account import Account
from ferryman._core.answer import Failed, Ok
from ferryman._core.batch import BatchResult, spans
from ferryman._core.flow import (
    Call,
    Raised,
    Returned,
    Send,
    Sleep,
    deliver,
    deliver_batch,
    insist,
    opened,
    reattempt,
)
from ferryman._core.message import Answer, NoReply, Operation, Reply, Request, Route
from ferryman.errors import BadRequest, ServerError, Unreachable

ACCOUNT = Account(site_id="site", track_api_key="key", pipelines_write_key="write")
ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
FINE, BUSY = Reply(200, {}, b"{}\n"), Reply(503)


def timing(*moments: float, retry: Retry | None = None, chance: float = 0.5) -> dict[str, Any]:
    """Time that goes through *moments* and then stands still."""
    left = list(moments)

    def now() -> float:
        return left.pop(0) if len(left) > 1 else (left[0] if left else 0.0)

    return {"retry": retry or Retry(), "chance": lambda: chance, "now": now}


def event(person: str = "1", name: str = "x", size: int = 0) -> Operation[None]:
    return operations.track(person, name, data={"d": "x" * size}).stamped(ULID, 1)


def request_of(operation: Operation[Any]) -> Request:
    return ACCOUNT.address(operation)


def finish(flow: Any, *answers: Answer | None) -> Any:
    """Send *answers* to *flow* and return what it returns."""
    next(flow)
    for answer in answers[:-1]:
        flow.send(answer)
    with pytest.raises(StopIteration) as stopped:
        flow.send(answers[-1])
    return stopped.value.value


def test_a_delivery_begins_with_its_request() -> None:
    """The first effect of a delivery is to send the operation's request."""
    operation = event()
    flow = deliver(operation, request_of(operation), **timing())
    effect = next(flow)

    assert effect == Send(request_of(operation))


def test_an_answer_ends_it() -> None:
    """A good answer ends the delivery with the operation's value."""
    operation = event()
    outcome = finish(deliver(operation, request_of(operation), **timing()), FINE)

    assert outcome == Ok(None)


def test_a_repeat_waits_and_sends_the_same_bytes() -> None:
    """After a 503 the flow sleeps its jittered wait and sends the very same request again."""
    operation = event()
    flow = deliver(operation, request_of(operation), **timing())
    first = next(flow)
    pause = flow.send(BUSY)
    second = flow.send(None)

    assert pause == Sleep(0.5)
    assert second == first


def test_waits_grow_and_end_in_the_last_error() -> None:
    """Three repeats wait 0.5, 1 and 2 seconds at half chance; then the last answer counts."""
    operation = event()
    flow = deliver(operation, request_of(operation), **timing())
    next(flow)
    pauses = []
    for _ in range(3):
        pauses.append(flow.send(BUSY))
        flow.send(None)
    with pytest.raises(StopIteration) as stopped:
        flow.send(NoReply(None, "ReadTimeout"))

    assert pauses == [Sleep(0.5), Sleep(1.0), Sleep(2.0)]
    assert isinstance(stopped.value.value, Failed)
    assert isinstance(stopped.value.value.error, Unreachable)


@pytest.mark.parametrize("status", [400, 401, 403, 409, 413, 422])
def test_a_final_answer_is_not_repeated(status: int) -> None:
    """A 4xx that stays wrong ends the delivery at once."""
    operation = event()
    outcome = finish(deliver(operation, request_of(operation), **timing()), Reply(status))

    assert isinstance(outcome, Failed)


@pytest.mark.parametrize(
    ("answer", "repeats"),
    [(NoReply(False, "x"), True), (Reply(429), True), (NoReply(None, "x"), False), (BUSY, False)],
)
def test_a_merge_is_repeated_only_on_proof(answer: Answer, repeats: bool) -> None:
    """What might do a second thing is repeated only when it certainly did not happen."""
    operation = operations.merge("1", "2").stamped(ULID, 1)
    flow = deliver(operation, request_of(operation), **timing())
    next(flow)

    if repeats:
        assert isinstance(flow.send(answer), Sleep)
    else:
        with pytest.raises(StopIteration):
            flow.send(answer)


def test_redirects_are_followed_within_one_try() -> None:
    """A redirect costs no repeat and no wait: the next effect is to send onward."""
    operation = event()
    flow = deliver(operation, request_of(operation), **timing(retry=Retry(retries=0)))
    next(flow)
    effect = flow.send(Reply(307, {"location": "https://track-eu.customer.io/api/v2/entity"}))

    assert isinstance(effect, Send)
    assert effect.request.url == "https://track-eu.customer.io/api/v2/entity"
    assert effect.request.body == operation.body


def test_the_total_budget_counts_what_answers_took() -> None:
    """Time spent waiting for answers counts against total_max."""
    operation = event()
    flow = deliver(operation, request_of(operation), **timing(0.0, 599.9))
    outcome = finish(flow, BUSY)

    assert isinstance(outcome, Failed)


def test_insist_returns_the_answer_itself() -> None:
    """A raw request ends with its answer, whatever it says."""
    request = request_of(event())
    answer = finish(insist(request, repeat=Repeat.SAME, **timing()), Reply(404))

    assert answer == Reply(404)


def addressed(log: list[int]) -> Callable[[Sequence[bytes], Route], Request]:
    def address(items: Sequence[bytes], route: Route) -> Request:
        log.append(len(items))
        return ACCOUNT.address_batch(items, route)

    return address


def test_a_batch_is_split_by_bytes_and_its_items_keep_their_places() -> None:
    """Refusals of several requests are found at the places of the caller's list."""
    operations_ = [event(str(n), size=30_000) for n in range(40)]
    log: list[int] = []
    refused = b'{"errors":[{"batch_index":1,"reason":"r","message":"m"}]}'
    flow = deliver_batch(operations_, addressed(log), **timing())
    outcome = finish(flow, Reply(207, {}, refused), FINE, Reply(207, {}, refused))

    assert sum(log) == 40
    assert isinstance(outcome, Ok)
    assert outcome.value.count == 40
    assert set(outcome.value.rejected) == {1, log[0] + log[1] + 1}


def test_no_request_of_a_batch_exceeds_the_limit() -> None:
    """Every request of a batch is at most 500,000 bytes, and one more item would not fit."""
    operations_ = [event(str(n), size=30_000) for n in range(40)]
    bodies: list[bytes] = []

    def address(items: Sequence[bytes], route: Route) -> Request:
        request = ACCOUNT.address_batch(items, route)
        bodies.append(request.body or b"")
        return request

    finish(deliver_batch(operations_, address, **timing()), FINE, FINE, FINE)

    item = len(operations_[0].body or b"")
    assert all(500_000 - item < len(body) <= 500_000 for body in bodies[:-1])
    joined = [each for body in bodies for each in msgspec.json.decode(body)["batch"]]
    assert joined == [msgspec.json.decode(each.body or b"") for each in operations_]


@pytest.mark.parametrize(("more", "expected"), [(0, [(0, 3)]), (1, [(0, 2), (2, 3)])])
def test_the_limit_is_kept_to_the_byte(more: int, expected: list[tuple[int, int]]) -> None:
    """A body of exactly the limit is one request, one byte more makes two."""
    said = [event(), event(), event(size=more)]
    limit = len(ACCOUNT.address_batch([event().body or b""] * 3).body or b"")
    found = list(spans(said, limit=limit))

    assert found == expected


def test_a_failed_request_says_what_was_done_before() -> None:
    """The error of the second request carries the result of the first."""
    operations_ = [event(str(n), size=30_000) for n in range(20)]
    log: list[int] = []
    outcome = finish(deliver_batch(operations_, addressed(log), **timing()), FINE, Reply(400))

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, BadRequest)
    assert outcome.error.done == BatchResult(log[0], {})


@pytest.mark.parametrize(
    "body",
    [
        b'{"errors":[{"batch_index":2,"message":"m"}]}',
        b'{"errors":[{"batch_index":-1,"message":"m"}]}',
        b'{"errors":[{"message":"m"}]}',
        b'{"errors":["m"]}',
    ],
)
def test_a_partial_answer_that_names_nobody_is_a_failure(body: bytes) -> None:
    """When somebody was refused and nobody knows who, nothing is reported as accepted."""
    flow = deliver_batch([event("1"), event("2")], ACCOUNT.address_batch, **timing())
    outcome = finish(flow, Reply(207, {}, body))

    assert isinstance(outcome, Failed)
    assert outcome.error.done == BatchResult(0, {})


def test_one_that_may_happen_once_makes_its_whole_request_so() -> None:
    """A merge in a batch keeps the batch from being repeated blindly."""
    merge = operations.merge("2", "3").stamped(ULID, 1)
    outcome = finish(deliver_batch([event(), merge], ACCOUNT.address_batch, **timing()), BUSY)

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, ServerError)


def test_a_batch_is_split_by_route_and_its_items_keep_their_places() -> None:
    """Track's items go first, then those of Pipelines, each in its order; places stay."""
    mixed = [
        operations.pipelines.track("1", "p").stamped(ULID, 1),
        event("2"),
        operations.pipelines.track("3", "p").stamped(ULID, 1),
        event("4"),
    ]
    refused = b'{"errors":[{"batch_index":1,"reason":"r","message":"m"}]}'
    flow = deliver_batch(mixed, ACCOUNT.address_batch, **timing())
    first = next(flow)
    assert isinstance(first, Send)
    second = flow.send(Reply(207, {}, refused))
    assert isinstance(second, Send)
    with pytest.raises(StopIteration) as stopped:
        flow.send(FINE)

    assert first.request.url == "https://track.customer.io/api/v2/batch"
    assert second.request.url == "https://cdp.customer.io/v1/batch"
    assert first.request.body == b'{"batch":[%b,%b]}' % (mixed[1].body, mixed[3].body)
    assert second.request.body == b'{"batch":[%b,%b]}' % (mixed[0].body, mixed[2].body)
    assert second.request.headers["X-Strict-Mode"] == "1"
    assert set(stopped.value.value.value.rejected) == {3}


def test_a_route_that_fails_says_that_the_other_was_done() -> None:
    """The error of the Pipelines request carries what became of Track's items."""
    mixed = [operations.pipelines.track("1", "p").stamped(ULID, 1), event("2")]
    outcome = finish(deliver_batch(mixed, ACCOUNT.address_batch, **timing()), FINE, Reply(400))

    assert isinstance(outcome, Failed)
    assert outcome.error.done == BatchResult(1, {})


def test_nothing_to_say_sends_nothing() -> None:
    """An empty batch ends without an effect."""
    flow = deliver_batch([], ACCOUNT.address_batch, **timing())

    with pytest.raises(StopIteration) as stopped:
        next(flow)
    assert stopped.value.value == Ok(BatchResult(0, {}))


def test_what_follows_a_barrier_of_its_person_waits_for_the_next_request() -> None:
    """Inside a batch no order is promised, so nothing follows a delete of its own person there."""
    said = [event("1"), operations.delete("1"), event("2"), event("1"), operations.delete("2")]
    log: list[int] = []
    flow = deliver_batch([each.stamped(ULID, 1) for each in said], addressed(log), **timing())
    finish(flow, FINE, FINE)

    assert log == [3, 2]


def test_a_merge_is_a_barrier_for_both() -> None:
    """What is said of the secondary after a merge goes into the next request too."""
    said = [operations.merge("1", "2"), event("2"), event("3")]
    log: list[int] = []
    flow = deliver_batch([each.stamped(ULID, 1) for each in said], addressed(log), **timing())
    finish(flow, FINE, FINE)

    assert log == [1, 2]


def test_any_callable_is_called_until_it_returns() -> None:
    """reattempt asks for a call, sleeps after a passing failure and returns the value."""
    flow = reattempt(**timing())
    first = next(flow)
    pause = flow.send(Raised(OSError(), NoReply(None, "x")))
    second = flow.send(None)
    with pytest.raises(StopIteration) as stopped:
        flow.send(Returned(42))

    assert (first, pause, second) == (Call(), Sleep(0.5), Call())
    assert stopped.value.value == 42


@pytest.mark.parametrize("answer", [None, Reply(400), Reply(404)])
def test_what_another_try_cannot_mend_is_raised_at_once(answer: Answer | None) -> None:
    """The caller's own error comes out of reattempt, as it was."""
    flow, error = reattempt(**timing()), KeyError("x")
    next(flow)

    with pytest.raises(KeyError) as raised:
        flow.send(Raised(error, answer))
    assert raised.value is error


def test_the_last_failure_is_raised() -> None:
    """When the repeats are used up the last error is raised, as it was."""
    flow, error = reattempt(**timing(retry=Retry(retries=1))), OSError("last")
    next(flow)
    flow.send(Raised(OSError("first"), BUSY))
    flow.send(None)

    with pytest.raises(OSError, match="last") as raised:
        flow.send(Raised(error, BUSY))
    assert raised.value is error


def test_the_door_opens_to_a_value_or_an_error() -> None:
    """opened returns the value of an Ok and raises the error of a Failed."""
    error = ServerError("x", status=500)
    value = opened(Ok(1))

    assert value == 1
    with pytest.raises(ServerError) as raised:
        opened(Failed(error))
    assert raised.value is error
