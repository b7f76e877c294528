"""Classes become the parts of a plan, held against each other and against its conventions.

Pure. Here must not live: what one class alone may declare (declaring/).
"""

import types
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, TypeVar, Union, get_args, get_origin

from msgspec import inspect

from ferryman.errors import InvalidOperation
from ferryman.plan.checking.types import bare, members
from ferryman.plan.declaring.events import check_declaration
from ferryman.plan.declaring.marks import Kind
from ferryman.plan.declaring.parts import Parts
from ferryman.plan.declaring.standins import Model, is_model, model_of, wire_names
from ferryman.plan.names import limits
from ferryman.plan.names.conventions import Conventions, breaks


def collected(
    events: Sequence[Any],
    person: Any,
    objects: Sequence[Any],
    messages: Sequence[Any],
    conventions: Conventions,
) -> Parts:
    """Return the parts of a plan; raises InvalidOperation that lists everything wrong."""
    wrong: list[str] = []

    def read(kind: Kind, given: Iterable[Any]) -> tuple[Model[Any], ...]:
        found: list[Model[Any]] = []
        for each in given:
            try:
                model = model_of(each, kind)
                if hasattr(model.cls, "__facts__"):
                    check_declaration(model.cls, late=True)
                found.append(model)
            except InvalidOperation as error:
                wrong.append(str(error))
            except NameError as error:
                wrong.append(f"{each.__name__}: has a type that cannot be read: {error}")
        return tuple(sorted(found, key=lambda model: model.facts.name))

    people = read("person", () if person is None else (person,))
    parts = Parts(
        read("event", events),
        people[0] if people else None,
        read("object", objects),
        read("message", messages),
    )
    for models in (parts.events, parts.objects, parts.messages):
        wrong += _twice(models)
    names = {model.facts.name for model in parts.events}
    for model in parts.events:
        if model.facts.successor and model.facts.successor not in names:
            successor = model.facts.successor
            wrong.append(f"{model.cls.__name__}: its successor {successor} is not in the plan")
    wrong += misspelt(parts, conventions)
    if wrong:
        lines = wrong if len(wrong) == 1 else ["", *(f"  {line}" for line in wrong)]
        raise InvalidOperation("the tracking plan cannot be: " + "\n".join(lines))
    return parts


def _twice(models: tuple[Model[Any], ...]) -> list[str]:
    wrong: list[str] = []
    for one, other in pairwise(models):
        if one.facts.name == other.facts.name:
            both = f"{one.cls.__name__} and {other.cls.__name__}"
            if one.cls is other.cls:
                both = f"{one.cls.__name__}, listed twice,"
            wrong.append(f"{both} have the name {one.facts.name}")
    return wrong


def misspelt(parts: Parts, conventions: Conventions) -> list[str]:
    """Return a line for each name in *parts* that is spelt against *conventions*."""
    wrong: list[str] = []
    for model in parts.all():
        at, facts = model.cls.__name__, model.facts
        if facts.kind == "event" and (why := breaks(facts.name, conventions.events)):
            wrong.append(f"{at}: the event name {facts.name!r} {why}")
        exempt = limits.ATTRIBUTE_TYPES if facts.kind == "person" else {}
        for path in _paths(model.cls):
            name = path.rpartition(".")[2]
            if name not in exempt and (why := breaks(name, conventions.fields)):
                wrong.append(f"{at}.{path} {why}")
    return wrong


def _paths(cls: Any) -> list[str]:
    if is_model(cls):
        return wire_names(cls)
    try:
        info: Any = inspect.type_info(cls)
    except (NameError, TypeError):
        return wire_names(cls)
    found: list[str] = []
    _collect(info, "", found, set())
    return found


def _collect(kind: inspect.Type, at: str, found: list[str], met: set[Any]) -> None:
    for member in map(bare, members(kind)):
        fields: Iterable[Any] = getattr(member, "fields", ())
        if fields and not isinstance(member, inspect.NamedTupleType):
            cls = getattr(member, "cls", None)
            if cls in met:
                continue
            met.add(cls)
            for field in fields:
                path = f"{at}.{field.encode_name}" if at else field.encode_name
                found.append(path)
                _collect(field.type, path, found, met)
        for name in ("item_type", "value_type"):
            if (inner := getattr(member, name, None)) is not None:
                _collect(inner, at, found, met)
        for inner in getattr(member, "item_types", ()):
            _collect(inner, at, found, met)


def members_of(events: Any) -> set[type] | None:
    """Return the classes that *events*, a union or one class, names; None when it names none."""
    if isinstance(events, TypeVar) or events is None or events is Any:
        return None
    if hasattr(events, "__value__"):  # type Events = SignedUp | PlanChanged, from Python 3.12
        return members_of(events.__value__)
    if get_origin(events) in (Union, types.UnionType):
        named: set[type] = set()
        for member in get_args(events):
            named |= members_of(member) or set()
        return named
    return {events} if isinstance(events, type) else None
