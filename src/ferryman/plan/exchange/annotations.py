"""A schema of our dialect becomes a Python annotation.

Pure. Here live types, constraints and marks. Here must not live: classes (generate.py) or
defaults (defaults.py).
"""

from typing import Any, Final

from ferryman.errors import InvalidOperation
from ferryman.plan.declaring.marks import tidy
from ferryman.plan.exchange.source import (
    Row,
    Source,
    call,
    flat,
    literal,
    spread,
    subscript,
    text,
)
from ferryman.plan.jsonlike import is_array, is_object
from ferryman.plan.names.identifiers import (
    are_member_names,
    class_names,
    identifiers,
    member_names,
)

_BOUNDS: Final = {
    "exclusiveMinimum": "gt",
    "minimum": "ge",
    "exclusiveMaximum": "lt",
    "maximum": "le",
    "multipleOf": "multiple_of",
    "pattern": "pattern",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minItems": "min_length",
    "maxItems": "max_length",
    "minProperties": "min_length",
    "maxProperties": "max_length",
}
_MARKS: Final = {
    "x-personal": "personal",
    "x-owner": "owner",
    "x-reserved": "reserved",
    "examples": "examples",
}
_SCALARS: Final = {
    "null": "None",
    "boolean": "bool",
    "string": "str",
    "integer": "int",
    "number": "float",
}


