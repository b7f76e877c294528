"""What passes by is counted in bounded memory, without values; what is proposed accepts it."""

import importlib.util
import json
import sys

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferryman.errors import InvalidOperation
from ferryman.plan.checking.loose import Loose
from ferryman.plan.exchange.generate import generate
from ferryman.plan.observed_form import ObservedForm
from ferryman.plan.observing import Observed
from ferryman.plan.observing.comparing import Finding, compare
from ferryman.plan.observing.observed import MAX_EVENTS
from ferryman.plan.observing.proposing import propose, propose_fields
from ferryman.plan.observing.seen import MAX_DEPTH, MAX_DISTINCT, MAX_FIELDS, MAX_SEEN

SECRET = "ann@example.com"
MOMENT = "2026-11-24T05:00:00Z"
ULID = "01234567-89ab-cdef-0123-456789abcdef"


def observed(*events, values=False, name="bought"):
    """Count *events*, the data of each, under one name."""
    made = Observed(values=values)
    for data in events:
        made.track(name, data)
    return made


def field(made, *steps, name="bought"):
    """Return the part of the document that *steps* lead to, from the fields of the event."""
    found = json.loads(made.document())["events"][name]["fields"]
    for step in steps:
        found = found[step]
    return found


def plan_of(source, path):
    """Import the generated *source* and return its plan."""
    name = f"proposed_{abs(hash(source))}"
    file = path / f"{name}.py"
    file.write_text(source)
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
        module.plan.schema()
        return module.plan
    finally:
        del sys.modules[name]


# -- counting


def test_presence_types_and_formats_are_counted():
    """Each field says how often it was there, of which types, and what it looked like."""
    made = observed(
        {"total": 1, "at": MOMENT, "ref": ULID, "lines": [{"sku": "a"}, {}]},
        {"total": 1.5, "at": None, "ref": "x", "url": "https://example.com/"},
        {"total": True, "since": 1_700_000_000, "digits": "12", "price": "12.50"},
    )

    assert field(made, "total") == {
        "present": 3, "types": {"integer": 1, "number": 1, "boolean": 1},
    }  # fmt: skip
    assert field(made, "at", "types") == {"string": 1, "null": 1}
    assert field(made, "at", "formats") == {"date-time": 1}
    assert field(made, "ref", "formats") == {"uuid": 1}
    assert field(made, "url", "formats") == {"url": 1}
    assert field(made, "since", "formats") == {"unix-seconds": 1}
    assert field(made, "digits", "formats") == {"integer": 1}
    assert field(made, "price", "formats") == {"number": 1}
    assert field(made, "lines", "items", "object") == {
        "count": 2,
        "fields": {"sku": {"present": 1, "types": {"string": 1}, "distinct": 1}},
    }


@pytest.mark.parametrize(
    "data",
    [
        {"note": SECRET},
        {"email": "ann"},
        {"name": "ann"},
        {"billing": {"home_phone": "12"}},
        {"address": {"line": "ann"}},
        {"tags": [SECRET]},
        {"by": {SECRET: 1}},
        {SECRET: 1},
    ],
)
def test_nothing_of_a_person_stands_in_it(data):
    """What looks personal, by its name or its text, leaves no value, even where values are kept."""
    made = observed(*[data] * 3, values=True)
    made.identify(data)
    made.track(SECRET, {})

    assert b"ann" not in made.document()
    assert b'"12"' not in made.document()


def test_a_value_that_proves_personal_takes_the_others_with_it():
    """A field that held one e-mail address keeps none of its other texts."""
    made = observed({"to": "nobody"}, {"to": SECRET}, {"to": "nobody"}, values=True)

    assert field(made, "to") == {"present": 3, "types": {"string": 3}, "formats": {"email": 1}}


def test_values_are_kept_only_where_asked_for():
    """Without values the document says how many texts differ; with them, which."""
    data = [{"method": "card"}, {"method": "card"}, {"method": "sepa"}]

    assert field(observed(*data), "method") == {
        "present": 3, "types": {"string": 3}, "distinct": 2,
    }  # fmt: skip
    assert field(observed(*data, values=True), "method", "values") == {"card": 2, "sepa": 1}
    assert b"card" not in observed(*data, values=True).document(values=False)


