"""Who is meant: the identifiers of people and objects, checked, as JSON and as an order key.

A plain str or int is an id; the small types here say the others. No I/O, no lookup.
Follows https://docs.customer.io/messaging/people/identifying-people/
"""

import re
from typing import Any, TypeAlias, cast

import msgspec

from ferryman.errors import InvalidOperation

MAX_ID = 150
"""Bytes of a person's or object's id (Track API reference)."""

_TOO_LONG = 10**MAX_ID  # str() of an endless int is no InvalidOperation
_EMAIL = re.compile(r"\S+@\S+")
_E164 = re.compile(r"\+[1-9][0-9]{1,14}")
_NUMBER = re.compile(r"[1-9][0-9]*")
SHORT_ID = MAX_ID // 4
"""Characters of an id that is no longer than the limit whatever they are."""
as_json = msgspec.json.Encoder().encode


class _Identifier(msgspec.Struct, frozen=True):
    value: str

    def __repr__(self) -> str:
        """Name the kind and hide the value: reprs end up in logs."""
        return f"{type(self).__name__}('…')"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show rich no more than repr: msgspec's own shows the value."""
        return []


class Email(_Identifier, frozen=True, eq=False):
    """A person by e-mail address; compared without regard to case, as Customer.io does."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Email):
            return NotImplemented
        return self.value.lower() == other.value.lower()

    def __hash__(self) -> int:
        return hash(self.value.lower())


class Phone(_Identifier, frozen=True):
    """A person by phone number, E.164 (``+491701234567``), where the workspace allows it."""


class CioId(_Identifier, frozen=True):
    """A person by Customer.io's own permanent id, without the ``cio_`` of Track v1 paths."""


class Anonymous(_Identifier, frozen=True):
    """Somebody not known yet: the anonymous id that an identify may later claim."""


PersonId: TypeAlias = str | int | Email | Phone | CioId | Anonymous


class ObjectId(msgspec.Struct, frozen=True):
    """An object (an account, a course ...) by its type and your id.

    ``type_id`` is the number Customer.io gave the object type, from ``"1"``.
    """

    type_id: str | int
    id: str | int

    def __repr__(self) -> str:
        """Name the kind and hide the value."""
        return "ObjectId('…')"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show rich no more than repr."""
        return []


class CioObjectId(_Identifier, frozen=True):
    """An object by Customer.io's own permanent id."""


AnyObjectId: TypeAlias = ObjectId | CioObjectId


class Who(msgspec.Struct, frozen=True):
    """A checked identifier: its kind as Customer.io spells it, its value, its order key."""

    kind: str
    value: str
    key: str

    def __repr__(self) -> str:
        """Name the kind and hide the value."""
        return f"Who({self.kind!r}, '…')"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show rich no more than repr."""
        return [("kind", self.kind)]

    @property
    def json(self) -> bytes:
        """The ``identifiers`` object of Track v2."""
        return b'{"%b":%b}' % (self.kind.encode(), quoted(self.value))


_KINDS: dict[type, tuple[str, str]] = {
    Email: ("email", "e:"),
    Phone: ("phone", "p:"),
    CioId: ("cio_id", "c:"),
    Anonymous: ("anonymous_id", "a:"),
}


def from_key(key: str) -> PersonId | AnyObjectId | None:
    """Return the person or the object whose order key is *key*; None for any other key.

    The reverse of :func:`who` and :func:`which`: what it returns has this key again.
    """
    kind, _, value = key.partition(":")
    match kind:
        case "i":
            return value
        case "e":
            return Email(value)
        case "p":
            return Phone(value)
        case "c":
            return CioId(f"cio_{value}" if value.startswith("cio_") else value)
        case "a":
            return Anonymous(value)
        case "o":
            type_id, _, own = value.partition("/")
            return ObjectId(type_id, own)
        case "oc":
            return CioObjectId(value)
        case _:
            return None


def quoted(text: str) -> bytes:
    """Return *text* as a JSON string."""
    return as_json(text)


def _checked(value: object, at: str) -> str:
    if type(value) is int:
        if abs(value) >= _TOO_LONG:
            raise InvalidOperation(f"must not exceed {MAX_ID} bytes", field=at)
        value = str(value)
    if not isinstance(value, str):
        raise InvalidOperation(f"must be str or int, not {type(value).__name__}", field=at)
    if type(value) is not str:
        value = str.__str__(value)
    if not value or value.isspace():
        raise InvalidOperation("must not be empty or blank", field=at)
    if len(value) > MAX_ID // 4 or not value.isascii():
        try:
            size = len(value.encode())
        except UnicodeEncodeError:
            raise InvalidOperation("must be text that UTF-8 can carry", field=at) from None
        if size > MAX_ID:
            raise InvalidOperation(f"must not exceed {MAX_ID} bytes", field=at)
    return value


def who(person: PersonId, *, at: str = "person") -> Who:
    """Return *person* checked; raise InvalidOperation naming *at* when it cannot be one."""
    if type(person) is str or type(person) is int:
        text = _checked(person, at)
        return Who("id", text, "i:" + text)
    found = _KINDS.get(type(person))
    if found is None:
        if isinstance(person, str):
            text = _checked(person, at)
            return Who("id", text, "i:" + text)
        raise InvalidOperation(
            f"must be str, int, Email, Phone, CioId or Anonymous, not {type(person).__name__}",
            field=at,
        )
    kind, prefix = found
    text = _checked(cast(_Identifier, person).value, at)
    if kind == "email":
        if not _EMAIL.fullmatch(text):
            raise InvalidOperation("must be an e-mail address", field=at)
        return Who(kind, text, prefix + text.lower())
    if kind == "phone" and not _E164.fullmatch(text):
        raise InvalidOperation("must be a phone number such as +491701234567 (E.164)", field=at)
    if kind == "cio_id" and text.startswith("cio_"):
        text = _checked(text[4:], at)
    return Who(kind, text, prefix + text)


def spelled(person: PersonId) -> tuple[bytes, str]:
    """Return the ``identifiers`` JSON and the order key of *person*; see :func:`who`.

    The short way of the hottest call: most people are named by a short ASCII id.
    """
    if (
        type(person) is str
        and 0 < len(person) <= SHORT_ID
        and person.isascii()
        and not person.isspace()
    ):
        return b'{"id":%b}' % as_json(person), "i:" + person
    whom = who(person)
    return whom.json, whom.key


def which(thing: AnyObjectId, *, at: str = "object") -> tuple[bytes, str]:
    """Return the ``identifiers`` JSON and the order key of an object."""
    if isinstance(thing, CioObjectId):
        text = _checked(thing.value, at)
        return b'{"cio_object_id":%b}' % quoted(text), "oc:" + text
    if not isinstance(thing, ObjectId):
        raise InvalidOperation(
            f"must be ObjectId or CioObjectId, not {type(thing).__name__}", field=at
        )
    type_id = _checked(thing.type_id, f"{at}.type_id")
    if not _NUMBER.fullmatch(type_id):
        raise InvalidOperation(
            "must be the number of an object type, from 1", field=f"{at}.type_id"
        )
    text = _checked(thing.id, f"{at}.id")
    return (
        b'{"object_type_id":%b,"object_id":%b}' % (quoted(type_id), quoted(text)),
        f"o:{type_id}/{text}",
    )
