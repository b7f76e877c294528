"""A plan as one document of JSON Schema 2020-12, and the same bytes for the same plan.

Pure. The document describes an example of everything that may be said:
``{"events": {name: data}, "person": attributes, "objects": {type: attributes}, "messages":
{name: data}}``. Every class stands in ``$defs`` under its name. What JSON Schema has no word
for stands in words of ours, all of which are in :data:`ferryman.plan.exchange.words.WORDS`.

Values are described as Pipelines carries them: a moment is text of ISO 8601 (Track carries the
Unix second of it). Here must not live: the reading of documents (generate.py, foreign.py).
"""

import json
import re
from typing import Any, Final

import msgspec
from msgspec import NODEFAULT, inspect

from ferryman._core.kinds import take
from ferryman._core.plain import ENCODER, SURROGATE, Wrong
from ferryman.errors import InvalidOperation
from ferryman.plan.checking.types import bare
from ferryman.plan.declaring.marks import Facts, description_of, marks_of
from ferryman.plan.declaring.parts import Parts
from ferryman.plan.declaring.standins import Model, is_model
from ferryman.plan.exchange.words import DIALECT, FORMAT, facts_said, marks_said
from ferryman.plan.names.conventions import Conventions
from ferryman.plan.names.identifiers import identifiers

_BOUNDS: Final = {
    "gt": "exclusiveMinimum",
    "ge": "minimum",
    "lt": "exclusiveMaximum",
    "le": "maximum",
    "multiple_of": "multipleOf",
    "pattern": "pattern",
}
_SCALARS: Final[dict[type, dict[str, Any]]] = {
    inspect.AnyType: {},
    inspect.NoneType: {"type": "null"},
    inspect.BoolType: {"type": "boolean"},
    inspect.StrType: {"type": "string"},
    inspect.IntType: {"type": "integer"},
    inspect.FloatType: {"type": "number"},
    inspect.DecimalType: {"type": "number", "x-type": "decimal"},
    inspect.UUIDType: {"type": "string", "format": "uuid"},
    inspect.DateTimeType: {"type": "string", "format": "date-time"},
    inspect.DateType: {"type": "string", "format": "date-time", "x-type": "date"},
}


def document(
    parts: Parts, *, title: str, description: str, mode: str, conventions: Conventions
) -> dict[str, Any]:
    """Return a plan of *parts* as a document of JSON Schema 2020-12.

    Raises InvalidOperation for a type that JSON Schema cannot say.
    """
    made = _Schemas()
    for model in parts.all():
        made.reserve(model.cls)
    refs = {model.cls: made.model(model) for model in parts.all()}
    properties: dict[str, Any] = {
        "events": _closed({model.facts.name: refs[model.cls] for model in parts.events})
    }
    if parts.person is not None:
        properties["person"] = refs[parts.person.cls]
    for key, models in (("objects", parts.objects), ("messages", parts.messages)):
        if models:
            properties[key] = _closed({model.facts.name: refs[model.cls] for model in models})
    return {
        "$schema": DIALECT,
        "title": title,
        **({"description": description} if description else {}),
        **_closed(properties),
        "x-ferryman": {
            "format": FORMAT,
            "mode": mode,
            "conventions": msgspec.to_builtins(conventions),
        },
        "$defs": dict(sorted(made.defs.items())),
    }