@pytest.mark.parametrize("texts", [[f"t{n}" for n in range(MAX_DISTINCT + 1)], ["x" * 41]])
def test_many_and_long_texts_are_no_choice(texts):
    """More texts than a few, or a long one, and none is kept."""
    made = observed(*[{"note": text} for text in texts], values=True)

    assert field(made, "note", "distinct") is None
    assert "values" not in field(made, "note")


def test_memory_has_an_end():
    """Names, fields and depth have a most; what comes later is counted as more."""
    wide = observed({f"f{n}": 1 for n in range(MAX_FIELDS + 7)})
    many = Observed()
    for n in range(MAX_EVENTS + 5):
        many.track(f"e{n}", {f"f{m}": 1 for m in range(30)})
    deep = {}
    for _ in range(8):
        deep = {"in": deep, "list": [[deep]]}
    deeper = json.loads(json.dumps(deep).replace("{}", '{"in": {"in": {}}}'))
    document = json.loads(many.document())
    kept = sum(len(shape.get("fields", {})) for shape in document["events"].values())

    assert json.loads(wide.document())["events"]["bought"]["more"] == 7
    assert document["more"] == 5
    assert kept == MAX_SEEN
    assert observed(deep).document().count(b'"object":{') < 2 ** (MAX_DEPTH + 1)
    assert observed(deep).document() == observed(deeper).document()


def test_names_that_are_data_are_no_fields():
    """Entries kept by an id, a number or an address are counted together, without their names."""
    made = observed({"by": {"17": 1, ULID: 2}}, {"by": {"18": 1.5}})

    assert field(made, "by", "object") == {
        "count": 2, "entries": {"present": 3, "types": {"integer": 2, "number": 1}},
    }  # fmt: skip


# -- the document


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "card", "sepa", MOMENT, ULID, SECRET, "1", "1.5", "x" * 50])
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["a", "b c", "paid_at", "email", "17"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
NAMES = st.sampled_from(["total", "paid_at", "email", "Line Items", "class", "_x", "kind", "2nd"])
EVENTS = st.lists(st.dictionaries(NAMES, JSON, max_size=4), min_size=1, max_size=12)


@given(EVENTS, EVENTS, st.booleans())
def test_the_document_comes_back_and_adds(first, second, values):
    """A document read is the document; two counts added are the count of both."""
    one, other = observed(*first, values=values), observed(*second, values=values)
    both = observed(*first, *second, values=values)
    again = Observed.read(one.document())
    again.merge(Observed.read(other.document()))
    one_way = observed(*first, values=values)
    one_way.merge(other)

    assert Observed.read(one.document()).document() == one.document()
    assert json.loads(one_way.document()) == json.loads(both.document())
    if values:
        assert json.loads(again.document()) == json.loads(both.document())


@given(EVENTS)
def test_the_document_is_of_its_published_form(events):
    """The JSON Schema that the form gives takes every document."""
    schema = msgspec.json.schema(ObservedForm)

    jsonschema.validate(json.loads(observed(*events, values=True).document()), schema)


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"observed": 2}', b"\xff"])
def test_another_document_is_told(document):
    """What is of another form or version is no document."""
    with pytest.raises(InvalidOperation, match="document"):
        Observed.read(document)


# -- proposing


@settings(max_examples=60)  # each writes and imports a module
@given(EVENTS, st.booleans())
def test_what_is_proposed_accepts_what_it_was_proposed_from(tmp_path_factory, events, values):
    """The classes import, say their schema, and the data that made them deviates nowhere."""
    made = observed(*events, values=values)
    made.track("Other Thing", {})
    for data in events:
        made.identify({name: data[name] for name in data if name != "email"})
    proposal = propose(made)
    source = generate(proposal.document)

    plan = plan_of(source, tmp_path_factory.getbasetemp())

    assert plan.schema() == proposal.document
    assert compare(made, plan.schema()) == []
    cls = next(each.cls for each in plan.parts.events if each.facts.name == "bought")
    apis = () if "datetime" in source else ("track", "pipelines")  # a moment differs by the API
    for api in apis:
        for data in events:
            Loose(api).check(cls, data)


