"""Two plans held against each other: a table of changes, each with its verdict and reason."""

import copy
import random
from typing import Any

import pytest
from tests.plan.every import PLAN

from ferryman.errors import InvalidOperation
from ferryman.plan.diff import diff
from ferryman.plan.jsonlike import is_object

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
NULL: Schema = {"type": "null"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
DAY: Schema = {**MOMENT, "x-type": "date"}


def closed(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def ref(key: str) -> Schema:
    return {"$ref": f"#/$defs/{key}"}


def one(fields: Schema, required: tuple[str, ...] = (), **facts: Any) -> Schema:
    """A class of an event."""
    said = {"x-kind": "event", "x-name": "paid", "x-version": 2, "required": list(required)}
    return said | closed(fields) | facts


def document(defs: Schema | None = None, about: Schema | None = None, **groups: Any) -> Schema:
    """A plan of one event `paid`, whose class is Paid, unless *groups* say others."""
    listed = {"events": closed({"paid": ref("Paid")})} | groups
    return {
        "title": "Shop",
        **closed(listed),
        "x-ferryman": {"format": 1, "mode": "warn", "conventions": {}} | (about or {}),
        "$defs": {"Paid": one({})} | (defs or {}),
    }


def field(schema: Schema, *, required: bool = True, defs: Schema | None = None) -> Schema:
    """A plan whose event has one field `f`."""
    paid = one({"f": schema}, ("f",) if required else ())
    return document({"Paid": paid} | (defs or {}))


def facts(**said: Any) -> Schema:
    return document({"Paid": one({}, **said)})


def union(*members: Schema) -> Schema:
    return {"anyOf": list(members)}


def enum(*values: Any, names: str = "") -> Schema:
    return {"enum": list(values)} | ({"x-enum-varnames": names.split()} if names else {})


def several(item: Schema, **bounds: Any) -> Schema:
    return {"type": "array", "items": item, **bounds}


def tagged(tag: str, **fields: Schema) -> Schema:
    return closed({"type": {"const": tag}, **fields}) | {"x-tag": "type", "required": ["type"]}


def added(group: str) -> Schema:
    return document({"More": one({})}, **{group: closed({"more": ref("More")})})


PAIR = document({"More": one({})}, events=closed({"paid": ref("Paid"), "more": ref("More")}))
PERSON = document({"More": one({})}, person=ref("More"))
CARDS = {"Cash": tagged("cash"), "Card": tagged("card")}
CASH, BOTH = union(ref("Cash"), NULL), union(ref("Cash"), ref("Card"), NULL)
RED, BLUE = (
    field(ref("C"), defs={"C": enum("r", "b", names=names)}) for names in ("RED BLUE", "RED NAVY")
)

B, R, S = "breaking", "risky", "safe"
ROWS: list[tuple[str, Schema, Schema, str]] = [
    # classes of the plan
    ("event added", document(), PAIR, S),
    ("event removed", PAIR, document(), B),
    ("person added", document(), PERSON, B),
    ("person removed", PERSON, document(), B),
    ("object added", document(), added("objects"), S),
    ("object removed", added("objects"), document(), B),
    ("message added", document(), added("messages"), S),
    ("message removed", added("messages"), document(), B),
    # the plan
    ("mode changed from warn to enforce", document(), document(about={"mode": "enforce"}), B),
    ("mode changed from off to enforce", document(about={"mode": "off"}),
     document(about={"mode": "enforce"}), B),
    ("mode changed from enforce to warn", document(about={"mode": "enforce"}), document(), R),
    ("mode changed from warn to off", document(), document(about={"mode": "off"}), R),
    ("mode changed from off to warn", document(about={"mode": "off"}), document(), S),
    ("convention of events", document(),
     document(about={"conventions": {"events": "camelCase"}}), R),
    ("convention of fields", document(), document(about={"conventions": {"fields": "any"}}), S),
    ("title changed", document(), {**document(), "title": "Store"}, S),
    ("else changed", document(about={"else": 1, "same": 1}),
     document(about={"else": 2, "same": 1}), R),
    ("x-else changed", document(), {**document(), "x-else": 1}, R),
    # what a class says about itself
    ("description added", facts(), facts(description="Paid."), S),
    ("description removed", facts(description="Paid."), facts(), S),
    ("owner changed", facts(**{"x-owner": "a"}), facts(**{"x-owner": "b"}), S),
    ("version raised", facts(), facts(**{"x-version": 3}), S),
    ("version lowered", facts(), facts(**{"x-version": 1}), R),
    ("deprecated without a successor", facts(), facts(deprecated=True), R),
    ("deprecated for sold", facts(), facts(deprecated=True, **{"x-successor": "sold"}), S),
    ("no longer deprecated", facts(deprecated=True), facts(), S),
    ("successor removed", facts(deprecated=True, **{"x-successor": "sold"}),
     facts(deprecated=True), R),
    ("successor is now sold", facts(deprecated=True),
     facts(deprecated=True, **{"x-successor": "sold"}), S),
    ("defaults are no longer sent", facts(), facts(**{"x-omit-defaults": True}), R),
    ("defaults are sent", facts(**{"x-omit-defaults": True}), facts(), S),
    ("class Paid renamed to Sold", document(),
     document({"Sold": one({})}, events=closed({"paid": ref("Sold")})), B),
    ("are let through", document(), facts(additionalProperties=True), R),
    ("are refused", facts(additionalProperties=True), document(), B),
    # fields
    ("required field added", document(), field(TEXT), B),
    ("optional field added", document(), field(TEXT, required=False), S),
    ("optional field with a default added", document(),
     field({**TEXT, "default": ""}, required=False), S),
    ("field removed", field(TEXT), document(), B),
    ("no longer required", field(TEXT), field(TEXT, required=False), R),
    ("no longer required", field(TEXT), field({**TEXT, "default": ""}, required=False), R),
    ("required", field(TEXT, required=False), field(TEXT), B),
    ("default 1 added", field(WHOLE, required=False),
     field({**WHOLE, "default": 1}, required=False), R),
    ("default removed", field({**WHOLE, "default": 1}, required=False),
     field(WHOLE, required=False), R),
    ("default changed from 1 to true", field({"default": 1}, required=False),
     field({"default": True}, required=False), R),
    ("marked as personal data", field(TEXT), field({**TEXT, "x-personal": True}), S),
    ("mark of personal data removed", field({**TEXT, "x-personal": True}), field(TEXT), R),
    ("reserved name meant", field(TEXT), field({**TEXT, "x-reserved": True}), R),
    ("reserved name no longer meant", field({**TEXT, "x-reserved": True}), field(TEXT), R),
    ("name in Python changed", field(TEXT), field({**TEXT, "x-python": "g"}), B),
    ("deprecated for g", field(TEXT),
     field({**TEXT, "deprecated": True, "x-successor": "g"}), S),
    # types
    ("type widened", field(WHOLE), field(NUMBER), R),
    ("type narrowed", field(NUMBER), field(WHOLE), B),
    ("type changed from string to integer", field(TEXT), field(WHOLE), B),
    ("type changed", field(NUMBER), field({**NUMBER, "x-type": "decimal"}), B),
    ("type widened", field(TEXT), field({}), R),
    ("type narrowed", field({}), field(TEXT), B),
    ("type changed", field(TEXT), field(MOMENT), B),
    ("type changed", field(MOMENT), field(TEXT), B),
    ("type changed", field(MOMENT), field(DAY), B),
    ("may be null", field(TEXT), field(union(TEXT, NULL)), R),
    ("may be null", field(TEXT), field({"type": ["string", "null"]}), R),
    ("may be null", field(enum("a", "b")), field(enum("a", "b", None)), R),
    ("may no longer be null", field(enum("a", "b", None)), field(enum("a", "b")), B),
    ("type widened to anything", field(union(TEXT, NULL)), field({}), R),
    ("type narrowed from anything", field({}), field(union(TEXT, NULL)), B),
    ("type narrowed from any to string", document({"Paid": one({"f": True}, ("f",))}),
     field(TEXT), B),
    ("type narrowed from any to integer", field({"type": "array"}), field(several(WHOLE)), B),
    ("class Cash renamed to Money", field(BOTH, defs=CARDS),
     field(union(ref("Money"), ref("Card"), NULL),
           defs={"Money": tagged("cash"), "Card": tagged("card")}), B),
    ("type narrowed from string to nothing", field(TEXT),
     document({"Paid": one({"f": False}, ("f",))}), B),
    ("type changed from string uuid to string", field({**TEXT, "format": "uuid"}), field(TEXT), B),
    ("type changed from object to L", field({"type": "object", "additionalProperties": TEXT}),
     field(ref("L"), defs={"L": closed({"a": TEXT})}), B),
    ("type changed from array row 1 to array row 2",
     field({"type": "array", "prefixItems": [TEXT], "items": False}),
     field({"type": "array", "prefixItems": [TEXT, TEXT], "items": False}), B),
    ("tag of the union changed", field(ref("C"), defs={"C": closed({"k": {}}) | {"x-tag": "k"}}),
     field(ref("C"), defs={"C": closed({"k": {}})}), B),
    ("may no longer be null", field(union(TEXT, NULL)), field(TEXT), B),
    ("integer is one of the types now", field(TEXT), field(union(TEXT, WHOLE)), R),
    ("integer is no longer one", field(union(TEXT, WHOLE)), field(TEXT), B),
    ("type widened", field(union(TEXT, WHOLE)), field(union(TEXT, NUMBER)), R),
    ("Card is one of the types now", field(CASH, defs=CARDS), field(BOTH, defs=CARDS), R),
    ("Card is no longer one", field(BOTH, defs=CARDS), field(CASH, defs=CARDS), B),
    # values
    ('value "b" added', field(enum("a", "c")), field(enum("a", "b", "c")), R),
    ('value "b" removed', field(enum("a", "b")), field({"const": "a"}), B),
    ("type widened", field(enum("a", "b")), field(TEXT), R),
    ("type narrowed", field(TEXT), field(enum("a", "b")), B),
    ("type changed", field(enum(True, False)), field(WHOLE), B),
    ("enum member BLUE renamed", RED, BLUE, B),
    ("enum and plain values", field(enum("r", "b")), RED, B),
    # bounds
    ("lower end of the range added", field(WHOLE), field({**WHOLE, "minimum": 1}), B),
    ("lower end of the range removed", field({**WHOLE, "minimum": 1}), field(WHOLE), R),
    ("lower end of the range tightened", field({**NUMBER, "minimum": 0}),
     field({**NUMBER, "exclusiveMinimum": 0}), B),
    ("lower end of the range tightened", field({**NUMBER, "minimum": 0.25}),
     field({**NUMBER, "minimum": 0.5}), B),
    ("upper end of the range loosened", field({**WHOLE, "maximum": 5}),
     field({**WHOLE, "maximum": 6}), R),
    ("upper end of the range tightened", field({**WHOLE, "exclusiveMaximum": 6}),
     field({**WHOLE, "maximum": 4}), B),
    ("greatest length tightened", field({**TEXT, "maxLength": 9}),
     field({**TEXT, "maxLength": 8}), B),
    ("least length loosened", field({**TEXT, "minLength": 2}), field({**TEXT, "minLength": 1}), R),
    ("least number of items added", field(several(TEXT)), field(several(TEXT, minItems=1)), B),
    ("greatest number of keys added", field({"type": "object"}),
     field({"type": "object", "maxProperties": 3}), B),
    ("step of the number", field({**WHOLE, "multipleOf": 5}),
     field({**WHOLE, "multipleOf": 10}), B),
    ("step of the number", field({**WHOLE, "multipleOf": 10}),
     field({**WHOLE, "multipleOf": 5}), R),
    ("step of the number changed from none to 2", field(WHOLE),
     field({**WHOLE, "multipleOf": 2}), B),
    ("step of the number changed from 2 to none", field({**WHOLE, "multipleOf": 2}),
     field(WHOLE), R),
    ("pattern added", field(TEXT), field({**TEXT, "pattern": "a"}), B),
    ("pattern removed", field({**TEXT, "pattern": "a"}), field(TEXT), R),
    ("pattern changed", field({**TEXT, "pattern": "a"}), field({**TEXT, "pattern": "b"}), B),
    ("format email added", field(TEXT), field({**TEXT, "format": "email"}), R),
    ("format email removed", field({**TEXT, "format": "email"}), field(TEXT), R),
    ("format uri changed to email", field({**TEXT, "format": "uri"}),
     field({**TEXT, "format": "email"}), R),
    # what holds others
    ("type narrowed from string to", field({"type": "object", "additionalProperties": TEXT}),
     field({"type": "object", "additionalProperties": TEXT, "propertyNames": enum("a", "b")}), B),
    ("may be null", field(several(TEXT)), field(several(union(TEXT, NULL))), R),
    ("lower end of the range added", field({"type": "object", "additionalProperties": WHOLE}),
     field({"type": "object", "additionalProperties": {**WHOLE, "minimum": 1}}), B),
    ("items must be unique", field(several(TEXT)), field(several(TEXT, uniqueItems=True)), B),
    ("items may repeat", field(several(TEXT, uniqueItems=True)), field(several(TEXT)), R),
    ("type widened", field(several(WHOLE)), field(several(NUMBER)), R),
    ("type changed", field(several(WHOLE)), field(several(WHOLE, **{"x-type": "tuple"})), B),
    ("type changed", field({"type": "array", "prefixItems": [TEXT, WHOLE], "items": False}),
     field({"type": "array", "prefixItems": [TEXT, TEXT], "items": False}), B),
    ("type narrowed", field({"type": "object", "additionalProperties": NUMBER}),
     field({"type": "object", "additionalProperties": WHOLE}), B),
    ('value "b" removed', field({"type": "object", "propertyNames": enum("a", "b")}),
     field({"type": "object", "propertyNames": enum("a")}), B),
    ("field removed", field(several(ref("L")), defs={"L": closed({"a": TEXT, "b": TEXT})}),
     field(several(ref("L")), defs={"L": closed({"a": TEXT})}), B),
    # what is not known
    ("contentEncoding changed", field(TEXT), field({**TEXT, "contentEncoding": "base64"}), R),
    ("x-else changed", field(union(TEXT, WHOLE)), field({**union(TEXT, WHOLE), "x-else": 1}), R),
    ("not changed", field({**TEXT, "not": {"const": "a"}}),
     field({**TEXT, "not": {"const": "b"}}), R),
    ("if changed", facts(), facts(**{"if": {"required": ["f"]}}), R),
]  # fmt: skip


@pytest.mark.parametrize(("what", "old", "new", "verdict"), ROWS)
def test_each_change_has_its_verdict(what: str, old: Schema, new: Schema, verdict: str) -> None:
    """One change is told once, with the verdict of the table and a reason for people."""
    changes = diff(old, new)

    assert [change.verdict for change in changes] == [verdict], changes
    assert what in changes[0].what
    assert len(changes[0].reason.split()) >= 5


MANY: list[tuple[str, Schema, Schema, list[tuple[str, str]]]] = [
    ("a value that another took the place of", field({"const": "a"}), field({"const": "b"}),
     [(B, 'value "a" removed'), (R, 'value "b" added')]),
    ("a tag", field(ref("Cash"), defs=CARDS),
     field(ref("Cash"), defs={**CARDS, "Cash": tagged("money")}),
     [(B, 'value "cash" removed'), (R, 'value "money" added')]),
    ("a tag in a union", field(BOTH, defs=CARDS),
     field(BOTH, defs={**CARDS, "Cash": tagged("money")}),
     [(B, 'value "cash" removed'), (R, 'value "money" added')]),
    ("values freed within a length", field(enum("aaaa", "b")), field({**TEXT, "maxLength": 3}),
     [(R, 'type widened from "aaaa", "b" to string'), (B, 'value "aaaa" removed')]),
    ("values freed within a pattern", field(enum("x", "b")), field({**TEXT, "pattern": "b"}),
     [(R, 'type widened from "x", "b" to string'), (B, 'value "x" removed')]),
    ("values freed within a range", field(enum(1, 5, 9)),
     field({**WHOLE, "minimum": 2, "exclusiveMaximum": 9}),
     [(R, "type widened from 1, 5, 9 to integer"),
      (B, "value 1 removed"), (B, "value 9 removed")]),
    ("values freed within a range that is open at its ends", field(enum(1, 5, 9)),
     field({**NUMBER, "exclusiveMinimum": 1, "exclusiveMaximum": 9}),
     [(R, "type widened from 1, 5, 9 to number"),
      (B, "value 1 removed"), (B, "value 9 removed")]),
    ("an empty text among values freed", field(enum("", "b")), field({**TEXT, "maxLength": 3}),
     [(R, 'type widened from "", "b" to string')]),
    ("values freed with a step", field(enum(2, 3)), field({**WHOLE, "multipleOf": 2}),
     [(R, "type widened from 2, 3 to integer"), (B, "value 3 removed")]),
    ("type and a word that is not known", field(TEXT),
     field({**WHOLE, "contentEncoding": "base64"}),
     [(B, "type changed from string to integer"), (R, "contentEncoding changed")]),
    ("null and type", field(union(NUMBER, NULL)), field(WHOLE),
     [(B, "may no longer be null"), (B, "type narrowed from number to integer")]),
    ("type and range", field({**WHOLE, "maximum": 5}), field({**NUMBER, "maximum": 3}),
     [(R, "type widened from integer to number"), (B, "upper end of the range tightened")]),
    ("a field of another name", field(TEXT), document({"Paid": one({"g": TEXT}, ("g",))}),
     [(B, "field removed"), (B, "required field added")]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), [row[1:] for row in MANY],
                         ids=[row[0] for row in MANY])  # fmt: skip
def test_a_change_of_two_sides_is_told_by_both(
    old: Schema, new: Schema, expected: list[tuple[str, str]]
) -> None:
    """Each side hurts somebody else, and has its own verdict."""
    assert [(change.verdict, change.what) for change in diff(old, new)] == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (field(enum("a", "b", None)), field(union(enum("b", "a"), NULL))),
        (field({"const": None}), field(NULL)),
        (field({"type": ["string", "null"]}), field(union(NULL, TEXT))),
        (field({}), field(union({}, NULL))),
        (field(WHOLE), field({**WHOLE, "multipleOf": 1})),
        (field(TEXT), field({**TEXT, "minLength": 0})),
        (field({"type": "object"}), field({"type": "object", "propertyNames": TEXT})),
        (field({**NUMBER, "default": 1}, required=False),
         field({**NUMBER, "default": 1.0}, required=False)),
    ],
)  # fmt: skip
def test_the_same_said_otherwise_is_no_change(old: Schema, new: Schema) -> None:
    """JSON Schema has several words for one thing; who reviews is told of things."""
    assert diff(old, new) == []
    assert diff(new, old) == []


