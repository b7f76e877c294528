"""What type checkers must take and infer, in each colour. Checked by `make lint`, never run."""

from datetime import UTC, datetime
from typing import assert_type

from ferryman import (
    Anonymous,
    AsyncClient,
    AsyncOutbox,
    CioId,
    Client,
    Email,
    Event,
    Outbox,
    Person,
    Receipt,
    operations,
)
from ferryman.operations import AccountRegion, BroadcastTrigger, Delivery


class SignedUp(Event):
    method: str
    seats: int = 1


class Shopper(Person):
    plan: str
    spent: float = 0.0


NOW = datetime.now(UTC)
EVENT = SignedUp(method="google")


def blocking(client: Client, outbox: Outbox) -> None:
    """A client returns the answer, an outbox a receipt."""
    assert_type(EVENT.seats, int)
    assert_type(client.track("42", EVENT, timestamp=NOW), None)
    assert_type(client.track(42, "signed_up", data={"method": "google"}), None)
    assert_type(client.identify(Email("a@example.com"), Shopper(plan="pro")), None)
    assert_type(client.identify(CioId("a1"), {"plan": "pro"}), None)
    assert_type(client.suppress("42"), None)
    assert_type(client.region(), AccountRegion)
    assert_type(outbox.track("42", EVENT), Receipt)
    assert_type(outbox.track("42", "signed_up", data={"method": "google"}), Receipt)
    assert_type(outbox.identify("42", Shopper(plan="pro")), Receipt)
    assert_type(outbox.suppress("42"), Receipt)
    assert_type(client.pipelines.track(Anonymous("a"), EVENT, timestamp=NOW), None)
    assert_type(client.pipelines.track("42", "signed_up", data={"method": "google"}), None)
    assert_type(client.pipelines.identify("42", Shopper(plan="pro")), None)
    assert_type(client.pipelines.identify("42", {"plan": "pro"}, anonymous=Anonymous("a")), None)
    assert_type(client.pipelines.suppress("42"), None)
    assert_type(client.pipelines.page("42", "/pricing", data={"url": "https://x"}), None)
    assert_type(outbox.pipelines.track("42", EVENT), Receipt)
    assert_type(outbox.pipelines.identify("42", {"plan": "pro"}), Receipt)
    assert_type(outbox.pipelines.suppress("42"), Receipt)
    assert_type(client.send_email("42", to="a@example.com", transactional_message_id=7), Delivery)
    assert_type(client.send_push("42", transactional_message_id="welcome"), Delivery)
    assert_type(client.trigger_broadcast(3, ids=["42"]), BroadcastTrigger)
    assert_type(outbox.send_email("42", to=["a@example.com"], transactional_message_id=7), Receipt)
    assert_type(outbox.trigger_broadcast(3), Receipt)
    client.batch([operations.track("42", EVENT), operations.identify("42", {"plan": "pro"})])


async def awaited(client: AsyncClient, outbox: AsyncOutbox) -> None:
    """The other colour says the same, awaited."""
    assert_type(await client.track("42", EVENT), None)
    assert_type(await client.track("42", "signed_up", data={"method": "google"}), None)
    assert_type(await client.identify("42", Shopper(plan="pro")), None)
    assert_type(await client.suppress("42"), None)
    assert_type(await client.region(), AccountRegion)
    assert_type(await client.pipelines.track("42", EVENT), None)
    assert_type(await client.pipelines.identify("42", {"plan": "pro"}), None)
    assert_type(await client.pipelines.suppress("42"), None)
    assert_type(await outbox.pipelines.track("42", "signed_up"), Receipt)
    assert_type(await outbox.pipelines.suppress("42"), Receipt)
    assert_type(await client.send_in_app("42", transactional_message_id=7), Delivery)
    assert_type(await client.trigger_broadcast(3), BroadcastTrigger)
    assert_type(await outbox.send_in_app("42", transactional_message_id=7), Receipt)
    assert_type(await outbox.track("42", EVENT), Receipt)
    assert_type(await outbox.identify("42", Shopper(plan="pro")), Receipt)
    assert_type(await outbox.suppress("42"), Receipt)
