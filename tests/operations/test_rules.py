"""What operations refuse, before anything is sent, naming the argument and never the value."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ferryman import Anonymous, CioId, Email, Event, ObjectId, Person, Phone
from ferryman import operations as o
from ferryman._core.encode import MAX_ITEM
from ferryman.errors import InvalidOperation
from ferryman.plan import Object
from ferryman.plan.names import limits

AT = datetime(2026, 3, 1, tzinfo=UTC)
NAIVE = datetime(2026, 3, 1)  # noqa: DTZ001 - what is refused
ACME = ObjectId("1", "acme")
ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
SURROGATE = "\ud800marker"


class Bought(Event):
    total: float


class Shopper(Person):
    plan: str


Say = Callable[[], Any]
BAD: list[tuple[str, Say]] = [
    # names
    *(
        ("event", lambda v=v: o.track("1", v))
        for v in ("", " ", "x" * 101, "é" * 51, SURROGATE, None, 5)
    ),
    *(("name", lambda v=v: o.page("1", v)) for v in ("", "\t", "x" * 101, None, b"x")),
    *(("name", lambda v=v: o.screen("1", v)) for v in ("", "x" * 101)),
    *(("event", lambda v=v: o.invite("a@b", v)) for v in ("", None)),
    # people
    *(("person", lambda f=f: f(True)) for f in (o.delete, o.suppress, o.unsuppress, o.identify)),
    *(("person", lambda f=f: f("")) for f in (o.delete, o.suppress, o.unsuppress, o.identify)),
    *(
        ("person", lambda f=f: f(Anonymous("a")))
        for f in (o.delete, o.suppress, o.unsuppress, o.identify)
    ),
    ("person", lambda: o.add_device(Anonymous("a"), "t", platform="ios")),
    ("person", lambda: o.add_relationships(Anonymous("a"), [ACME])),
    ("primary", lambda: o.merge(Phone("+491701234567"), "2")),
    ("secondary", lambda: o.merge("1", Anonymous("a"))),
    ("secondary", lambda: o.merge("1", 1)),
    ("secondary", lambda: o.merge(Email("A@b"), Email("a@B"))),
    ("anonymous", lambda: o.identify_anonymous_object(ACME, "1")),  # type: ignore[arg-type]  # wrong on purpose
    # ids and moments
    *(
        ("id", lambda v=v: o.track("1", "x", id=v))
        for v in (
            "",
            "x",
            ULID[:-1],
            ULID + "0",
            "8" + ULID[1:],
            ULID[:-1] + "U",
            ULID + "\n",
            5,
            "é" * 26,
        )
    ),
    *(
        ("timestamp", lambda v=v, f=f: f(v))
        for v in (NAIVE, 1_700_000_000, "2026-03-01", date(2026, 3, 1))
        for f in (
            lambda v: o.track("1", "x", timestamp=v),
            lambda v: o.page("1", "x", timestamp=v),
            lambda v: o.identify("1", timestamp=v),
            lambda v: o.invite("a@b", "x", timestamp=v),
            lambda v: o.report_metric("d", "opened", timestamp=v),
            lambda v: o.report_push("d", "opened", device_token="t", timestamp=v),
            lambda v: o.report_push_event("d", "opened", device_token="t", timestamp=v),
        )
    ),
    ("timestamp", lambda: o.report_push_event("d", "opened", device_token="t", timestamp=None)),  # type: ignore[arg-type]  # wrong on purpose
    ("last_used", lambda: o.add_device("1", "t", platform="ios", last_used=NAIVE)),
    ("last_used", lambda: o.add_device("1", "t", platform="ios", last_used=5)),  # type: ignore[arg-type]  # wrong on purpose
    # data
    ("data", lambda: o.track("1", "x", data=[1])),  # type: ignore[call-overload]  # wrong on purpose
    ("data", lambda: o.track("1", Bought(total=1.0), data={"a": 1})),  # type: ignore[call-overload]  # wrong on purpose
    ("data.a", lambda: o.track("1", "x", data={"a": float("nan")})),
    ("data.a[1].b", lambda: o.page("1", "x", data={"a": [0, {"b": object()}]})),
    ("data", lambda: o.invite("a@b", "x", data=[1])),  # type: ignore[arg-type]  # wrong on purpose
    ("data.recipient", lambda: o.invite("a@b", "x", data={"recipient": "c@d"})),
    *(
        ("recipient", lambda v=v: o.invite(v, "x"))
        for v in ("", "jane", "@", "a@", SURROGATE, None, 5)
    ),
    ("bought.total", lambda: o.track("1", Bought(total="marker"))),  # type: ignore[arg-type]  # wrong on purpose
    # attributes
    ("attributes", lambda: o.identify("1", [("a", 1)])),  # type: ignore[arg-type]  # wrong on purpose
    ("attributes", lambda: o.identify("1", {str(n): n for n in range(301)})),
    ("attributes", lambda: o.identify("1", {"x" * 151: 1})),
    ("attributes", lambda: o.identify("1", {"": 1})),
    ("attributes.a", lambda: o.identify("1", {"a": "x" * 1_001})),
    ("attributes.a", lambda: o.identify("1", {"a": "é" * 501})),
    *(
        (f"attributes.{n}", lambda n=n: o.identify("1", {n: 1}))
        for n in ("cio_id", "_last_emailed")
    ),
    ("attributes.a", lambda: o.identify_object(ACME, {"a": NAIVE})),
    # devices
    *(
        ("token", lambda v=v: o.add_device("1", v, platform="ios"))
        for v in ("", " ", None, 5, SURROGATE)
    ),
    *(("token", lambda v=v: o.delete_device("1", v)) for v in ("", None, SURROGATE)),
    *(
        ("platform", lambda v=v: o.add_device("1", "t", platform=v))
        for v in ("", "IOS", "web", None)
    ),
    # relationships
    *(
        ("relationships", lambda v=v: o.add_relationships("1", v))
        for v in ([], {}, "acme", b"x", None, ACME, {ACME}, iter([ACME]))
    ),
    ("relationships[1]", lambda: o.add_relationships("1", [ACME, "acme"])),  # type: ignore[list-item]  # wrong on purpose
    ("relationships[0]", lambda: o.add_object_relationships(ACME, [Anonymous("a")])),
    ("relationships[0]", lambda: o.delete_object_relationships(ACME, [""])),
    ("relationships[0]", lambda: o.identify_object(ACME, people=[True])),
    ("relationships[0].attributes.a", lambda: o.add_relationships("1", {ACME: {"a": NAIVE}})),
    ("relationships[0].attributes", lambda: o.add_relationships("1", {ACME: 5})),  # type: ignore[dict-item]  # wrong on purpose
    ("object", lambda: o.identify_object("acme")),  # type: ignore[arg-type]  # wrong on purpose
    # segments
    *(
        ("segment_id", lambda v=v: o.add_to_segment(v, ["1"]))
        for v in ("", "x", "-1", -1, True, None, 1.0)
    ),
    *(
        ("segment_id", lambda v=v: o.add_to_segment(v, ["1"]))
        for v in ("7/../8", "\u0667", 10**5_000, "7 ")
    ),
    *(
        ("people", lambda v=v: o.add_to_segment(7, v))
        for v in ([], "1", None, {"1"}, ["1"] * 1_001)
    ),
    *(
        ("people", lambda v=v: o.add_to_segment(7, v))
        for v in (["1", Email("a@b")], [Anonymous("a")])
    ),
    ("people[1]", lambda: o.remove_from_segment(7, ["1", ""])),
    # forms
    *(
        ("form_id", lambda v=v: o.submit_form(v, "1"))
        for v in ("", " ", ".", "..", None, 5, SURROGATE)
    ),
    ("person", lambda: o.submit_form("f", CioId("c"))),
    ("fields.a", lambda: o.submit_form("f", "1", {"a": 5})),  # type: ignore[dict-item]  # wrong on purpose
    *((f"fields.{n}", lambda n=n: o.submit_form("f", "1", {n: "x"})) for n in ("id", "email")),
    *(("fields", lambda v=v: o.submit_form("f", "1", v)) for v in ([], "x", {5: 5})),
    # metrics
    *(("metric", lambda v=v: o.report_metric("d", v)) for v in ("", "sent", None, [], 5)),
    *(
        ("delivery_id", lambda v=v: o.report_metric(v, "opened"))
        for v in ("", " ", None, 5, SURROGATE)
    ),
    *(
        (n, lambda n=n: o.report_metric("d", "opened", **{n: 5}))
        for n in ("recipient", "reason", "href")
    ),
    ("metric", lambda: o.report_push("d", "clicked", device_token="t")),  # type: ignore[arg-type]  # wrong on purpose
    ("event", lambda: o.report_push_event("d", "x", device_token="t", timestamp=AT)),  # type: ignore[arg-type]  # wrong on purpose
    *(
        ("device_token", lambda v=v: o.report_push("d", "opened", device_token=v))
        for v in ("", None, SURROGATE)
    ),
    *(("delivery_id", lambda v=v: o.unsubscribe(v)) for v in ("", " ", ".", "..", None, SURROGATE)),
    ("delivery_id", lambda: o.report_push("", "opened", device_token="t")),
]


@pytest.mark.parametrize(
    ("field", "say"), [pytest.param(f, s, id=f"{i}-{f}") for i, (f, s) in enumerate(BAD)]
)
def test_the_impossible_is_refused_by_name(field: str, say: Say) -> None:
    """A wrong argument raises InvalidOperation that names it, and quotes nothing of it."""
    with pytest.raises(InvalidOperation) as raised:
        say()

    assert raised.value.field == field
    assert "marker" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    "say",
    [
        lambda size: o.track("1", "x", data={"d": "x" * size}),
        lambda size: o.track(Anonymous("a"), "x", data={"d": "x" * size}),
        lambda size: o.page("1", "x", data={"d": "x" * size}),
        lambda size: o.invite("a@b", "x", data={"d": "x" * size}),
        lambda size: o.identify("1", {"d": ["x" * size]}),
        lambda size: o.identify_object(ACME, {"d": "x" * size}),
        lambda size: o.add_device("1", "t", platform="ios", attributes={"d": "x" * size}),
        lambda size: o.submit_form("f", "1", {"d": "x" * size}),
        lambda size: o.report_push("d", "opened", device_token="x" * size),
    ],
)
def test_32768_bytes_are_the_limit_with_the_stamp(say: Callable[[int], Any]) -> None:
    """The largest operation that is taken fits when stamped; one byte more is refused."""
    size = MAX_ITEM
    while True:
        try:
            made = say(size)
            break
        except InvalidOperation:
            size -= 1
    stamped = made.stamped(ULID, 1_234_567_890_123)

    assert MAX_ITEM - 1 <= len(stamped.body) <= MAX_ITEM
    with pytest.raises(InvalidOperation, match="32,768"):
        say(size + 1)


def test_the_limit_counts_encoded_bytes() -> None:
    """Half as many characters of two bytes are taken (delivery rule 25)."""
    o.track("1", "x", data={"d": "é" * 16_000})

    with pytest.raises(InvalidOperation, match="32,768"):
        o.track("1", "x", data={"d": "é" * 16_400})


@pytest.mark.parametrize("name", ["x", "x" * 100, "é" * 50, " x ", "a/b", "Ünï", '"'])
def test_names_of_up_to_100_bytes_are_taken(name: str) -> None:
    """A name of 1 to 100 bytes is taken as it is."""
    made = o.track("1", name)

    assert made.name == "track"


@pytest.mark.parametrize("ident", [ULID, ULID.lower(), "7" + "Z" * 25, "0" * 26])
def test_any_ulid_is_taken(ident: str) -> None:
    """An own id is any ULID, in capitals or not."""
    made = o.track("1", "x", id=ident)

    assert made.id == ident


@pytest.mark.parametrize(
    ("person", "attributes", "barrier"),
    [
        ("1", {"plan": "pro"}, False),
        ("1", {"id": "1"}, False),
        ("1", {"id": 1}, False),
        ("1", {"id": "2"}, True),
        ("1", {"email": "a@b"}, True),
        ("1", {"email": None}, False),
        ("1", {"phone": "+4917"}, True),
        ("1", {"anonymous_id": "a"}, True),
        (Email("A@b"), {"email": "a@B"}, False),
        (Email("a@b"), {"email": "c@b"}, True),
        (Email("a@b"), {"id": "1"}, True),
        (CioId("c"), {"id": "1"}, True),
        ("1", Shopper(plan="pro"), False),
    ],
)
def test_an_identify_that_changes_identity_is_a_barrier(
    person: Any, attributes: Any, barrier: bool
) -> None:
    """An identify whose attributes carry another identifier than it names lets nothing overtake."""
    made = o.identify(person, attributes)

    assert made.barrier is barrier


def test_a_merge_waits_for_both() -> None:
    """A merge names two: both are its keys."""
    made = o.merge("1", Email("A@b"))

    assert (made.key, made.other) == ("i:1", "e:a@b")


def test_update_only_is_said_among_the_attributes() -> None:
    """update_only=True becomes _update, where Customer.io looks for it."""
    made = o.identify("1", {"plan": "pro"}, update_only=True)

    body = json.loads(made.stamped("id", 7).body or b"")
    assert body["attributes"] == {"plan": "pro", "_update": True}


@pytest.mark.parametrize("name", limits.RESERVED_ATTRIBUTES)
def test_a_name_that_customerio_keeps_is_refused_typed_or_not(name: str) -> None:
    """A mapping may hold no attribute that a class may not, and the error names the field."""
    with pytest.raises(InvalidOperation) as untyped:
        o.identify("1", {"plan": "pro", name: None})
    with pytest.raises(InvalidOperation) as typed:
        type(Person)("Shopper", (Person,), {"__annotations__": {name: bool}})

    assert untyped.value.field == f"attributes.{name}"
    assert typed.value.field == f"Shopper.{name}"
    assert untyped.value.rule == typed.value.rule


@pytest.mark.parametrize("name", limits.RESERVED_OBJECT_ATTRIBUTES)
def test_a_name_that_objects_keep_is_refused_typed_or_not(name: str) -> None:
    """Objects have names of their own, with the same rule."""
    thing = ObjectId(1, "acme")
    with pytest.raises(InvalidOperation) as untyped:
        o.identify_object(thing, {name: "x"})
    with pytest.raises(InvalidOperation) as anonymous:
        o.identify_anonymous_object(thing, Anonymous("a"), {name: "x"})
    with pytest.raises(InvalidOperation) as typed:
        type(Object)("Team", (Object,), {"__annotations__": {name: str}}, object_type="1")

    assert untyped.value.field == anonymous.value.field == f"attributes.{name}"
    assert untyped.value.rule == typed.value.rule