def test_a_removed_event_whose_class_says_nothing_else_names_no_other() -> None:
    """Only an event that the same class says now is worth a look."""
    assert "its class now says" not in diff(PAIR, document())[0].reason


def test_people_are_told_without_a_name() -> None:
    """There is one class of attributes, which no event names."""
    old, new = (document({"More": one(fields)}, person=ref("More")) for fields in ({}, {"a": TEXT}))

    assert [change.where for change in diff(old, new)] == ["person: a"]
    assert [change.where for change in diff(document(), new)] == ["person"]


def test_the_end_of_a_deprecated_event_names_its_successor() -> None:
    """Whoever still says it learns what to say, from the plan that had it."""
    gone = one({}, deprecated=True, **{"x-successor": "paid"})
    old = document({"Sold": gone}, events=closed({"paid": ref("Paid"), "sold": ref("Sold")}))

    assert diff(old, document())[0].reason.endswith("; it was deprecated for paid")


def test_the_end_of_a_field_names_a_successor_where_it_has_one() -> None:
    """No reason speaks of a successor that nobody named."""
    heir = {**TEXT, "deprecated": True, "x-successor": "g"}
    reasons = [diff(field(given), document())[0].reason for given in (TEXT, heir)]

    assert reasons[1] == f"{reasons[0]}; it was deprecated for g"


