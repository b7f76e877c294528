"""Objects: the things people belong to (accounts, courses ...), and who belongs to them.

Follows https://docs.customer.io/integrations/api/track/#tag/objects
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ferryman._core.encode import encode_object
from ferryman._core.message import Operation
from ferryman._core.person import Anonymous, AnyObjectId, ObjectId, PersonId, who
from ferryman.errors import InvalidOperation
from ferryman.plan import Object, encode_object_attributes
from ferryman.plan.names.limits import OBJECT, check_not_reserved

from ._item import about_object, relationships


def identify_object(
    thing: AnyObjectId,
    attributes: Object | Mapping[str, object] | None = None,
    /,
    *,
    people: Sequence[PersonId] | Mapping[PersonId, Mapping[str, Any]] | None = None,
) -> Operation[None]:
    """Create or update the object *thing* with *attributes*; a None removes the attribute.

    *attributes* is an instance of an :class:`Object` class of its type, or a mapping. *people*
    relates people to it: a list, or a mapping to the relationship's attributes.
    Raises InvalidOperation naming the field and the rule.

    https://docs.customer.io/integrations/api/track/#operation/entity
    """
    if isinstance(attributes, Object):
        same_type(thing, attributes, at="attributes")
        encoded = encode_object_attributes(attributes, "track")
    else:
        encoded = _encoded(attributes)
    rest = b',"attributes":' + encoded
    if people:
        rest += b',"cio_relationships":' + relationships(people, people=True)
    return about_object("identify_object", "identify", thing, rest)


def _encoded(attributes: Mapping[str, object] | None) -> bytes:
    if isinstance(attributes, Mapping):  # the encoder refuses anything else
        for name in attributes:
            check_not_reserved(name, OBJECT, at="attributes")
    return encode_object(attributes or {}, "track", at="attributes")


def same_type(thing: AnyObjectId, attributes: Object, *, at: str) -> None:
    """Raise InvalidOperation where *attributes* are declared for another type than *thing*'s."""
    declared = attributes.__facts__.name
    if isinstance(thing, ObjectId) and str(thing.type_id) != declared:
        rule = f"{type(attributes).__name__} is of object type {declared}, not of this one"
        raise InvalidOperation(rule, field=at)


def identify_anonymous_object(
    thing: AnyObjectId, anonymous: Anonymous, attributes: Mapping[str, object] | None = None, /
) -> Operation[None]:
    """Create or update *thing* and relate it to somebody not known yet.

    https://docs.customer.io/integrations/api/track/#operation/entity
    """
    whom = who(anonymous, at="anonymous")
    if whom.kind != "anonymous_id":
        raise InvalidOperation("must be Anonymous", field="anonymous")
    encoded = _encoded(attributes)
    rest = b',"attributes":%b,"cio_relationships":[{"identifiers":%b}]' % (encoded, whom.json)
    return about_object("identify_anonymous_object", "identify_anonymous", thing, rest)


def delete_object(thing: AnyObjectId, /) -> Operation[None]:
    """Delete the object *thing* and its relationships.

    https://docs.customer.io/integrations/api/track/#operation/entity
    """
    return about_object("delete_object", "delete", thing)


def add_object_relationships(
    thing: AnyObjectId, people: Sequence[PersonId] | Mapping[PersonId, Mapping[str, Any]], /
) -> Operation[None]:
    """Relate *people* to *thing*: a list, or a mapping to the relationship's attributes.

    https://docs.customer.io/integrations/api/track/#operation/entity
    """
    rest = b',"cio_relationships":' + relationships(people, people=True)
    return about_object("add_object_relationships", "add_relationships", thing, rest)


def delete_object_relationships(
    thing: AnyObjectId, people: Sequence[PersonId], /
) -> Operation[None]:
    """End the relationships of *people* to *thing*.

    https://docs.customer.io/integrations/api/track/#operation/entity
    """
    rest = b',"cio_relationships":' + relationships(people, people=True)
    return about_object("delete_object_relationships", "delete_relationships", thing, rest)
