"""Classes that are not ours in place of ours: pydantic models, dataclasses, msgspec structs.

Pure, and without pydantic: a model is known by its methods. Here lives how such a class becomes
an event and how its values are checked. Here must not live: how they are written, which is the
table of kinds (kinds.py).
"""

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Generic, cast

import msgspec
from typing_extensions import TypeVar

from ferryman._core.kinds import take
from ferryman._core.plain import Wrong
from ferryman.errors import InvalidOperation
from ferryman.plan.checking.compiler import shape_of
from ferryman.plan.declaring.events import Event, MessageData, Object, Person
from ferryman.plan.declaring.marks import Facts, Kind, description_of, tidy
from ferryman.plan.names import limits

T_co = TypeVar("T_co", covariant=True)
_OURS: Final[dict[Kind, Any]] = {
    "event": Event,
    "person": Person,
    "object": Object,
    "message": MessageData,
}
_JSON_TYPES: Final[tuple[tuple[Any, str], ...]] = (
    (bool, "boolean"),
    (str, "string"),
    (int | float | Decimal, "number"),
    (type(None), "null"),
)


class Model(msgspec.Struct, Generic[T_co], frozen=True):
    """A class that stands in for one of ours, and what the plan says about it."""

    cls: type[T_co]
    facts: Facts


def event(
    name: str,
    cls: type[T_co],
    /,
    *,
    owner: str = "",
    version: int = 1,
    deprecated: bool | str = False,
    description: str | None = None,
) -> Model[T_co]:
    """Let *cls*, a pydantic model, a dataclass or a msgspec struct, stand for the event *name*.

    Goes into a plan's list of events; instances are then tracked like those of an
    :class:`Event`, under the words that it takes. Raises InvalidOperation for another kind of
    class and for a name that Customer.io cannot take (1 to 100 bytes).
    https://docs.customer.io/api/track/#operation/track
    """
    facts = Facts(
        kind="event",
        name=name,
        owner=owner,
        version=version,
        deprecated=bool(deprecated),
        successor=deprecated if isinstance(deprecated, str) else "",
        description=description_of(cls) if description is None else tidy(description),
    )
    return _checked(Model(cls, facts))


def model_of(given: Any, kind: Kind) -> Model[Any]:
    """Return *given*, a class or a :class:`Model`, with its facts; raises InvalidOperation."""
    if type(given) is Model:
        found = cast("Model[Any]", given)  # type: ignore[redundant-cast]  # not to pyright
        if found.facts.kind != kind:
            raise InvalidOperation(f"is no {kind}", field=found.cls.__name__)
        return found
    if not isinstance(given, type):
        raise InvalidOperation(f"expected a class, got {type(given).__name__}", field=kind)
    cls: Any = given
    if issubclass(cls, tuple(_OURS.values())):
        if not issubclass(cls, _OURS[kind]) or cls in _OURS.values():
            rule = f"expected a subclass of {_OURS[kind].__name__}"
            raise InvalidOperation(rule, field=cls.__name__)
        return Model(cls, cls.__facts__)
    if kind == "event":
        name = getattr(cls, "__event__", None)
        if not isinstance(name, str):
            rule = "has no event name: say event(name, cls), or give it a class variable __event__"
            raise InvalidOperation(rule, field=cls.__name__)
        return event(name, cls)
    if kind != "person":
        raise InvalidOperation(f"expected a subclass of {_OURS[kind].__name__}", field=cls.__name__)
    facts = Facts(kind=kind, name=cls.__name__, description=description_of(cls))
    return _checked(Model(cls, facts))


def _checked(model: Model[T_co]) -> Model[T_co]:
    cls: Any = model.cls
    at = getattr(cls, "__name__", type(cls).__name__)
    if not isinstance(model.cls, type) or not (
        issubclass(cls, msgspec.Struct) or dataclasses.is_dataclass(cls) or is_model(cls)
    ):
        raise InvalidOperation("is no pydantic model, dataclass or msgspec struct", field=at)
    if model.facts.kind == "event":
        limits.check_event_name(model.facts.name, at=at)
        for name in wire_names(cls):
            limits.check_event_data(name, at=at)
    else:
        limits.check_attributes(tuple(wire_names(cls)), limits.PERSON, at=at)
    return model


def is_model(cls: Any) -> bool:
    """Whether *cls* is a pydantic model, by its methods."""
    return all(callable(getattr(cls, name, None)) for name in ("model_dump", "model_validate"))


def wire_names(cls: Any) -> list[str]:
    """Return the names that the fields of *cls* have on the wire."""
    if issubclass(cls, msgspec.Struct):
        return list(cls.__struct_encode_fields__)
    if is_model(cls):
        return list(cls.model_fields)
    return [field.name for field in dataclasses.fields(cls)]


def check_value(value: object, *, at: str) -> None:
    """Check *value*, an instance of a stand-in, by its own rules; raises InvalidOperation."""
    cls: Any = type(value)
    if is_model(cls):
        said = {name: getattr(value, name, None) for name in wire_names(cls)}
        check_mapping(cls, said, at=at)
        return
    try:
        shape_of(cls, "track", at=at).build(value)
    except Wrong as wrong:
        raise wrong.located(at) from None


def check_named(cls: Any, data: Mapping[Any, Any], *, at: str, partial: bool = False) -> None:
    """Check *data*, said by name for *cls*, a pydantic model; *partial* lets fields lack.

    What is sent is what was given, so a name that the model knows only as an alias, and a value
    that it would convert to another type of JSON, are wrong. Of *partial* data the names are
    checked, for a model judges only the whole. Raises InvalidOperation, unquoted.
    """
    known = wire_names(cls)
    others = getattr(cls, "model_config", {}).get("extra") == "allow"
    for name in data:
        if name not in known and not others:
            raise _wrong("is not declared", str(name)).located(at)
    if partial:
        return
    made = check_mapping(cls, data, at=at)
    for name in known if made is not None else ():
        if name in data and (got := _json_type(data[name])) is not None:
            expected = _json_type(getattr(made, name, None))
            if expected is not None and got != expected:
                raise _wrong(f"expected {expected}, got {got}", name).located(at)


def _json_type(value: object) -> str | None:
    """Return the type of JSON that *value* becomes; None for what the encoder judges later."""
    try:
        plain = take(value, "track", 0)
    except Wrong:
        return None
    return next((name for types, name in _JSON_TYPES if isinstance(plain, types)), None)


def _wrong(rule: str, name: str) -> Wrong:
    wrong = Wrong(rule)
    wrong.path.append(name)
    return wrong


def check_mapping(cls: Any, data: Mapping[Any, Any], *, at: str) -> Any:
    """Return what *cls*, a pydantic model, makes of *data*, fields by their names.

    None where a pydantic before 2.11 cannot tell names from aliases. Raises InvalidOperation,
    unquoted.
    """
    try:
        return cls.model_validate(dict(data), by_name=True, by_alias=False)
    except TypeError:
        return None
    except ValueError as error:  # pydantic's ValidationError quotes the value
        raise _unquoted(error, cls, at) from None


def _unquoted(error: Any, cls: type, at: str) -> InvalidOperation:
    found: list[Any] = error.errors() if callable(getattr(error, "errors", None)) else []
    if not found:
        return InvalidOperation(f"breaks a rule of {cls.__name__}", field=at)
    wrong = Wrong(f"breaks a rule of {cls.__name__}: {found[0]['type']}")
    wrong.path.extend(reversed([step for step in found[0]["loc"] if isinstance(step, str | int)]))
    return wrong.located(at)