def test_a_field_that_is_no_longer_required_says_what_stands_in_its_place() -> None:
    """A default is something that a template may show."""
    new = field({**TEXT, "default": "free"}, required=False)

    assert diff(field(TEXT), new)[0].reason.endswith('or find its default "free"')
    assert diff(field(TEXT), field(TEXT, required=False))[0].reason.endswith("may find nothing")


def test_a_change_of_keys_is_told_at_the_keys() -> None:
    """What a dict's keys may be is not what its values may be."""
    old, new = (
        field({"type": "object", "additionalProperties": TEXT, "propertyNames": keys})
        for keys in (enum("a"), enum("a", "b"))
    )

    assert [change.where for change in diff(old, new)] == ["event paid: f{key}"]


@pytest.mark.parametrize(
    "given", [PLAN.schema(), *(row[1] for row in ROWS), *(row[2] for row in ROWS)]
)
def test_a_plan_does_not_differ_from_itself(given: Schema) -> None:
    """What did not change is not told."""
    assert diff(given, copy.deepcopy(given)) == []


def test_another_name_is_a_removed_and_an_added_event() -> None:
    """A new name on the wire starts no campaign of the old one, and the reason tells the name."""
    new = document(events=closed({"sold": ref("Paid")}))

    removed, plus = diff(document(), new)

    assert (removed.where, removed.verdict, plus.where, plus.verdict) == (
        "event paid", "breaking", "event sold", "safe",
    )  # fmt: skip
    assert removed.reason.endswith("its class now says sold")


