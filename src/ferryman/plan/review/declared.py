"""A document of a plan as the checks read it: its classes and all fields in them, with places.

Pure. Here must not live: what is wrong with them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from ferryman.errors import InvalidOperation
from ferryman.plan.jsonlike import array_at, is_array, is_object, object_at
from ferryman.plan.review.finding import NOWHERE, Spot

Schema = dict[str, Any]
MAX_FIELDS: Final = 100_000
"""Fields of one class and of what it is made of."""


class Place(NamedTuple):
    """Where a class stands in Python."""

    file: str
    line: int
    module: str
    name: str
    """The class's qualified name."""
    fields: Mapping[str, int]
    """The line of each field, by its name on the wire."""
    last: int = 0
    """The last line of the class statement itself."""


class FieldAt(NamedTuple):
    """A field of a class, or of what the class is made of."""

    name: str
    path: str
    schema: Schema
    personal: bool
    """Whether the field, or one that it is in, is marked."""


class Declared:
    """One class of a plan."""

    def __init__(self, key: str, schema: Schema, plan: "Plan", place: Place | None) -> None:
        self.key = key
        self.kind = str(schema.get("x-kind"))
        self.name = str(schema.get("x-name", ""))
        self.schema = schema
        self.plan = plan
        self.place = place
        self.properties: dict[str, Schema] = {
            name: object_at(said) for name, said in object_at(schema, "properties").items()
        }
        self.required = frozenset(map(str, array_at(schema, "required")))

    @property
    def deprecated(self) -> bool:
        """Whether it should be said no more."""
        return bool(self.schema.get("deprecated"))

    @property
    def successor(self) -> str:
        """The name of the event that took its place, or ""."""
        return str(self.schema.get("x-successor", ""))

    @property
    def class_name(self) -> str:
        """What the class is called in Python."""
        return self.place.name if self.place else self.key

    def where(self, path: str = "") -> str:
        """Return the class, or its field at *path*, as people read it."""
        owner = self.kind if self.kind == "person" else f"{self.kind} {self.name}"
        return f"{owner}: {path}" if path else owner

    def spot(self, path: str = "") -> Spot:
        """Return the place of the class, or of its field at *path*."""
        if self.place is None:
            return NOWHERE if not self.plan.file else Spot(self.plan.file)
        head = path.partition(".")[0].partition("[")[0].partition("{")[0]
        if (line := self.place.fields.get(head)) is not None:
            return Spot.at(self.place.file, line)
        return Spot.at(self.place.file, self.place.line, self.place.last)

    def fields(self) -> Iterator[FieldAt]:
        """Yield every field, those of the parts of the class after the field that holds them.

        Raises InvalidOperation for a class that leads to too many, its references followed.
        """
        for number, field in enumerate(self.plan.walk(self.schema, "", False, frozenset())):
            if number == MAX_FIELDS:
                rule = f"leads to more than {MAX_FIELDS:,} fields, its references followed"
                raise InvalidOperation(rule, field=self.where())
            yield field


class Plan:
    """A document of a plan, its classes sorted by kind and name."""

    def __init__(
        self,
        document: Schema,
        places: Mapping[tuple[str, str], Place] | None = None,
        *,
        file: str = "",
        is_foreign: bool = False,
    ) -> None:
        self.document = document
        self.file = file
        self.is_foreign = is_foreign
        """Whether the document has no conventions of its own."""
        self.defs = object_at(document, "$defs")
        about = object_at(document, "x-ferryman", "conventions")
        self.event_style = str(about.get("events", "snake_case"))
        self.field_style = str(about.get("fields", "snake_case"))
        known = places or {}
        self.classes = [
            Declared(key, schema, self, known.get((str(schema["x-kind"]), _named(schema))))
            for key, schema in self.defs.items()
            if is_object(schema) and schema.get("x-kind")
        ]
        self.classes.sort(key=lambda each: (each.kind, each.name, each.key))
        self.events = [each for each in self.classes if each.kind == "event"]
        self.by_name = {each.name: each for each in self.events}
        self.person = next((each for each in self.classes if each.kind == "person"), None)

    def resolved(self, schema: Any) -> Schema:
        """Return what *schema* refers to, or itself."""
        found = object_at(schema)
        for _ in range(10):  # a reference to a reference, and not for ever
            if "$ref" not in found:
                break
            found = object_at(self.defs.get(str(found["$ref"]).removeprefix("#/$defs/")))
        return found

    def walk(
        self, schema: Any, path: str, personal: bool, met: frozenset[str]
    ) -> Iterator[FieldAt]:
        """Yield the fields in *schema*; *met* are the classes on the way to it."""
        said = object_at(schema)
        ref = str(said.get("$ref", ""))
        if ref in met:
            return
        met = met | {ref} if ref else met
        found = self.resolved(said)
        for name, inner in object_at(found, "properties").items():
            if name == found.get("x-tag"):
                continue
            at = f"{path}.{name}" if path else name
            marked = personal or bool(object_at(inner).get("x-personal"))
            yield FieldAt(name, at, object_at(inner), marked)
            yield from self.walk(inner, at, marked, met)
        for word, sign in (("items", "[]"), ("additionalProperties", "{}")):
            if is_object(found.get(word)):
                yield from self.walk(found[word], path + sign, personal, met)
        for word, sign in (("anyOf", ""), ("prefixItems", "[]")):
            members: Any = found.get(word)
            for member in members if is_array(members) else []:
                yield from self.walk(member, path + sign, personal, met)


def _named(schema: Schema) -> str:
    return str(schema.get("x-name", ""))