class Writer:
    """Writes annotations; knows the classes of a document, and collects what a module needs."""

    def __init__(self, defs: dict[str, dict[str, Any]]) -> None:
        self.defs = defs
        self.names = {key: key for key in defs if class_names([key])[key] == key}
        others = [key for key in defs if key not in self.names]
        self.names |= class_names(others, avoid=self.names)
        self.used: set[str] = set()
        self.defined: set[str] = set()

    def ordered(self) -> list[str]:
        """Return the keys of the classes, those first that others are made of."""
        order: dict[str, None] = {}
        met: set[str] = set()
        nested_first = sorted(self.defs, key=lambda key: ("x-kind" in self.defs[key], key))
        stack = [(key, False) for key in reversed(nested_first)]
        while stack:  # no recursion: a chain of classes may be as long as the document
            key, is_ready = stack.pop()
            if is_ready:
                order[key] = None
            elif key in self.defs and key not in met:
                met.add(key)
                stack.append((key, True))
                stack += [(needed, False) for needed in reversed(references(self.defs[key]))]
        return list(order)

    def members(self, key: str) -> list[tuple[Any, str]]:
        """Return the values of the enum at *key*, with their names."""
        schema = self.defs[key]
        values: list[Any] = schema["enum"]
        said: list[str] = schema.get("x-enum-varnames", [])
        if len(said) != len(values) or not are_member_names(said):
            said = member_names(values)
        return list(zip(values, said, strict=True))

    def annotation(self, schema: dict[str, Any], *, unset: bool = False) -> Source:
        """Return the annotation of *schema*; with *unset* the field may be absent."""
        base, rest = self._base(schema)
        if unset:
            self.used.add("msgspec")
            bounds = {word: rest.pop(word) for word in _BOUNDS if word in rest}
            base = Row((self._annotated(base, bounds), " | ", "msgspec.UnsetType"))
        found = self._annotated(base, rest)
        forward = any(key not in self.defined for key in references(schema))
        return text(flat(found)) if forward else found

    def _annotated(self, base: Source, rest: dict[str, Any]) -> Source:
        words = self._words(dict(rest))
        if not words:
            return base
        self.used |= {"Annotated", "Field"}
        return subscript("Annotated", [base, call("Field", words)])

    def _words(self, rest: dict[str, Any]) -> list[Source]:
        words: list[Source] = []
        about = rest.pop("description", None)
        if about is not None:
            words.append(f"description={text(tidy(about))}")
        for word, name in _MARKS.items():
            if word in rest:
                words.append(Row((f"{name}=", spread(rest.pop(word)))))
        if rest.pop("deprecated", False):
            words.append(f"deprecated={literal(rest.pop('x-successor', True))}")
        for word, name in _BOUNDS.items():
            if word in rest:
                words.append(f"{name}={literal(rest.pop(word))}")
        if rest:
            words.append(Row(("schema=", spread(rest))))
        return words

    def _base(self, schema: dict[str, Any]) -> tuple[Source, dict[str, Any]]:
        """Return the type of *schema*, and the keywords that it does not say."""
        rest = dict(schema)
        if "$ref" in rest:
            return self.names[rest.pop("$ref").removeprefix("#/$defs/")], rest
        if "anyOf" in rest:
            members = [self._member(member) for member in rest.pop("anyOf")]
            parts: list[Source] = [members[0]]
            for member in members[1:]:
                parts += [" | ", member]
            return Row(tuple(parts)), rest
        if "const" in rest or "enum" in rest:
            self.used.add("Literal")
            values = [rest.pop("const")] if "const" in rest else rest.pop("enum")
            rest.pop("type", None)
            return subscript("Literal", [literal(value) for value in values]), rest
        kind = rest.pop("type", None)
        if kind is None:
            self.used.add("Any")
            return "Any", rest
        if kind == "array":
            return self._array(rest)
        if kind == "object":
            return self._dict(rest)
        if kind not in _SCALARS:
            raise InvalidOperation(f"has an unknown type {kind!r}", field="document")
        return self._scalar(kind, rest)

    def _member(self, schema: dict[str, Any]) -> Source:
        base, rest = self._base(schema)
        return self._annotated(base, rest)

    def _scalar(self, kind: str, rest: dict[str, Any]) -> tuple[Source, dict[str, Any]]:
        python, written = rest.pop("x-type", None), rest.get("format")
        if python == "decimal":
            self.used.add("Decimal")
            return "Decimal", rest
        if kind == "string" and written == "date-time":
            self.used.add("datetime")
            del rest["format"]
            return "datetime.date" if python == "date" else "datetime.datetime", rest
        if kind == "string" and written == "uuid":
            self.used.add("UUID")
            del rest["format"]
            return "UUID", rest
        return _SCALARS[kind], rest

    def _array(self, rest: dict[str, Any]) -> tuple[Source, dict[str, Any]]:
        python, unique = rest.pop("x-type", None), rest.pop("uniqueItems", False)
        items = rest.pop("items", {})
        if "prefixItems" in rest:
            members = [self._member(member) for member in rest.pop("prefixItems")]
            for word in ("minItems", "maxItems"):
                rest.pop(word, None)
            return subscript("tuple", members or ["()"]), rest
        item = self._member(items if is_object(items) else {})
        if python == "tuple":
            return subscript("tuple", [item, "..."]), rest
        name = "frozenset" if python == "frozenset" else "set" if unique else "list"
        return subscript(name, [item]), rest

    def _dict(self, rest: dict[str, Any]) -> tuple[Source, dict[str, Any]]:
        values, keys = rest.pop("additionalProperties", {}), rest.pop("propertyNames", None)
        value = self._member(values if is_object(values) else {})
        key = "str" if keys is None else self._member(keys)
        return subscript("dict", [key, value]), rest


def references(schema: Any) -> list[str]:
    """Return the keys of the classes that *schema* names, in order."""
    found: list[str] = []
    if is_object(schema):
        for word, value in schema.items():
            if word == "$ref" and isinstance(value, str):
                found.append(value.removeprefix("#/$defs/"))
            elif word not in ("default", "examples", "const", "enum"):
                found += references(value)
    elif is_array(schema):
        for value in schema:
            found += references(value)
    return found


def python_names(schema: dict[str, Any]) -> dict[str, str]:
    """Return the Python name of each field of *schema*, a class, by its name on the wire."""
    properties: dict[str, Any] = schema.get("properties", {})
    wires = [wire for wire in properties if wire != schema.get("x-tag")]
    made = identifiers(wires)
    names = {wire: properties[wire].get("x-python", made[wire]) for wire in wires}
    if len(set(names.values())) < len(names):
        raise InvalidOperation("gives two fields of a class one name in Python", field="x-python")
    return names
