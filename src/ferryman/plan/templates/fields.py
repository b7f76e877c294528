"""What a path of a template leads to in a plan: `event.lines[0].price`, step by step.

Pure. Here live values and single steps. Here must not live: Liquid (walk.py), or where
a path begins (roots.py).
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, TypeAlias

from ferryman.plan.jsonlike import is_array, is_object, object_at

Schema: TypeAlias = dict[str, Any]
Step: TypeAlias = str | int | None
"""A name, an index, or None for one that only a rendered template knows."""


class Spot(NamedTuple):
    """One place of the plan that a path leads to."""

    owner: str
    """The class, as people read it: `event order_placed`."""
    path: str
    schemas: tuple[Schema, ...]
    """What may stand there, references resolved, without null."""
    absent: frozenset[str] = frozenset()
    """The paths on the way that may be missing, as a template says them."""
    said: Schema = {}  # noqa: RUF012 - read only
    """What the plan says about the field itself."""


class Value(NamedTuple):
    """What an expression of a template is, in each class that provides it."""

    key: str = ""
    """The path, the same through every alias: `event.lines[].price`."""
    spots: tuple[Spot, ...] = ()
    inside: tuple[Spot, ...] = ()
    """Where the plan ends, of a value that it says nothing about."""

    @property
    def absent(self) -> frozenset[str]:
        """The paths that may be missing in all classes that provide this value."""
        sets = [spot.absent for spot in self.spots]
        return sets[0].intersection(*sets[1:]) if sets else frozenset()


class Missing(NamedTuple):
    """No class has what a step asks for: why, and the names that it has instead."""

    what: str
    names: frozenset[str] = frozenset()
    step: str = ""


UNKNOWN: Final = Value()
"""What the plan says nothing about, and what is not judged."""
_ENDS: Final = {"array": {"first", "last"}, "string": set[str](), "object": set[str]()}
_WORDS: Final = {"array": "a list", "string": "a text", "integer": "a number", "number": "a number"}


class Fields:
    """Steps through the classes of a document."""

    def __init__(self, defs: dict[str, Schema]) -> None:
        self._defs = defs

    def spot(self, owner: str, key: str) -> Spot:
        """Return where a path into the class *key* begins."""
        return Spot(owner, "", tuple(self.members({"$ref": f"#/$defs/{key}"})))

    def members(self, schema: Schema) -> Iterator[Schema]:
        """Yield what *schema* may be, references resolved, without null."""
        pending, seen = [schema], set[str]()
        while pending:
            each = pending.pop(0)
            if "$ref" in each:
                key = str(each["$ref"]).removeprefix("#/$defs/")
                if key not in seen:
                    seen.add(key)
                    pending.insert(0, object_at(self._defs, key))
            elif is_array(each.get("anyOf")):
                pending = [*map(object_at, each["anyOf"]), *pending]
            elif each.get("type") != "null" and not ("const" in each and each["const"] is None):
                yield each

    def may_be_null(self, schema: Schema) -> bool:
        """Whether *schema* allows null, which Liquid takes for missing."""
        allowed = schema.get("enum")
        if schema.get("type") == "null" or (is_array(allowed) and None in allowed):
            return True
        return any(self.may_be_null(object_at(each)) for each in schema.get("anyOf") or ())

    def step(self, value: Value, step: Step) -> Value | Missing:
        """Return what *step* leads to from *value*; Missing where no class has it."""
        if not value.spots:
            return UNKNOWN
        is_item = not isinstance(step, str) or step in _ENDS["array"]
        key = f"{value.key}[]" if is_item and self._is_list(value) else f"{value.key}.{step}"
        found: list[Spot] = []
        names: set[str] = set()
        what = ""
        for spot in value.spots:
            match self._from(spot, step, key):
                case Spot() as next_spot:
                    found.append(next_spot)
                case Missing() as missing:
                    names |= missing.names
                    what = what or missing.what
                case None:
                    return UNKNOWN
        return Value(key, tuple(found)) if found else Missing(what, frozenset(names), str(step))

    def items(self, value: Value) -> Value | Missing:
        """Return what a loop over *value* gives one by one."""
        if not value.spots:
            return UNKNOWN
        return self.step(value, None) if self._is_list(value) else UNKNOWN

    def names(self, spot: Spot) -> Iterator[tuple[str, Spot]]:
        """Yield the fields of *spot*, those of its items where it is a list."""
        for schema in spot.schemas:
            if is_object(schema.get("properties")):
                for name, said in schema["properties"].items():
                    if name != schema.get("x-tag"):
                        yield name, self._field(spot, schema, name, object_at(said), "")
            elif schema.get("type") == "array":
                item = self._from(spot, None, "")
                if isinstance(item, Spot):
                    yield from self.names(item)

    def _is_list(self, value: Value) -> bool:
        return any(each.get("type") == "array" for spot in value.spots for each in spot.schemas)

    def _from(self, spot: Spot, step: Step, key: str) -> Spot | Missing | None:
        """Return where *step* leads from one spot; None where the plan leaves it open."""
        found: list[Spot] = []
        missing = Missing("")
        for schema in spot.schemas:
            match self._into(spot, schema, step, key):
                case Spot() as next_spot:
                    found.append(next_spot)
                case Missing() as one:
                    missing = Missing(missing.what or one.what, missing.names | one.names)
                case None:
                    return None
        if not found:
            return missing if spot.schemas else None
        # What not all members of a union have may be missing.
        absent = frozenset[str]().union(*(each.absent for each in found))
        if len(found) < len(spot.schemas):
            absent |= {key}
        schemas = tuple(schema for each in found for schema in each.schemas)
        return found[0]._replace(schemas=schemas, absent=absent)

    def _into(self, spot: Spot, schema: Schema, step: Step, key: str) -> Spot | Missing | None:
        kind = schema.get("type")
        if kind == "array" and (not isinstance(step, str) or step in _ENDS["array"]):
            return self._item(spot, schema, step)
        if step == "size" and kind in _ENDS:
            return Spot(spot.owner, spot.path, ({"type": "integer"},), spot.absent)
        if is_object(schema.get("properties")):
            return self._property(spot, schema, step, key)
        if kind == "object":
            values = schema.get("additionalProperties", True)
            if not is_object(values):
                return None
            path = f"{spot.path}{{}}"
            return Spot(spot.owner, path, tuple(self.members(values)), spot.absent | {key})
        if kind is None and "enum" not in schema and "const" not in schema:
            return None
        named = _WORDS.get(str(kind), "a single value")
        hint = ": loop over it, or take one with [0]" if kind == "array" else ""
        return Missing(f"{spot.path or spot.owner} is {named}{hint}")

    def _item(self, spot: Spot, schema: Schema, step: Step) -> Spot | None:
        row: list[Schema] = schema.get("prefixItems") or []
        items = row[step : step + 1] if row and isinstance(step, int) and step >= 0 else row
        inner = items or [object_at(schema, "items")]
        schemas = tuple(each for item in inner for each in self.members(item))
        return Spot(spot.owner, f"{spot.path}[]", schemas, spot.absent) if schemas else None

    def _property(self, spot: Spot, schema: Schema, step: Step, key: str) -> Spot | Missing | None:
        if step is None:
            return None
        properties = object_at(schema, "properties")
        said = properties.get(str(step))
        if is_object(said):
            return self._field(spot, schema, str(step), said, key)
        if schema.get("additionalProperties") is True:
            return None
        named = spot.path.removeprefix("[]").lstrip(".") or spot.owner
        return Missing(f"{named} has no field {step}", frozenset(properties))

    def _field(self, spot: Spot, schema: Schema, name: str, said: Schema, key: str) -> Spot:
        is_required = name in (schema.get("required") or ())
        is_sent = is_required or ("default" in said and not schema.get("x-omit-defaults"))
        absent = spot.absent
        if not is_sent or self.may_be_null(said):
            absent |= {key}
        path = f"{spot.path}.{name}" if spot.path else name
        return Spot(spot.owner, path, tuple(self.members(said)), absent, said)
