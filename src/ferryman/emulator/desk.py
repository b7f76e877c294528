"""One workspace at the emulator: its credentials, its world, its traffic, what it observed."""

from typing import Final

from ferryman.emulator.access import Workspace
from ferryman.emulator.acts import AnyAct, Identify, Record
from ferryman.emulator.state import Change
from ferryman.emulator.traffic import Traffic
from ferryman.emulator.world import World
from ferryman.plan.observing import Observed


class Desk:
    """One workspace: its credentials, its world, its traffic, what it observed."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace: Final = workspace
        self.world: Final = World()
        self.reset()

    def reset(self) -> None:
        """Forget everything but the credentials."""
        self.world.reset()
        self.traffic = Traffic()
        # With the texts, of which the world holds every one: whoever asks says whether to see them.
        self.observed = Observed(values=True)

    def apply(self, act: AnyAct, at: float) -> Change:
        """Apply *act* to the world, and count its shape unless it is a repeat."""
        change = self.world.apply(act, at)
        if change != "repeat":
            if isinstance(act, Record) and act.type == "event":
                self.observed.track(act.name.strip(), act.data)
            elif isinstance(act, Identify):
                self.observed.identify(act.attributes)
        return change
