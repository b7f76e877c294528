"""The emulation: workspaces with their worlds and traffic, faults, and the journal between.

What is said is journalled first and applied then, both before the answer goes out. Synchronous
and without I/O of its own: the journal and chance are handed in, and `app` speaks HTTP.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Protocol

from ferryman.emulator import access, answering, answers
from ferryman.emulator.acts import AnyAct
from ferryman.emulator.answering import Asked, Refuse, Said
from ferryman.emulator.answers import Answer
from ferryman.emulator.desk import Desk
from ferryman.emulator.faults import Chance, Faults


class Journal(Protocol):
    """Keeps what was applied, so that a world can be brought back."""

    def append(self, workspace: str, at: float, acts: Sequence[AnyAct]) -> None:
        """Keep *acts* for good before returning."""

    def replay(self) -> Iterator[tuple[str, float, Sequence[AnyAct]]]:
        """Yield everything kept, in order: workspace, moment, acts."""
        ...

    def forget(self, workspace: str) -> None:
        """Forget what was kept of *workspace*."""

    def close(self) -> None:
        """Let go of the file."""


def _status(desk: Desk, asked: Asked) -> Answer:
    wanted = (asked.values["broadcast_id"], asked.values["trigger_id"])
    for sent in desk.world.state.messages:
        if (sent.message.broadcast, sent.message.id) == wanted:
            broadcast, trigger = map(int, wanted)
            at = int(sent.at)
            found = {"id": trigger, "broadcast_id": broadcast, "created_at": at, "processed_at": at}
            return answers.of_json(200, found, answers.APP_HEADERS)
    return answers.app_error(404, "There is no such trigger")


def _random(seed: int | None) -> Chance:
    return random.Random(seed).random  # noqa: S311 -- faults, not secrets


class Emulation:
    """Everything the emulator holds and does, apart from speaking HTTP."""

    def __init__(
        self,
        workspaces: Iterable[access.Workspace] = (access.DEFAULT_WORKSPACE,),
        journal: Journal | None = None,
        source: Callable[[int | None], Chance] = _random,
    ) -> None:
        self.desks: Final = {workspace.name: Desk(workspace) for workspace in workspaces}
        self.faults: Final = Faults(source)
        self._journal: Final = journal
        for name, at, acts in journal.replay() if journal else ():
            desk = self.desks.get(name)
            for act in acts if desk else ():
                self.desks[name].apply(act, at)

    @property
    def first(self) -> Desk:
        """The workspace that is meant when a request does not say which."""
        return next(iter(self.desks.values()))

    def admit(self, api: access.Api, authorization: str) -> Desk | None:
        """Return the workspace whose credentials *authorization* holds, or None."""
        for desk in self.desks.values():
            if access.admits(desk.workspace, api, authorization):
                return desk
        return None

    def perform(
        self, desk: Desk, asked: Asked, *, at: float, origin: str, refuse: Refuse | None = None
    ) -> Said:
        """Answer a request and apply what it says at the moment *at*."""
        if asked.route.does == "status":
            return Said(_status(desk, asked), items=0)
        said = answering.respond(asked, desk.workspace, origin, refuse)
        if said.acts and self._journal is not None:
            self._journal.append(desk.workspace.name, at, said.acts)
        for act in said.acts:
            desk.apply(act, at)
        return said

    def reset(self, desk: Desk) -> None:
        """Forget the people, events and traffic of a workspace; faults stay in force."""
        if self._journal is not None:
            self._journal.forget(desk.workspace.name)
        desk.reset()

    def close(self) -> None:
        """Let go of the journal."""
        if self._journal is not None:
            self._journal.close()