def test_types_follow_what_was_seen():
    """Few texts are a choice, moments and ids are theirs, what lacks at times is optional."""
    data = [
        {
            "method": ("card", "sepa")[n % 2],
            "paid_at": 1_700_000_000 + n,
            "seen": MOMENT,
            "ref": ULID,
            "total": (1, 1.5)[n % 2],
            "note": None if n else "hello",
            "to": SECRET,
            "unknown": None,
            "rare": f"r{n // 2}",
            "mixed_at": MOMENT if n else "soon",
            "mixed_ref": ULID if n else "r-1",
            "since": 1_700_000_000 if n else 7,
            "number": 1_700_000_000,
            **({"coupon": f"c{n}"} if n else {}),
        }
        for n in range(20)
    ]

    proposal = propose(observed(*data, values=True))
    schema = proposal.document["$defs"]["Bought"]

    assert schema["properties"] == {
        "method": {"enum": ["card", "sepa"]},
        "paid_at": {"type": "string", "format": "date-time"},
        "seen": {"type": "string", "format": "date-time"},
        "ref": {"type": "string", "format": "uuid"},
        "total": {"type": "number"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "to": {"type": "string", "x-personal": True},
        "unknown": {},
        "rare": {"type": "string"},
        "mixed_at": {"type": "string"},
        "mixed_ref": {"type": "string"},
        "since": {"type": "integer"},
        "number": {"type": "integer"},
        "coupon": {"type": "string"},
    }
    assert set(schema["properties"]) - set(schema["required"]) == {"coupon"}
    assert {remark.field for remark in proposal.remarks} == {"paid_at", "seen"}


def test_what_the_plan_has_is_not_proposed():
    """Beside a plan only what is missing in it is proposed, and both together are clean."""
    first = observed({"total": 1})
    plan = propose(first).document
    first.track("left", {"why": "x"})

    proposal = propose(first, plan)

    assert list(proposal.document["properties"]["events"]["properties"]) == ["left"]
    assert [each.where for each in compare(first, plan)] == ["event left"]


def test_fields_that_a_class_lacks_are_proposed_as_lines(tmp_path):
    """Pasted into the class they make the plan accept what was seen; a slip gets no line."""
    source = generate(propose(observed({"total": 1.5})).document)
    plan = plan_of(source, tmp_path).schema()
    seen = observed(
        {"total": 1.5, "class": "x", "lines": [{"sku": "a"}], "email": SECRET},
        {"totl": 1.5, "class": "y", "at": MOMENT, "meta": {"a": 1}},
    )

    (given,) = propose_fields(seen, plan)

    assert given.where == "event bought"
    assert given.lines == (
        '    class_: str = msgspec.field(name="class")',
        "    lines: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET",
        "    email: Annotated[str | msgspec.UnsetType, Field(personal=True)] = msgspec.UNSET",
        "    at: datetime.datetime | msgspec.UnsetType = msgspec.UNSET",
        "    meta: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET",
    )
    pasted = source.replace("    total: float\n", "\n".join(["    total: float", *given.lines, ""]))
    needed = "import datetime\nfrom typing import Annotated, Any\nimport msgspec\n"
    wider = plan_of(needed + pasted.replace("Event, ", "Event, Field, "), tmp_path).schema()
    assert [each.what for each in compare(seen, wider)] == [
        "totl: is not declared; is total meant?",
        "total: is missing",
    ]


def test_no_lines_are_proposed_where_no_class_lacks_a_field():
    """An event that is not declared gets a class, and people only what Customer.io takes."""
    plan = propose(observed({"total": 1})).document
    seen = observed({"total": 1}, {"total": 2})
    seen.track("left", {"why": "x"})

    assert propose_fields(seen, plan) == ()
    assert propose_fields(observed({"total": 1}), {}) == ()


def test_lines_for_people_are_what_customerio_takes():
    """A reserved attribute gets no line; of others the mark of personal data is not lost."""
    made = Observed()
    made.identify({"plan": "pro"})
    plan = propose(made).document
    plan["properties"]["events"] = {"properties": {}}
    made.identify({"plan": "pro", "phone_number": "+4912345678", "cio_id": "x"})

    (given,) = propose_fields(made, plan)

    assert given.where == "people"
    text = "".join(given.lines)
    assert text.startswith("    phone_number: Annotated[")
    assert "Field(personal=True)" in text
    assert "cio_id" not in text


def test_what_customerio_does_not_take_is_not_proposed():
    """Reserved attributes, wrong types of known ones and endless names stay out, and it says so."""
    made = observed({"recipient": "a", "total": 1})
    made.track("n" * 120, {})
    made.identify({"cio_id": "1", "unsubscribed": "no", "plan": "pro"})

    proposal = propose(made)
    defs = proposal.document["$defs"]

    assert set(defs) == {"Bought", "Customer"}
    assert list(defs["Customer"]["properties"]) == ["plan"]
    assert defs["Bought"]["properties"]["recipient"]["x-reserved"] is True
    assert {(each.where[:9], each.field) for each in proposal.remarks} == {
        ("people", "cio_id"), ("people", "unsubscribed"), ("event bou", "recipient"),
        ("event nnn", ""),
    }  # fmt: skip


# -- comparing


PLAN = propose(
    observed(
        *[
            {
                "method": ("card", "sepa")[n % 2], "total": 1.5, "at": MOMENT, "ref": ULID,
                "lines": [{"sku": f"s{n}", "n": 1}],
            }
            for n in range(20)
        ],
        values=True,
    )
).document  # fmt: skip
RIGHT = {"method": "card", "total": 2, "at": MOMENT, "ref": ULID, "lines": []}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"coupon": 1}, "coupon: is not declared"),
        ({"total": "1"}, "total: expected number, got string"),
        ({"total": None}, "total: expected number, got null"),
        ({"method": "cash"}, 'method: expected "card" or "sepa"'),
        ({"method": "1"}, 'method: expected "card" or "sepa"'),
        ({"method": 1}, 'method: expected "card" or "sepa", got integer'),
        ({"at": "yesterday"}, "at: expected date-time"),
        ({"ref": "r-1"}, "ref: expected uuid"),
        ({"lines": [{"sku": "a"}]}, "lines[].n: is missing"),
        ({"lines": [{"sku": 1, "n": 1}]}, "lines[].sku: expected string, got integer"),
        ({"lines": [1]}, "lines[]: expected object, got integer"),
        ({"17": 1}, "has fields named by data"),
    ],
)
def test_each_deviation_is_told_with_its_count(change, what):
    """What differs says where, which rule, and how often of how many."""
    made = observed(RIGHT, {**RIGHT, **change}, {**RIGHT, **change}, values=True)

    assert compare(made, PLAN) == [Finding("deviates", "event bought", what, 2, 3)]


