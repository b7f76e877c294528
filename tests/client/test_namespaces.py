"""Pipelines and sends as a client says them: answers, mixed batches, plans, repeats."""

import asyncio
from typing import Any

import pytest

from ferryman import (
    Account,
    AsyncClient,
    BatchResult,
    Client,
    Event,
    InvalidOperation,
    Retry,
    TrackingPlan,
    Unreachable,
    operations,
)
from ferryman.emulator import DEFAULT_WORKSPACE as KEYS
from ferryman.errors import BadRequest, ConfigurationError, Unauthorized
from ferryman.operations import Delivery, pipelines


class Paid(Event):
    total: float


MAIL: dict[str, Any] = {"transactional_message_id": 7, "to": "a@example.com"}


@pytest.fixture
def account(server: Any) -> Account:
    """An account that the server admits, with a key for each API."""
    url = server.account.track_url
    return Account(private_key=KEYS.private_key, track_url=url, app_url=url, pipelines_url=url)


@pytest.fixture
def client(account: Account) -> Any:
    """A client that does not wait between its repeats."""
    with Client(account, retry=Retry(wait_base=0.0)) as client:
        yield client


def test_a_namespace_says_what_its_client_says(client: Client, server: Any) -> None:
    """What is said to Pipelines has arrived when the call returns, and is counted by name."""
    client.pipelines.identify("1", {"plan": "pro"})
    client.pipelines.track("1", Paid(total=9.5))
    client.pipelines.page("1", "/pricing")
    held = server.get("people/1")

    assert held["attributes"]["plan"] == "pro"
    assert [(e["name"], e["type"]) for e in held["events"]] == [
        ("paid", "event"),
        ("/pricing", "page"),
    ]
    assert client.stats() == {"pipelines.identify": 1, "pipelines.track": 1, "pipelines.page": 1}
    assert client.pipelines is client.pipelines


def test_a_repeated_message_is_one_event(client: Client, server: Any) -> None:
    """A message whose answer was lost is repeated under its messageId."""
    server.fail({"drop": "after", "count": 2})
    client.pipelines.track("1", "paid")

    assert (server.get("summary")["events"], server.get("summary")["repeats"]) == (1, 2)


def test_a_refused_message_is_an_error(client: Client) -> None:
    """Strict mode makes a refusal of Pipelines a 400, and that an error."""
    with pytest.raises(BadRequest):
        client.pipelines.track("1", "Report Content Event", data={"actionType": "nonsense"})


def test_a_wrong_write_key_is_unauthorized(account: Account) -> None:
    """Without strict mode Pipelines would say 200 to a key that nobody knows."""
    wrong = Account(pipelines_write_key="wrong", pipelines_url=account.pipelines_url)
    with Client(wrong) as client, pytest.raises(Unauthorized):
        client.pipelines.track("1", "paid")


def test_a_missing_key_is_said(account: Account) -> None:
    """The APIs have keys of their own; the one that lacks is named."""
    track = Account(site_id="s", track_api_key="k", track_url=account.track_url)
    with Client(track) as client:
        with pytest.raises(ConfigurationError, match="pipelines_write_key"):
            client.pipelines.track("1", "paid")
        with pytest.raises(ConfigurationError, match="app_api_key"):
            client.send_email("1", **MAIL)


def test_a_mixed_batch_takes_a_request_for_each_route(client: Client, server: Any) -> None:
    """Track's items and those of Pipelines go by their own requests, all of them."""
    mixed = [make("1", f"e{n}") for n in range(5) for make in (operations.track, pipelines.track)]
    result = client.batch(mixed)
    requests = [(each["path"], each["items"]) for each in server.get("requests")["requests"]]

    assert result == BatchResult(10, {})
    assert requests == [("/api/v2/batch", 5), ("/v1/batch", 5)]
    assert [e["name"] for e in server.get("people/1")["events"]] == [f"e{n}" for n in range(5)] * 2


