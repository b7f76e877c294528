"""Foreign documents become plans of ours, whose classes generate, import and say the same again."""

import importlib.util
import subprocess
import sys
from typing import Annotated, Literal

import jsonschema
import pytest

from ferryman.errors import InvalidOperation
from ferryman.plan import TrackingPlan, event
from ferryman.plan.exchange.generate import generate
from ferryman.plan.exchange.reading import read_document


def plan_of(document, path):
    """Return the plan in the module generated from *document*."""
    file = path / "generated_plan.py"
    file.write_text(generate(document))
    spec = importlib.util.spec_from_file_location("generated_plan", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules["generated_plan"] = module
    try:
        spec.loader.exec_module(module)
        assert module.plan.schema() == document
        return module.plan
    finally:
        del sys.modules["generated_plan"]


DATA = {
    "type": "object",
    "properties": {
        "order id": {"type": "string", "description": "Ours", "pattern": "^[0-9]+$"},
        "total": {"type": ["number", "null"], "minimum": 0},
        "currency": {"enum": ["USD", "EUR"]},
        "lines": {
            "type": "array",
            "items": {
                "type": ["object", "null"],
                "properties": {"sku": {"type": "string"}, "price": {"type": "number"}},
                "required": ["sku"],
            },
        },
        "more": {"type": "object"},
        "anything": {},
        "paid at": {"type": "string", "format": "date-time"},
    },
    "required": ["order id", "lines"],
}
CONFIG_API = {
    "name": "workspaces/shop/tracking-plans/rs_1",
    "display_name": "Shop",
    "rules": {
        "events": [
            {
                "name": "Order Paid",
                "description": "An order was paid.",
                "version": 2,
                "rules": {
                    "$schema": "http://json-schema.org/draft-07/schema#",
                    "type": "object",
                    "properties": {"context": {}, "traits": {}, "properties": DATA},
                },
            },
            {"name": "Signed Up", "rules": {"type": "object", "properties": {"properties": {}}}},
        ],
        "identify": {
            "properties": {
                "traits": {"type": "object", "properties": {"email": {"type": "string"}}}
            }
        },
    },
}
PUBLIC_API = {
    "data": {
        "trackingPlan": {
            "name": "Shop",
            "rules": [
                {
                    "key": "Order Paid",
                    "type": "TRACK",
                    "version": 2,
                    "deprecatedAt": "0001-01-01T00:00:00.000Z",
                    "jsonSchema": {
                        "description": "An order was paid.",
                        "type": "object",
                        "properties": {"properties": DATA},
                    },
                },
                {
                    "key": "Signed Up",
                    "type": "TRACK",
                    "version": 1,
                    "deprecatedAt": "2026-01-01T00:00:00.000Z",
                    "jsonSchema": {"type": "object", "properties": {"plan": {"type": "string"}}},
                },
                {"key": "Home", "type": "PAGE", "version": 1, "jsonSchema": {}},
                {
                    "type": "IDENTIFY",
                    "version": 1,
                    "jsonSchema": {
                        "properties": {"traits": {"properties": {"email": {"type": "string"}}}}
                    },
                },
            ],
        }
    }
}


@pytest.mark.parametrize("given", [CONFIG_API, PUBLIC_API], ids=["config", "public"])
def test_a_plan_of_segment_is_read(given, tmp_path):
    """Names, versions, descriptions, types and the person come over from both of its forms."""
    document = read_document(given)

    plan = plan_of(document, tmp_path)

    defs = document["$defs"]
    assert document["title"] == "Shop"
    assert document["x-ferryman"]["conventions"] == {"events": "Title Case", "fields": "any"}
    assert list(document["properties"]["events"]["properties"]) == ["Order Paid", "Signed Up"]
    assert defs["OrderPaid"]["x-version"] == 2
    assert defs["OrderPaid"]["description"] == "An order was paid."
    assert defs["OrderPaid"]["required"] == ["order id", "lines"]
    said = defs["OrderPaid"]["properties"]
    assert said["order id"] == {"type": "string", "pattern": "^[0-9]+$", "description": "Ours"}
    assert said["total"] == {"anyOf": [{"type": "number", "minimum": 0}, {"type": "null"}]}
    assert said["currency"] == {"enum": ["EUR", "USD"]}
    assert said["lines"]["items"]["anyOf"][0] == {"$ref": "#/$defs/OrderPaidLinesItem"}
    assert said["more"] == {"type": "object", "additionalProperties": {}}
    assert said["anything"] == {}
    assert plan.parts.person is not None
    plan.admit_event("Order Paid", {"order id": "1", "lines": [{"sku": "a"}, None]})
    with pytest.raises(InvalidOperation, match="total: expected float"):
        plan.admit_event("Order Paid", {"order id": "1", "lines": [], "total": -1})


def test_of_several_versions_the_newest_is_read(tmp_path):
    """Segment lists what an event was beside what it is; only that is the plan."""
    ages = [(1, {"old": {}}), (3, {"new": {}}), (2, {"middle": {}})]
    rules = {
        "events": [
            {"name": "Paid", "version": version, "rules": {"properties": fields}}
            for version, fields in ages
        ]
    }

    document = read_document({"name": "Shop", "rules": rules})

    assert list(document["$defs"]) == ["Paid"]
    assert document["$defs"]["Paid"]["x-version"] == 3
    assert list(document["$defs"]["Paid"]["properties"]) == ["new"]
    plan_of(document, tmp_path)


def test_what_segment_has_deprecated_is(tmp_path):
    """A date of deprecation counts unless it is the one that means never."""
    document = read_document(PUBLIC_API)

    assert document["$defs"]["SignedUp"]["deprecated"] is True
    assert "deprecated" not in document["$defs"]["OrderPaid"]


TOTAL = {"type": "number", "minimum": 0, "exclusiveMinimum": True}
EITHER = [{"type": "string"}, {"enum": ["a", "b"]}, {"type": "integer"}]
JSON_SCHEMA = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "definitions": {
        "order_paid": {
            "description": "An order was paid.",
            "allOf": [
                {"$ref": "#/definitions/base"},
                {
                    "properties": {
                        "total": {"type": "number", "minimum": 0, "exclusiveMinimum": True}
                    }
                },
            ],
            "required": ["total"],
        },
        "base": {
            "type": "object",
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "day": {"type": "string", "format": "date"},
                "mail": {"type": "string", "format": "email", "default": "a@example.com"},
            },
            "required": ["id"],
        },
        "tree_grown": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "colour": {"$ref": "#/definitions/colour"},
                "branches": {"type": "array", "items": {"$ref": "#/definitions/tree"}},
                "either": {
                    "oneOf": [{"type": "string"}, {"enum": ["a", "b"]}, {"type": "integer"}]
                },
                "pair": {
                    "type": "array",
                    "items": [{"type": "string"}, {"type": "integer"}],
                    "minItems": 2,
                    "maxItems": 2,
                },
                "scores": {
                    "type": "object",
                    "patternProperties": {"^[a-z]+$": {"type": "number"}},
                },
                "size": {"enum": [1, 2, None], "default": 2},
                "ratio": {"enum": [0.5, 1.5]},
            },
        },
        "tree": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "parent": {"$ref": "#/definitions/tree"},
            },
        },
        "colour": {"type": "string", "enum": ["red", "dark blue"]},
    },
}


