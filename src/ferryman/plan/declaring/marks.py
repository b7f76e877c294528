"""What is said about a class or a field beside its type: owner, version, personal data.

Pure. Here lives the spelling, ``Annotated[str, Field(personal=True)]``, and the reading of it.
Here must not live: what a mark means for a check (checking/) or a document (exchange/).
"""

import inspect as source
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import inspect

Kind: TypeAlias = Literal["event", "person", "object", "message"]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a class of a plan says about itself."""

    kind: Kind
    name: str
    """On the wire: the event's name, the object's type, the message's name; a person's class."""
    owner: str = ""
    version: int = 1
    deprecated: bool = False
    successor: str = ""
    """The name of the event that took its place."""
    description: str = ""


class Marks(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a field says about itself, beside its type and what JSON Schema has words for."""

    personal: bool = False
    owner: str = ""
    deprecated: bool = False
    successor: str = ""
    reserved: bool = False


def Field(  # noqa: N802 - read inside a type, like Literal and Annotated
    *,
    description: str | None = None,
    personal: bool = False,
    owner: str = "",
    deprecated: bool | str = False,
    reserved: bool = False,
    examples: Sequence[object] | None = None,
    gt: float | None = None,
    ge: float | None = None,
    lt: float | None = None,
    le: float | None = None,
    multiple_of: float | None = None,
    pattern: str | None = None,
    min_length: int | None = None,
    max_length: int | None = None,
    schema: Mapping[str, Any] | None = None,
) -> msgspec.Meta:
    """Say more about a field than its type does: written inside ``Annotated``, as its metadata.

    *personal* marks personal data, *owner* who answers for the field, *deprecated* that it goes
    (or the name of the field that took its place), *reserved* that a name by which Customer.io
    acts is meant. The bounds are checked: numbers by *gt*, *ge*, *lt*, *le*, *multiple_of*,
    texts by *pattern* (a regular expression, searched), texts in characters, lists and dicts by
    *min_length* and *max_length*. *schema* holds further keywords for JSON Schema.

    Returns a ``msgspec.Meta``, which may be written instead.
    """
    marks = Marks(
        personal=personal,
        owner=owner,
        deprecated=bool(deprecated),
        successor=deprecated if isinstance(deprecated, str) else "",
        reserved=reserved,
    )
    said: dict[str, Any] = msgspec.to_builtins(marks)
    given: dict[str, Any] = {
        "description": None if description is None else tidy(description),
        "examples": None if examples is None else list(examples),
        "gt": gt,
        "ge": ge,
        "lt": lt,
        "le": le,
        "multiple_of": multiple_of,
        "pattern": pattern,
        "min_length": min_length,
        "max_length": max_length,
        "extra_json_schema": None if schema is None else dict(schema),
        "extra": said or None,
    }
    meta: msgspec.Meta = msgspec.Meta(**given)
    return meta


def marks_of(kind: inspect.Type) -> Marks:
    """Return the marks of a field whose type is *kind*."""
    extra: Any = getattr(kind, "extra", None)
    return msgspec.convert(extra or {}, Marks)  # what else a team keeps in extra is its own


def description_of(cls: type) -> str:
    """Return the docstring that *cls* itself has, or "" where it is inherited or made up."""
    text: object = cls.__dict__.get("__doc__")
    if not isinstance(text, str) or text.startswith(f"{cls.__name__}("):
        return ""  # a dataclass without a docstring is given its signature
    return tidy(text)


def tidy(text: str) -> str:
    """Return *text* as a docstring keeps it: no common indent, no blanks around or at line ends."""
    return "\n".join(line.rstrip() for line in source.cleandoc(text).strip().split("\n"))
