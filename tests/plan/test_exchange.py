"""A plan becomes a document, and the document classes that say the same plan."""

import datetime
import importlib.util
import json
import subprocess
import sys
from datetime import UTC
from decimal import Decimal
from typing import Annotated, Any, Literal

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plan import odd
from tests.plan.every import (
    PLAN,
    Card,
    Colour,
    Line,
    OrderCompleted,
    OrderPaid,
    Parcel,
    Point,
    Row,
    Shop,
    Tree,
)

from ferryman.errors import InvalidOperation
from ferryman.plan import Conventions, Event, Field, Person, TrackingPlan, encode_event
from ferryman.plan.exchange.generate import generate
from ferryman.plan.exchange.schema import document_bytes
from ferryman.plan.exchange.typescript import typescript
from ferryman.plan.exchange.words import WORDS

NOW = datetime.datetime(2026, 11, 24, 5, tzinfo=UTC)


def imported(source: str, path: Any) -> Any:
    """Return the document of the plan in *source*, imported from a file at *path*."""
    name = f"generated_{abs(hash(source))}"
    file = path / f"{name}.py"
    file.write_text(source)
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
        return module.plan.schema()
    finally:
        del sys.modules[name]


@pytest.mark.parametrize("plan", [PLAN, odd.PLAN], ids=["every", "odd"])
def test_a_plan_of_every_feature_comes_back_as_it_was(tmp_path, plan):
    """Plan, document, classes and document again: the same document, byte for byte."""
    document = plan.schema()

    again = imported(generate(document), tmp_path)

    assert again == document
    assert document_bytes(again) == plan.schema_bytes()
    assert generate(again) == generate(document)


def test_every_word_of_ours_is_used_by_the_plan_of_every_feature():
    """The round trip above would not notice the loss of a word that it does not use."""
    text = PLAN.schema_bytes().decode()

    assert [word for word in WORDS if f'"{word}"' not in text] == []


def test_a_document_is_json_schema_of_2020_12():
    """Any validator takes it."""
    document = PLAN.schema()

    jsonschema.Draft202012Validator.check_schema(document)

    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(document_bytes(document)) == document
    assert document["properties"]["events"]["properties"]["order_paid"] == {
        "$ref": "#/$defs/OrderPaid"
    }


def test_a_class_says_what_it_says_in_the_document():
    """Owner, version, successor, description and marks stand where a reader looks for them."""
    defs = PLAN.schema()["$defs"]

    assert {word: defs["OrderPaid"][word] for word in ("x-kind", "x-name", "x-owner")} == {
        "x-kind": "event",
        "x-name": "order_paid",
        "x-owner": "checkout",
    }
    assert defs["OrderPaid"]["x-version"] == 3
    assert defs["OrderPaid"]["description"].startswith("An order was paid.\n\nSent once")
    assert defs["OrderPaid"]["required"][:2] == ["order_id", "total"]
    assert defs["OrderPaid"]["properties"]["note"] == {
        "type": "string",
        "x-personal": True,
        "x-owner": "legal",
    }
    assert defs["OrderCompleted"]["deprecated"] is True
    assert defs["OrderCompleted"]["x-successor"] == "order_paid"
    assert defs["Account"]["x-name"] == "1"
    assert defs["Refund"]["x-name"] == "order_refunded"


def test_what_is_sent_is_what_the_document_describes():
    """An event, encoded for Pipelines, is valid; without a required field it is not."""
    event = OrderPaid(
        order_id="1",
        total=Decimal("1.50"),
        currency="EUR",
        kind="order",
        lines=[Line("A-1", Decimal(1), Colour.DARK_BLUE, frozenset({"x"}))],
        paid_with=Card(NOW),
        through=Shop("Ulm"),
        step=15,
        gift=True,
        colours={Colour.RED},
        row=Row(1, "a"),
        counts={"a": 1},
        by_colour={"red": 0.5},
        tree=Tree("a", [Tree("b")]),
        address={"city": "Ulm"},
        point=Point(1.0, 2.0),
        parcel=Parcel(5),
        anything={"a": [1]},
    )
    validator = jsonschema.Draft202012Validator(PLAN.schema())

    data = json.loads(encode_event(event, "pipelines"))

    assert list(validator.iter_errors({"events": {"order_paid": data}})) == []
    del data["order_id"]
    assert not validator.is_valid({"events": {"order_paid": data}})
    assert not validator.is_valid({"events": {"order_payed": {}}})


def test_the_document_does_not_depend_on_the_order_of_the_lists():
    """The same classes in another order are the same bytes."""
    spelt = Conventions(fields="any")
    one = TrackingPlan([OrderPaid, OrderCompleted], conventions=spelt)
    other = TrackingPlan([OrderCompleted, OrderPaid], conventions=spelt)

    assert one.schema_bytes() == other.schema_bytes()