def test_what_is_right_deviates_nowhere():
    """A moment may be text or a number, an int stands for a float."""
    assert compare(observed(RIGHT, {**RIGHT, "at": 1_700_000_000}), PLAN) == []


def test_a_missing_field_is_told():
    """A required field that lacks at times is counted as often as it lacks."""
    lacking = {name: value for name, value in RIGHT.items() if name != "total"}
    made = observed(RIGHT, lacking, lacking)

    assert compare(made, PLAN) == [Finding("deviates", "event bought", "total: is missing", 2, 3)]


def test_without_values_too_many_texts_are_told_all_the_same():
    """More distinct texts than a Literal has are proof, though nobody knows which."""
    made = observed(*[{**RIGHT, "method": method} for method in ("card", "sepa", "cash")])

    rule = 'method: expected "card" or "sepa"'
    assert compare(made, PLAN) == [Finding("deviates", "event bought", rule, 1, 3)]


def test_a_slip_is_told_with_what_was_meant():
    """A name close to one of the plan's says which."""
    slip = {("totl" if name == "total" else name): value for name, value in RIGHT.items()}
    made = observed(slip)
    made.track("bouhgt", {})

    assert [(each.where, each.what) for each in compare(made, PLAN)] == [
        ("event bought", "totl: is not declared; is total meant?"),
        ("event bought", "total: is missing"),
        ("event bouhgt", "is not in the plan; is bought meant?"),
    ]


def test_unknown_unseen_and_deprecated_events_are_told():
    """The three ways in which names differ have kinds of their own."""
    made = Observed()
    made.track("new", {})
    made.track("old", {})
    plan = json.loads(json.dumps(PLAN))
    plan["$defs"]["Old"] = {
        "properties": {}, "deprecated": True, "x-successor": "bought",
    }  # fmt: skip
    plan["properties"]["events"]["properties"]["old"] = {"$ref": "#/$defs/Old"}

    assert [(each.kind, each.where) for each in compare(made, plan)] == [
        ("undeclared", "event new"),
        ("deprecated", "event old"),
        ("unseen", "event bought"),
    ]


def test_people_may_lack_attributes():
    """An identify call says what changes, so nothing is missing; what is wrong is told."""
    made = Observed()
    made.identify({"plan": "pro", "seats": 1})
    plan = propose(made).document
    made.identify({"plan": 1})

    assert [each.what for each in compare(made, plan)] == ["plan: expected string, got integer"]
