"""What the values of a field were, counted: types, formats, and few distinct texts.

Pure, and of bounded memory whatever passes by. Here lives the counting and the adding of two
counts. Here must not live: names of events (observed.py), or what counts mean (comparing.py,
proposing.py).
"""

from collections.abc import Mapping
from decimal import Decimal
from types import NoneType
from typing import Any, Final, cast

import msgspec
from msgspec import UNSET, UnsetType

from ferryman.plan.observed_form import SeenForm, ShapeForm
from ferryman.plan.observing.recognising import (
    PERSONAL_FORMATS,
    format_of,
    is_data,
    moment_of,
    says_personal,
)

MAX_FIELDS: Final = 300
"""Fields of one object that are kept apart: as many as Customer.io takes attributes at a time."""
MAX_SEEN: Final = 10_000
"""Fields that are kept apart in all, so that memory has an end."""
MAX_DEPTH: Final = 5
"""Objects in objects that are looked into."""
MAX_NAME: Final = 150
"""Characters of a name; a longer one is none."""
MAX_DISTINCT: Final = 12
"""Distinct texts that are counted; with more a field is no choice among few."""
MAX_TEXT: Final = 40
"""Characters of a text that may be one of few; a longer one makes its field none."""
_KINDS: Final[dict[type, str]] = {
    str: "string", int: "integer", float: "number", Decimal: "number", bool: "boolean",
    NoneType: "null", dict: "object", list: "array",
}  # fmt: skip


class Room(msgspec.Struct):
    """What one count may use: how many fields it may still keep apart, and whether texts."""

    left: int = MAX_SEEN
    keeps_values: bool = False


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "object"
    return "array" if isinstance(value, list | tuple) else "string"


class Seen:
    """What the values of one field were."""

    def __init__(self, *, private: bool = False) -> None:
        self.present = 0
        self.types: dict[str, int] = {}
        self.formats: dict[str, int] = {}
        self.named_private = private
        """Whether its name, or that of what holds it, is one of personal data."""
        self.private = private
        """Whether that, or a text looked personal: then nothing of its texts is kept."""
        self.known: dict[Any, int] | None = None if private else {}
        """The distinct texts, or their hashes, with their counts; None when they are not told."""
        self.floor = 0
        """At least so many are distinct: all that another count says without its texts."""
        self.many = False
        """Whether there are more distinct texts than are counted."""
        self.shape: Shape | None = None
        self.items: Seen | None = None

    def take(self, value: Any, room: Room, depth: int) -> None:
        """Count *value*, decoded JSON, at *depth* objects below the top."""
        self.present += 1
        kind = _KINDS.get(cast("type[object]", type(value))) or _kind(value)
        self.types[kind] = self.types.get(kind, 0) + 1
        if kind == "string":
            self._text(value, room)
        elif kind == "integer":
            if (written := moment_of(value)) is not None:
                self.formats[written] = self.formats.get(written, 0) + 1
        elif kind == "object" and depth < MAX_DEPTH:
            if self.shape is None:
                self.shape = Shape(private=self.named_private)
            self.shape.take(value, room, depth + 1)
        elif kind == "array" and value and depth < MAX_DEPTH:
            if self.items is None:
                self.items = Seen(private=self.named_private)
            for item in value:
                self.items.take(item, room, depth + 1)

    def _text(self, text: Any, room: Room) -> None:
        if not isinstance(text, str):
            return
        written = format_of(text)
        if written is not None:
            self.formats[written] = self.formats.get(written, 0) + 1
            if written in PERSONAL_FORMATS:
                self.hide()
        elif self.known is not None:
            key = text if room.keeps_values else hash(text)
            if len(text) > MAX_TEXT or (key not in self.known and len(self.known) >= MAX_DISTINCT):
                self.known, self.many = None, True
            else:
                self.known[key] = self.known.get(key, 0) + 1

    def hide(self) -> None:
        """Keep nothing of the texts any more: one of them was personal."""
        self.known, self.private, self.many, self.floor = None, True, False, 0

    @property
    def distinct(self) -> int | None:
        """How many texts without a format differ, at least; None for more than are counted."""
        return None if self.many else max(self.floor, len(self.known or ()))

    @property
    def values(self) -> dict[str, int] | None:
        """The distinct texts with their counts, all of them; None where they are not known."""
        if self.known is None or self.floor or not all(isinstance(key, str) for key in self.known):
            return None
        return dict(self.known)

    def merge(self, other: "Seen", room: Room) -> None:
        """Add what *other* counted."""
        self.present += other.present
        _add(self.types, other.types)
        _add(self.formats, other.formats)
        if other.private:
            self.hide()
        elif not self.private:
            self._merge_texts(other, room)
        if other.shape is not None:
            if self.shape is None:
                self.shape = Shape(private=self.named_private)
            self.shape.merge(other.shape, room)
        if other.items is not None:
            if self.items is None:
                self.items = Seen(private=self.named_private)
            self.items.merge(other.items, room)

    def _merge_texts(self, other: "Seen", room: Room) -> None:
        if self.many or other.many:
            self.known, self.many = None, True
            return
        mine, theirs = self.known, other.known
        if mine is None or theirs is None or not _alike({**mine, **theirs}, room):
            self.floor = max(self.distinct or 0, other.distinct or 0)
            self.known = None
            return
        _add(mine, theirs)
        if len(mine) > MAX_DISTINCT:
            self.known, self.many = None, True

    def form(self, *, values: bool) -> SeenForm:
        """Return the count as a document, with the texts if *values* are wanted and known."""
        texts = self.values if values else None
        asked = bool(self.types.get("string")) and not self.private
        return SeenForm(
            present=self.present,
            types=dict(self.types),
            formats=dict(self.formats),
            distinct=self.distinct if asked else UNSET,
            values=UNSET if texts is None or not asked else texts,
            object=UNSET if self.shape is None else self.shape.form(values=values),
            items=UNSET if self.items is None else self.items.form(values=values),
        )

    @classmethod
    def read(cls, form: SeenForm, *, private: bool = False) -> "Seen":
        """Return the count that *form* is."""
        has_texts = bool(form.types.get("string"))
        made = cls(private=private)
        if has_texts and form.distinct is UNSET:
            made.hide()
        made.present, made.types = form.present, dict(form.types)
        made.formats = dict(form.formats)
        if not made.private and form.distinct is not UNSET:
            made.many = form.distinct is None
            if form.values is not UNSET:
                made.known = dict(form.values)
            elif form.distinct != 0:
                made.known, made.floor = None, form.distinct or 0
        if not isinstance(form.object, UnsetType):
            made.shape = Shape.read(form.object, private=private)
        if not isinstance(form.items, UnsetType):
            made.items = cls.read(form.items, private=private)
        return made