def test_json_schema_of_an_older_draft_is_read(tmp_path):
    """Classes that no other refers to are events; what Python cannot tell apart becomes wider."""
    document = read_document(JSON_SCHEMA, title="Trees")

    plan = plan_of(document, tmp_path)

    defs = document["$defs"]
    assert [model.facts.name for model in plan.parts.events] == ["order_paid", "tree_grown"]
    assert defs["OrderPaid"]["required"] == ["id", "total"]
    paid = defs["OrderPaid"]["properties"]
    assert paid["total"] == {"type": "number", "exclusiveMinimum": 0}
    assert paid["day"] == {"type": "string", "format": "date-time", "x-type": "date"}
    assert paid["mail"] == {"type": "string", "format": "email", "default": "a@example.com"}
    grown = defs["TreeGrown"]["properties"]
    assert defs["Colour"]["x-enum-varnames"] == ["RED", "DARK_BLUE"]
    assert defs["Tree"]["properties"]["parent"] == {"$ref": "#/$defs/Tree"}
    assert grown["either"] == {"anyOf": [{"type": "string"}, {"type": "integer"}]}
    assert grown["pair"]["prefixItems"] == [{"type": "string"}, {"type": "integer"}]
    assert grown["scores"]["propertyNames"] == {"type": "string", "pattern": "^[a-z]+$"}
    assert grown["size"]["enum"] == [None, 1, 2]
    assert grown["ratio"] == {"type": "number"}
    jsonschema.Draft202012Validator.check_schema(document)


