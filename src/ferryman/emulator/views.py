"""What the emulator shows of a workspace: plain values for JSON and for the page. Pure."""

from itertools import islice
from typing import Any, Final

from ferryman.emulator.acts import Who, guess
from ferryman.emulator.desk import Desk
from ferryman.emulator.state import Event, Person, Sent, State, Thing

View = dict[str, Any]
MAX_PAGE: Final = 1_000


def summary(desk: Desk) -> View:
    """Count what a workspace holds and was asked; `names` counts arrivals by event name."""
    state, traffic = desk.world.state, desk.traffic
    return {
        "workspace": desk.workspace.name,
        "people": len(state.people),
        "anonymous": len(state.strangers),
        "events": state.events,
        "repeats": state.changes["repeat"],
        "objects": len(state.things),
        "messages": len(state.messages),
        "suppressed": len(state.suppressed),
        "requests": traffic.requests,
        "batches": traffic.batches,
        "items": traffic.items,
        "rejected": traffic.rejected,
        "faults": traffic.faults,
        "changes": dict(sorted(state.changes.items())),
        "names": dict(sorted(state.names.items())),
    }


def person(state: State, someone: Person, *, events: bool = True) -> View:
    """Show a person; events are in order of arrival."""
    identifiers = {"id": someone.id, "email": someone.email, "phone": someone.phone}
    identifiers = {kind: value for kind, value in identifiers.items() if value}
    view: View = {
        "cio_id": someone.cio_id,
        "identifiers": {
            **identifiers,
            "cio_id": someone.cio_id,
            "anonymous_ids": sorted(someone.anonymous_ids),
        },
        "attributes": {**identifiers, **someone.attributes},
        "devices": list(someone.devices.values()),
        "segments": sorted(someone.segments, key=int),
        "relationships": [
            {"object_type_id": type_id, "object_id": object_id, "attributes": attributes}
            for (type_id, object_id), attributes in someone.ties.items()
        ],
        "suppressed": False,
        "created": someone.created,
    }
    if events:
        view["events"] = [event(one) for one in someone.events]
        view["activity"] = [
            {"at": entry.at, "what": entry.what, "field": entry.field}
            for entry in state.activity
            if entry.cio_id == someone.cio_id
        ]
    else:
        view["events"] = len(someone.events)
    return view


def event(one: Event) -> View:
    """Show an event; `timestamp` and `received` are Unix seconds."""
    return {
        "name": one.name,
        "type": one.type,
        "data": one.data,
        "timestamp": one.timestamp,
        "id": one.id or None,
        "anonymous_id": one.anonymous_id or None,
        "received": one.received,
        "seq": one.seq,
    }


def people(state: State, *, start: int, limit: int, events: bool) -> View:
    """Show a page of the people, oldest first; `next` starts the following page, "" ends."""
    page = list(islice(state.people.values(), start, start + limit))
    more = start + limit < len(state.people)
    return {
        "people": [person(state, one, events=events) for one in page],
        "next": str(start + limit) if more else "",
    }


def lookup(state: State, name: str) -> View | None:
    """Show whoever *name* names: an id, an e-mail, cio_ and a cio_id, a phone or anonymous id."""
    tries = [Who("id", name), guess(name), Who("cio_id", name), Who("phone", name)]
    found = next((one for who in tries if (one := state.find(who))), None)
    found = found or state.owners.get(name)
    if found is not None:
        return person(state, found)
    if any(state.is_suppressed(who) for who in tries):
        return {
            "suppressed": True,
            "identifiers": {},
            "attributes": {},
            "devices": [],
            "events": [],
        }
    stranger = state.strangers.get(name)
    if stranger is None:
        return None
    return {
        "suppressed": False,
        "identifiers": {"anonymous_ids": [name]},
        "attributes": {},
        "devices": [],
        "events": [event(one) for one in stranger.events],
    }


def message(sent: Sent) -> View:
    """Show a message or a triggered broadcast; `person` is the identifier that named them."""
    one = sent.message
    return {
        "at": sent.at,
        "channel": one.channel,
        "id": one.id,
        "broadcast_id": one.broadcast or None,
        "person": {one.person.kind: one.person.value} if one.person else None,
        "to": one.to,
        "transactional_message_id": one.template or None,
        "data": one.data,
        "send_at": one.send_at,
    }


def thing(one: Thing, state: State) -> View:
    """Show an object and whom it is related to."""
    return {
        "object_type_id": one.key[0],
        "object_id": one.key[1],
        "cio_object_id": one.cio_object_id,
        "attributes": one.attributes,
        "people": [
            {"cio_id": cio_id, "attributes": state.people[cio_id].ties[one.key]}
            for cio_id in sorted(one.people)
        ],
        "anonymous_ids": sorted(one.strangers),
    }
