"""A plan is closed, holds its classes to its rules, and answers under each of its modes."""

import dataclasses
import datetime
import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from typing import Annotated, ClassVar, Literal, Union

import anyio
import msgspec
import pytest

import ferryman
from ferryman import Account, AsyncClient, AsyncOutbox, Client, Outbox
from ferryman.errors import InvalidOperation
from ferryman.plan import Conventions, Deviation, Event, Field, Object, Person, TrackingPlan, event

NOW = datetime.datetime(2026, 11, 24, 5, tzinfo=UTC)
ACCOUNT = Account(site_id="site", track_api_key="key")


class Line(msgspec.Struct):
    sku: str
    quantity: Annotated[int, Field(ge=1)] = 1


class SignedUp(Event):
    method: Literal["google", "mail"]
    seats: int = 1


class PlanChanged(Event):
    lines: list[Line]
    at: datetime.datetime | None = None


class OldSignup(Event, deprecated=SignedUp):
    pass


class LoggedOut(Event):
    pass


@dataclasses.dataclass
class Refund:
    amount: float


@dataclasses.dataclass
class Parcel:
    __event__: ClassVar[str] = "parcel_sent"
    grams: int


class Model:
    """A pydantic model, as far as it is looked at."""

    model_fields: ClassVar = {"total": None}

    def __init__(self, total: object) -> None:
        self.total = total

    def model_dump(self) -> dict[str, object]:
        return {"total": self.total}

    @classmethod
    def model_validate(cls, said: dict[str, object], **_: object) -> "Model":
        if not isinstance(said.get("total"), int):
            raise ValueError("secret")
        return cls(said["total"])


class Shopper(Person):
    plan: Literal["free", "pro"]
    orders: int = 0


class Guest(Person):
    pass


EVENTS = [SignedUp, PlanChanged, OldSignup]


def planned(mode="enforce", *more):
    """Return a plan of the events above, and *more*."""
    return TrackingPlan([*EVENTS, *more], person=Shopper, mode=mode)


# -- what is collected


def test_a_plan_lists_exactly_what_its_parameters_name():
    """A member of the union that is missing is refused, and so is one too many."""
    union = SignedUp | PlanChanged

    TrackingPlan[union, Shopper](events=[PlanChanged, SignedUp], person=Shopper)

    with pytest.raises(InvalidOperation, match=r"^events: lacks PlanChanged$"):
        TrackingPlan[union, Shopper](events=[SignedUp], person=Shopper)
    with pytest.raises(InvalidOperation, match=r"^events: has LoggedOut, which the plan's param"):
        TrackingPlan[union](events=[SignedUp, PlanChanged, LoggedOut])
    with pytest.raises(InvalidOperation, match=r"^person: lacks Shopper$"):
        TrackingPlan[union, Shopper](events=[SignedUp, PlanChanged])
    with pytest.raises(InvalidOperation, match=r"^events: lacks PlanChanged$"):
        TrackingPlan[Union[SignedUp, PlanChanged]](events=[SignedUp])  # noqa: UP007 - its old form
    with pytest.raises(InvalidOperation, match=r"^events: has PlanChanged"):
        TrackingPlan[SignedUp](events=[SignedUp, PlanChanged])


def test_everything_that_is_wrong_is_said_at_once():
    """A plan that cannot be lists each reason, with the class it is about."""
    other = type(Event)("Other", (Event,), {"__annotations__": {}}, event="signed_up")
    gone = type(Event)("Gone", (Event,), {"__annotations__": {}}, deprecated="nowhere")
    loud = type(Event)("Loud", (Event,), {"__annotations__": {"HowLoud": int}}, event="Very Loud")

    with pytest.raises(InvalidOperation) as refused:
        TrackingPlan([SignedUp, other, gone, loud, SignedUp, Shopper])

    text = str(refused.value)
    assert "Shopper: expected a subclass of Event" in text
    assert "have the name signed_up" in text
    assert "Gone: its successor nowhere is not in the plan" in text
    assert "Loud: the event name 'Very Loud' is not snake_case: write very_loud" in text
    assert "Loud.HowLoud is not snake_case: write how_loud" in text


