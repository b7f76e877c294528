"""The calls of Pipelines that relate: a person to an object, an id to an earlier one.

Follows https://docs.customer.io/integrations/api/cdp/
"""

from collections.abc import Mapping
from datetime import datetime

from ferryman._core.encode import encode_object
from ferryman._core.message import Operation
from ferryman._core.person import ObjectId, PersonId, quoted, who
from ferryman.errors import InvalidOperation
from ferryman.plan import Object, encode_object_attributes

from ..objects import same_type
from ._message import message, properties, someone, thing, user


def group(
    person: PersonId,
    object: ObjectId,
    traits: Object | Mapping[str, object] | None = None,
    /,
    *,
    relationship: Mapping[str, object] | None = None,
    context: Mapping[str, object] | None = None,
    integrations: Mapping[str, object] | None = None,
    id: str | None = None,
    timestamp: datetime | None = None,
) -> Operation[None]:
    """Relate *person* to *object*, which is created or updated with *traits*.

    *traits* is an instance of an :class:`Object` class of its type, or a mapping;
    *relationship* holds attributes of the relationship. The other arguments and errors are those
    of :func:`identify`.

    https://docs.customer.io/integrations/api/cdp/#operation/group
    """
    whom, key = someone(person)
    type_id, ident, _ = thing(object)
    if isinstance(traits, Object):
        same_type(object, traits, at="traits")
        encoded = encode_object_attributes(traits, "pipelines")
    elif traits is None or isinstance(traits, Mapping):
        for name in ("object_type_id", "relationshipAttributes"):
            if traits and name in traits:
                argument = "object" if name == "object_type_id" else "relationship"
                raise InvalidOperation(f"is said by {argument}", field=f"traits.{name}")
        encoded = properties(traits, at="traits")
    else:
        rule = f"must be an Object or a mapping, not {type(traits).__name__}"
        raise InvalidOperation(rule, field="traits")
    own = b'"object_type_id":' + quoted(type_id)
    if relationship is not None:
        related = encode_object(relationship, "pipelines", at="relationship")
        own += b',"relationshipAttributes":' + related
    said = b"{" + own + (b"," + encoded[1:] if len(encoded) > len(b"{}") else b"}")
    return message(
        "group",
        "group",
        whom,
        b',"groupId":%b,"traits":%b' % (quoted(ident), said),
        key=key,
        context=context,
        integrations=integrations,
        id=id,
        timestamp=timestamp,
    )


def alias(
    person: PersonId,
    previous: PersonId,
    /,
    *,
    context: Mapping[str, object] | None = None,
    integrations: Mapping[str, object] | None = None,
    id: str | None = None,
    timestamp: datetime | None = None,
) -> Operation[None]:
    """Tell destinations that know aliases (Mixpanel) that *previous* was *person*'s id.

    Customer.io itself does nothing with it: there, ``merge`` does. *person* is an id, *previous*
    an id or :class:`Anonymous`; the other arguments and errors are those of :func:`identify`.

    https://docs.customer.io/integrations/api/cdp/#operation/alias
    """
    whom, key = user(person)
    earlier = who(previous, at="previous")
    if earlier.kind not in ("id", "anonymous_id"):
        raise InvalidOperation("must be an id or Anonymous", field="previous")
    return message(
        "alias",
        "alias",
        whom,
        b',"previousId":' + quoted(earlier.value),
        key=key,
        context=context,
        integrations=integrations,
        id=id,
        timestamp=timestamp,
    )