class Shape:
    """What the fields of one kind of object were."""

    def __init__(self, *, private: bool = False) -> None:
        self.count = 0
        self.fields: dict[str, Seen] = {}
        self.entries: Seen | None = None
        """Fields whose names are data, together."""
        self.more = 0
        self.private = private

    def take(self, data: Mapping[str, Any], room: Room, depth: int = 0) -> None:
        """Count one object."""
        self.count += 1
        fields = self.fields
        for name, value in data.items():
            seen = fields.get(name) or self._new(name, room)
            if seen is None:
                self.more += 1
            else:
                seen.take(value, room, depth)

    def _new(self, name: str, room: Room) -> Seen | None:
        if is_data(name):
            if self.entries is None:
                self.entries = Seen(private=self.private)
            return self.entries
        if len(self.fields) >= MAX_FIELDS or room.left <= 0 or len(name) > MAX_NAME:
            return None
        room.left -= 1
        seen = self.fields[name] = Seen(private=self.private or says_personal(name))
        return seen

    def merge(self, other: "Shape", room: Room) -> None:
        """Add what *other* counted."""
        self.count += other.count
        self.more += other.more
        for name, theirs in other.fields.items():
            mine = self.fields.get(name) or self._new(name, room)
            if mine is None:
                self.more += theirs.present
            else:
                mine.merge(theirs, room)
        if other.entries is not None:
            if self.entries is None:
                self.entries = Seen(private=self.private)
            self.entries.merge(other.entries, room)

    def form(self, *, values: bool) -> ShapeForm:
        """Return the counts as a document."""
        return ShapeForm(
            count=self.count,
            fields={name: seen.form(values=values) for name, seen in self.fields.items()},
            entries=UNSET if self.entries is None else self.entries.form(values=values),
            more=self.more,
        )

    def size(self) -> int:
        """Return how many fields it keeps apart, those of its objects included."""
        inner = [*self.fields.values(), *([self.entries] if self.entries else [])]
        return len(self.fields) + sum(map(_size, inner))

    @classmethod
    def read(cls, form: ShapeForm, *, private: bool = False) -> "Shape":
        """Return the counts that *form* is."""
        made = cls(private=private)
        made.count, made.more = form.count, form.more
        for name, each in form.fields.items():
            made.fields[name] = Seen.read(each, private=private or says_personal(name))
        if not isinstance(form.entries, UnsetType):
            made.entries = Seen.read(form.entries, private=private)
        return made


def _size(seen: Seen | None) -> int:
    if seen is None:
        return 0
    return (seen.shape.size() if seen.shape else 0) + _size(seen.items)


def _alike(known: dict[Any, int], room: Room) -> bool:
    """Whether texts and hashes are not mixed, and are what *room* keeps."""
    return all(isinstance(key, str) is room.keeps_values for key in known)


def _add(to: dict[Any, int], counts: Mapping[Any, int]) -> None:
    for key, count in counts.items():
        to[key] = to.get(key, 0) + count
