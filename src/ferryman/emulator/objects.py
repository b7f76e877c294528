"""Objects, and how people relate to them.

A relationship is held once, by the person (or the anonymous id); the object knows whose it is.
Setting null or "" removes an attribute of an object or of a relationship. Pure.
Follows https://docs.customer.io/integrations/api/track/ .
"""

from typing import Any

from ferryman.emulator import identity
from ferryman.emulator.acts import IdentifyObject, ObjectRef, Relate, Tie, Unrelate
from ferryman.emulator.state import Change, Person, State, Stranger, Thing


def find(state: State, ref: ObjectRef) -> Thing | None:
    """Return the object *ref* names, or None."""
    if ref.cio_object_id:
        return state.thing_ids.get(ref.cio_object_id)
    return state.things.get((ref.type_id, ref.object_id))


def ensure(state: State, ref: ObjectRef) -> Thing | None:
    """Return the object *ref* names, made if need be; None when a cio_object_id is unknown."""
    thing = find(state, ref)
    if thing is None and not ref.cio_object_id:
        thing = state.new_thing((ref.type_id, ref.object_id))
    return thing


def identify(state: State, act: IdentifyObject, at: float) -> Change:
    """Create or update an object and relate it."""
    thing = ensure(state, act.object)
    if thing is None:
        return "dropped"
    _merge(thing.attributes, act.attributes)
    for tie in act.tie:
        _tie(state, thing, tie, at)
    return "applied"


def delete(state: State, ref: ObjectRef) -> Change:
    """Delete an object and its relationships."""
    thing = find(state, ref)
    if thing is None:
        return "dropped" if ref.cio_object_id else "nothing"
    for cio_id in thing.people:
        state.people[cio_id].ties.pop(thing.key, None)
    for anonymous_id in thing.strangers:
        identity.stranger(state, anonymous_id).ties.pop(thing.key, None)
    del state.things[thing.key]
    del state.thing_ids[thing.cio_object_id]
    return "applied"


def apply_ties(state: State, act: Relate, at: float) -> Change:
    """Relate people and objects."""
    done = False
    for tie in act.ties:
        thing = ensure(state, tie.object) if tie.object else None
        done = (thing is not None and _tie(state, thing, tie, at)) or done
    return "applied" if done else "dropped"


def cut_ties(state: State, act: Unrelate) -> Change:
    """End relationships."""
    done = False
    for tie in act.ties:
        person = state.find(tie.person) if tie.person else None
        done = (person is not None and unrelate(state, person, tie)) or done
    return "applied" if done else "nothing"


def relate(state: State, person: Person, tie: Tie, at: float) -> bool:
    """Relate *person* to the object of *tie*."""
    thing = ensure(state, tie.object) if tie.object else None
    if thing is None:
        return False
    thing.people.add(person.cio_id)
    _merge(person.ties.setdefault(thing.key, {}), tie.attributes)
    return True


def unrelate(state: State, person: Person, tie: Tie) -> bool:
    """End the relationship of *person* to the object of *tie*."""
    thing = find(state, tie.object) if tie.object else None
    if thing is None or thing.key not in person.ties:
        return False
    del person.ties[thing.key]
    thing.people.discard(person.cio_id)
    return True


def _tie(state: State, thing: Thing, tie: Tie, at: float) -> bool:
    if tie.person is not None:
        if state.is_suppressed(tie.person):
            return False
        person = identity.ensure(state, tie.person, at)
        return person is not None and relate(state, person, _to(thing, tie), at)
    owner = state.owners.get(tie.anonymous_id)
    if owner is not None:
        return relate(state, owner, _to(thing, tie), at)
    unknown: Stranger = identity.stranger(state, tie.anonymous_id)
    thing.strangers.add(tie.anonymous_id)
    _merge(unknown.ties.setdefault(thing.key, {}), tie.attributes)
    return True


def _to(thing: Thing, tie: Tie) -> Tie:
    return Tie(object=ObjectRef(*thing.key), attributes=tie.attributes)


def _merge(attributes: dict[str, Any], changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        if value is None or value == "":
            attributes.pop(name, None)
        else:
            attributes[name] = value
