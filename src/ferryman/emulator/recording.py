"""Events: whose they are, which were seen before, in which order they came.

An id already seen in the workspace makes an event a repeat, which changes nothing else
(https://docs.customer.io/integrations/api/track/ , `id`); for how long Customer.io remembers ids
is not documented, the emulator does so for good. Pure.
"""

from ferryman.emulator import identity
from ferryman.emulator.acts import Message, Record, Report
from ferryman.emulator.state import Change, Event, Sent, State


def record(state: State, act: Record, at: float) -> Change:
    """Record an event, once."""
    who = act.person
    if who is not None and state.is_suppressed(who):
        return "suppressed"
    if act.id and act.id in state.seen:
        return "repeat"
    if who is not None:
        person = identity.ensure(state, who, at)
        if person is None:
            return "dropped"
        events = person.events
    elif act.anonymous_id:
        owner = state.owners.get(act.anonymous_id)
        events = (owner or identity.stranger(state, act.anonymous_id)).events
    else:
        events = state.invites
    if act.id:
        state.seen.add(act.id)
    name = act.name.strip()
    events.append(
        Event(
            seq=state.next_seq(),
            received=at,
            timestamp=int(at) if act.timestamp is None else act.timestamp,
            name=name,
            type=act.type,
            data=act.data,
            id=act.id,
            anonymous_id=act.anonymous_id,
        )
    )
    state.events += 1
    state.names[name] += 1
    return "applied"


def report(state: State, act: Report, at: float) -> Change:
    """Keep what happened to a delivery."""
    stamp = int(at) if act.timestamp is None else act.timestamp
    entry = {**act.details, "metric": act.metric, "timestamp": stamp}
    state.deliveries.setdefault(act.delivery, []).append(entry)
    return "applied"


def send(state: State, act: Message, at: float) -> Change:
    """Keep a message; the same one again is another."""
    state.messages.append(Sent(at, act))
    return "applied"