def test_a_nested_change_is_told_with_its_path() -> None:
    """Whoever reviews sees which field of which event, through lists and classes."""
    new = copy.deepcopy(PLAN.schema())
    del new["$defs"]["Line"]["properties"]["price"]

    found = [change.where for change in diff(PLAN.schema(), new)]

    assert found == [
        "event order_paid: line.price",
        "event order_paid: lines[].price",
        "message order_receipt_v2: lines[].price",
    ]


def test_a_class_in_itself_ends() -> None:
    """A class that holds itself is compared once, and its change is told once."""
    new = copy.deepcopy(PLAN.schema())
    new["$defs"]["Tree"]["properties"]["name"] = {"type": "integer"}

    assert [change.where for change in diff(PLAN.schema(), new)] == ["event order_paid: tree.name"]


def test_the_same_range_said_otherwise_is_no_change() -> None:
    """For integers, more than 0 is at least 1."""
    assert diff(field(WHOLE | {"exclusiveMinimum": 0}), field(WHOLE | {"minimum": 1})) == []


def test_order_does_not_hang_on_the_order_of_keys() -> None:
    """Two documents that hold the same, written in another order, give the same list."""
    old, new = PLAN.schema(), copy.deepcopy(PLAN.schema())
    for name in ("OrderPaid", "Shopper", "Line"):
        for schema in new["$defs"][name]["properties"].values():
            schema["x-owner"] = "nobody"
    expected = diff(old, new)

    assert len(expected) > 10
    for seed in range(5):
        assert diff(_shuffled(old, seed), _shuffled(new, seed + 9)) == expected


def _shuffled(value: Any, seed: int) -> Any:
    if is_object(value):
        items = list(value.items())
        random.Random(seed).shuffle(items)
        return {key: _shuffled(inner, seed) for key, inner in items}
    return value


def test_a_document_of_another_form_is_refused() -> None:
    """What is no plan is not compared as an empty one."""
    with pytest.raises(InvalidOperation, match="no plan"):
        diff(document(), {"type": "object"})