def test_one_schema_is_one_event(tmp_path):
    """An object with a title is an event of that name; one of ours passes as it is."""
    given = {"title": "order_paid", "type": "object", "properties": {"total": {"type": "integer"}}}

    document = read_document(given)

    assert [model.facts.name for model in plan_of(document, tmp_path).parts.events] == [
        "order_paid"
    ]
    assert read_document(document) == document


def test_awkward_names_are_formatted_too(tmp_path):
    """Names that are no identifiers, collide or are long end in text that ruff format keeps."""
    words = ["class", "int", "datetime", "2nd", "__x", "self", "a b", "a_b", "x" * 60]
    said = {word: {"type": ["string", "null"], "pattern": "a|b"} for word in words}
    said["nested"] = {"type": "object", "properties": {"deep": {"type": ["object", "null"]}}}
    rules = {"properties": {"properties": {"properties": said, "required": ["a b"]}}}
    names = ["Order Paid", "order_paid", "42!", 'it\'s "it"', "An Event Of A Long Name" * 3]
    given = {"rules": {"events": [{"name": name, "rules": rules} for name in names]}}
    file = tmp_path / "plan.py"
    document = read_document(given)
    plan = plan_of(document, tmp_path)
    file.write_text(generate(document))

    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", str(file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)

    assert [model.facts.name for model in plan.parts.events] == sorted(names)
    assert done.stdout == ""


@pytest.mark.parametrize(
    "given",
    [
        [],
        "plan",
        {},
        {"rules": {"events": []}},
        {"x-ferryman": {"format": 99}},
        {"title": "a", "properties": {"b": {"$ref": "#/nowhere"}}},
        {"title": "a", "properties": {"b": {"$ref": "https://example.com/b.json"}}},
    ],
)
def test_what_is_no_plan_is_refused(given):
    """A document of no known form, or with parts missing, is an error and no guess."""
    with pytest.raises(InvalidOperation, match=r"^document"):
        read_document(given)


def test_a_name_that_cannot_be_a_field_is_refused():
    """A quote in a name is something that the encoder would escape, and msgspec refuses."""
    document = read_document({"title": "a", "properties": {'b"': {"type": "string"}}})

    with pytest.raises(InvalidOperation, match="with a quote, a backslash or a control character"):
        generate(document)


def test_a_model_of_pydantic_is_in_the_document(tmp_path):
    """Its own schema, in our words, with the models and enums that it is made of."""
    pydantic = pytest.importorskip("pydantic", reason="needs pydantic")

    class Line(pydantic.BaseModel):
        sku: str
        quantity: Annotated[int, pydantic.Field(ge=1)] = 1

    class Order(pydantic.BaseModel):
        """An order."""

        total: float
        currency: Literal["EUR", "USD"] = "EUR"
        lines: list[Line]
        coupon: str | None = None

    plan = TrackingPlan([event("order_paid", Order, owner="checkout")])
    document = plan.schema()

    again = plan_of(document, tmp_path)

    order = document["$defs"]["Order"]
    assert order["description"] == "An order."
    assert order["x-owner"] == "checkout"
    assert order["properties"]["lines"] == {"type": "array", "items": {"$ref": "#/$defs/Line"}}
    assert order["required"] == ["total", "lines"]
    assert plan.admit_event(paid := Order(total=1, lines=[]), None) == ("order_paid", paid)
    for asked in (plan, again):
        with pytest.raises(InvalidOperation) as refused:
            asked.admit_event("order_paid", {"total": "secret", "lines": []})
        assert "order_paid.total" in str(refused.value)
        assert "secret" not in str(refused.value)
