"""Planted mistakes that type checkers must find. Checked by `make lint`, never run.

Each line carries the ignore of both checkers. An ignore that ignores nothing is an error for
both, so a mistake that is no longer found fails the lint.
"""

from ferryman import AsyncClient, Client, Email, Event, Outbox, Person


class SignedUp(Event):
    method: str
    seats: int = 1


class Shopper(Person):
    plan: str


def declared(event: SignedUp) -> None:
    """Fields are checked where a value is made, and stay as they are."""
    SignedUp()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    SignedUp(methd="google")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    SignedUp(method=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    SignedUp("google")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    SignedUp(method="google", seats="2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    event.method = "apple"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    print(event.methd)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType, reportUnknownMemberType]
    Shopper(plan=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def said(client: Client, outbox: Outbox) -> None:
    """A call takes a person first, and either a typed event or a name with its data."""
    client.track("42")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    client.track(None, SignedUp(method="google"))  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    client.track("42", SignedUp(method="google"), data={"seats": 2})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    client.track("42", Shopper(plan="pro"))  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    client.identify("42", SignedUp(method="google"))  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    client.track("42", "signed_up", {"seats": 2})  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    client.track("42", "signed_up", at="yesterday")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    client.suppress()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.suppress("42", "43")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    outbox.suppress(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    outbox.region()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    Email(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def awaited(client: AsyncClient) -> None:
    """An answer that is awaited elsewhere is not forgotten here."""
    client.track("42", SignedUp(method="google"))  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]
    client.region().name  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


def routed(client: Client, outbox: Outbox) -> None:
    """Namespaces and sends take what their functions take, and nothing else."""
    client.pipelines.track("42")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    client.pipelines.track("42", SignedUp(method="google"), data={"seats": 2})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    client.pipelines.identify("42", SignedUp(method="google"))  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    client.pipelines.suppress()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.pipelines.region()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    client.send_email("42")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.send_email("42", to="a@example.com", transactional_mesage_id=7)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.send_email("42", to="a@example.com", attachments={"a.txt": "text"})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    client.send_push("42")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.trigger_broadcast("three")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    outbox.send_email("42", to="a@example.com", transactional_message_id=7).delivery_id  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


async def routed_awaited(client: AsyncClient) -> None:
    """What is said to a namespace is awaited too."""
    client.pipelines.track("42", SignedUp(method="google"))  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]