def test_classes_of_one_name_stay_apart(tmp_path):
    """Two modules may each have a Line."""
    other = msgspec.defstruct("Line", [("length", int)])
    drawn = type(Event)("Drawn", (Event,), {"__annotations__": {"a": Line, "b": other}})
    document = TrackingPlan([drawn]).schema()

    again = imported(generate(document), tmp_path)

    assert sorted(document["$defs"]) == ["Colour", "Drawn", "Line", "Line2"]
    assert again == document


@pytest.mark.parametrize(("width", "plan"), [(88, PLAN), (100, PLAN), (120, PLAN), (88, odd.PLAN)])
def test_what_is_generated_is_formatted(tmp_path, width, plan):
    """ruff format changes nothing; at another width it may join what stands in parentheses."""
    file = tmp_path / "plan.py"
    file.write_text(generate(plan.schema()))

    command = ["ruff", "format", "--isolated", "--diff", f"--line-length={width}", str(file)]
    done = subprocess.run(
        [sys.executable, "-m", *command], check=False, capture_output=True, text=True
    )

    assert done.stdout == ""
    assert done.returncode == 0


@pytest.mark.parametrize("document", [{}, {"x-ferryman": {"format": 99}}, {"x-ferryman": 1}])
def test_only_our_own_form_is_generated_from(document):
    """Another document is read first, and not guessed at."""
    with pytest.raises(InvalidOperation, match="is no plan of this version"):
        generate(document)
    with pytest.raises(InvalidOperation, match="is no plan of this version"):
        typescript(document)


def test_a_type_that_json_schema_cannot_say_is_named():
    """A class of an unknown kind makes no document, rather than a vague one."""

    class Odd(Event):
        custom: Tagged

    with pytest.raises(InvalidOperation, match="JSON Schema cannot say Tagged"):
        TrackingPlan([Odd]).schema()


class Tagged:
    pass


@pytest.mark.parametrize(
    ("default", "rule"),
    [
        (datetime.datetime(2026, 11, 24), "its default is a naive datetime"),  # noqa: DTZ001 - naive on purpose
        (2**53, "its default is an integer beyond"),
        (float("nan"), "its default is NaN"),
        ("\ud800", "its default holds a lone surrogate"),
    ],
)
def test_a_default_that_json_cannot_say_is_named(default, rule):
    """Class and field are told, not the inside of an encoder."""
    odd = type(Event)("Odd", (Event,), {"__annotations__": {"at": Any}, "at": default})

    with pytest.raises(InvalidOperation, match=rf"^Odd\.at: {rule}"):
        TrackingPlan([odd]).schema()


# -- TypeScript


def test_types_for_the_front_end():
    """Each class is an interface, an absent field optional, a name maps to its data."""
    text = typescript(PLAN.schema())

    assert 'export type Colour = "red" | "dark blue";' in text
    assert '  currency: "EUR" | "USD";' in text
    assert "  through?: Web | Shop | null;" in text
    assert '  type: "cash";' in text
    assert "  lines: Array<Line>;" in text
    assert "  pair?: [string, number];" in text
    assert "  counts?: Record<string, number>;" in text
    assert "  order_refunded: Refund;" in text
    assert "/** @deprecated say order_paid instead */" in text
    assert "keyof Events" in text
    assert '  "1": Account;' in text


