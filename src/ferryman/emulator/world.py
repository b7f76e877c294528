"""The world: one workspace, and the one way to change it, `apply`.

Pure: no I/O, clock or chance. The same acts at the same times give the same world, which is
what lets the journal bring one back.
"""

from typing import assert_never

from ferryman.emulator import identity, objects, people, recording
from ferryman.emulator.acts import (
    AddDevice,
    AnyAct,
    Delete,
    DeleteDevice,
    DeleteObject,
    Identify,
    IdentifyObject,
    JoinSegment,
    LeaveSegment,
    Merge,
    Message,
    Record,
    Relate,
    Report,
    SubmitForm,
    Suppress,
    Unrelate,
    Unsuppress,
)
from ferryman.emulator.state import Change, State


class World:
    """Hold one workspace and apply acts to it, in order."""

    def __init__(self) -> None:
        self.state = State()

    def apply(self, act: AnyAct, at: float) -> Change:
        """Apply *act* at the moment *at* (Unix seconds) and say what came of it."""
        change = _apply(self.state, act, at)
        self.state.changes[change] += 1
        return change

    def reset(self) -> None:
        """Forget everything, the event ids seen included."""
        self.state = State()


def _apply(state: State, act: AnyAct, at: float) -> Change:  # noqa: PLR0912 -- one line an act
    match act:
        case Record():
            return recording.record(state, act, at)
        case Identify():
            return people.identify(state, act, at)
        case Delete():
            return identity.delete(state, act.person)
        case AddDevice():
            return people.add_device(state, act, at)
        case DeleteDevice():
            return people.delete_device(state, act)
        case Suppress():
            return identity.suppress(state, act.person)
        case Unsuppress():
            return identity.unsuppress(state, act.person)
        case Merge():
            return identity.merge(state, act, at)
        case JoinSegment():
            return people.join_segment(state, act)
        case LeaveSegment():
            return people.leave_segment(state, act)
        case SubmitForm():
            return people.submit_form(state, act, at)
        case Report():
            return recording.report(state, act, at)
        case Message():
            return recording.send(state, act, at)
        case IdentifyObject():
            return objects.identify(state, act, at)
        case DeleteObject():
            return objects.delete(state, act.object)
        case Relate():
            return objects.apply_ties(state, act, at)
        case Unrelate():
            return objects.cut_ties(state, act)
    assert_never(act)
