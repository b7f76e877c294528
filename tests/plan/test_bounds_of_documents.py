"""A short document leads to an end: to a plan, or to an error that says where it is too much."""

import pytest

from ferryman.errors import InvalidOperation
from ferryman.plan.checking.patterns import may_take_exponential_time
from ferryman.plan.exchange.generate import generate
from ferryman.plan.exchange.reading import read_document
from ferryman.plan.review import Plan, review

TEXT = {"type": "string"}


def paid(schema, **defs):
    """Return a document of one event with one field."""
    return {"title": "paid", "properties": {"x": schema}, "$defs": defs}


def chain(length, made, last, letter="D"):
    """Return *length* definitions, each of which is *made* of a reference to the next one."""
    defs = {f"{letter}{n}": made({"$ref": f"#/$defs/{letter}{n + 1}"}) for n in range(length)}
    return defs | {f"{letter}{length}": last}


def nested(depth, made):
    """Return a schema in which *made* was done *depth* times."""
    schema = TEXT
    for _ in range(depth):
        schema = made(schema)
    return schema


def row(item):
    return {"type": "array", "prefixItems": [item, item], "minItems": 2, "maxItems": 2}


D0 = {"$ref": "#/$defs/D0"}
E0 = {"$ref": "#/$defs/E0"}
TOO_MUCH = {
    "allOf in each other": (paid(nested(40, lambda s: {"allOf": [s, {}]})), "nested deeper than"),
    "a class in two ways": (
        paid(nested(25, lambda s: {"properties": {"a": s}, "anyOf": [{}, {}]})),
        "document at PaidXA+.*: leads to more than 100,000 schemas",
    ),
    "a class of two types": (
        paid(nested(25, lambda s: {"properties": {"a": s}, "type": ["object", "object"]})),
        "document at PaidXA+.*: leads to more than 100,000 schemas",
    ),
    "rows of two rows": (
        paid(D0, **chain(25, row, TEXT)),
        "document at D.*: leads to more than 100,000 schemas",
    ),
    "one of two of them": (
        paid({"oneOf": [D0, E0]}, **chain(25, row, TEXT), **chain(25, row, TEXT, "E")),
        "leads to more than 100,000 schemas",
    ),
    "references to references": (
        paid(D0, **chain(500, dict, TEXT)),
        "document at D59: is nested deeper than 60 schemas",
    ),
    "allOf of references": (
        paid(D0, **chain(500, lambda ref: {"allOf": [ref]}, TEXT)),
        "has more than 60 allOf in a row",
    ),
    "lists of lists": (paid(nested(300, lambda s: {"items": s})), "document #/properties/x/items"),
}


@pytest.mark.parametrize(("document", "error"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_what_is_too_much_is_an_error_that_names_the_place(document, error):
    """A few kilobytes cannot lead to work without end."""
    with pytest.raises(InvalidOperation, match=rf"^document.*{error.removeprefix('document')}"):
        read_document(document)


def test_references_that_double_are_followed_once():
    """A field of 2**50 parts, all of them one, is read."""
    twice = chain(50, lambda ref: {"allOf": [ref, ref]}, TEXT | {"maxLength": 3})

    document = read_document(paid(D0, **twice))

    assert document["$defs"]["Paid"]["properties"]["x"] == {"type": "string", "maxLength": 3}


def test_classes_that_inherit_from_each_other_end():
    """A circle of allOf is as much as can be read of it."""
    circle = {
        "A": {"allOf": [{"$ref": "#/$defs/B"}, {"$ref": "#/$defs/B"}, {"properties": {"a": TEXT}}]},
        "B": {"allOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/A"}, {"properties": {"b": TEXT}}]},
    }

    document = read_document(paid({"$ref": "#/$defs/A"}, **circle))

    assert set(document["$defs"]["A"]["properties"]) == {"a", "b"}


def test_a_chain_of_classes_may_be_of_any_length():
    """Each is a class of its own, written after the one that it is made of."""
    links = chain(2_000, lambda ref: {"properties": {"next": ref}}, TEXT)

    source = generate(read_document(paid(D0, **links)))

    assert source.index("class D1999(") < source.index("class D1998(") < source.index("class Paid(")


def test_a_class_with_too_many_fields_below_it_is_not_checked():
    """40 classes that each hold the next one twice are 2**40 fields."""
    links = chain(40, lambda ref: {"properties": {"a": ref, "b": ref}}, TEXT)
    plan = Plan(read_document(paid(D0, **links)))

    with pytest.raises(InvalidOperation, match="event paid: leads to more than 100,000 fields"):
        review(plan, [])


# -- patterns

SLOW = [
    "(a+)+$", "(a*)*b", "^(\\d+)*$", "(.*,)*x", "(\\w+\\s?)*$", "(a|aa)+$", "(aa?)+$", "(a|b|ab)*c",
    "(x{1,50})*y", "(.|\\w)*x", "(\\s|\\s+)*x", "(?:(a+)b?)*c", "(?:(?:|)b)*c", "(?:b(?:a?)*)*c",
    "(?:(?:a|)?b)*c", "(?=(a+)+$)b", "(?>(a+)+)$", "(?i)(a+)+$", "([^,]*,?)*;",
    "^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}[a-z]{2,3}$",
    "(?:" + "|".join(f"x{n}y" for n in range(2_000)) + ")*z",
]  # fmt: skip
QUICK = [
    "", "^a|b$", "^[A-Z]+-[0-9]+$", "^[a-z0-9]+(-[a-z0-9]+)*$", "(_[a-z0-9]+)*", "(.|\\n)*",
    "^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$", "^(?:[0-9]{1,3}\\.){3}[0-9]{1,3}$", "(\\w+\\.)+\\w+",
    "(?>a+)+$", "(a++)+$", "(foo|fob)*", "(\\d{4})*", "([a-z]+ +)*x", "a*a*a*b", "(?:b\\s*)*c",
    "^\\+?[1-9]\\d{1,14}$", "(?i)(a|A)*b", "(a)(?(1)b|c)*", "(a)\\1*", "^(?!x)(?<!y)a$",
    "^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(?:-((?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)"
    "(?:\\.(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?$",
]  # fmt: skip


@pytest.mark.parametrize("pattern", SLOW)
def test_a_loop_that_matches_one_text_in_two_ways_is_slow(pattern):
    """Python's engine tries each way, and each further character doubles them."""
    assert may_take_exponential_time(pattern)


@pytest.mark.parametrize("pattern", QUICK)
def test_a_loop_that_matches_in_one_way_is_not_slow(pattern):
    """Slugs, addresses and versions are no risk, though they have loops in loops."""
    assert not may_take_exponential_time(pattern)


@pytest.mark.parametrize(
    "schema",
    [
        TEXT | {"pattern": "(a+)+$"},
        {"type": "object", "patternProperties": {"(a+)+$": TEXT}},
        {"type": "array", "items": {"type": ["string", "null"], "pattern": "(a+)+$"}},
    ],
)
def test_a_foreign_document_brings_no_slow_pattern(schema):
    """It would run in the application, on texts of its customers; the error names the place."""
    with pytest.raises(InvalidOperation, match=r"^document at PaidX\w*: has the pattern '\(a\+"):
        read_document(paid(schema))


def test_a_pattern_of_another_dialect_is_left_out():
    """What Python's engine does not read is checked elsewhere: the type is wider, and no guess."""
    document = read_document(paid(TEXT | {"pattern": "(?<year>[0-9]{4})", "maxLength": 4}))

    assert document["$defs"]["Paid"]["properties"]["x"] == {"type": "string", "maxLength": 4}
