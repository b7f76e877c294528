"""The clients against a server that checks: what arrives, what comes back, what is raised."""

import asyncio
import gc
import logging
import warnings
from typing import Any

import pytest

from ferryman import Account, AsyncClient, Client, Email, Event, Repeat, Retry, operations
from ferryman._core.batch import BatchResult
from ferryman._core.flow import Sleep, insist
from ferryman._core.message import Reply, Request
from ferryman.errors import (
    BadRequest,
    ClientClosed,
    ConfigurationError,
    InvalidOperation,
    NotFound,
    ServerError,
    Unauthorized,
    Undelivered,
    Unreachable,
)

NOWHERE = "http://127.0.0.1:1"


class SignedUp(Event):
    method: str


def dead(**options: Any) -> Client:
    account = Account(site_id="s", track_api_key="k", track_url=NOWHERE, app_url=NOWHERE)
    return Client(account, **{"retry": Retry(retries=0), **options})


def test_what_is_said_arrives(server: Any) -> None:
    """Attributes and events are there when the calls have returned."""
    with server.client() as client:
        client.identify("00001", {"plan": "pro"})
        client.track("00001", SignedUp(method="google"))
        client.track("00001", "paid", data={"total": 9.5})
    person = server.get("people/00001")

    assert person["attributes"]["plan"] == "pro"
    assert [each["name"] for each in person["events"]] == ["signed_up", "paid"]
    assert person["events"][0]["data"] == {"method": "google"}


def test_a_retried_event_is_one_event(server: Any) -> None:
    """An event whose answers were lost is repeated with its id, and counted once."""
    server.fail({"drop": "after", "count": 2}, {"status": 503, "count": 1})
    with server.client() as client:
        client.track("1", "paid")
    summary = server.get("summary")

    assert summary["events"] == 1
    assert summary["repeats"] == 2
    assert len(server.get("people/1")["events"]) == 1


def test_a_merge_is_not_repeated_blindly(server: Any) -> None:
    """What may do a second thing is sent once when its answer is lost, and said to be unknown."""
    server.fail({"drop": "before"})
    with server.client() as client, pytest.raises(Unreachable) as raised:
        client.merge("1", "2")

    assert raised.value.sent is None
    assert raised.value.operation == "merge"
    assert server.get("summary")["requests"] == 1


def test_a_refused_connection_is_said_to_be_unsent() -> None:
    """Where nobody listens nothing was sent."""
    with dead() as client, pytest.raises(Unreachable) as raised:
        client.delete("1")

    assert raised.value.sent is False


def test_a_wrong_key_is_unauthorized(server: Any) -> None:
    """A wrong key is told apart from everything else, at once."""
    account = Account(site_id="s", track_api_key="marker", track_url=server.account.track_url)
    with Client(account) as client, pytest.raises(Unauthorized) as raised:
        client.track("someone@example.com", "paid")

    assert raised.value.status == 401
    assert not {"marker", "someone"} & set(str(raised.value).replace("@", " ").split())
    assert server.get("summary")["requests"] == 1


def test_retries_end_in_the_answers_error(server: Any) -> None:
    """When the repeats are used up the last answer is raised."""
    server.fail({"status": 503})
    with server.client() as client, pytest.raises(ServerError) as raised:
        client.identify("1", {})

    assert raised.value.status == 503
    assert server.get("summary")["requests"] == 4


def test_an_impossible_operation_sends_nothing(server: Any) -> None:
    """InvalidOperation comes before anything is sent."""
    with server.client() as client, pytest.raises(InvalidOperation):
        client.track("1", "x", data={"a": float("nan")})

    assert server.get("summary")["requests"] == 0


def test_the_region_is_asked(server: Any) -> None:
    """region returns where the workspace lives."""
    with server.client() as client:
        found = client.region()

    assert (found.region, found.environment_id) == ("us", 1)


def events(count: int, size: int = 0) -> list[Any]:
    return [operations.track(str(n), "x", data={"d": "x" * size}) for n in range(count)]


def test_a_batch_takes_as_few_requests_as_its_bytes_allow(server: Any) -> None:
    """Forty items of 30 kB need three requests, and all arrive."""
    with server.client() as client:
        result = client.batch(events(40, 30_000))
    summary = server.get("summary")

    assert result == BatchResult(40, {})
    assert result.accepted == 40
    assert (summary["batches"], summary["events"]) == (3, 40)


def test_refused_items_are_named_by_their_place(server: Any) -> None:
    """Items refused in the second and third request are found at the caller's places."""
    said = events(40, 30_000)
    server.fail({"partial": 0.3, "seed": 7})
    with server.client() as client:
        result = client.batch(iter(said))
    arrived = {int(n) for n in range(40) if _known(server, str(n))}

    assert 0 < len(result.rejected) < 40
    assert max(result.rejected) > 16
    assert set(result.rejected) == set(range(40)) - arrived
    assert all(why.message for why in result.rejected.values())
    with pytest.raises(BadRequest) as raised:
        result.raise_for_rejected()
    assert len(raised.value.details) == len(result.rejected)


