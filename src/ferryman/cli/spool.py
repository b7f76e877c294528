"""Where an import's operations wait: CUSTOMERIO_OUTBOX, or a private file of its own.

The private file goes when everything in it arrived, and stays, its place told, when not.
"""

import shlex
import shutil
import tempfile
from pathlib import Path

import msgspec

from ferryman.outbox.protocol import Store
from ferryman.outbox.stores import open_store
from ferryman.settings import Settings


class Spool(msgspec.Struct, frozen=True):
    """A place for operations; ``folder`` is set for a private one."""

    place: str
    folder: Path | None = None

    @classmethod
    def of(cls, settings: Settings, *, to: str | None) -> "Spool":
        """Return the place that *settings* name, or make a private one.

        What waits there is meant for where the settings say: an import *to* somewhere else, or
        in mode ``off``, has a place of its own.
        """
        if settings.outbox and to is None and settings.mode == "live":
            return cls(settings.outbox)
        folder = Path(tempfile.mkdtemp(prefix="ferryman-import-"))
        return cls(f"sqlite:///{folder / 'outbox.db'}", folder)

    @property
    def lasts(self) -> bool:
        """Whether what waits there survives this process."""
        return self.place.startswith("sqlite:")

    def open(self, settings: Settings) -> Store:
        """Open the store."""
        keys = settings.outbox_keys or None
        return open_store(self.place, workspace=settings.workspace, keys=keys)

    def remove(self) -> None:
        """Remove a private place; any other is not ours to remove."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def resume(self, track_url: str | None) -> str:
        """Return the line that delivers what waits there."""
        given: dict[str, str] = {}
        if self.folder is not None:
            given["CUSTOMERIO_OUTBOX"] = self.place
        if track_url is not None:
            given["CUSTOMERIO_TRACK_URL"] = track_url
        words = [f"{name}={shlex.quote(value)}" for name, value in given.items()]
        return " ".join([*words, "ferryman relay run --once"])