def test_the_compiler_takes_the_types(tmp_path, program):
    """What is right compiles under --strict, and three mistakes are three errors."""
    (tmp_path / "plan.ts").write_text(typescript(PLAN.schema()))
    (tmp_path / "use.ts").write_text(
        'import type { Track } from "./plan";\n'
        "declare const track: Track;\n"
        'track("order_completed", { total: 1 });\n'
        'track("order_complete", { total: 1 });\n'
        'track("order_completed", { total: "1" });\n'
        'track("order_refunded", {});\n'
    )

    done = subprocess.run(
        [program("tsc"), "--strict", "--noEmit", "use.ts"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )

    assert [line[:8] for line in done.stdout.splitlines() if "error" in line] == [
        "use.ts(4",
        "use.ts(5",
        "use.ts(6",
    ]


def test_classes_called_like_types_of_typescript_stay_apart(tmp_path, program):
    """A class Track or Record takes another name; what the file itself declares keeps its own."""
    record = msgspec.defstruct("Record", [("items", list[int])])
    track = type(Event)("Track", (Event,), {"__annotations__": {"by": dict[str, record]}})
    other = type(Event)("Track_", (Event,), {"__annotations__": {"a": int}})
    plan = TrackingPlan([track, other], conventions=Conventions(events="any"))
    (tmp_path / "plan.ts").write_text(typescript(plan.schema()))

    done = subprocess.run(
        [program("tsc"), "--strict", "--noEmit", "plan.ts"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.stdout == ""
    assert "  track: Track__;" in (tmp_path / "plan.ts").read_text()


# -- plans that nobody thought of

_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20)
_NAMES = st.from_regex(r"\A[a-z][a-z0-9]{0,5}(_[a-z0-9]{1,5}){0,2}\Z")
_LETTERS = st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters='"\\')
_WIRES = st.text(_LETTERS, min_size=1, max_size=8)
_SCALARS = st.sampled_from(
    [
        (bool, True),
        (str, "a"),
        (int, 3),
        (float, 1.5),
        (Decimal, Decimal("1.5")),
        (datetime.datetime, NOW),
        (datetime.date, datetime.date(2026, 11, 24)),
        (Literal["a", "b"], "b"),
        (Literal[1], 1),
        (Colour, Colour.RED),
        (Any, None),
    ]
)
_CONSTRAINED = st.one_of(
    st.tuples(st.integers(-5, 0), st.integers(0, 5)).map(
        lambda b: (Annotated[int, Field(ge=b[0], le=b[1])], 0)
    ),
    st.integers(1, 9).map(lambda n: (Annotated[str, Field(max_length=n, pattern="^a")], "a")),
    st.floats(0.5, 9).map(lambda n: (Annotated[float, Field(gt=0, lt=n)], 0.25)),
)


@st.composite
def _types(draw, depth=2):
    """Return a type and a default for it, or None for no default."""
    kind = draw(
        st.sampled_from(["scalar", "bound", "list", "set", "tuple", "dict", "none", "class"])
    )
    if depth == 0 or kind == "scalar":
        return draw(_SCALARS)
    if kind == "bound":
        return draw(_CONSTRAINED)
    inner, default = draw(_types(depth=depth - 1))
    match kind:
        case "list":
            return list[inner], ()
        case "set":
            return frozenset[int], frozenset({1, 2})
        case "tuple":
            return tuple[inner, ...], (default,) if default is not None else ()
        case "dict":
            return dict[str, inner], ()
        case "none":
            return (inner if inner is Any else inner | None), None
    fields = [("value", inner), ("other", int, 3)]
    cls = msgspec.defstruct(draw(st.sampled_from(["Inner", "Other"])), fields, frozen=True)
    return cls, None


@st.composite
def _classes(draw, base, name, **words):
    annotations: dict[str, Any] = {}
    namespace: dict[str, Any] = {"__module__": __name__, "__annotations__": annotations}
    names = draw(st.lists(_NAMES.filter(str.isidentifier), unique=True, max_size=5))
    for field in names:
        declared, default = draw(_types())
        marks = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "description": _TEXT.map(str.strip).filter(bool),
                    "personal": st.just(True),
                    "owner": _TEXT.filter(bool),
                    "deprecated": st.just(True) | _NAMES,
                    "examples": st.lists(st.integers() | _TEXT, min_size=1, max_size=2),
                    "reserved": st.just(True),
                },
            )
        )
        annotations[f"f_{field}"] = Annotated[declared, Field(**marks)] if marks else declared
        options = draw(st.sampled_from(["required", "default", "unset", "renamed"]))
        if options == "unset":
            annotations[f"f_{field}"] = annotations[f"f_{field}"] | msgspec.UnsetType
            namespace[f"f_{field}"] = msgspec.UNSET
        elif options != "required" and default != ():
            said = {"name": draw(_WIRES) + field} if options == "renamed" else {}
            if default is not None or type(None) in getattr(declared, "__args__", ()):
                said["default"] = default
            namespace[f"f_{field}"] = msgspec.field(**said)
    about = draw(_TEXT.map(str.strip))
    if about:
        namespace["__doc__"] = about
    return type(base)(name, (base,), namespace, **words)


@st.composite
def _plans(draw):
    names = draw(st.lists(_NAMES, unique=True, min_size=1, max_size=3))
    events = [
        draw(
            _classes(
                Event,
                f"Event{n}",
                event=name,
                owner=draw(_TEXT),
                version=draw(st.integers(1, 3)),
                deprecated=draw(st.sampled_from([False, True, names[0]])),
            )
        )
        for n, name in enumerate(names)
    ]
    person = draw(st.none() | _classes(Person, "Somebody"))
    return TrackingPlan(
        events,
        person=person,
        mode=draw(st.sampled_from(["enforce", "warn", "off"])),
        conventions=Conventions(events="any", fields="any"),
        title=draw(_TEXT),
        description=draw(_TEXT),
    )


@settings(deadline=None, max_examples=60)
@given(_plans())
def test_any_plan_comes_back_as_it_was(tmp_path_factory, plan):
    """Whatever is declared, the classes generated from the document say the same document."""
    document = plan.schema()
    jsonschema.Draft202012Validator.check_schema(document)

    again = imported(generate(document), tmp_path_factory.mktemp("generated"))

    assert again == document
    assert document_bytes(again) == document_bytes(document)
