"""Foreign schemas in our dialect: JSON Schema of any draft, Segment's plans, pydantic's models.

Pure. What our classes can say is kept; what they cannot becomes the nearest wider type, since a
plan that refuses what is right would be worse than one that lets more pass. Here must not live:
the shape of foreign documents as a whole (reading.py).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ferryman.errors import InvalidOperation
from ferryman.plan.exchange.widening import joined, may_be
from ferryman.plan.jsonlike import array_at, is_array, is_object, object_at, pointed
from ferryman.plan.names.identifiers import class_names

Schema = dict[str, Any]
_KEPT: Final = {
    "string": ("minLength", "maxLength", "pattern", "format"),
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}
_ABOUT: Final = (
    "description", "deprecated", "examples", "x-personal", "x-owner", "x-successor", "x-reserved",
)  # fmt: skip
_DEEP: Final = 50


class Reader:
    """Reads foreign schemas into classes of our dialect, collected in ``defs``."""

    def __init__(self, root: Mapping[str, Any], reserve: Callable[[str], str]) -> None:
        self.root = root
        self.defs: dict[str, Schema] = {}
        self._reserve = reserve
        self._refs: dict[str, Schema] = {}

    def read(self, schema: Any, hint: str) -> Schema:
        """Return *schema* in our dialect; a class in it is called after *hint*."""
        if not is_object(schema):
            return {}  # true, or nothing said
        given = schema
        about = _about(given)
        if "$ref" in given:
            return {**self._ref(str(given["$ref"]), hint), **about}
        given = self._merged(given)
        about = _about(given) | about
        for word in ("anyOf", "oneOf"):
            if is_array(given.get(word)):
                return {**self._union([*given[word]], given, hint), **about}
        if "const" in given or "enum" in given:
            return {**_choice(given), **about}
        kinds = given.get("type")
        if is_array(kinds):
            each = [{**given, "type": kind} for kind in kinds]
            for one in each:
                for word in _ABOUT:
                    one.pop(word, None)
            return {
                **(self._union(each, {}, hint) if len(each) > 1 else self.read(each[0], hint)),
                **about,
            }
        if kinds is None and ("properties" in given or "additionalProperties" in given):
            kinds = "object"
        return {**self._typed(str(kinds), given, hint), **about} if kinds else dict(about)

    def _typed(self, kind: str, given: Mapping[str, Any], hint: str) -> Schema:
        kept = {word: given[word] for word in _KEPT.get(kind, ()) if word in given}
        match kind:
            case "null" | "boolean":
                return {"type": kind}
            case "string":
                return _string(kept)
            case "integer" | "number":
                return {"type": kind, **_bounds(kept, given)} | _python(given)
            case "array":
                return self._array(given, kept, hint)
            case "object":
                return self._object(given, kept, hint)
            case _:
                return {}

    def _ref(self, ref: str, hint: str) -> Schema:
        if ref in self._refs:
            return dict(self._refs[ref])
        target = pointed(self.root, ref) if ref.startswith("#") else None
        if target is None:
            raise InvalidOperation(f"refers to {ref}, which is not in it", field="document")
        name = next(iter(class_names([ref.rpartition("/")[2] or hint]).values()))
        merged = self._merged(target) if is_object(target) else {}
        if merged.get("properties") or _is_named_enum(merged):
            key = self._reserve(name)
            self._refs[ref] = {"$ref": f"#/$defs/{key}"}
            self.defs[key] = {}
            made = _enum(merged) if _is_named_enum(merged) else self.fields(merged, key)
            self.defs[key] = made
            return dict(self._refs[ref])
        self._refs[ref] = {}  # a type that is made of itself ends here, as anything
        self._refs[ref] = self.read(target, name)
        return dict(self._refs[ref])

    def _merged(self, given: Any, depth: int = 0) -> dict[str, Any]:
        """Return *given* with its ``allOf`` folded in: all fields, and of the rest the nearest."""
        if depth > _DEEP or not is_object(given):
            return {}  # a class that is made of itself, or nothing said
        found: dict[str, Any] = {}
        fields: dict[str, Any] = {}
        required: list[str] = []
        own = {word: value for word, value in dict(given).items() if word != "allOf"}
        for part in [*array_at(given, "allOf"), own]:
            target = part
            if part is not own:
                ref = part.get("$ref") if is_object(part) else None
                inner = pointed(self.root, ref) if isinstance(ref, str) else part
                target = self._merged(inner, depth + 1)
            fields |= object_at(target, "properties")
            required += array_at(target, "required")
            found |= target
        if fields:
            found["properties"] = fields
        if required:
            found["required"] = list(dict.fromkeys(required))
        return found

    def _union(self, members: list[Any], beside: Mapping[str, Any], hint: str) -> Schema:
        outer = {w: v for w, v in beside.items() if w not in ("anyOf", "oneOf", *_ABOUT)}
        outer.pop("title", None)
        outer.pop("default", None)
        read = [self.read({**outer, **m} if is_object(m) else m, hint) for m in members]
        return joined(read, self.defs)

    def _array(self, given: Mapping[str, Any], kept: Schema, hint: str) -> Schema:
        rows = given.get("prefixItems")
        items = given.get("items")
        if rows is None and is_array(items):
            rows = items
        if rows is not None and given.get("minItems") == len(rows) == given.get("maxItems"):
            each = [self.read(row, f"{hint}Item{n}") for n, row in enumerate(rows, 1)]
            return {"type": "array", "prefixItems": each, "items": False, **kept}
        unique = {"uniqueItems": True} if given.get("uniqueItems") is True else {}
        item: Any = {} if is_array(items) else items
        read = self.read(item, f"{hint}Item")
        return {"type": "array", "items": read, **unique, **kept}

    def _object(self, given: Mapping[str, Any], kept: Schema, hint: str) -> Schema:
        if given.get("properties"):
            key = self._reserve(hint)
            self.defs[key] = {}
            self.defs[key] = self.fields(given, key)
            return {"$ref": f"#/$defs/{key}"}
        values: Any = given.get("additionalProperties")
        patterns: Any = given.get("patternProperties")
        found: Schema = {"type": "object"}
        if is_object(patterns) and len(patterns) == 1:
            pattern, values = next(iter(patterns.items()))
            found["additionalProperties"] = self.read(values, f"{hint}Value")
            found["propertyNames"] = {"type": "string", "pattern": pattern}
        else:
            found["additionalProperties"] = self.read(values, f"{hint}Value")
        return found | kept

    def fields(self, given: Mapping[str, Any], key: str) -> Schema:
        """Return the class that *given*, an object with properties, is."""
        given = self._merged(given)
        about = {"description": given["description"]} if given.get("description") else {}
        properties: dict[str, Schema] = {}
        said = object_at(given, "properties")
        required = [name for name in array_at(given, "required") if name in said]
        for name, schema in said.items():
            hint = key + next(iter(class_names([name]).values()))
            read = properties[name] = self.read(schema, hint)
            if is_object(schema) and "default" in schema and name not in required:
                default = schema["default"]
                if may_be(read, default):
                    read["default"] = default
        found: Schema = {**about, "type": "object", "properties": properties}
        if required:
            found["required"] = [name for name in said if name in required]
        found["additionalProperties"] = False
        return found


def model_schema(cls: Any, reserve: Callable[[Any], str]) -> tuple[Schema, dict[str, Schema]]:
    """Return the class that *cls*, a pydantic model, is on the wire, and those it is made of."""
    schema = cls.model_json_schema(mode="serialization", by_alias=False)
    reader = Reader(schema, reserve)
    merged: Any = schema
    if "$ref" in schema:  # a model that is made of itself
        merged = schema["$defs"][schema["$ref"].rpartition("/")[2]]
    return reader.fields(merged, cls.__name__), reader.defs


def _about(given: Mapping[str, Any]) -> Schema:
    kept = {word: given[word] for word in _ABOUT if given.get(word)}
    if not isinstance(kept.get("description", ""), str):
        del kept["description"]
    return kept


def _choice(given: Mapping[str, Any]) -> Schema:
    values: list[Any] = [given["const"]] if "const" in given else list(given["enum"])
    if all(value is None or type(value) in (str, int) for value in values) and values:
        unique = list(dict.fromkeys(values))
        order = sorted(unique, key=lambda v: (v is not None, isinstance(v, str), v))
        return {"const": order[0]} if len(order) == 1 else {"enum": order}
    kinds = {bool: "boolean", float: "number", int: "integer", str: "string", type(None): "null"}
    named = [{"type": kinds[kind]} for kind in dict.fromkeys(map(type, values)) if kind in kinds]
    return named[0] if len(named) == 1 else {}


def _is_named_enum(given: Mapping[str, Any]) -> bool:
    return {type(value).__name__ for value in array_at(given, "enum")} in ({"str"}, {"int"})


def _enum(given: Mapping[str, Any]) -> Schema:
    from ferryman.plan.exchange.annotations import Writer

    found = _about(given) | {"enum": list(dict.fromkeys(given["enum"]))}
    names = given.get("x-enum-varnames") or [name for _, name in Writer({"E": found}).members("E")]
    return {**found, "x-enum-varnames": list(names)}


def _string(kept: Schema) -> Schema:
    written = kept.get("format")
    if written == "date":
        return {"type": "string", "format": "date-time", "x-type": "date"}
    if written in ("date-time", "uuid"):
        return {"type": "string", "format": written}
    return {"type": "string", **kept}


def _python(given: Mapping[str, Any]) -> Schema:
    return {"x-type": "decimal"} if given.get("x-type") == "decimal" else {}


def _bounds(kept: Schema, given: Mapping[str, Any]) -> Schema:
    found = dict(kept)
    # Draft 4 says whether a bound is exclusive, later drafts say the bound.
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(found.get(exclusive), bool):
            if found.pop(exclusive) and bound in found:
                found[exclusive] = found.pop(bound)
        elif exclusive in found:
            found.pop(bound, None)  # our classes have one bound a side
    for word, value in list(found.items()):
        if given.get("type") == "integer" and isinstance(value, float):
            if value.is_integer():
                found[word] = int(value)
            else:
                del found[word]
    return found
