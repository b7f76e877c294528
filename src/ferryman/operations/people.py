"""People: who they are, what they have, how they go.

Follows https://docs.customer.io/integrations/api/track/#tag/people
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from ferryman._core.encode import encode_object
from ferryman._core.message import Operation, Stamp
from ferryman._core.person import AnyObjectId, PersonId, quoted, who
from ferryman._core.wrong import wrong_kind
from ferryman.errors import InvalidOperation
from ferryman.plan import Person, encode_person
from ferryman.plan.names.limits import (
    MAX_ATTRIBUTE_NAME,
    MAX_ATTRIBUTE_VALUE,
    MAX_ATTRIBUTES,
    PERSON,
    RESERVED_ATTRIBUTES,
    check_not_reserved,
)

from ._item import about_person, known, moment, relationships, seconds, sized, text
from .catalogue import CATALOGUE

_IDENTIFYING = ("id", "email", "phone", "cio_id", "anonymous_id")


def identify(
    person: PersonId,
    attributes: Person | Mapping[str, object] | None = None,
    /,
    *,
    update_only: bool = False,
    relationships_to: Sequence[AnyObjectId] | Mapping[AnyObjectId, Mapping[str, Any]] | None = None,
    timestamp: datetime | None = None,
) -> Operation[None]:
    """Create or update *person* with *attributes*; a None removes the attribute.

    *attributes* is an instance of a :class:`Person` class, or a mapping of at most 300
    attributes with names of up to 150 and text values of up to 1,000 bytes. Names by which
    Customer.io directs the call are refused in either: ``_update`` is said as *update_only*.
    ``update_only=True`` never creates. *relationships_to* names objects, or maps them to the
    attributes of the relationship. *timestamp* orders updates; the moment of the call, where
    you give none.

    Raises InvalidOperation naming the field and the rule.

    https://docs.customer.io/integrations/api/track/#operation/entity
    """
    whom = known(person)
    if isinstance(attributes, Person):
        encoded = encode_person(attributes, "track")
        if update_only:
            encoded = encoded[:-1] + (b"," if len(encoded) > 2 else b"") + b'"_update":true}'
        changes_identity = differs(attributes, whom.kind, whom.value)
    elif attributes is None or isinstance(attributes, Mapping):
        content = attributes or {}
        _check_attributes(content)
        if update_only:
            content = {**content, "_update": True}
        encoded = encode_object(content, "track", at="attributes")
        changes_identity = differs(content, whom.kind, whom.value)
    else:
        raise InvalidOperation(wrong_kind("a Person or a mapping", attributes), field="attributes")
    more = (
        b',"cio_relationships":' + relationships(relationships_to, people=False)
        if relationships_to
        else b""
    )
    body = b'{"type":"person","identifiers":%b,"action":"identify","attributes":%b%b' % (
        whom.json,
        encoded,
        more,
    )
    return Operation(
        CATALOGUE["identify"],
        whom.key,
        sized(body, "identify", stamp=Stamp.TIME),
        barrier=changes_identity,
        at=moment(timestamp),
        stamp=Stamp.TIME,
    )


def _check_attributes(content: Mapping[str, object]) -> None:
    if len(content) > MAX_ATTRIBUTES:
        raise InvalidOperation(f"must not exceed {MAX_ATTRIBUTES}", field="attributes")
    for name, value in content.items():
        if not isinstance(name, str):
            continue  # the encoder says it better
        if name in RESERVED_ATTRIBUTES:
            check_not_reserved(name, PERSON, at="attributes")
        if not name or len(name) * 4 > MAX_ATTRIBUTE_NAME:
            size = len(name.encode(errors="replace"))
            if not 0 < size <= MAX_ATTRIBUTE_NAME:
                raise InvalidOperation(
                    f"names of attributes are 1 to {MAX_ATTRIBUTE_NAME} bytes", field="attributes"
                )
        long = isinstance(value, str) and len(value) * 4 > MAX_ATTRIBUTE_VALUE
        if long and len(str(value).encode(errors="replace")) > MAX_ATTRIBUTE_VALUE:
            raise InvalidOperation(
                f"must not exceed {MAX_ATTRIBUTE_VALUE:,} bytes", field=f"attributes.{name}"
            )


def differs(content: Person | Mapping[str, object], kind: str, value: str) -> bool:
    """Whether the attributes carry another identifier than the one that names the person."""
    for name in _IDENTIFYING:
        given = content.get(name) if isinstance(content, Mapping) else getattr(content, name, None)
        if given is None:
            continue
        same = _alike(given, value) if kind == "email" else str(given) == value
        if name != kind or not same:
            return True
    return False


def _alike(given: object, email: str) -> bool:
    return isinstance(given, str) and given.lower() == email.lower()


def delete(person: PersonId, /) -> Operation[None]:
    """Delete *person*; a later identify or event creates them anew.

    https://docs.customer.io/integrations/api/track/#operation/delete
    """
    return about_person("delete", "delete", known(person))


def suppress(person: PersonId, /) -> Operation[None]:
    """Delete *person* and ignore everything said about this identifier from now on.

    https://docs.customer.io/integrations/api/track/#operation/suppress
    """
    return about_person("suppress", "suppress", known(person))


def unsuppress(person: PersonId, /) -> Operation[None]:
    """Listen again to what is said about *person*; it does not bring the person back.

    https://docs.customer.io/integrations/api/track/#operation/unsuppress
    """
    return about_person("unsuppress", "unsuppress", known(person))


def merge(primary: PersonId, secondary: PersonId, /) -> Operation[None]:
    """Merge *secondary* into *primary*, for ever: the secondary is gone afterwards.

    Both are named by id, e-mail or cio_id. When *primary* does not exist nothing happens.
    Raises InvalidOperation when both are the same or named otherwise.

    https://docs.customer.io/integrations/api/track/#operation/merge
    """
    first, second = who(primary, at="primary"), who(secondary, at="secondary")
    for at, found in (("primary", first), ("secondary", second)):
        if found.kind not in ("id", "email", "cio_id"):
            raise InvalidOperation("must be an id, Email or CioId", field=at)
    if first.key == second.key:
        raise InvalidOperation("must be another person than primary", field="secondary")
    body = b'{"type":"person","action":"merge","primary":%b,"secondary":%b}' % (
        first.json,
        second.json,
    )
    return Operation(
        CATALOGUE["merge"], first.key, sized(body, "merge"), other=second.key, barrier=True
    )


def add_device(
    person: PersonId,
    token: str,
    /,
    *,
    platform: Literal["ios", "android"],
    last_used: datetime | None = None,
    attributes: Mapping[str, object] | None = None,
) -> Operation[None]:
    """Give *person* the device with this push *token*, or update it.

    https://docs.customer.io/integrations/api/track/#operation/add_device
    """
    if platform not in ("ios", "android"):
        raise InvalidOperation("must be 'ios' or 'android'", field="platform")
    device = b'"token":%b,"platform":"%b"' % (quoted(text(token, at="token")), platform.encode())
    if last_used is not None:
        device += b',"last_used":%d' % seconds(last_used, at="last_used")
    if attributes:
        device += b',"attributes":' + encode_object(attributes, "track", at="attributes")
    return about_person("add_device", "add_device", known(person), b',"device":{%b}' % device)


def delete_device(person: PersonId, token: str, /) -> Operation[None]:
    """Take the device with this push *token* from *person*.

    https://docs.customer.io/integrations/api/track/#operation/delete_device
    """
    rest = b',"device":{"token":%b}' % quoted(text(token, at="token"))
    return about_person("delete_device", "delete_device", known(person), rest)


def add_relationships(
    person: PersonId, objects: Sequence[AnyObjectId] | Mapping[AnyObjectId, Mapping[str, Any]], /
) -> Operation[None]:
    """Relate *person* to *objects*: a list, or a mapping to the relationship's attributes.

    https://docs.customer.io/integrations/api/track/#operation/entity
    """
    rest = b',"cio_relationships":' + relationships(objects, people=False)
    return about_person("add_relationships", "add_relationships", known(person), rest)


def delete_relationships(person: PersonId, objects: Sequence[AnyObjectId], /) -> Operation[None]:
    """End the relationships of *person* to *objects*.

    https://docs.customer.io/integrations/api/track/#operation/entity
    """
    rest = b',"cio_relationships":' + relationships(objects, people=False)
    return about_person("delete_relationships", "delete_relationships", known(person), rest)
