"""Events: whose they are, repeats, order of arrival, anonymous ones."""

import copy
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferryman.emulator.acts import AnyAct, Delete, Identify, Merge, Record, Report, Suppress, Who
from ferryman.emulator.state import DAY
from ferryman.emulator.world import World

NOW = 1_790_000_000.25
ANNA = Who("id", "anna")


def names(world: World, who: Who = ANNA) -> list[str]:
    person = world.state.find(who)
    return [event.name for event in person.events] if person else []


def holdings(world: World) -> Any:
    """Everything a workspace holds but its count of changes, comparable and apart from it."""
    state = copy.deepcopy(vars(world.state))
    del state["changes"]
    return msgspec.to_builtins(
        {name: value for name, value in state.items() if not name.startswith("_")},
        enc_hook=list,
        str_keys=False,
    )


def test_event_creates(world: World) -> None:
    """An event of somebody unknown creates them, also after they were deleted."""
    world.apply(Record("one", ANNA), NOW)
    world.apply(Delete(ANNA), NOW)
    world.apply(Record("late", ANNA), NOW)

    assert names(world) == ["late"]
    assert world.state.events == 1


def test_arrival(world: World) -> None:
    """Events stay in order of arrival, whatever their timestamps say."""
    world.apply(Record("b", ANNA, timestamp=200), NOW)
    world.apply(Record("a", ANNA, timestamp=100), NOW)
    world.apply(Record("c", ANNA), NOW)
    (person,) = world.state.people.values()

    assert [(event.name, event.timestamp) for event in person.events] == [
        ("b", 200),
        ("a", 100),
        ("c", int(NOW)),
    ]
    assert {event.received for event in person.events} == {NOW}


def test_name_is_trimmed(world: World) -> None:
    """Blanks around the name of an event are dropped."""
    world.apply(Record("  paid ", ANNA), NOW)

    assert world.state.names == {"paid": 1}


def test_repeat(world: World) -> None:
    """An id that was seen makes a repeat, for whomever and whatever it comes again."""
    first = world.apply(Record("one", ANNA, id="e1"), NOW)
    again = [
        world.apply(Record("two", Who("id", "ben"), id="e1"), NOW),
        world.apply(Record("one", anonymous_id="w", id="e1"), NOW),
    ]

    assert first == "applied"
    assert again == ["repeat", "repeat"]
    assert len(world.state.people) == world.state.events == 1
    assert world.state.changes["repeat"] == 2


def test_without_id(world: World) -> None:
    """Events without an id are all kept, however alike."""
    for _ in range(3):
        world.apply(Record("one", ANNA, timestamp=5), NOW)

    assert names(world) == ["one"] * 3


def test_workspaces_are_apart() -> None:
    """An id seen in one workspace is new in another."""
    changes = [World().apply(Record("one", ANNA, id="e1"), NOW) for _ in range(2)]

    assert changes == ["applied", "applied"]


def test_ignored_event_is_not_seen(world: World) -> None:
    """An event that was ignored does not make its id seen."""
    world.apply(Suppress(ANNA), NOW)
    ignored = world.apply(Record("one", ANNA, id="e1"), NOW)
    later = world.apply(Record("one", Who("id", "ben"), id="e1"), NOW)

    assert (ignored, later) == ("suppressed", "applied")


def test_anonymous_events_are_associated(world: World) -> None:
    """Who is identified with an anonymous id gets its events of 30 days, in order of arrival."""
    world.apply(Record("ancient", anonymous_id="w"), NOW - 31 * DAY)
    world.apply(Record("earlier", anonymous_id="w"), NOW - 29 * DAY)
    world.apply(Record("known", ANNA), NOW)
    world.apply(Record("other", anonymous_id="v"), NOW)
    world.apply(Identify(ANNA, {"anonymous_id": "w"}), NOW)
    world.apply(Record("later", anonymous_id="w"), NOW)

    assert names(world) == ["earlier", "known", "later"]
    assert [event.name for event in world.state.strangers["w"].events] == ["ancient"]
    assert [event.name for event in world.state.strangers["v"].events] == ["other"]
    assert world.state.events == 5


def test_anonymous_id_of_the_deleted(world: World) -> None:
    """The anonymous id of a deleted person is nobody's again."""
    world.apply(Identify(ANNA, {"anonymous_id": "w"}), NOW)
    world.apply(Delete(ANNA), NOW)
    world.apply(Record("later", anonymous_id="w"), NOW)

    assert [event.name for event in world.state.strangers["w"].events] == ["later"]
    assert world.state.events == 1


def test_invite(world: World) -> None:
    """An event that names neither a person nor an anonymous id is kept."""
    world.apply(Record("invited", data={"recipient": "x@y"}), NOW)

    assert [event.name for event in world.state.invites] == ["invited"]
    assert world.state.events == 1


def test_reports(world: World) -> None:
    """What happened to a delivery is kept in order, at its time or that of its arrival."""
    world.apply(Report("d", "delivered", 5, {"recipient": "x@y"}), NOW)
    world.apply(Report("d", "opened"), NOW)

    assert world.state.deliveries == {
        "d": [
            {"recipient": "x@y", "metric": "delivered", "timestamp": 5},
            {"metric": "opened", "timestamp": int(NOW)},
        ]
    }


WHO = st.builds(Who, st.sampled_from(["id", "email"]), st.sampled_from(["a", "B", "b@x", "B@x"]))
VALUES = st.none() | st.integers(0, 3) | st.decimals(0, 9, places=2).map(Decimal)
EVENTS = st.builds(
    Record,
    name=st.sampled_from(["paid", "seen"]),
    person=st.none() | WHO,
    anonymous_id=st.sampled_from(["", "w"]),
    data=st.dictionaries(st.sampled_from("xy"), VALUES),
    timestamp=st.none() | st.integers(0, 10),
    id=st.uuids().map(str),
)
OTHERS: st.SearchStrategy[AnyAct] = st.one_of(
    st.builds(Identify, WHO, st.dictionaries(st.sampled_from(["x", "anonymous_id"]), st.just("w"))),
    st.builds(Delete, WHO),
    st.builds(Merge, WHO, WHO),
)


@given(st.lists(EVENTS | OTHERS, max_size=12), st.data())
def test_applying_an_event_twice(done: list[AnyAct], data: st.DataObject) -> None:
    """Applying an event again changes nothing but the count of repeats, whatever came between."""
    world = World()
    for act in done:
        world.apply(act, NOW)
    events = [act for act in done if isinstance(act, Record)]
    if not events:
        return
    before, repeats = holdings(world), world.state.changes["repeat"]
    again = data.draw(st.sampled_from(events))
    change = world.apply(again, NOW + 1)

    assert change == "repeat"
    assert holdings(world) == before
    assert world.state.changes["repeat"] == repeats + 1


@pytest.mark.parametrize("times", [1, 2])
def test_reset(world: World, times: int) -> None:
    """A reset workspace holds nothing and has seen no id."""
    for _ in range(times):
        world.apply(Record("one", ANNA, id="e1"), NOW)
        world.reset()

    assert world.state.events == len(world.state.people) == 0
    assert world.apply(Record("one", ANNA, id="e1"), NOW) == "applied"
