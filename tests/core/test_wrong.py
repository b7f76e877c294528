"""A class where one of its instances belongs: told so, whoever is asked."""

from collections.abc import Callable
from typing import Any

import pytest

from ferryman import Account, Client, Event, Outbox, Person, operations
from ferryman.errors import InvalidOperation

ACCOUNT = Account(site_id="s", track_api_key="k")


class SignedUp(Event):
    method: str


class Shopper(Person):
    plan: str


def by_client(event: Any) -> None:
    with Client(ACCOUNT, mode="off") as client:
        client.track("1", event)


def by_outbox(event: Any) -> None:
    with Outbox("memory:", ACCOUNT, mode="off") as outbox:
        outbox.track("1", event)


@pytest.mark.parametrize(
    ("say", "field"),
    [
        (by_client, "event"),
        (by_outbox, "event"),
        (lambda event: operations.track("1", event), "event"),
        (lambda event: operations.pipelines.track("1", event), "event"),
    ],
)
def test_an_event_class_is_told_as_one(say: Callable[[Any], Any], field: str) -> None:
    """The class in place of an event is named, with what to write."""
    with pytest.raises(
        InvalidOperation, match=r"SignedUp is the class: pass SignedUp\(\.\.\.\)"
    ) as e:
        say(SignedUp)

    assert e.value.field == field


@pytest.mark.parametrize("say", [operations.identify, operations.pipelines.identify])
def test_a_person_class_is_told_as_one(say: Callable[..., Any]) -> None:
    """The class in place of a person's attributes is named, with what to write."""
    with pytest.raises(InvalidOperation, match=r"Shopper is the class: pass Shopper\("):
        say("1", Shopper)


def test_another_kind_is_named() -> None:
    """Any other value is told by its kind, and not shown."""
    with pytest.raises(InvalidOperation, match="must be an Event or a name, not int"):
        operations.track("1", 7)  # type: ignore[call-overload]  # on purpose
