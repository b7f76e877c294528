"""What is known of a person: attributes in order of their time, devices, segments, forms.

Pure: the state and the time come as arguments. The rules follow
https://docs.customer.io/integrations/api/track/ .
"""

from typing import Any, Final

from ferryman.emulator import identity, objects
from ferryman.emulator.acts import (
    AddDevice,
    DeleteDevice,
    Identify,
    JoinSegment,
    Kind,
    LeaveSegment,
    SubmitForm,
    Who,
    is_phone,
)
from ferryman.emulator.state import Change, Person, State, names_of

# Directives and system attributes, https://docs.customer.io/messaging/people/reserved-attributes :
# they steer the call or cannot be written, and are never stored.
UNSTORED: Final = frozenset(
    {"_update", "_timestamp", "cio_relationships", "cio_id", "_created_in_customerio_at"}
)
IDENTIFIERS: Final[tuple[Kind, ...]] = ("id", "email", "phone")
PREFERENCES: Final = "cio_subscription_preferences"


def identify(state: State, act: Identify, at: float) -> Change:
    """Create or update a person."""
    claims = _claims(act.attributes)
    named = [act.person, *claims]
    if any(state.is_suppressed(who) for who in named):
        return "suppressed"
    person = state.find(act.person)
    if person is None and act.person.kind == "cio_id":
        return "dropped"
    if person is None:
        # A body identifier of somebody known leads to them, and the path's becomes theirs.
        person = next((found for who in claims if (found := state.find(who))), None)
        if person is None and act.update_only:
            state.log(at, "failed attribute change")
            return "nothing"
        person = person or state.new_person(at)
        state.name(person, act.person.kind, act.person.value)
    change: Change = "applied"
    for kind in IDENTIFIERS:
        if kind in act.attributes and not _claim(state, person, kind, act, at):
            change = "conflict"
    _update(person, act, int(at) if act.timestamp is None else act.timestamp)
    anonymous_id = act.attributes.get("anonymous_id")
    if isinstance(anonymous_id, str) and anonymous_id:
        identity.associate(state, person, anonymous_id, at)
    for tie in act.tie:
        objects.relate(state, person, tie, at)
    for tie in act.untie:
        objects.unrelate(state, person, tie)
    return change


def _claims(attributes: dict[str, Any]) -> list[Who]:
    claims: list[Who] = []
    for kind in IDENTIFIERS:
        value = attributes.get(kind)
        if isinstance(value, str) and value and (kind != "phone" or is_phone(value)):
            claims.append(Who(kind, value))
    return claims


def _claim(state: State, person: Person, kind: Kind, act: Identify, at: float) -> bool:
    value = act.attributes[kind]
    if kind == "phone" and value and not is_phone(value):
        return True  # not an identifier: an attribute like others, see _update
    if value is None or value == "":
        if getattr(person, kind) == "":
            return True
        others = [who for who in names_of(person) if who.kind not in (kind, "cio_id")]
        if not others:
            state.log(at, "attribute update failure", person.cio_id, kind)
            return False
        value = ""
    return identity.claim(state, person, kind, str(value), named=act.person.kind, at=at)


def _update(person: Person, act: Identify, stamp: int) -> None:
    # The newest word on an attribute stands, whatever arrived last. null removes; what an empty
    # string does to a person's attribute is not documented: it is kept as a value.
    for name, value in act.attributes.items():
        if name in UNSTORED or name in ("id", "email", "anonymous_id"):
            continue
        if name == "phone" and (is_phone(value) or not value):
            continue
        if stamp < person.stamps.get(name, stamp):
            continue
        person.stamps[name] = stamp
        if name.startswith(PREFERENCES + "."):
            _set_path(person.attributes, name.split("."), value)
        elif value is None:
            person.attributes.pop(name, None)
        else:
            person.attributes[name] = value


def _set_path(attributes: dict[str, Any], path: list[str], value: object) -> None:
    *parents, leaf = path
    for parent in parents:
        inner = attributes.get(parent)
        # Copied, so that a dictionary two people got from one request is never shared.
        attributes[parent] = dict(inner) if isinstance(inner, dict) else {}  # pyright: ignore[reportUnknownArgumentType] -- any JSON
        attributes = attributes[parent]
    if value is None:
        attributes.pop(leaf, None)
    else:
        attributes[leaf] = value


def add_device(state: State, act: AddDevice, at: float) -> Change:
    """Add or update a device; the person is made if need be."""
    if state.is_suppressed(act.person):
        return "suppressed"
    person = identity.ensure(state, act.person, at)
    if person is None:
        return "dropped"
    person.devices[act.token] = {
        "token": act.token,
        "platform": act.platform,
        "last_used": act.last_used,
        "attributes": act.attributes,
    }
    return "applied"


def delete_device(state: State, act: DeleteDevice) -> Change:
    """Remove a device."""
    if state.is_suppressed(act.person):
        return "suppressed"
    person = state.find(act.person)
    if person is None:
        return "dropped" if act.person.kind == "cio_id" else "nothing"
    return "nothing" if person.devices.pop(act.token, None) is None else "applied"


def join_segment(state: State, act: JoinSegment) -> Change:
    """Add the people who exist to a manual segment."""
    found = [person for who in act.people if (person := state.find(who))]
    for person in found:
        person.segments.add(act.segment)
    return "applied" if found else "nothing"


def leave_segment(state: State, act: LeaveSegment) -> Change:
    """Remove people who have an id from a manual segment."""
    found = [person for who in act.people if (person := state.find(who)) and person.id]
    for person in found:
        person.segments.discard(act.segment)
    return "applied" if found else "nothing"


def submit_form(state: State, act: SubmitForm, at: float) -> Change:
    """Keep a submission and set its fields as attributes of the person."""
    submissions = state.forms.setdefault(act.form, [])
    if act.person is None:
        return "nothing"
    submissions.append(act.fields)
    return identify(state, Identify(act.person, attributes=dict(act.fields)), at)
