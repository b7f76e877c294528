"""Rules about a plan: for each a plan that breaks it, and near it one that does not."""

from typing import Any

import pytest
from tests.plan.checking import planned, rules
from tests.plan.every import PLAN

from ferryman.plan.exchange.reading import read_document
from ferryman.plan.review import RULES, Finding, Plan, review

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
MOMENT: Schema = {"type": "string", "format": "date-time"}


def one(name: str, fields: Schema | None = None, kind: str = "event", **facts: Any) -> Schema:
    """A class that says of itself all that it should."""
    said: Schema = {"x-kind": kind, "x-version": 1, "x-owner": "us", "description": "It is said."}
    if kind != "person":
        said["x-name"] = name
    fields = fields or {}
    required = list(fields)
    return said | {"type": "object", "properties": fields, "required": required} | facts


def person(**fields: Schema) -> Schema:
    return one("", fields, kind="person")


def plan(*classes: Schema, events: str = "snake_case", fields: str = "snake_case", **more: Schema):
    defs = {f"C{n}": each for n, each in enumerate(classes)} | more
    conventions = {"events": events, "fields": fields}
    return {"x-ferryman": {"format": 1, "conventions": conventions}, "$defs": defs}


def found_in(document: Schema, *, is_foreign: bool = False) -> list[Finding]:
    return review(Plan(document, is_foreign=is_foreign), [])[0]


def segment(*names: str) -> Schema:
    return read_document({"rules": {"events": [{"name": name} for name in names]}})


def text(**bounds: int) -> Schema:
    return TEXT | bounds


A, B, C = {"a": TEXT}, {"b": TEXT}, {"a": TEXT, "b": TEXT, "c": WHOLE}
OLD = {"deprecated": True}

