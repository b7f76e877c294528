"""Foreign schemas in our dialect: JSON Schema of any draft, Segment's plans, pydantic's models.

Pure. What our classes can say is kept; what they cannot becomes the nearest wider type, since a
plan that refuses what is right would be worse than one that lets more pass. A pattern whose
search may take exponential time is refused: it would run in the application, on its customers'
texts. Here must not live: the shape of foreign documents as a whole (reading.py).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ferryman.errors import InvalidOperation
from ferryman.plan.checking.patterns import may_take_exponential_time
from ferryman.plan.exchange.merging import MAX_NESTED, Merge, Work, place
from ferryman.plan.exchange.wellformed import fits
from ferryman.plan.exchange.widening import joined, may_be
from ferryman.plan.jsonlike import array_at, is_array, is_object, object_at, pointed
from ferryman.plan.names.identifiers import class_name

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


class Reader:
    """Reads foreign schemas into classes of our dialect, collected in ``defs``.

    The work is bounded, whatever refers to what: a document that is too large or too deep raises
    InvalidOperation.
    """

    def __init__(self, root: Mapping[str, Any], reserve: Callable[[str], str]) -> None:
        self.root = root
        self.defs: dict[str, Schema] = {}
        self._reserve = reserve
        self._refs: dict[str, Schema] = {}
        self._sizes: dict[str, int] = {}
        """How many schemas a reference leads to, which are there again at each use."""
        self._later: list[tuple[str, Schema]] = []
        self._work = Work()
        self._merge = Merge(root, self._work)
        self._depth = 0

    def read(self, schema: Any, hint: str) -> Schema:
        """Return *schema* in our dialect; a class in it is called after *hint*."""
        self._work.add(1, hint)
        self._depth += 1
        if self._depth > MAX_NESTED:
            rule = f"is nested deeper than {MAX_NESTED} schemas"
            raise InvalidOperation(rule, field=place(hint))
        found = self._read(schema, hint)
        self._depth -= 1
        return found

    def _read(self, schema: Any, hint: str) -> Schema:
        if not is_object(schema):
            return {}  # true, or nothing said
        given = schema
        about = _about(given)
        if "$ref" in given:
            return {**self._ref(str(given["$ref"]), hint), **about}
        given = self._merge.whole(given, hint)
        about = _about(given) | about
        for word in ("anyOf", "oneOf"):
            if is_array(given.get(word)):
                return {**self._union([*given[word]], given, hint), **about}
        if "const" in given or is_array(given.get("enum")):
            return {**_choice(given), **about}
        kinds = given.get("type")
        if is_array(kinds):
            each = [{**given, "type": kind} for kind in kinds]
            for one in each:
                for word in _ABOUT:
                    one.pop(word, None)
            return {**self._union(each, {}, hint), **about}
        if kinds is None and ("properties" in given or "additionalProperties" in given):
            kinds = "object"
        return {**self._typed(str(kinds), given, hint), **about} if kinds else dict(about)

    def _typed(self, kind: str, given: Mapping[str, Any], hint: str) -> Schema:
        said = [word for word in _KEPT.get(kind, ()) if word in given]
        kept = {word: given[word] for word in said if _fits(word, given[word])}
        match kind:
            case "null" | "boolean":
                return {"type": kind}
            case "string":
                return _string(kept | _pattern(kept.get("pattern"), hint))
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
            self._work.add(self._sizes.get(ref, 0), hint)
            return dict(self._refs[ref])
        target = pointed(self.root, ref) if ref.startswith("#") else None
        if target is None:
            raise InvalidOperation(f"refers to {ref}, which is not in it", field="document")
        name = class_name(ref.rpartition("/")[2] or hint)
        merged = self._merge.whole(target, name)
        if merged.get("properties") or _is_named_enum(merged):
            key = self._reserve(name)
            self._refs[ref] = {"$ref": f"#/$defs/{key}"}
            self.defs[key] = _enum(merged) if _is_named_enum(merged) else {}
            if not self.defs[key]:
                self._later.append((key, merged))
            return dict(self._refs[ref])
        self._refs[ref] = {}  # a type that is made of itself ends here, as anything
        before = self._work.schemas
        self._refs[ref] = self.read(target, name)
        self._sizes[ref] = self._work.schemas - before
        return dict(self._refs[ref])

    def _union(self, members: list[Any], beside: Mapping[str, Any], hint: str) -> Schema:
        outer = {w: v for w, v in beside.items() if w not in ("anyOf", "oneOf", *_ABOUT)}
        outer.pop("title", None)
        outer.pop("default", None)
        read = [self.read({**outer, **m} if is_object(m) else m, hint) for m in members]
        return joined(read, self.defs)

    def _array(self, given: Mapping[str, Any], kept: Schema, hint: str) -> Schema:
        rows = given.get("prefixItems")
        items = given.get("items")
        if rows is None:
            rows = items
        if is_array(rows) and given.get("minItems") == len(rows) == given.get("maxItems"):
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
            self.defs[key] = self._fields(given, key)
            return {"$ref": f"#/$defs/{key}"}
        values: Any = given.get("additionalProperties")
        patterns: Any = given.get("patternProperties")
        found: Schema = {"type": "object"}
        if is_object(patterns) and len(patterns) == 1:
            pattern, values = next(iter(patterns.items()))
            found["additionalProperties"] = self.read(values, f"{hint}Value")
            found["propertyNames"] = _string(_pattern(pattern, hint))
        else:
            found["additionalProperties"] = self.read(values, f"{hint}Value")
        return found | kept

    def fields(self, given: Mapping[str, Any], key: str) -> Schema:
        """Return the class that *given*, an object with properties, is."""
        made = self._fields(given, key)
        while self._later:  # classes may refer to each other in a chain of any length
            other, schema = self._later.pop()
            self.defs[other] = self._fields(schema, other)
        return made

    def _fields(self, given: Mapping[str, Any], key: str) -> Schema:
        given = self._merge.whole(given, key)
        about = {word: said for word, said in _about(given).items() if word == "description"}
        properties: dict[str, Schema] = {}
        said = object_at(given, "properties")
        required = [name for name in array_at(given, "required") if name in said]
        for name, schema in said.items():
            hint = key + class_name(name)
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
    return {word: given[word] for word in _ABOUT if given.get(word) and fits(word, given[word])}


def _fits(word: str, value: Any) -> bool:
    # Draft 4 says whether a bound is exclusive, later drafts say the bound.
    return fits(word, value) or (word.startswith("exclusive") and isinstance(value, bool))


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

    found = _about(given) | {"enum": [*dict.fromkeys(given["enum"])]}
    said = {"x-enum-varnames": array_at(given, "x-enum-varnames")}
    return {
        **found,
        "x-enum-varnames": [name for _, name in Writer({"E": found | said}).members("E")],
    }


def _pattern(pattern: Any, hint: str) -> Schema:
    """Return what a text keeps of *pattern*: nothing where it is no pattern of Python's."""
    if not (isinstance(pattern, str) and fits("pattern", pattern)):
        return {}
    if may_take_exponential_time(pattern):
        rule = f"has the pattern {pattern!r}, whose search may take exponential time: rewrite it"
        raise InvalidOperation(rule, field=place(hint))
    return {"pattern": pattern}


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
