"""What is known of people: creation, attributes in order of time, devices, segments, forms."""

from decimal import Decimal
from typing import Any

import pytest

from ferryman.emulator.acts import (
    AddDevice,
    Delete,
    DeleteDevice,
    Identify,
    JoinSegment,
    LeaveSegment,
    SubmitForm,
    Who,
)
from ferryman.emulator.state import Person
from ferryman.emulator.world import World

NOW = 1_790_000_000.5
ANNA = Who("id", "anna")


def known(world: World, who: Who = ANNA) -> Person:
    person = world.state.find(who)
    assert person is not None
    return person


@pytest.mark.parametrize("kind", ["id", "email", "phone"])
def test_identify_creates(world: World, kind: Any) -> None:
    """Whoever is named by an id, an e-mail or a phone that nobody has becomes a person."""
    change = world.apply(Identify(Who(kind, "+4915@x")), NOW)

    assert change == "applied"
    assert getattr(known(world, Who(kind, "+4915@x")), kind) == "+4915@x"


def test_identify_updates(world: World) -> None:
    """Identifying again sets what is said and leaves the rest."""
    world.apply(Identify(ANNA, {"plan": "free", "seats": 1}), NOW)
    world.apply(Identify(ANNA, {"plan": "pro"}), NOW + 1)

    assert known(world).attributes == {"plan": "pro", "seats": 1}
    assert len(world.state.people) == 1


def test_null_removes(world: World) -> None:
    """Null takes an attribute away; an empty string stays a value."""
    world.apply(Identify(ANNA, {"plan": "free", "seats": 1}), NOW)
    world.apply(Identify(ANNA, {"plan": None, "seats": ""}), NOW + 1)

    assert known(world).attributes == {"seats": ""}


def test_update_only_never_creates(world: World) -> None:
    """With `_update` nobody is made, and the activity log tells."""
    change = world.apply(Identify(ANNA, {"plan": "pro"}, update_only=True), NOW)

    assert change == "nothing"
    assert not world.state.people
    assert world.state.activity[0].what == "failed attribute change"


def test_update_only_updates(world: World) -> None:
    """With `_update` who exists is updated."""
    world.apply(Identify(ANNA), NOW)
    world.apply(Identify(ANNA, {"_update": True, "plan": "pro"}, update_only=True), NOW)

    assert known(world).attributes == {"plan": "pro"}


@pytest.mark.parametrize(
    ("first", "second", "plan"),
    [(100, 200, "second"), (200, 100, "first"), (100, 100, "second"), (None, 100, "first")],
)
def test_timestamps_order_updates(world: World, first: int | None, second: int, plan: str) -> None:
    """The newest update of an attribute stands, whatever arrived last."""
    world.apply(Identify(ANNA, {"plan": "first"}, timestamp=first), NOW)
    world.apply(Identify(ANNA, {"plan": "second"}, timestamp=second), NOW)

    assert known(world).attributes["plan"] == plan


def test_removal_has_a_time_too(world: World) -> None:
    """An older update does not bring back what a newer one removed."""
    world.apply(Identify(ANNA, {"plan": None}, timestamp=200), NOW)
    world.apply(Identify(ANNA, {"plan": "old"}, timestamp=100), NOW)

    assert "plan" not in known(world).attributes


def test_same_second(world: World) -> None:
    """An update stamped with the second in which another arrived is not older than it."""
    world.apply(Identify(ANNA, {"plan": "free"}), NOW)
    world.apply(Identify(ANNA, {"plan": "pro"}, timestamp=int(NOW)), NOW)

    assert known(world).attributes["plan"] == "pro"


def test_topic_by_dots(world: World) -> None:
    """Dots set one subscription topic and leave the others."""
    topics = {"topics": {"topic_1": True, "topic_2": True}}
    world.apply(Identify(ANNA, {"cio_subscription_preferences": topics}), NOW)
    world.apply(Identify(ANNA, {"cio_subscription_preferences.topics.topic_2": False}), NOW)
    world.apply(Identify(ANNA, {"other.dots": 1}), NOW)

    assert known(world).attributes == {
        "cio_subscription_preferences": {"topics": {"topic_1": True, "topic_2": False}},
        "other.dots": 1,
    }
    assert topics == {"topics": {"topic_1": True, "topic_2": True}}


def test_directives_are_not_stored(world: World) -> None:
    """What steers the call, or belongs to the system, is no attribute."""
    said = {"_update": False, "_timestamp": 5, "cio_id": "x", "cio_relationships": {}, "a": 1}
    world.apply(Identify(ANNA, said), NOW)

    assert known(world).attributes == {"a": 1}


def test_digits_stay(world: World) -> None:
    """A number is held with the digits it came with."""
    world.apply(Identify(ANNA, {"spent": Decimal("29.90")}), NOW)

    assert str(known(world).attributes["spent"]) == "29.90"


def test_devices(world: World) -> None:
    """A device is added once per token, updated in place, and removed by its token."""
    world.apply(AddDevice(ANNA, "t1", "ios"), NOW)
    world.apply(AddDevice(ANNA, "t2", "android"), NOW)
    world.apply(AddDevice(ANNA, "t1", "ios", last_used=7), NOW)
    removed = [world.apply(DeleteDevice(ANNA, token), NOW) for token in ("t2", "t2", "t3")]

    assert removed == ["applied", "nothing", "nothing"]
    assert known(world).devices == {
        "t1": {"token": "t1", "platform": "ios", "last_used": 7, "attributes": {}}
    }


def test_segments(world: World) -> None:
    """Only people who exist join a manual segment, and only people with an id leave one."""
    mail = Who("email", "b@x")
    world.apply(Identify(ANNA), NOW)
    world.apply(Identify(mail), NOW)
    world.apply(JoinSegment("7", (ANNA, mail, Who("id", "nobody"))), NOW)
    world.apply(LeaveSegment("7", (ANNA, mail)), NOW)

    assert known(world).segments == set()
    assert known(world, mail).segments == {"7"}
    assert len(world.state.people) == 2


def test_forms(world: World) -> None:
    """A submission creates its person with the fields as attributes, and is kept."""
    world.apply(SubmitForm("f", None, {"x": "1"}), NOW)
    world.apply(SubmitForm("f", Who("email", "b@x"), {"email": "b@x", "name": "B"}), NOW)

    assert world.state.forms == {"f": [{"email": "b@x", "name": "B"}]}
    assert known(world, Who("email", "b@x")).attributes == {"name": "B"}


def test_delete_forgets(world: World) -> None:
    """Whoever is named like a deleted person starts anew, under a new cio_id."""
    world.apply(Identify(ANNA, {"email": "a@x", "plan": "pro"}), NOW)
    before = known(world).cio_id
    deleted = [world.apply(Delete(Who("email", "A@x")), NOW) for _ in range(2)]
    world.apply(Identify(ANNA), NOW)

    assert deleted == ["applied", "nothing"]
    assert known(world).attributes == {}
    assert known(world).email == ""
    assert known(world).cio_id != before