PLANTED = [
    ("name-style", plan(one("Order Paid"))),
    ("name-style", plan(one("paid", {"orderId": TEXT}))),
    ("name-style", plan(one("paid", {"line": {"$ref": "#/$defs/Line"}}),
                        Line={"type": "object", "properties": {"unitPrice": WHOLE}})),
    ("name-style", plan(one("order_paid"), events="Title Case")),
    ("name-limit", plan(one("x" * 101))),
    ("name-limit", plan(one("ü" * 51), events="any")),
    ("name-limit", plan(person(**{"x" * 151: TEXT}))),
    ("too-many-attributes", plan(person(**{f"f{n}": TEXT for n in range(301)}))),
    ("reserved-name", plan(one("paid", {"recipient": TEXT}))),
    ("reserved-name", plan(person(_update=TEXT), fields="any")),
    ("reserved-name", plan(one("1", {"object_id": TEXT}, kind="object"))),
    ("reserved-event", plan(one("User Deleted"), events="any")),
    ("attribute-type", plan(person(created_at=TEXT))),
    ("attribute-type", plan(person(unsubscribed=WHOLE))),
    ("default-wrong", plan(one("paid", {"n": WHOLE | {"minimum": 3, "default": 1}}))),
    ("default-wrong", plan(one("paid", {"n": WHOLE | {"exclusiveMaximum": 3, "default": 3}}))),
    ("default-wrong", plan(one("paid", {"n": WHOLE | {"default": "1"}}))),
    ("default-wrong", plan(one("paid", {"n": WHOLE | {"default": True}}))),
    ("default-wrong", plan(one("paid", {"m": {"enum": ["a", "b"], "default": "c"}}))),
    ("default-wrong", plan(one("paid", {"m": {"$ref": "#/$defs/E", "default": 1}}),
                           E={"enum": ["a"]})),
    ("default-wrong", plan(one("paid", {"m": text(maxLength=2) | {"default": "abc"}}))),
    ("default-wrong", plan(one("paid", {"m": TEXT | {"pattern": "^a", "default": "b"}}))),
    ("default-wrong", plan(one("paid", {"m": {"type": "array", "items": WHOLE,
                                              "default": [1, "2"]}}))),
    ("default-wrong", plan(one("paid", {"m": {"type": "array", "minItems": 1, "default": []}}))),
    ("default-wrong", plan(one("paid", {"m": {"anyOf": [WHOLE, {"type": "null"}],
                                              "default": "x"}}))),
    ("slow-pattern", plan(one("paid", {"n": TEXT | {"pattern": "(a+)+$"}}))),
    ("slow-pattern", plan(one("paid", {"n": {"anyOf": [{"type": "array", "items": TEXT | {
        "pattern": "^(a|aa)*$"}}, {"type": "null"}]}}))),
    ("slow-pattern", plan(one("paid", {"n": {"type": "object", "propertyNames": TEXT | {
        "pattern": "(.*,)*"}}}))),
    ("too-large", plan(one("paid", {"note": text(minLength=40_000)}))),
    ("too-large", plan(person(note=text(minLength=1_001)))),
    ("too-large", plan(person(note={"enum": ["x" * 1_001]}))),
    ("may-be-too-large", plan(one("paid", {"note": text(maxLength=40_000)}))),
    ("may-be-too-large", plan(one("paid", {"notes": {
        "type": "array", "maxItems": 100, "items": text(maxLength=400)}}))),
    ("may-be-too-large", plan(one("paid", {"note": text(minLength=40_000)}, required=[]))),
    ("may-be-too-large", plan(person(note=text(maxLength=1_001)))),
    ("duplicate-name", plan(one("paid", A), one("paid", B))),
    ("similar-names", plan(one("order_paid"), one("Order Paid"), events="any")),
    ("similar-names", plan(one("paid", {"user_id": TEXT, "userId": TEXT}), fields="any")),
    ("same-shape", plan(one("order_paid", C), one("payment_received", C))),
    ("field-type-differs", plan(one("paid", {"seats": WHOLE}), one("left", {"seats": TEXT}))),
    ("field-type-differs", plan(one("paid", {"at": MOMENT}), one("left", {"at": TEXT}))),
    ("description-missing", plan(one("paid", description=""))),
    ("owner-missing", plan(one("paid"), one("left", **{"x-owner": ""}))),
    ("owner-missing", plan(one("paid", **{"x-owner": ""}))),
    ("no-successor", plan(one("paid", **OLD))),
    ("successor-unknown", plan(one("paid", **OLD, **{"x-successor": "gone"}))),
    ("successor-unknown", plan(one("paid", **OLD, **{"x-successor": "paid"}))),
    ("successor-unknown", plan(one("a", **OLD, **{"x-successor": "b"}),
                               one("b", **OLD, **{"x-successor": "a"}))),
    ("successor-unknown", plan(one("paid", {"a": {**TEXT, **OLD, "x-successor": "b"}}))),
    ("successor-deprecated", plan(one("a", **OLD, **{"x-successor": "b"}),
                                  one("b", **OLD, **{"x-successor": "c"}), one("c"))),
    ("version-invalid", plan(one("paid", **{"x-version": 0}))),
    ("version-invalid", plan(one("paid", **{"x-version": "2"}))),
    ("version-in-name", plan(one("order_paid_v2"))),
    ("version-in-name", plan(one("OrderPaidV2"), events="any")),
    ("personal-unmarked", plan(one("paid", {"customer_email": TEXT}))),
    ("personal-unmarked", plan(person(name=TEXT))),
    ("personal-unmarked", plan(person(birthday=MOMENT))),
    ("personal-unmarked", plan(one("paid", {"recipients": {"type": "array", "items": {
        "type": "object", "properties": {"phone": TEXT}}}}))),
]  # fmt: skip
CLEAN = [
    ("a plan of the plainest kind", plan(one("paid", A), one("left", B))),
    ("names in the plan's own style", plan(one("Order Paid", {"orderId": TEXT}),
                                           events="Title Case", fields="camelCase")),
    ("the tag of a union is no field", plan(one("paid", {"by": {"$ref": "#/$defs/Card"}}),
     Card={"type": "object", "x-tag": "Kind", "properties": {"Kind": {"const": "card"}}})),
    ("an attribute in Customer.io's spelling", plan(person(
        created_at=MOMENT), fields="camelCase")),
    ("a reserved name that is meant", plan(one("paid", {"recipient": {**TEXT,
                                                                    "x-reserved": True}}))),
    ("reserved for people, not for events", plan(one("paid", {"cio_id": TEXT}))),
    ("a moment where Customer.io reads one", plan(person(created_at=MOMENT))),
    ("no bound is no worst case", plan(one("paid", {"note": TEXT}))),
    ("a full one just fits", plan(one("paid", {"note": text(maxLength=32_000)}))),
    ("defaults of their type", plan(one("paid", {
        "n": WHOLE | {"minimum": 1, "default": 1}, "x": {"type": "number", "default": 1},
        "m": {"anyOf": [TEXT, {"type": "null"}], "default": None}, "any": {"default": [1]},
        "e": {"$ref": "#/$defs/E", "default": "a"},
        "l": {"type": "array", "items": TEXT, "maxItems": 1, "default": ["a"]},
        "p": TEXT | {"pattern": "^a", "maxLength": 2, "default": "ab"},
        "q": TEXT | {"pattern": "(?<n", "default": "ab"}}), E={"enum": ["a"]})),
    ("patterns that match in one way", plan(one("paid", {
        "slug": TEXT | {"pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"}, "q": TEXT | {"pattern": "(?<n"}}))),
    ("what holds itself", plan(one("paid", {"tree": {"$ref": "#/$defs/Tree"}}),
     Tree={"type": "object", "properties": {"up": {"anyOf": [
         {"$ref": "#/$defs/Tree"}, {"type": "null"}]}}})),
    ("the old spelling is on its way out",
     plan(one("order_paid"), one("Order Paid", **OLD, **{"x-successor": "order_paid"}),
          events="any")),
    ("one name, one object and one event", plan(one("1"), one("1", kind="object"), events="any")),
    ("what happens to one thing has one shape", plan(one("item_added", C), one("item_removed", C))),
    ("few fields are alike by accident", plan(one("paid", A), one("left", A))),
    ("the same fields of other types", plan(one("order_paid", C), one(
        "payment_received", {**C, "c": {"type": "boolean"}})), "field-type-differs"),
    ("whole numbers are numbers", plan(one("paid", {"n": WHOLE}),
                                       one("left", {"n": {"type": "number"}}))),
    ("null beside, and values of the type", plan(
        one("paid", {"n": {"anyOf": [TEXT, {"type": "null"}]}}), one("left", {"n": TEXT}),
        one("met", {"n": {"enum": ["x"]}}), one("sent", {"n": {}}))),
    ("types that overlap", plan(one("paid", {"n": {"anyOf": [TEXT, WHOLE]}}),
                                one("left", {"n": WHOLE}))),
    ("deprecated for one of the plan", plan(one("a", **OLD, **{"x-successor": "b"}), one("b"))),
    ("no version at the end", plan(one("moved_to_ipv4_only"), one("watched_tv"))),
    ("marked", plan(person(email={**TEXT, "x-personal": True}))),
    ("in a field that is marked", plan(one("paid", {"to": {
        "type": "object", "x-personal": True, "properties": {"email": TEXT}}}))),
    ("a switch about e-mail", plan(one("paid", {"email": {"type": "boolean"}}))),
    ("a choice", plan(one("paid", {"phone": {"enum": ["ios", "android"]}}))),
    ("the name of a thing", plan(one("paid", {"product": {
        "type": "object", "properties": {"name": TEXT}}, "name": TEXT}))),
    ("words that end otherwise", plan(one("paid", {"email_count": TEXT, "ship": TEXT}))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "document"), PLANTED, ids=[f"{n}-{row[0]}" for n, row in enumerate(PLANTED)]
)
def test_what_is_planted_is_found(rule: str, document: Schema) -> None:
    """Each rule finds what breaks it, and no other rule speaks of it."""
    found = found_in(document)

    assert rules(found) == [rule]
    assert all(each.what and each.why and each.advice for each in found)
    assert {each.severity for each in found} == {RULES[rule].severity}