def document_bytes(schema: dict[str, Any]) -> bytes:
    """Return *schema* as UTF-8 JSON that is the same for the same plan, fit for version control."""
    return (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode()


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


class _Schemas:
    """Writes schemas, and each class once into ``defs``."""

    def __init__(self) -> None:
        self.defs: dict[str, dict[str, Any]] = {}
        self._keys: dict[Any, str] = {}
        self._rows: list[Any] = []

    def reserve(self, cls: Any) -> str:
        """Return the key of *cls*, its name unless another class has taken it."""
        if cls not in self._keys:
            name = re.sub(r"\W", "_", getattr(cls, "__name__", str(cls)))
            taken, key, n = set(self._keys.values()), name, 2
            while key in taken:
                key, n = f"{name}{n}", n + 1
            self._keys[cls] = key
        return self._keys[cls]

    def model(self, model: Model[Any]) -> dict[str, Any]:
        """Return the reference to a class of the plan, with its facts."""
        if is_model(model.cls):
            from ferryman.plan.exchange.foreign import model_schema

            found, defs = model_schema(model.cls, self.reserve)
            self.defs |= defs
            self.defs[self.reserve(model.cls)] = found
        else:
            self.of(_type_info(model.cls))
        key = self.reserve(model.cls)
        self.defs[key] = {**facts_said(model.facts), **self.defs[key]}
        if model.facts.description:
            self.defs[key] = {"description": model.facts.description} | self.defs[key]
            self.defs[key]["description"] = model.facts.description
        return {"$ref": f"#/$defs/{key}"}

    def of(self, kind: inspect.Type) -> dict[str, Any]:
        """Return the schema of *kind*."""
        match kind:
            case inspect.Metadata(type=inner):
                return self.of(inner) | _said(kind) | marks_said(marks_of(kind))
            case inspect.UnionType(types=types):
                return {"anyOf": [self.of(member) for member in types]}
            case inspect.LiteralType(values=values):
                return {"const": values[0]} if len(values) == 1 else {"enum": list(values)}
            case inspect.StructType(array_like=True):
                return self._row([field.type for field in kind.fields], kind.cls)
            case inspect.StructType() | inspect.DataclassType() | inspect.TypedDictType():
                return self._object(kind)
            case inspect.EnumType(cls=cls):
                return self._enum(cls)
            case inspect.NamedTupleType(fields=fields):
                return self._row([field.type for field in fields], kind.cls)
            case inspect.TupleType(item_types=types):
                return self._row(list(types), None)
            case inspect.ListType() | inspect.VarTupleType():
                return self._array(kind)
            case inspect.SetType() | inspect.FrozenSetType():
                return self._array(kind)
            case inspect.DictType():
                return self._dict(kind)
            case inspect.CustomType(cls=cls) if is_model(cls):
                standin = Model[Any](cls, Facts(kind="event", name=""))
                return self.model(standin)
            case _:
                return self._scalar(kind)

    def _scalar(self, kind: inspect.Type) -> dict[str, Any]:
        if type(kind) not in _SCALARS:
            name = getattr(kind, "cls", type(kind)).__name__
            raise InvalidOperation(f"JSON Schema cannot say {name}")
        found = dict(_SCALARS[type(kind)])
        for name, word in _BOUNDS.items():
            if getattr(kind, name, None) is not None:
                found[word] = getattr(kind, name)
        return found | _lengths(kind, "Length")

    def _array(self, kind: Any) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "array", "items": self.of(kind.item_type)}
        if isinstance(kind, inspect.SetType | inspect.FrozenSetType):
            found["uniqueItems"] = True
        if isinstance(kind, inspect.VarTupleType):
            found["x-type"] = "tuple"
        if isinstance(kind, inspect.FrozenSetType):
            found["x-type"] = "frozenset"
        return found | _lengths(kind, "Items")

    def _row(self, types: list[inspect.Type], cls: Any) -> dict[str, Any]:
        if cls is not None and cls in self._rows:
            raise InvalidOperation(f"JSON Schema cannot say {cls.__name__}, a row in itself")
        self._rows.append(cls)
        items = [self.of(each) for each in types]
        self._rows.pop()
        size = {"minItems": len(items), "maxItems": len(items)}
        return {"type": "array", "prefixItems": items, "items": False, **size}

    def _dict(self, kind: inspect.DictType) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "object", "additionalProperties": self.of(kind.value_type)}
        keys = self.of(kind.key_type)
        if keys not in ({"type": "string"}, {}):
            found["propertyNames"] = keys
        return found | _lengths(kind, "Properties")

    def _enum(self, cls: Any) -> dict[str, Any]:
        key = self.reserve(cls)
        text = description_of(cls)
        made_up = text.startswith("A collection of name/value pairs")  # Python 3.11's own
        about = {"description": text} if text and not made_up else {}
        self.defs[key] = {
            **about,
            "enum": [each.value for each in cls],
            "x-enum-varnames": [each.name for each in cls],
        }
        return {"$ref": f"#/$defs/{key}"}

    def _object(self, kind: Any) -> dict[str, Any]:
        key = self.reserve(kind.cls)
        ref = {"$ref": f"#/$defs/{key}"}
        if key in self.defs:
            return ref
        found: dict[str, Any] = {}
        self.defs[key] = found
        text = description_of(kind.cls)
        if text:
            found["description"] = text
        found["type"] = "object"
        properties: dict[str, Any] = {}
        required: list[str] = []
        tag = getattr(kind, "tag", None)
        if tag is not None:
            field = kind.tag_field or "type"
            properties[field] = {"const": tag}
            required.append(field)
            found["x-tag"] = field
        names = identifiers([field.encode_name for field in kind.fields])
        for field in kind.fields:
            written = properties[field.encode_name] = self.of(field.type)
            if field.name != names[field.encode_name]:
                written["x-python"] = field.name
            if field.required:
                required.append(field.encode_name)
            else:
                written |= _default(field, kind.cls)
        found["properties"] = properties
        if required:
            found["required"] = required
        found["additionalProperties"] = False
        config = getattr(kind.cls, "__struct_config__", None)
        if config is not None and config.omit_defaults:
            found["x-omit-defaults"] = True
        return ref


def _type_info(cls: type) -> inspect.Type:
    try:
        return bare(inspect.type_info(cls))
    except (TypeError, NameError) as unknown:
        raise InvalidOperation(
            f"has a type that cannot be said: {unknown}", field=cls.__name__
        ) from None


def _default(field: inspect.Field, cls: type) -> dict[str, Any]:
    if field.default_factory in (list, dict, set, frozenset):
        return {"default": field.default_factory() if field.default_factory is dict else []}
    if field.default is NODEFAULT:
        return {}  # UNSET, or made anew each time
    try:
        return {"default": json.loads(ENCODER.encode(take(field.default, "pipelines", 0)))}
    except UnicodeEncodeError:
        wrong = Wrong(SURROGATE)
    except Wrong as found:
        wrong = found
    at = wrong.located(f"{cls.__name__}.{field.name}").field
    raise InvalidOperation(f"its default {wrong.rule}", field=at)


def _said(kind: Any) -> dict[str, Any]:
    return dict(kind.extra_json_schema or {})


def _lengths(kind: Any, of: str) -> dict[str, Any]:
    bounds = {f"{edge}{of}": getattr(kind, f"{edge}_length", None) for edge in ("min", "max")}
    return {name: bound for name, bound in bounds.items() if bound is not None}
