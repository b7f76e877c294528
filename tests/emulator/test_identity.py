"""Who is who: identifiers, suppression, merging."""

from typing import Any

import pytest

from ferryman.emulator.acts import (
    AddDevice,
    AnyAct,
    Delete,
    DeleteDevice,
    Identify,
    JoinSegment,
    Merge,
    Record,
    Suppress,
    Unsuppress,
    Who,
    guess,
)
from ferryman.emulator.state import DAY
from ferryman.emulator.world import World

NOW = 1_790_000_000.0
ANNA, MAIL = Who("id", "anna"), Who("email", "anna@x.org")


@pytest.mark.parametrize(
    ("identifier", "who"),
    [
        ("42", Who("id", "42")),
        ("a@b.c", Who("email", "a@b.c")),
        ("cio_e3", Who("cio_id", "e3")),
        ("cio_", Who("id", "cio_")),
        ("+491511234567", Who("id", "+491511234567")),
    ],
)
def test_guess(identifier: str, who: Who) -> None:
    """A path names people by shape: cio_ and an @ tell, a phone number is taken for an id."""
    assert guess(identifier) == who


def test_email_ignores_case(world: World) -> None:
    """Two spellings of an e-mail that differ in case name one person."""
    world.apply(Identify(Who("email", "Anna@X.org"), {"a": 1}), NOW)
    world.apply(Identify(Who("email", "aNNA@x.ORG"), {"b": 2}), NOW)

    assert len(world.state.people) == 1
    assert world.state.find(MAIL) is not None


def test_new_id_with_known_email(world: World) -> None:
    """A new id together with a known e-mail updates that person, who gets the id."""
    world.apply(Identify(ANNA, {"email": MAIL.value}), NOW)
    world.apply(Identify(Who("id", "new"), {"email": MAIL.value.upper()}), NOW)
    person = world.state.find(Who("id", "new"))

    assert person is not None
    assert person is world.state.find(MAIL)
    assert world.state.find(ANNA) is None
    assert len(world.state.people) == 1


def test_somebody_elses_identifier(world: World) -> None:
    """An identifier of another person is not taken: logged as a failure, the rest is applied."""
    world.apply(Identify(ANNA, {"email": MAIL.value}), NOW)
    world.apply(Identify(Who("id", "ben")), NOW)
    change = world.apply(Identify(Who("id", "ben"), {"email": MAIL.value, "plan": "pro"}), NOW)
    ben = world.state.find(Who("id", "ben"))

    assert change == "conflict"
    assert ben is not None
    assert (ben.email, ben.attributes) == ("", {"plan": "pro"})
    assert [(entry.what, entry.cio_id, entry.field) for entry in world.state.activity] == [
        ("attribute update failure", ben.cio_id, "email")
    ]


@pytest.mark.parametrize(
    ("named", "attributes", "expected"),
    [
        ("id", {"id": "new"}, ("anna", "anna@x.org")),
        ("email", {"id": "new"}, ("anna", "anna@x.org")),
        ("cio_id", {"id": "new"}, ("new", "anna@x.org")),
        ("id", {"email": "new@x.org"}, ("anna", "new@x.org")),
        ("email", {"email": "new@x.org"}, ("anna", "anna@x.org")),
        ("cio_id", {"email": "new@x.org"}, ("anna", "new@x.org")),
        ("cio_id", {"email": None}, ("anna", "")),
        ("cio_id", {"email": None, "id": ""}, ("", "anna@x.org")),
    ],
)
def test_changing_identifiers(
    world: World, named: Any, attributes: dict[str, Any], expected: tuple[str, str]
) -> None:
    """A set identifier changes through the cio_id only, an e-mail also through the id."""
    world.apply(Identify(ANNA, {"email": MAIL.value}), NOW)
    (person,) = world.state.people.values()
    value = {"id": "anna", "email": MAIL.value, "cio_id": person.cio_id}[named]
    world.apply(Identify(Who(named, value), attributes), NOW)

    assert (person.id, person.email) == expected
    assert {who for who in ("anna", "new") if world.state.find(Who("id", who))} == {expected[0]} - {
        ""
    }