def test_refusals_of_a_mixed_batch_are_found_at_their_places(client: Client, server: Any) -> None:
    """An item that Track refuses is named by its place among all of them."""
    server.fail({"partial": 1.0})
    mixed = [pipelines.track("1", "x"), operations.track("2", "x"), pipelines.track("3", "x")]
    result = client.batch(mixed)

    assert (result.count, set(result.rejected)) == (3, {1})


def test_a_send_is_no_part_of_a_batch(client: Client, server: Any) -> None:
    """A send among the items is refused before anything is sent."""
    with pytest.raises(InvalidOperation) as raised:
        client.batch([operations.track("1", "x"), operations.send_email("1", **MAIL)])

    assert raised.value.field == "batch[1]"
    assert server.get("summary")["requests"] == 0


def test_a_send_returns_its_delivery(client: Client, server: Any) -> None:
    """A send says under which id the message is known."""
    delivery = client.send_email("1", **MAIL)
    trigger = client.trigger_broadcast(3, ids=["1"])
    held = server.get("messages")["messages"]

    assert delivery.delivery_id == held[0]["id"]
    assert delivery.queued_at is not None
    assert int(delivery.queued_at.timestamp()) == int(held[0]["at"])
    assert delivery.send_at is None
    assert str(trigger.id) == held[1]["id"]


def test_a_send_is_not_repeated_blindly(client: Client, server: Any) -> None:
    """When the answer to a send is lost it is not sent again, and the error says so."""
    server.fail({"drop": "after", "count": 1})
    with pytest.raises(Unreachable) as raised:
        client.send_email("1", **MAIL)

    assert raised.value.sent is None
    assert server.get("summary")["messages"] == 1


def test_a_send_that_did_nothing_is_repeated(client: Client, server: Any) -> None:
    """A 429 is proof that nothing was sent: the send is repeated, and is one message."""
    server.fail({"status": 429, "count": 2})
    client.send_email("1", **MAIL)

    assert server.get("summary")["messages"] == 1


def test_mode_off_knows_no_delivery(account: Account) -> None:
    """In mode off a send is checked and counted, and its delivery is empty."""
    with Client(account, mode="off") as client:
        delivery = client.send_push("1", transactional_message_id=7)
        trigger = client.trigger_broadcast(3)

    assert (delivery, trigger.id) == (Delivery(""), 0)


@pytest.mark.parametrize("event", [("other", {}), ("paid", {"total": "much"})])
def test_a_plan_is_asked_by_the_namespace_too(account: Account, server: Any, event: Any) -> None:
    """What is said to Pipelines against the plan is refused as it is for Track."""
    plan = TrackingPlan([Paid])
    with Client(account, plan=plan) as client:
        client.pipelines.track("1", Paid(total=1.0))
        with pytest.raises(InvalidOperation):
            client.pipelines.track("1", event[0], data=event[1])

    assert server.get("summary")["events"] == 1


def test_the_other_colour_says_the_same(account: Account, server: Any) -> None:
    """Awaited, namespaces and sends do what they do when blocking."""

    async def main() -> Delivery:
        async with AsyncClient(account) as client:
            await client.pipelines.track("1", Paid(total=9.5))
            result = await client.batch([operations.track("1", "x"), pipelines.track("1", "y")])
            assert result == BatchResult(2, {})
            return await client.send_sms("1", transactional_message_id=7, to="+491701234567")

    delivery = asyncio.run(main())

    assert [e["name"] for e in server.get("people/1")["events"]] == ["paid", "x", "y"]
    assert server.get("messages")["messages"][0]["id"] == delivery.delivery_id


class Stray(Event):
    """In no plan."""

    total: float


def test_an_operation_made_elsewhere_is_held_to_the_plan(account: Account, server: Any) -> None:
    """Alone and in a batch a class that the plan lacks is refused, and nothing is sent."""
    stray = operations.track("1", Stray(total=1.0))
    with Client(account, plan=TrackingPlan([Paid])) as client:
        with pytest.raises(InvalidOperation, match="stray"):
            client.perform(stray)
        with pytest.raises(InvalidOperation, match="stray"):
            client.batch([operations.identify("1"), stray])
        stats = client.stats()

    assert stats == {}
    assert server.get("summary")["requests"] == 0
