"""The figures of one run in an outbox that others use at the same time."""

from collections.abc import Sequence
from pathlib import Path

from ferryman import operations
from ferryman.cli.tally import Tally
from ferryman.outbox.entry import Dead, Done, Entry, Verdict
from ferryman.outbox.protocol import Store
from ferryman.outbox.stores.sqlite import SqliteStore

LATE = 1_700_000_000


def events(*ids: int) -> list[Entry]:
    """New entries with these numbers for ids."""
    return [Entry.of(operations.track("1", "e"), f"{n:026}", LATE) for n in ids]


def settle(store: Store, dead: tuple[int, ...] = ()) -> None:
    """Settle everything that waits: *dead* by number, the others as delivered."""
    entries = store.read(0, limit=1_000, size=1_000_000)
    verdicts: list[Verdict] = [
        Dead(entry, "required", "name") if int(entry.id) in dead else Done(entry)
        for entry in entries
    ]
    store.settle(verdicts, LATE)


def test_only_what_was_put_through_it_is_counted(tmp_path: Path) -> None:
    """What others put, before, between and after, is delivered and is none of this run's."""
    other = SqliteStore(tmp_path / "outbox.db")
    other.put(events(1, 2))
    tally = Tally(SqliteStore(tmp_path / "outbox.db"))
    tally.put(events(3))
    other.put(events(4, 5))
    tally.put(events(6, 7))

    waiting = tally.figures()
    settle(tally, dead=(2, 4, 7))

    assert (tally.accepted, waiting) == (3, (0, 0, 3))
    assert tally.figures() == (2, 1, 0)
    assert tally.causes == {"required name": 1}
    tally.close()
    other.close()


class Crowded(SqliteStore):
    """A store into which another process always writes just before us."""

    def put(self, entries: Sequence[Entry]) -> None:
        """Keep what comes, behind one of somebody else's."""
        super().put(events(99))
        super().put(entries)


def test_entries_that_others_put_at_the_same_time_are_told_apart(tmp_path: Path) -> None:
    """Where a commit of others falls into ours, the ids say whose is whose."""
    tally = Tally(Crowded(tmp_path / "outbox.db"))
    tally.put(events(1, 2))

    settle(tally, dead=(99,))

    assert (tally.figures(), sum(tally.causes.values())) == ((2, 0, 0), 0)
    tally.close()


def test_what_another_process_delivers_for_us_is_delivered(tmp_path: Path) -> None:
    """When the relay of another process settles ours, they count; what it let die, too."""
    other = SqliteStore(tmp_path / "outbox.db")
    tally = Tally(SqliteStore(tmp_path / "outbox.db"))
    tally.put(events(1, 2, 3))

    settle(other, dead=(2,))

    assert tally.figures() == (2, 1, 0)
    tally.close()
    other.close()


def test_the_figures_outlive_the_store(tmp_path: Path) -> None:
    """After closing, the figures are those of the last moment."""
    tally = Tally(SqliteStore(tmp_path / "outbox.db"))
    tally.put(events(1))

    tally.close()

    assert tally.figures() == (0, 0, 1)