def _known(server: Any, person: str) -> bool:
    try:
        return bool(server.get(f"people/{person}"))
    except Exception:
        return False


def test_a_batch_that_fails_says_what_was_done(server: Any) -> None:
    """The error of a later request carries what became of the earlier ones."""
    server.fail({"status": 400, "path": "/api/v2/batch", "count": 1})
    with server.client() as client, pytest.raises(BadRequest) as first:
        client.batch(events(2))
    server.reset()
    answered: list[Any] = []

    def turn_bad(exchange: Any) -> None:
        answered.append(exchange)
        if len(answered) == 2:
            server.fail({"status": 400})

    with server.client(observers=(turn_bad,)) as client, pytest.raises(BadRequest) as third:
        client.batch(events(40, 30_000))

    assert first.value.done == BatchResult(0, {})
    assert third.value.done == BatchResult(32, {})


@pytest.mark.parametrize(
    ("batch", "field"),
    [
        ([operations.delete("1"), operations.region()], "batch[1]"),
        ([operations.unsubscribe("d")], "batch[0]"),
        ([operations.delete("1"), ("track", "1")], "batch[1]"),
    ],
)
def test_what_cannot_share_a_request_is_refused_before_any(
    server: Any, batch: list[Any], field: str
) -> None:
    """An item that cannot be in a batch is named, and nothing of the batch is sent."""
    with server.client() as client, pytest.raises(InvalidOperation) as raised:
        client.batch(batch)

    assert raised.value.field == field
    assert server.get("summary")["requests"] == 0


def test_an_empty_batch_sends_nothing(server: Any) -> None:
    """Nothing to say is said in no request."""
    with server.client() as client:
        result = client.batch([])

    assert result == BatchResult(0, {})
    assert server.get("summary")["requests"] == 0


def test_a_raw_request_returns_its_json(server: Any) -> None:
    """request sends what has no method yet and returns what is answered."""
    with server.client() as client:
        region = client.request("get", "/api/v1/accounts/region")
        nothing = client.request(
            "PUT", "/api/v1/customers/jane%40example.com", json={"plan": "pro"}
        )

    assert region["region"] == "us"
    assert nothing == {}
    assert server.get("people/jane%40example.com")["attributes"]["plan"] == "pro"


@pytest.mark.parametrize(
    ("arguments", "named", "field"),
    [
        (("TRACE", "/x"), {}, "method"),
        (("GET /x HTTP/1.1\r\n", "/x"), {}, "method"),
        ((None, "/x"), {}, "method"),
        (("GET", "/api/../x"), {}, "path"),
        (("DELETE", "/api/v1/customers/"), {}, "path"),
        (("POST", "/api/v1/customers//events"), {}, "path"),
        (("GET", "//evil.com/x"), {}, "path"),
        (("GET", "https://evil.com/x"), {}, "path"),
        (("GET", None), {}, "path"),
        (("GET", "/x"), {"api": "other"}, "api"),
        (("POST", "/x"), {"json": {"a": object()}}, "json.a"),
        (("GET", "/x"), {"query": {"q": 1.5}}, "query.q"),
    ],
)
def test_a_raw_request_cannot_go_elsewhere(
    arguments: tuple[Any, ...], named: dict[str, Any], field: str
) -> None:
    """Methods, paths, queries and values that could mean something else are refused."""
    account = Account(private_key="sk_us_x", track_url=NOWHERE, app_url=NOWHERE)
    with Client(account) as client, pytest.raises(InvalidOperation) as raised:
        client.request(*arguments, **named)

    assert raised.value.field == field


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_of_ones_own_that_is_unknown_is_not_found_at_once(server: Any, method: str) -> None:
    """An unknown path is answered with a page: a raw request takes that for what it says."""
    with server.client() as client, pytest.raises(NotFound) as raised:
        client.request(method, "/api/v9/marker")

    assert raised.value.status == 404
    assert "marker" not in str(raised.value)
    assert server.get("summary")["requests"] == 1


def test_a_page_in_place_of_an_answer_is_no_missing_thing() -> None:
    """A page on 404 blames the destination where the path is ours: the operation is repeated."""
    page = Reply(404, {"content-type": "text/html"}, b"<html>")
    request = Request("POST", "https://x/api/v2/entity", {}, b"{}")
    options: Any = {"repeat": Repeat.SAME, "retry": Retry(), "chance": lambda: 0.0}
    ours = insist(request, now=lambda: 0.0, **options)
    theirs = insist(request, now=lambda: 0.0, own_path=True, **options)
    next(ours)
    next(theirs)

    assert isinstance(ours.send(page), Sleep)
    with pytest.raises(StopIteration):
        theirs.send(page)


@pytest.mark.parametrize(
    ("method", "repeat", "requests"),
    [
        ("POST", None, 1),
        ("POST", Repeat.SAME, 4),
        ("PUT", None, 4),
        ("DELETE", None, 4),
        ("PUT", Repeat.ONCE, 1),
    ],
)
def test_a_raw_request_is_repeated_by_its_method(
    server: Any, method: str, repeat: Repeat | None, requests: int
) -> None:
    """POST is not repeated blindly, the others are, and the caller may say otherwise."""
    server.fail({"status": 503})
    with server.client() as client, pytest.raises(ServerError):
        client.request(method, "/api/v1/customers/1", repeat=repeat)

    assert server.get("summary")["requests"] == requests


