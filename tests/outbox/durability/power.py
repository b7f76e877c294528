"""A disk that loses its power: what was written is certain only once it was synced.

`Power` is a SQLite VFS. Files are real, locks and shared memory are the system's; beside each
file it keeps what is certain to survive, and the writes since. `cut` makes the files that a
machine might find after the power came back: of what was not synced any part may be there,
sector by sector; names of new files and removals of old ones are no more certain than that.
"""

import random
from pathlib import Path

import apsw

SECTOR = 512
_numbers = iter(range(1 << 30))


class Disk:
    """What survives of one file: certain content, and the writes since the last sync."""

    def __init__(self, content: bytes, *, named: bool) -> None:
        self.certain = bytearray(content)
        self.since: list[tuple[int, bytes | None]] = []  # None: cut to that size
        self.named = named  # whether the folder's entry survives
        self.removed = False

    def sync(self) -> None:
        for place, data in self.since:
            _apply(self.certain, place, data)
        self.since = []

    def survivor(self, rng: random.Random) -> bytes:
        """Return one content that may be found after the cut."""
        image = bytearray(self.certain)
        # Some cuts keep nearly all, some nearly nothing.
        kept = rng.choice([0.0, 0.1, 0.5, 0.9, 1.0])
        for place, data in self.since:
            if data is None:
                if rng.random() < kept:
                    _apply(image, place, None)
                continue
            for start in range(0, len(data), SECTOR):
                if rng.random() < kept:
                    _apply(image, place + start, data[start : start + SECTOR])
        return bytes(image)


def _apply(image: bytearray, place: int, data: bytes | None) -> None:
    if data is None:
        if place < len(image):
            del image[place:]
        else:
            image.extend(bytes(place - len(image)))
        return
    if place > len(image):
        image.extend(bytes(place - len(image)))
    image[place : place + len(data)] = data


class Power(apsw.VFS):
    """The disk. After *until* changes (writes, cuts, syncs, removals) the power is gone."""

    def __init__(self, until: int = 1 << 60) -> None:
        self.name = f"power-{next(_numbers)}"
        self.disks: dict[str, Disk] = {}
        self.changes = 0
        self.until = until
        self.failing = False
        super().__init__(self.name, "", maxpathname=1024)

    @property
    def off(self) -> bool:
        return self.changes >= self.until

    def change(self) -> None:
        """Count one change; raise when the power is gone."""
        if self.off:
            raise apsw.IOError("no power")
        self.changes += 1

    def disk(self, path: str) -> Disk:
        disk = self.disks.get(path)
        if disk is None:
            content = Path(path).read_bytes() if Path(path).exists() else b""
            # What held something before the power was ours is certain.
            disk = self.disks[path] = Disk(content, named=bool(content))
        return disk

    def xOpen(self, name, flags):  # noqa: N802 - apsw's name
        return _File(self, name, flags)

    def xDelete(self, name, syncdir):  # noqa: N802 - the name that apsw calls
        self.change()
        super().xDelete(name, syncdir)
        self.disk(name).removed = True
        if syncdir:
            self.sync_folder(name)

    def sync_folder(self, path: str) -> None:
        """Make the names beside *path* certain: new ones, and that old ones are gone."""
        for name, disk in list(self.disks.items()):
            if Path(name).parent == Path(path).parent:
                disk.named = True
                if disk.removed:
                    del self.disks[name]

    def cut(self, rng: random.Random, into: Path) -> None:
        """Write what may be found after the power came back into the folder *into*."""
        self.until = self.changes
        for name, disk in self.disks.items():
            if disk.removed and rng.random() < 0.5:
                continue
            if not disk.named and rng.random() < 0.5:
                continue
            (into / Path(name).name).write_bytes(disk.survivor(rng))


class _File(apsw.VFSFile):
    def __init__(self, power: Power, name, flags) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self.power = power
        self.path = path or ""
        self.fresh = bool(flags[0] & (apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL))
        if self.path:
            disk = power.disks.get(self.path)
            if disk is not None and disk.removed:  # a new file of an old name
                power.disks[self.path] = Disk(b"", named=False)
            power.disk(self.path)
        super().__init__("", name, flags)

    def xWrite(self, data, offset):  # noqa: N802 - the name that apsw calls
        power = self.power
        if self.path:
            power.change()
            power.disk(self.path).since.append((offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, size):  # noqa: N802 - the name that apsw calls
        if self.path:
            self.power.change()
            self.power.disk(self.path).since.append((size, None))
        super().xTruncate(size)

    def xSync(self, flags):  # noqa: N802 - the name that apsw calls
        # The files live in memory as far as the test is concerned: a real sync would only cost.
        if self.path:
            self.power.change()
            self.power.disk(self.path).sync()
            if self.fresh:  # as SQLite's own VFS does for a new journal or log
                self.fresh = False
                self.power.sync_folder(self.path)