def test_names_are_held_to_the_conventions_at_every_depth():
    """Fields of nested structs count too; what Customer.io itself calls an attribute does not."""

    class Thing(msgspec.Struct):
        camelCase: int  # noqa: N815 - what is looked for

    class Sent(Event, event="Thing Sent"):
        things: list[Thing]

    class Somebody(Person):
        created_at: int
        firstName: str  # noqa: N815 - what is looked for

    with pytest.raises(InvalidOperation, match=r"Sent\.things\.camelCase is not snake_case"):
        TrackingPlan([Sent], conventions=Conventions(events="Title Case"))
    TrackingPlan(
        [Sent],
        person=Somebody,
        conventions=Conventions(events="Title Case", fields="[a-z]+[A-Z]?[a-z]*"),
    )
    with pytest.raises(InvalidOperation, match=r"conventions\.fields: is neither"):
        Conventions(fields="[")


@pytest.mark.parametrize(
    ("style", "right", "wrong"),
    [
        ("snake_case", "order_paid2", "orderPaid"),
        ("kebab-case", "order-paid", "order_paid"),
        ("camelCase", "orderPaid", "OrderPaid"),
        ("PascalCase", "OrderPaid", "order_paid"),
        ("Title Case", "Order Paid", "Order paid"),
        ("shop:[a-z]+", "shop:paid", "paid"),
    ],
)
def test_a_style_takes_what_it_is_named_after(style, right, wrong):
    """Each style, and a team's own expression, is held against the whole name."""

    def plan(name):
        made = type(Event)("X", (Event,), {"__annotations__": {}}, event=name)
        return TrackingPlan([made], conventions=Conventions(events=style))

    assert plan(right).parts.events[0].facts.name == right
    with pytest.raises(InvalidOperation, match="the event name"):
        plan(wrong)


@pytest.mark.parametrize(
    "given", [int, "signed_up", Event, Person, SignedUp(method="mail"), dataclasses.dataclass]
)
def test_what_is_no_event_is_refused(given):
    """A plan collects classes that can be events."""
    with pytest.raises(InvalidOperation, match="the tracking plan cannot be"):
        TrackingPlan([given])


def test_an_unknown_mode_is_refused():
    """A misspelt mode is found when the plan is made."""
    with pytest.raises(InvalidOperation, match="mode: is 'enforce', 'warn' or 'off'"):
        TrackingPlan([SignedUp], mode="strict")


# -- enforce


RIGHT = [
    (SignedUp(method="mail"), None),
    ("signed_up", {"method": "mail", "seats": 2}),
    ("plan_changed", {"lines": [{"sku": "a"}, Line("b")], "at": NOW}),
    ("plan_changed", {"lines": (), "at": 1795496400}),
    ("old_signup", None),
]
WRONG = [
    (LoggedOut(), None, "event: 'logged_out' is not in the tracking plan"),
    ("signd_up", None, "event: 'signd_up' is not in the tracking plan; is signed_up meant?"),
    ("signed_up", None, "signed_up.method: is missing"),
    ("signed_up", {"method": "secret"}, "signed_up.method: expected one of 'google', 'mail'"),
    ("signed_up", {"method": "mail", "seat": 1}, "signed_up.seat: is not declared"),
    ("plan_changed", {"lines": [{"sku": 1}]}, "plan_changed.lines[0].sku: expected str, got int"),
    ("plan_changed", {"lines": [{}]}, "plan_changed.lines[0].sku: is missing"),
    (
        "plan_changed",
        {"lines": [{"sku": "a", "quantity": 0}]},
        "plan_changed.lines[0].quantity: expected int >= 1",
    ),
    ("plan_changed", {"lines": [], "at": "secret"}, "plan_changed.at: expected"),
    ("plan_changed", {"lines": [], "at": True}, "plan_changed.at: expected"),
]


@pytest.mark.parametrize(("said", "data"), RIGHT)
def test_enforce_lets_the_plan_be_said(said, data):
    """Typed or by name, with structs or the dicts that they are on the wire."""
    plan = planned()

    assert plan.admit_event(said, data) == (said, data)


@pytest.mark.parametrize(("said", "data", "message"), WRONG)
def test_enforce_refuses_the_rest(said, data, message):
    """An unknown event and wrong data raise, naming field and rule and never the value."""
    with pytest.raises(InvalidOperation) as refused:
        planned().admit_event(said, data)

    assert str(refused.value).startswith(message)
    assert "secret" not in str(refused.value)


