"""The document of what was observed, as it is kept in files and given by the emulator.

Pure. These classes are the form and its documentation; msgspec reads and writes them, and
``msgspec.json.schema(ObservedForm)`` is their JSON Schema. Here must not live: counting
(observing/).
"""

from typing import Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

FORMAT: Final = 1
"""The version of this form; it changes when an older reader would misread a document."""


class _Form(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Says nothing that is 0 or empty."""


class SeenForm(_Form, frozen=True):
    """What the values of one field were."""

    present: int
    """How often the field was there."""
    types: dict[str, int] = {}
    """How often it was of each type of JSON: string, integer, number, boolean, null, array, object.

    A number is an integer when it is written without a point.
    """
    formats: dict[str, int] = {}
    """How often a text or an integer looked like something: see observing/recognising.py."""
    distinct: int | UnsetType | None = UNSET
    """How many short texts without a format differ, at least; null for more than are counted.

    Absent where the field looks personal.
    """
    values: dict[str, int] | UnsetType = UNSET
    """These texts and how often each was there; only where values were asked for."""
    object: "ShapeForm | UnsetType" = UNSET
    """The fields of the objects; absent where they lie too deep to be looked at."""
    items: "SeenForm | UnsetType" = UNSET
    """What the items of the arrays were, all places together."""


class ShapeForm(_Form, frozen=True):
    """What the fields of one kind of object were."""

    count: int
    """How many objects."""
    fields: dict[str, SeenForm] = {}
    entries: SeenForm | UnsetType = UNSET
    """Fields whose names are data (ids, e-mail addresses), together and without their names."""
    more: int = 0
    """How often a field was there that came after there was no room to keep it apart."""


class ObservedForm(_Form, frozen=True):
    """What passed by: events by name, and the attributes of people."""

    observed: Literal[1]
    """The version of this form."""
    keeps_values: bool = False
    events: dict[str, ShapeForm] = {}
    person: ShapeForm | UnsetType = UNSET
    """The attributes of all identify calls."""
    more: int = 0
    """Events that came after there was no room to keep their name apart, or whose name is data."""
