"""Who is who: finding, naming, suppressing, deleting and merging people.

The rules are those of the Track API reference, https://docs.customer.io/integrations/api/track/ :
identifiers belong to one person each, set ones change through the cio_id, e-mails ignore case.
Pure: the state and the time come as arguments.
"""

from typing import Final

from ferryman.emulator.acts import Kind, Merge, Who
from ferryman.emulator.state import (
    DAY,
    Change,
    Person,
    State,
    Stranger,
    canonical,
    key,
    names_of,
)

ANONYMOUS_DAYS: Final = 30
MERGED_DAYS: Final = 30


def ensure(state: State, who: Who, at: float) -> Person | None:
    """Return the person *who* names, made if need be; None when a cio_id is unknown."""
    person = state.find(who)
    if person is None and who.kind != "cio_id":
        person = state.new_person(at)
        state.name(person, who.kind, who.value)
    return person


def claim(state: State, person: Person, kind: Kind, value: str, *, named: Kind, at: float) -> bool:
    """Give *person* an identifier from a request body, or log why not.

    *named* is how the request named the person: a set identifier changes only through the
    cio_id, but for an e-mail named by id, since "Allow updates to email using ID" is taken as on.
    """
    held: str = getattr(person, kind)
    if held and value and key(kind, held) == key(kind, value):
        return True
    owner = state.index[kind].get(key(kind, value)) if value else None
    changes = not held or named == "cio_id" or (kind == "email" and named == "id")
    if owner is not None or not changes or state.is_suppressed(Who(kind, value)):
        state.log(at, "attribute update failure", person.cio_id, kind)
        return False
    state.name(person, kind, value)
    return True


def associate(state: State, person: Person, anonymous_id: str, at: float) -> None:
    """Make an anonymous id and what it did in the last 30 days the person's."""
    state.owners[anonymous_id] = person
    person.anonymous_ids.add(anonymous_id)
    stranger = state.strangers.get(anonymous_id)
    if stranger is None:
        return
    since = at - ANONYMOUS_DAYS * DAY
    young = [event for event in stranger.events if event.received >= since]
    stranger.events = [event for event in stranger.events if event.received < since]
    person.events = sorted(person.events + young, key=lambda event: event.seq)
    for thing_key, attributes in stranger.ties.items():
        person.ties.setdefault(thing_key, attributes)
        state.things[thing_key].people.add(person.cio_id)
        state.things[thing_key].strangers.discard(anonymous_id)
    stranger.ties = {}
    if not stranger.events:
        del state.strangers[anonymous_id]


def delete(state: State, who: Who) -> Change:
    """Delete a person; whoever is named so later starts anew."""
    person = state.find(who)
    if person is None:
        return "dropped" if who.kind == "cio_id" else "nothing"
    forget(state, person)
    state.events -= len(person.events)
    return "applied"


def forget(state: State, person: Person) -> None:
    """Take a person out of every index and relationship."""
    for who in names_of(person):
        if who.kind != "cio_id":
            state.name(person, who.kind, "")
    del state.people[person.cio_id]
    for anonymous_id in person.anonymous_ids:
        state.owners.pop(anonymous_id, None)
    for thing_key in person.ties:
        state.things[thing_key].people.discard(person.cio_id)


def suppress(state: State, who: Who) -> Change:
    """Delete a person and block the identifiers they had, or the one that is named."""
    person = state.find(who)
    if person is None and who.kind == "cio_id":
        return "dropped"
    names = frozenset(names_of(person) if person else [canonical(who)])
    if person is not None:
        delete(state, who)
    for name in names:
        state.suppressed[name] = names
    return "applied"


def unsuppress(state: State, who: Who) -> Change:
    """Free what was blocked together; the profile does not come back."""
    names = state.suppressed.get(canonical(who))
    if names is None:
        return "nothing"
    for name in names:
        state.suppressed.pop(name, None)
    return "applied"


def merge(state: State, act: Merge, at: float) -> Change:
    """Fold the secondary into the primary; without a primary nothing happens.

    Moved are unset attributes and identifiers, 30 days of events, manual segments; devices and
    relationships, which the reference does not name, are kept rather than lost.
    """
    primary, secondary = state.find(act.primary), state.find(act.secondary)
    if primary is None or secondary is None or primary is secondary:
        return "nothing"
    identifiers: list[tuple[Kind, str]] = [
        ("id", secondary.id),
        ("email", secondary.email),
        ("phone", secondary.phone),
    ]
    anonymous, ties = set(secondary.anonymous_ids), dict(secondary.ties)
    forget(state, secondary)
    for kind, value in identifiers:
        if value and not getattr(primary, kind):
            state.name(primary, kind, value)
    for name, attribute in secondary.attributes.items():
        if primary.attributes.get(name) in (None, ""):
            primary.attributes[name] = attribute
            primary.stamps[name] = secondary.stamps.get(name, int(at))
    since = at - MERGED_DAYS * DAY
    moved = [event for event in secondary.events if event.timestamp >= since]
    state.events -= len(secondary.events) - len(moved)
    primary.events = sorted(primary.events + moved, key=lambda event: event.seq)
    primary.segments |= secondary.segments
    for token, device in secondary.devices.items():
        primary.devices.setdefault(token, device)
    for thing_key, attributes in ties.items():
        primary.ties.setdefault(thing_key, attributes)
        state.things[thing_key].people.add(primary.cio_id)
    for anonymous_id in anonymous:
        associate(state, primary, anonymous_id, at)
    return "applied"


def stranger(state: State, anonymous_id: str) -> Stranger:
    """Return what an anonymous id that nobody claimed has done so far."""
    return state.strangers.setdefault(anonymous_id, Stranger())