def test_enforce_checks_a_person():
    """A mapping may lack attributes, since it says what changes; it cannot add any."""
    plan = planned()
    shopper = Shopper(plan="pro")

    assert plan.admit_person(shopper) is shopper
    assert plan.admit_person({"orders": 2}) == {"orders": 2}
    assert plan.admit_person(None) is None
    for wrong in (Guest(), {"order": 2}, {"orders": "2"}):
        with pytest.raises(InvalidOperation, match=r"^attributes"):
            plan.admit_person(wrong)
    assert TrackingPlan([SignedUp]).admit_person({"order": 2}) == {"order": 2}


# -- warn and off


def test_warn_sends_counts_and_tells_once():
    """What breaks the plan is sent as it is; each kind is told of once and counted."""
    plan = planned("warn")
    told: list[Deviation] = []
    plan.tally.tell = told.append
    wrong = SignedUp(method="apple")

    for _ in range(3):
        assert plan.admit_event("signd_up", {"a": 1}) == ("signd_up", {"a": 1})
        assert plan.admit_event(wrong, None) == ("signed_up", wrong)
    assert plan.admit_person({"order": 2}) == {"order": 2}

    assert plan.report() == (
        Deviation(
            "unknown_event",
            "signd_up",
            "event",
            "'signd_up' is not in the tracking plan; is signed_up meant?",
            3,
        ),
        Deviation(
            "wrong_event", "signed_up", "signed_up.method", "expected one of 'google', 'mail'", 3
        ),
        Deviation("wrong_person", "Shopper", "attributes.order", "is not declared", 1),
    )
    assert [each.kind for each in told] == ["unknown_event", "wrong_event", "wrong_person"]


def test_off_says_nothing():
    """Under off everything passes and nothing is noted."""
    plan = planned("off")

    for said, data, _ in WRONG:
        name, sent = plan.admit_event(said, data)
        assert (name, sent) == (said, data)
    wrong = SignedUp(method="apple")
    assert plan.admit_event(wrong, None) == ("signed_up", wrong)
    assert plan.report() == ()


@pytest.mark.parametrize(("mode", "noted"), [("enforce", 1), ("warn", 1), ("off", 0)])
def test_a_deprecated_event_is_sent_and_noted(mode, noted):
    """It names its successor; under off it is not noted."""
    plan = planned(mode)

    plan.admit_event(OldSignup(), None)

    assert len(plan.report()) == noted
    assert all(each.rule == "say signed_up instead" for each in plan.report())


def test_counts_are_exact_among_threads():
    """No deviation is lost when many threads deviate at once."""
    plan = planned("warn")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: plan.admit_event("nope", None), range(4_000)))

    assert plan.report()[0].count == 4_000


def test_kinds_are_bounded():
    """Names that are made up at run time do not fill the memory."""
    plan = planned("warn")

    for n in range(1_500):
        plan.admit_event(f"nope {n}", None)

    assert len(plan.report()) == 1_001
    assert plan.report()[0].kind == "more"
    assert plan.report()[0].count == 500


# -- stand-ins


def test_other_classes_stand_in_for_ours():
    """A dataclass or a model is known by the name that the plan gives it, and checked."""
    plan = planned("enforce", event("order_refunded", Refund), Parcel, event("paid", Model))

    assert plan.admit_event(refund := Refund(1.5), None) == ("order_refunded", refund)
    assert plan.admit_event(parcel := Parcel(5), None) == ("parcel_sent", parcel)
    assert plan.admit_event(paid := Model(3), None) == ("paid", paid)
    assert plan.admit_event("paid", {"total": 3}) == ("paid", {"total": 3})
    for wrong in (Refund("secret"), Parcel(1.5), Model("secret")):
        with pytest.raises(InvalidOperation) as refused:
            plan.admit_event(wrong, None)
        assert "secret" not in str(refused.value)
    with pytest.raises(InvalidOperation, match="paid: breaks a rule of Model"):
        plan.admit_event("paid", {"total": "secret"})
    with pytest.raises(InvalidOperation, match="carries its own data"):
        plan.admit_event(Refund(1.5), {"amount": 2})


@pytest.mark.parametrize(
    ("name", "cls", "rule"),
    [("", Refund, "blank"), ("x" * 101, Refund, "at most 100 bytes"), ("a", int, "is no pydantic")],
)
def test_a_stand_in_is_held_to_the_same_limits(name, cls, rule):
    """What Customer.io cannot take is found when the stand-in is named."""
    with pytest.raises(InvalidOperation, match=rule):
        event(name, cls)


# -- whoever says something asks the plan


