"""Real pydantic models in the place of our classes: what is said by name for them is checked."""

import datetime
import enum
import uuid
from datetime import UTC
from typing import Any

import pydantic
import pytest

from ferryman.errors import InvalidOperation
from ferryman.plan import TrackingPlan, event


class Size(enum.Enum):
    SMALL = "small"


class Booked(pydantic.BaseModel):
    seats: int = pydantic.Field(ge=1, alias="seatCount")
    at: datetime.datetime | None = None
    size: Size = Size.SMALL
    ident: uuid.UUID | None = None
    share: float = 0.5


class Opened(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")

    page: str


class Customer(pydantic.BaseModel):
    plan: str
    orders: int


def planned(mode: Any = "enforce") -> TrackingPlan[Any, Any]:
    """Return a plan of models."""
    events: list[Any] = [event("booked", Booked), event("opened", Opened)]
    return TrackingPlan(events, person=Customer, mode=mode)


@pytest.mark.parametrize(
    "data",
    [
        {"seats": 2},
        {"seats": 2, "at": 1_795_496_400, "size": "small", "ident": str(uuid.UUID(int=1))},
        {"seats": 2, "at": datetime.datetime(2026, 11, 24, tzinfo=UTC), "share": 1},
        {"seats": 2, "at": None, "size": Size.SMALL, "ident": uuid.UUID(int=1)},
    ],
)
def test_data_by_name_is_said_as_it_will_be_sent(data: dict[str, object]) -> None:
    """A moment may be the number that it becomes, an enum its value, as for our own classes."""
    assert planned().admit_event("booked", data) == ("booked", data)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        ({"seatCount": 2}, "booked.seatCount: is not declared"),
        ({"seats": 2, "seat": 1}, "booked.seat: is not declared"),
        ({"seats": "2"}, "booked.seats: expected number, got string"),
        ({"seats": 2, "at": "2026-11-24T05:00:00Z"}, "booked.at: expected number, got string"),
        ({"seats": 0}, "booked.seats: breaks a rule of Booked: greater_than_equal"),
        ({}, "booked.seats: breaks a rule of Booked: missing"),
    ],
)
def test_what_a_model_would_convert_is_wrong_by_name(data: dict[str, object], rule: str) -> None:
    """What is given is sent, not what the model makes of it: campaigns would see the former."""
    with pytest.raises(InvalidOperation) as caught:
        planned().admit_event("booked", data)

    assert str(caught.value) == rule


def test_a_model_that_allows_more_is_given_more() -> None:
    """Its own configuration says whether other names may be said."""
    data = {"page": "/", "else": 1}

    assert planned().admit_event("opened", data) == ("opened", data)


def test_attributes_by_name_may_lack_but_not_be_others() -> None:
    """An identify call says what changes, by the names that the model has."""
    plan = planned()

    assert plan.admit_person({"plan": "pro"}) == {"plan": "pro"}
    with pytest.raises(InvalidOperation, match=r"^attributes\.plam: is not declared$"):
        plan.admit_person({"plam": "pro"})


def test_under_warn_each_kind_is_counted() -> None:
    """Data of a model is sent as it is, and what is wrong with it counted."""
    plan = planned("warn")

    for _ in range(3):
        assert plan.admit_event("booked", {"seats": "2"}) == ("booked", {"seats": "2"})

    assert [(each.kind, each.field, each.count) for each in plan.report()] == [
        ("wrong_event", "booked.seats", 3)
    ]