def test_mode_off_checks_and_counts_and_sends_nothing() -> None:
    """In mode off every call is checked and counted, and no connection is made."""
    with dead(mode="off") as client:
        client.track("1", "x")
        client.track("1", "y")
        client.batch(events(3))
        client.request("GET", "/api/v1/x")
        client.region()
        with pytest.raises(InvalidOperation):
            client.track("", "x")

    assert client.stats() == {"track": 2, "batch": 1, "request": 1, "region": 1}


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    "bad", [{"mode": "of"}, {"mode": None}, {"account": None}, {"account": {"site_id": "s"}}]
)
def test_a_client_that_cannot_work_is_not_made(kind: Any, bad: dict[str, Any]) -> None:
    """A misspelt mode never means live, and an account is an Account."""
    given: dict[str, Any] = {"account": Account(site_id="s", track_api_key="k"), **bad}

    with pytest.raises(ConfigurationError):
        kind(given.pop("account"), **given)


def test_closing_twice_is_fine_and_a_closed_client_says_so(server: Any) -> None:
    """close may be called again; what is said after it is refused clearly."""
    client = server.client()
    client.delete("1")
    client.close()
    client.close()

    with pytest.raises(ClientClosed, match="closed"):
        client.delete("1")
    with pytest.raises(ClientClosed, match="closed"):
        client.batch(events(1))
    with pytest.raises(ClientClosed, match="closed"):
        client.request("GET", "/api/v1/accounts/region")


def test_a_closed_async_client_says_so(server: Any) -> None:
    """aclose may be called again; what is said after it is refused clearly."""

    async def main() -> None:
        client = AsyncClient(server.account)
        await client.delete("1")
        await client.aclose()
        await client.aclose()
        await client.delete("1")

    with pytest.raises(ClientClosed, match="closed"):
        asyncio.run(main())


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_forgetting_to_close_warns(kind: Any) -> None:
    """A client that is dropped unclosed says so to who listens."""
    forgotten = [kind(Account(site_id="s", track_api_key="k"))]

    with pytest.warns(ResourceWarning, match="was not closed"):
        forgotten.clear()


def test_a_closed_client_is_dropped_in_silence() -> None:
    """A closed client warns of nothing."""
    client = dead()
    client.close()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del client
        gc.collect()


def test_observers_see_every_request_and_break_nothing(server: Any) -> None:
    """Each request is shown by template, status and size; an observer that raises is harmless."""
    seen: list[Any] = []

    def broken(_: object) -> None:
        raise ZeroDivisionError

    server.fail({"status": 503, "count": 1})
    with server.client(observers=(broken, seen.append)) as client:
        client.track("marker", "marker")

    assert [each.status for each in seen] == [503, 200]
    assert {each.request for each in seen} == {"POST /api/v2/entity"}
    assert all(each.sent_bytes > 0 and each.seconds >= 0 for each in seen)
    assert "marker" not in repr(seen)


def test_no_log_line_holds_an_id_or_a_key(server: Any, caplog: pytest.LogCaptureFixture) -> None:
    """At the most talkative level nothing of a person, a payload or a key is logged."""
    caplog.set_level(logging.DEBUG)
    key = server.account.track_api_key
    with server.client() as client:
        client.track("marker", "x", data={"marker": "marker"})
        client.request("GET", "/api/v1/accounts/region", query={"q": "marker"})
        client.unsubscribe("marker")
        with pytest.raises(Undelivered):
            client.request("GET", "/api/v9/marker", repeat=Repeat.ONCE)
    # The emulator of this process logs as a web server does; its lines are not the client's.
    lines = [record for record in caplog.records if not record.name.startswith("uvicorn")]
    logged = "".join(f"{record.getMessage()} {vars(record)}" for record in lines)

    assert "ferryman.exchange" in logged
    assert "marker" not in logged
    assert key not in logged


def test_no_repr_shows_a_key(server: Any) -> None:
    """A client shows its account with the keys masked."""
    with server.client() as client:
        shown = f"{client!r} {client.__dict__!r}"

    assert server.account.site_id not in shown
    assert server.account.track_api_key not in shown
    assert "•••" in shown


def test_threads_share_a_client(server: Any) -> None:
    """Many threads say things over one client, and all of it arrives once."""
    from concurrent.futures import ThreadPoolExecutor

    with server.client() as client, ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: client.track(str(n % 8), "x"), range(200)))
    summary = server.get("summary")

    assert (summary["events"], summary["repeats"], summary["people"]) == (200, 0, 8)


def test_emails_name_one_person(server: Any) -> None:
    """Two spellings of one address are one person to the server too."""
    with server.client() as client:
        client.identify(Email("Jane@Example.com"), {"a": 1})
        client.identify(Email("jane@example.COM"), {"b": 2})

    assert server.get("summary")["people"] == 1
