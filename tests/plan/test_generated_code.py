"""What a document says becomes names and values of the module made of it, and never its code."""

import ast
import builtins
import copy
import sys
import types
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plan import odd
from tests.plan.every import PLAN
from tests.plan.test_reading import CONFIG_API, JSON_SCHEMA, PUBLIC_API

from ferryman.errors import InvalidOperation
from ferryman.plan.exchange.allowlist import check_module
from ferryman.plan.exchange.generate import generate
from ferryman.plan.exchange.reading import read_document

DOCUMENTS = [PLAN.schema(), odd.PLAN.schema(), CONFIG_API, PUBLIC_API, JSON_SCHEMA]
CALLS = {
    "Conventions", "Decimal", "Field", "UUID", "datetime.date", "datetime.datetime", "frozenset",
    "msgspec.field", "set",
}  # fmt: skip
PAYLOADS = [
    "planted()",
    "x = planted()",
    "X: int = planted()\n    y",
    "A = 'a'\n    planted()\n    B",
    "1 + (0 if planted() else 0)",
    "'); planted(); ('",
    '"); planted(); ("',
    '"""\nplanted()\n"""',
    '\\\'"""\nplanted()\n"""',
    "a\rplanted()\r",
    "f: str = planted()\n    g",
    "events=planted() or 'snake_case', fields",
    "list[planted()]",
    "#/$defs/planted()",
    "class",
    "mro",
    "__class__",
    "_a_",
    "ﬁeld",
    "\uff26ield",
    "৴",
    "",
    "\ud800",
]
WORDS = [
    "$ref", "const", "default", "deprecated", "description", "examples", "format", "maximum",
    "minLength", "pattern", "required", "type", "version", "x-enum-varnames", "x-kind", "x-name",
    "x-owner", "x-python", "x-successor", "x-tag", "x-type", "x-version", "name", "title",
]  # fmt: skip


def texts_of(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of each text in *value*; one that ends in True is that of a key."""
    found: list[tuple[Any, ...]] = [at] if isinstance(value, str) else []
    inner = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value))
        if isinstance(value, list) else []
    )  # fmt: skip
    for key, each in inner:
        found += [(*at, key, True)] if isinstance(key, str) else []
        found += texts_of(each, (*at, key))
    return found


def plant(document: Any, path: tuple[Any, ...], payload: Any) -> None:
    """Put *payload* in the place of the text, or of the key, at *path*."""
    is_key = path[-1] is True
    *above, last = path[:-1] if is_key else path
    for step in above:
        document = document[step]
    if is_key:
        document[payload] = document.pop(last)
    else:
        document[last] = payload


def calls_of(source: str) -> set[str]:
    """Return what the module of *source* calls, in texts that are annotations too."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            found.add(ast.unparse(node.func).partition("[")[0])
        if isinstance(node, ast.AnnAssign) and isinstance(node.annotation, ast.Constant):
            found |= calls_of(node.annotation.value)
    return found


def run(source: str) -> int:
    """Run the module of *source*; return how often a planted call ran."""
    planted: list[int] = []
    module = types.ModuleType("generated_with_payloads")
    builtins.planted = lambda: planted.append(1)
    sys.modules[module.__name__] = module  # where msgspec evaluates annotations
    try:
        exec(compile(source, "<generated>", "exec"), module.__dict__)
        module.plan.schema()
    except (TypeError, ValueError):
        pass  # a class that declares what Customer.io, or msgspec, does not take
    finally:
        del builtins.planted, sys.modules[module.__name__]
    return len(planted)


@st.composite
def planted_documents(draw: st.DrawFn) -> Any:
    document = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 3))):
        payload = draw(st.sampled_from(PAYLOADS) | st.text(max_size=20))
        path = draw(st.sampled_from(texts_of(document)))
        if draw(st.booleans()):
            plant(document, path, payload)
        else:  # a word that was not there, beside it
            *above, _ = path[:-1] if path[-1] is True else path
            inner = document
            for step in above:
                inner = inner[step]
            if isinstance(inner, dict):
                inner[draw(st.sampled_from(WORDS))] = draw(st.sampled_from([payload, [payload]]))
    return document


