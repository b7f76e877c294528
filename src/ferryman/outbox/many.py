"""Many at once: each accepted or refused by itself, kept two thousand at a time. Pure.

Here lives what came of them, and the loop over them. Here must not live: what an entry is made
of (entry.py, saying.py), or how it is kept.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import msgspec

from ferryman._core.message import Level, Receipt
from ferryman.errors import FerrymanError, InvalidOperation

from .entry import Entry

CHUNK = 2_000
"""Entries kept together: nothing else is done while the disk is awaited, which is once a chunk."""


class Accepted(msgspec.Struct, frozen=True):
    """What came of many: ``ids`` are those of what was accepted, in order, safe as ``level`` says.

    ``refused`` has the place of each that was not, from 0, and why. The others are accepted all
    the same: look at it, or call :meth:`raise_for_refused`.
    """

    ids: tuple[str, ...]
    level: Level
    refused: tuple[tuple[int, InvalidOperation], ...] = ()

    @property
    def accepted(self) -> int:
        """How many were accepted."""
        return len(self.ids)

    @property
    def count(self) -> int:
        """How many were accepted or refused: where a run that was stopped has to go on."""
        return len(self.ids) + len(self.refused)

    @property
    def receipts(self) -> list[Receipt]:
        """The receipts of those that were accepted, in order."""
        return [Receipt(ident, self.level) for ident in self.ids]

    def raise_for_refused(self) -> None:
        """Raise InvalidOperation that tells how many were refused and why the first, if any was."""
        if self.refused:
            index, first = self.refused[0]
            raise InvalidOperation(
                f"{len(self.refused):,} of {self.count:,} were refused, the first because {first}",
                field=f"[{index}]",
            ) from first

    def __repr__(self) -> str:
        """Tell how many: there may be a million ids."""
        return f"<Accepted {self.accepted:,} of {self.count:,}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show rich no more than repr."""
        return [("accepted", self.accepted), ("refused", len(self.refused))]


Make: TypeAlias = Callable[[Any, str, int], Entry]
Stamps: TypeAlias = Callable[[], tuple[Iterator[str], int]]
"""Returns ids for a chunk, and the moment (Unix seconds) that it shares."""


class Many:
    """Makes an entry of each of many items, in chunks that are to be kept: *make* makes one.

    A chunk ends after two thousand items, and where *clock* went on by *lasts* seconds since its
    first: an item that comes late is not stamped early, and what came before does not wait for it.
    """

    def __init__(
        self,
        make: Make,
        level: Level,
        *,
        stamps: Stamps,
        clock: Callable[[], float],
        lasts: float,
    ) -> None:
        self._make = make
        self._level: Level = level
        self._stamps = stamps
        self._clock = clock
        self._lasts = lasts
        self._ids: list[str] = []
        self._refused: list[tuple[int, InvalidOperation]] = []
        # Of the chunk that is not kept yet:
        self._entries: list[Entry] = []
        self._wrong: list[tuple[int, InvalidOperation]] = []

    def chunks(self, items: Iterable[Any]) -> Iterator[Sequence[Entry]]:
        """Yield the entries of *items*; those of a chunk are accepted when the next is asked for.

        An entry is made of each item before the next is taken: the caller may change it then, and
        a thousand objects that wait would cost the garbage collector as much as anything here.
        Where *items* raises, first what it gave before; an error that is of no item's making is
        raised with ``accepted`` set.
        """
        make, clock, following = self._make, self._clock, iter(items)
        idents, at = iter(""), 0
        left, ends = 0, 0.0
        while True:
            try:
                item = next(following)
            except StopIteration:
                break
            except Exception:
                yield from self._chunk()
                raise
            if not left or clock() >= ends:
                yield from self._chunk()
                left, ends = CHUNK, clock() + self._lasts
                idents, at = self._stamps()
            left -= 1
            try:
                self._entries.append(make(item, next(idents), at))
            except InvalidOperation as wrong:
                taken = len(self._ids) + len(self._refused)
                place = taken + len(self._entries) + len(self._wrong)
                self._wrong.append((place, _bare(wrong)))
            except FerrymanError:
                yield from self._chunk()
                with self.telling():
                    raise
        yield from self._chunk()

    def _chunk(self) -> Iterator[Sequence[Entry]]:
        entries, self._entries = self._entries, []
        wrong, self._wrong = self._wrong, []
        if entries:
            yield entries
        self._ids += [entry.id for entry in entries]
        self._refused += wrong

    @contextmanager
    def telling(self) -> Generator[None]:
        """Let what is raised within tell what was accepted before."""
        try:
            yield
        except FerrymanError as error:
            error.accepted = self.result()
            raise

    def result(self) -> Accepted:
        """Return what came of all so far."""
        return Accepted(tuple(self._ids), self._level, tuple(self._refused))


def _bare(wrong: InvalidOperation) -> InvalidOperation:
    """Return *wrong* without the frames it came through, which hold what was said."""
    wrong.__context__ = None
    return wrong.with_traceback(None)
