"""One workspace at the emulator: its credentials, its world, its traffic."""

from typing import Final

from ferryman.emulator.access import Workspace
from ferryman.emulator.traffic import Traffic
from ferryman.emulator.world import World


class Desk:
    """One workspace: its credentials, its world, its traffic."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace: Final = workspace
        self.world: Final = World()
        self.traffic = Traffic()