@settings(deadline=None, max_examples=150)
@given(planted_documents())
def test_no_text_of_a_document_becomes_code(document):
    """Whatever stands where, a module only declares, or there is none."""
    try:
        source = generate(read_document(document))
    except InvalidOperation:
        return

    classes = {node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
    assert calls_of(source) <= CALLS | {"TrackingPlan"} | classes
    assert run(source) == 0


ENUM = {"enum": ["red", "blue"], "x-enum-varnames": ["RED = 'red'\n    planted()\n    X", "B"]}
FOREIGN = {
    "title": "paid",
    "properties": {"colour": {"$ref": "#/$defs/Colour"}},
    "$defs": {"Colour": ENUM},
}


def test_members_that_are_no_names_are_named_anew():
    """Generators for other languages write names of members that Python does not take."""
    document = read_document(FOREIGN)

    source = generate(document)

    assert document["$defs"]["Colour"]["x-enum-varnames"] == ["RED", "BLUE"]
    assert '    RED = "red"\n    BLUE = "blue"' in source
    assert run(source) == 0


def ours(**words: Any) -> Any:
    """Return a document of our own form, in which a field or its class says *words*."""
    document = read_document(
        {"title": "paid", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    )
    for at, said in words.items():
        target = document["$defs"]["Paid"]
        (target if at == "of_class" else target["properties"][at]).update(said)
    return document


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (ours(of_class={"x-version": "1 + planted()"}), "#/$defs/Paid/x-version: must be a whole"),
        (ours(of_class={"x-version": True}), "#/$defs/Paid/x-version: must be a whole number"),
        (ours(a={"x-python": "f: str = planted()\n    g"}), "a/x-python: must be a name"),
        (ours(a={"x-python": "class"}), "a/x-python: must be a name"),
        (ours(a={"x-python": "__init__"}), "a/x-python: must be a name"),
        (ours(a={"x-python": "b"}), "x-python: gives two fields"),
        (ours(a={"minLength": 1.5}), "a/minLength: must be a whole number from 0"),
        (ours(a={"maximum": 2**64}), "a/maximum: must be a number of at most 64 bits"),
        (ours(a={"pattern": "("}), "a/pattern: must be a regular expression"),
        (ours(a={"$ref": "#/$defs/Absent"}), r"a/\$ref: refers to no class"),
        (ours(a={"description": 1}), "a/description: must be text"),
        (ours(a={"default": "never", "format": "date-time"}), "^a: has a default"),
    ],
)  # fmt: skip
def test_a_document_of_our_form_holds_what_the_form_says(document, error):
    """A name is a name, a version a number; the error names the place."""
    with pytest.raises(InvalidOperation, match=error.replace("$defs", r"\$defs")):
        generate(document)


def test_conventions_take_over_their_own_keys_alone():
    """What else stands among them is not written into the module."""
    document = ours()
    document["x-ferryman"]["conventions"]["events=planted() or 'any', fields"] = "any"

    source = generate(document)

    assert "planted" not in source
    assert run(source) == 0


def test_classes_of_different_keys_have_different_names():
    """Two keys that are spelt alike in Python are two classes all the same."""
    document = ours()
    for key in ("A_b", "AB", "\uff21B"):
        document["$defs"][key] = {"enum": ["x"], "x-enum-varnames": ["X"]}

    tree = ast.parse(generate(document))

    names = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    assert sorted(names) == ["AB", "AB2", "AB_", "Paid"]


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_number_of_a_document_is_finite(number):
    """JSON's 1e400 is no number of Python's source; the error names where it stands."""
    with pytest.raises(InvalidOperation, match=r"^document #/properties/a/maximum: must be a f"):
        read_document({"title": "t", "properties": {"a": {"type": "number", "maximum": number}}})


HEAD = "from typing import Annotated, Any, Literal\nfrom ferryman.plan import Event, TrackingPlan\n"


@pytest.mark.parametrize(
    "lines",
    [
        "import os",
        "import datetime as enum",
        "from os import system",
        "from typing import *",
        "from . import Event",
        "planted()",
        "X = 1",
        "plan = planted()",
        "plan = TrackingPlan(events=[planted()])",
        "plan = TrackingPlan(*[1])",
        "plan = TrackingPlan(**{'title': 'a'})",
        "plan = TrackingPlan[planted()]([])",
        "plan: int = 1",
        "Events: planted() = Event",
        "def f(): pass",
        "if True: pass",
        "class A(planted()): pass",
        "class A(Event, owner=planted()): pass",
        "class A(Event, **{}): pass",
        "class A(Event, metaclass=type): pass",
        "@planted\nclass A(Event): pass",
        "class A(Event, object): pass",
        "class Event(Event): pass",
        "class print(Event): pass",
        "class A(Event):\n    planted()",
        "class A(Event):\n    a = 1",
        "class A(Event):\n    def f(self): pass",
        "class A(Event):\n    a: planted()",
        "class A(Event):\n    a: 'planted()'",
        "class A(Event):\n    a: 'list[planted()]'",
        "class A(Event):\n    a: list['int']",
        "class A(Event):\n    a: Literal[planted()]",
        "class A(Event):\n    a: Annotated[int, planted()]",
        "class A(Event):\n    a: Annotated[int, Field(gt=planted())]",
        "class A(Event):\n    a: int = planted()",
        "class A(Event):\n    a: int = f'{planted()}'",
        "class A(Event):\n    a: int = [planted() for _ in ()]",
        "class A(Event):\n    a: int = A.__class__",
        "class A(Event):\n    a: int = msgspec.field(default_factory=lambda: planted())",
        "class A(Event):\n    a: int = msgspec.field(default_factory=lambda x=planted(): 1)",
        "class A(Event):\n    a: int = (planted() if 1 else 2)",
        "class A(Event):\n    a: int = {**planted()}",
        "class A(Event):\n    __init__: int = 1",
        "class A(enum.Enum):\n    A = planted()",
        "class A(enum.Enum):\n    A, B = 1, 2",
        "class A(enum.Enum):\n    A: int = 1",
        "class A(:",
        "(" * 300,
    ],
)
def test_what_is_more_than_a_declaration_is_not_written(lines):
    """The last look at a module knows what it may consist of, and refuses all else."""
    with pytest.raises(InvalidOperation):
        check_module(HEAD + lines)


def test_a_module_of_every_feature_is_permitted():
    """What the generator writes is what the last look permits."""
    for plan in (PLAN, odd.PLAN):
        check_module(generate(plan.schema()))
