"""Many at once: each accepted or refused by itself, kept a thousand at a time. Pure.

Here lives what came of them, and the loop over them. Here must not live: what an entry is made
of (entry.py, saying.py), or how it is kept.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

from ferryman._core.message import Level, Receipt
from ferryman.errors import FerrymanError, InvalidOperation

from .entry import Entry

CHUNK = 1_000
"""Entries kept together: beyond a few hundred a commit costs no less an entry."""


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


def chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield *items* in lists of up to a thousand; where they end in an error, first what came."""
    chunk: list[Any] = []
    try:
        for item in items:
            chunk.append(item)
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
    except Exception:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


Make: TypeAlias = Callable[[Any, str, int], Entry]


class Many:
    """Accepts chunk by chunk: *make* an entry of each item, *keep* those that can be.

    *make* is given an item, its id, and the moment, which those of a chunk share.
    """

    def __init__(self, make: Make, keep: Callable[[Sequence[Entry]], None], level: Level) -> None:
        self._make = make
        self._keep = keep
        self._level: Level = level
        self._ids: list[str] = []
        self._refused: list[tuple[int, InvalidOperation]] = []

    def take(self, items: Sequence[Any], idents: Iterator[str], at: int) -> None:
        """Accept *items*, the next ones, with *idents* and stamped *at*.

        An error that is of no item's making has what came before.
        Raises OutboxFull, OutboxClosed, StoreError and ConfigurationError with ``accepted`` set.
        """
        make, entries = self._make, list[Entry]()
        refused: list[tuple[int, InvalidOperation]] = []
        stopped: FerrymanError | None = None
        for index, item in enumerate(items, len(self._ids) + len(self._refused)):
            try:
                entries.append(make(item, next(idents), at))
            except InvalidOperation as wrong:
                refused.append((index, _bare(wrong)))
            except FerrymanError as error:
                stopped = error
                break
        try:
            if entries:
                self._keep(entries)
            self._ids += [entry.id for entry in entries]
            self._refused += refused
            if stopped is not None:
                raise stopped
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