@pytest.mark.parametrize(
    "act",
    [
        Identify(Who("cio_id", "gone"), {"a": 1}),
        Record("x", Who("cio_id", "gone")),
        AddDevice(Who("cio_id", "gone"), "t", "ios"),
        DeleteDevice(Who("cio_id", "gone"), "t"),
        Delete(Who("cio_id", "gone")),
        Suppress(Who("cio_id", "gone")),
    ],
)
def test_unknown_cio_id(world: World, act: AnyAct) -> None:
    """What names an unknown or deleted cio_id is dropped."""
    assert world.apply(act, NOW) == "dropped"
    assert not world.state.people


@pytest.mark.parametrize("named", [ANNA, MAIL])
@pytest.mark.parametrize("later", [ANNA, MAIL, Who("email", "ANNA@x.org")])
def test_suppressed(world: World, named: Who, later: Who) -> None:
    """Suppressing deletes a person, and whatever names them by any identifier is ignored."""
    world.apply(Identify(ANNA, {"email": MAIL.value}), NOW)
    world.apply(Suppress(named), NOW)
    changes = [
        world.apply(act, NOW)
        for act in (
            Identify(later),
            Identify(Who("id", "other"), {later.kind: later.value}),
            Record("x", later),
            AddDevice(later, "t", "ios"),
            DeleteDevice(later, "t"),
        )
    ]

    assert changes == ["suppressed"] * 5
    assert not world.state.people
    assert world.state.events == 0


def test_unsuppress(world: World) -> None:
    """Unsuppressing one identifier frees all that were suppressed with it, and makes nobody."""
    world.apply(Identify(ANNA, {"email": MAIL.value, "plan": "pro"}), NOW)
    world.apply(Suppress(MAIL), NOW)
    changes = [world.apply(Unsuppress(who), NOW) for who in (ANNA, MAIL)]
    people = len(world.state.people)
    world.apply(Identify(MAIL), NOW)

    assert changes == ["applied", "nothing"]
    assert people == 0
    assert [person.attributes for person in world.state.people.values()] == [{}]


def test_merge(world: World) -> None:
    """Merging fills what the primary lacks, moves what the secondary has, and removes them."""
    ben = Who("id", "ben")
    world.apply(Identify(ANNA, {"plan": "pro", "city": ""}), NOW)
    world.apply(
        Identify(ben, {"email": "b@x", "plan": "free", "city": "Bonn", "anonymous_id": "w"}), NOW
    )
    world.apply(AddDevice(ben, "t", "ios"), NOW)
    world.apply(JoinSegment("3", (ben,)), NOW)
    world.apply(Record("first", ben), NOW)
    world.apply(Record("second", ANNA), NOW)
    world.apply(Record("third", ben), NOW)
    change = world.apply(Merge(ANNA, ben), NOW)
    world.apply(Record("fourth", anonymous_id="w"), NOW)
    (person,) = world.state.people.values()

    assert change == "applied"
    assert (person.id, person.email) == ("anna", "b@x")
    assert person.attributes == {"plan": "pro", "city": "Bonn"}
    assert [event.name for event in person.events] == ["first", "second", "third", "fourth"]
    assert (set(person.devices), person.segments) == ({"t"}, {"3"})
    assert world.state.events == 4


def test_merge_moves_thirty_days(world: World) -> None:
    """Events of the secondary that are older than 30 days are not moved."""
    ben, old, young = Who("id", "ben"), int(NOW) - 31 * DAY, int(NOW) - 29 * DAY
    world.apply(Identify(ANNA), NOW)
    world.apply(Record("old", ben, timestamp=old), NOW)
    world.apply(Record("young", ben, timestamp=young), NOW)
    world.apply(Merge(ANNA, ben), NOW)
    (person,) = world.state.people.values()

    assert [event.name for event in person.events] == ["young"]
    assert world.state.events == 1


def test_merge_with_oneself(world: World) -> None:
    """Merging a person with themselves, by whatever names, leaves them as they are."""
    world.apply(Identify(ANNA, {"email": MAIL.value, "plan": "pro"}), NOW)
    change = world.apply(Merge(ANNA, MAIL), NOW)
    (person,) = world.state.people.values()

    assert change == "nothing"
    assert (person.id, person.email, person.attributes) == ("anna", MAIL.value, {"plan": "pro"})


@pytest.mark.parametrize("there", [ANNA, MAIL])
def test_merge_needs_both(world: World, there: Who) -> None:
    """Without the primary, or the secondary, merging does nothing at all."""
    world.apply(Identify(there, {"a": 1}), NOW)
    change = world.apply(Merge(ANNA, MAIL), NOW)

    assert change == "nothing"
    assert [person.attributes for person in world.state.people.values()] == [{"a": 1}]