def test_a_client_asks_its_plan(caplog):
    """An unknown event is refused before anything is sent; under warn it is sent and logged."""
    with Client(ACCOUNT, mode="off", plan=planned()) as client:
        client.track("42", SignedUp(method="mail"))
        client.identify("42", Shopper(plan="pro"))
        with pytest.raises(InvalidOperation, match="not in the tracking plan"):
            client.track("42", "nope")
        with pytest.raises(InvalidOperation, match=r"attributes\.nope: is not declared"):
            client.identify("42", {"nope": 1})
        assert client.stats() == {"track": 1, "identify": 1}
    with Client(ACCOUNT, mode="off", plan=planned("warn")) as client:
        with caplog.at_level(logging.WARNING, "ferryman"):
            client.track("42", "nope")
            client.track("42", "nope")
            client.track("42", SignedUp(method="apple"))
        assert client.stats() == {"track": 3}
    assert [record.message.split()[0] for record in caplog.records] == (
        ["ferryman.plan_deviation"] * 2
    )


def test_an_outbox_asks_its_plan():
    """What the plan refuses is not accepted, and a stand-in is."""
    with Outbox(
        "memory:", ACCOUNT, mode="off", plan=planned("enforce", event("refunded", Refund))
    ) as outbox:
        outbox.track("42", Refund(1.5))
        with pytest.raises(InvalidOperation, match=r"refunded\.amount: expected float, got str"):
            outbox.track("42", Refund("1.5"))

        assert outbox.stats().accepted == 1


def test_the_other_colour_asks_its_plan():
    """An async client and outbox refuse the same."""

    async def say():
        plan = planned()
        async with (
            AsyncClient(ACCOUNT, mode="off", plan=plan) as client,
            AsyncOutbox("memory:", ACCOUNT, mode="off", plan=plan) as outbox,
        ):
            for speaker in (client, outbox):
                await speaker.track("42", SignedUp(method="mail"))
                await speaker.identify("42", Shopper(plan="pro"))
                with pytest.raises(InvalidOperation, match="not in the tracking plan"):
                    await speaker.track("42", "nope")
                with pytest.raises(InvalidOperation, match="is not declared"):
                    await speaker.identify("42", {"nope": 1})
            return client.stats()["track"], outbox.stats().accepted

    assert anyio.run(say) == (1, 2)


def test_an_object_says_its_type():
    """Attributes of a declared object go with objects of its type alone."""

    class Company(Object, object_type="1"):
        name: str

    said = ferryman.operations.identify_object(ferryman.ObjectId("1", "acme"), Company(name="Acme"))

    assert b'"attributes":{"name":"Acme"}' in (said.body or b"")
    with pytest.raises(InvalidOperation, match="Company is of object type 1, not of this one"):
        ferryman.operations.identify_object(ferryman.ObjectId("2", "acme"), Company(name="Acme"))


_NAMED = "<TrackingPlan 'Tracking plan' 1 events enforce>"
_PROCESS = """
import ferryman
from ferryman.plan import Event, TrackingPlan
class SignedUp(Event):
    method: str
plan = TrackingPlan([SignedUp])
"""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ferryman.use_plan(plan); print(ferryman.get_client().plan is plan)", "True"),
        ("ferryman.use_plan(plan); print(ferryman.get_outbox().plan is plan)", "True"),
        (
            "ferryman.use_plan(plan); ferryman.reset(); print(ferryman.get_client().plan is plan)",
            "True",
        ),
        ("ferryman.get_client(); ferryman.reset(); ferryman.use_plan(plan); print('fine')", "fine"),
        ("ferryman.use_plan(plan); ferryman.get_client(); ferryman.use_plan(plan); print(1)", "1"),
        ("print(ferryman.get_client().plan)", "None"),
    ],
)
def test_a_process_uses_one_plan(code, said):
    """use_plan before the first instance gives it to all of them, and reset keeps it."""
    assert _run(code).stdout.strip() == said


@pytest.mark.parametrize("first", ["get_client", "get_outbox"])
def test_a_plan_comes_before_the_instances(first):
    """A plan that came too late would be asked by some: it is refused, with what to do."""
    done = _run(f"ferryman.{first}(); ferryman.use_plan(plan)")

    assert done.returncode == 1
    assert (
        "ConfigurationError: use_plan() must be called before the first get_client()" in done.stderr
    )


def _run(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", _PROCESS + code],
        check=False,
        capture_output=True,
        text=True,
        env={"CUSTOMERIO_MODE": "off", "PYTHONPATH": ":".join(sys.path)},
    )