@pytest.mark.parametrize("row", CLEAN, ids=[row[0] for row in CLEAN])
def test_what_is_right_is_left_alone(row: tuple[Any, ...]) -> None:
    """Nothing is found but what the row itself names."""
    assert rules(found_in(row[1])) == list(row[2:])


def test_a_foreign_plan_is_held_against_most_of_its_names() -> None:
    """Names of several styles are told once, those that stand apart by name."""
    document = segment("Order Paid", "Order Sent", "Cart Left", "order_lost")

    (found,) = [e for e in found_in(document, is_foreign=True) if e.rule == "mixed-styles"]

    assert found.what == "3 of 4 event names are Title Case, and not 'order_lost'"


@pytest.mark.parametrize(
    ("document", "is_foreign"),
    [
        (segment("Order Paid", "Order Sent", "Cart Left"), True),
        (segment("Order Paid", "order_lost"), True),
        (segment("Order Paid", "Order Sent", "Cart Left", "order_lost"), False),
    ],
)
def test_styles_are_mixed_in_foreign_plans_only(document: Schema, is_foreign: bool) -> None:
    """A style in common, too few names, and a plan that allows any are all right."""
    assert "mixed-styles" not in rules(found_in(document, is_foreign=is_foreign))


def test_a_plan_without_owners_is_told_once() -> None:
    """Where no class has an owner, one finding says so; where some have, each that has none."""
    bare = {"x-owner": ""}

    (none,) = found_in(plan(one("paid", **bare), one("left", **bare)))
    (some,) = found_in(plan(one("paid", **bare), one("left")))

    assert (none.where, some.where) == ("plan", "event paid")


def test_foreign_duplicates_are_found() -> None:
    """Two events of one name are told, though a document has room for one."""
    assert "duplicate-name" in rules(found_in(segment("Order Paid", "Order Paid")))


def test_descriptions_of_fields_are_asked_on_request() -> None:
    """The rule stands in the table, and is off: `plan check` asks it when selected."""
    document = plan(one("paid", A))

    assert not RULES["field-description-missing"].on
    assert rules(review(Plan(document), [], asked={"field-description-missing"})[0]) == [
        "field-description-missing"
    ]


def test_a_finding_names_class_field_and_line() -> None:
    """A finding about a field stands at the line of the field, by its name on the wire."""
    text = (
        "from ferryman.plan import *\n"
        "class Paid(Event, owner='us'):\n"
        "    '''Paid.'''\n"
        "    seats: int\n"
        "    email: str\n"
        "plan = TrackingPlan([Paid])\n"
    )

    (found,) = review(planned(text), [])[0]

    assert (found.rule, found.where) == ("personal-unmarked", "event paid: email")
    assert (found.file, found.line) == ("src/shop/events.py", 5)


def test_a_plan_with_every_feature_can_be_read() -> None:
    """No type of a plan is in the way, and only what is left unsaid is found."""
    found = found_in(PLAN.schema())

    assert rules(found) == ["description-missing", "no-successor", "owner-missing"]
