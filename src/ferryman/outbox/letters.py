"""Dead letters, as a person decides about them: look, replay, skip, purge.

What an outbox and the command line share. Here must not live: how they are kept (stores/), or
when something dies (judge.py).
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypedDict, Unpack

import msgspec

from ferryman._core.person import (
    AnyObjectId,
    CioObjectId,
    ObjectId,
    PersonId,
    from_key,
    which,
    who,
)
from ferryman.errors import InvalidOperation

from .entry import Dead
from .protocol import Store, Where

_PAGE = 500


class Selection(TypedDict, total=False):
    """Which dead letters: all of the given must hold.

    ``reason`` is the one they have, ``operation`` the name of a method such as ``"track"``,
    ``person`` (or object) whom they are about, ``maybe_delivered`` whether they may have arrived
    all the same, ``parks`` whether others wait behind them.
    """

    reason: str | None
    operation: str | None
    person: PersonId | AnyObjectId | None
    maybe_delivered: bool | None
    parks: bool | None


class DeadLetter(msgspec.Struct, frozen=True):
    """An operation that could not be delivered, and why.

    ``place`` is its number in this outbox and ``id`` the one Customer.io knows it by; ``reason``
    is a code of Customer.io's or ours, ``message`` its free text, ``status`` the HTTP status (0
    for none). ``maybe_delivered``: it was sent, nobody knows whether it arrived, and a second one
    might be a second message. ``parks``: what its person was told since waits for a decision.
    """

    place: int
    id: str
    operation: str
    reason: str
    field: str
    message: str
    status: int
    attempts: int
    maybe_delivered: bool
    parks: bool
    accepted_at: datetime
    died_at: datetime
    person: PersonId | AnyObjectId | None
    """The person or the object that it is about, as every method here takes one.

    An e-mail address is in small letters. None for what is about neither (a delivery, a segment,
    an invitation), and where the outbox is encrypted with a key that is not given.
    """
    body: bytes
    """The JSON that would be sent."""

    def __repr__(self) -> str:
        """Show what may stand in a log: nothing of whom it is about or what it says."""
        return f"<DeadLetter {self.place} {self.operation}: {self.reason}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show rich no more than repr."""
        shown = ("place", "operation", "reason", "status")
        return [(name, getattr(self, name)) for name in shown]


Letters: TypeAlias = list[DeadLetter]
_Page: TypeAlias = tuple[list[Dead], int]
_Act: TypeAlias = Callable[[list[int]], int]


class Replay(msgspec.Struct, frozen=True):
    """What came of a replay: how many wait again, and how many do not, and why.

    ``removed``: their person was deleted or suppressed since, and would be brought back.
    ``maybe_delivered``: they may have arrived, and were not asked for with ``again=True``.
    ``gone``: no dead letter has that place.
    """

    replayed: int = 0
    removed: int = 0
    maybe_delivered: int = 0
    gone: int = 0


class DeadLetters:
    """The dead letters of *store*; *changed* is called when something waits anew.

    Safe to use beside a running application, from another process, too.
    """

    def __init__(self, store: Store, changed: Callable[[], None]) -> None:
        self._store = store
        self._changed = changed

    def list(self, *, after: int = 0, limit: int = 100, **which: Unpack[Selection]) -> Letters:
        """Return those whose place is behind *after*, in order of acceptance, up to *limit*."""
        return [_letter(each) for each in self._store.dead(_where(which), after=after, limit=limit)]

    def show(self, place: int) -> DeadLetter:
        """Return the one at *place*; raise InvalidOperation where there is none."""
        for dead in self._store.dead(Where(), after=place - 1, limit=1):
            if dead.entry.seq == place:
                return _letter(dead)
        raise InvalidOperation("no dead letter has this place", field="place")

    def reasons(self) -> dict[str, int]:
        """Return how many there are of each reason, the most frequent first."""
        return self._store.reasons()

    def replay(
        self,
        places: Iterable[int] | None = None,
        *,
        everything: bool = False,
        again: bool = False,
        **which: Unpack[Selection],
    ) -> Replay:
        """Let the letters at *places*, or those that are selected, wait again in their old place.

        Not those whose person was deleted or suppressed since. What may have been delivered is
        sent a second time only with *again*. Raises InvalidOperation when nothing is selected and
        *everything* is not asked for.
        """
        replayed = removed = maybe = gone = 0
        for dead, asked in self._chosen(places, everything, which):
            unsure = [] if again else [each for each in dead if each.maybe_delivered]
            maybe += len(unsure)
            there = [each.entry.seq for each in dead if again or not each.maybe_delivered]
            done = self._store.replay(there)
            replayed += len(done.places)
            removed += sum(why == "removed" for _, why in done.refused)
            gone += asked - len(dead) + sum(why == "gone" for _, why in done.refused)
        self._changed()
        return Replay(replayed, removed, maybe, gone)

    def skip(
        self,
        places: Iterable[int] | None = None,
        *,
        everything: bool = False,
        **which: Unpack[Selection],
    ) -> int:
        """Throw letters away, so that what waits behind them goes on; return how many there were.

        Selected as by :meth:`replay`.
        """
        return self._throw_away(self._store.skip, places, everything, which)

    def purge(
        self,
        places: Iterable[int] | None = None,
        *,
        everything: bool = False,
        **which: Unpack[Selection],
    ) -> int:
        """Throw letters away because they must not be kept: nothing of them stays on disk.

        Selected as by :meth:`replay`; returns how many there were.
        """
        return self._throw_away(self._store.purge, places, everything, which)

    def purge_person(self, person: PersonId | AnyObjectId) -> int:
        """Throw away everything about *person* (or an object), dead or waiting.

        Only what names them so: an e-mail address and an id are not known to be one person.
        What is on its way may still arrive. Returns how many there were.
        """
        count = self._store.purge_key(key_of(person))
        self._changed()
        return count

    def _throw_away(
        self,
        act: _Act,
        places: Iterable[int] | None,
        everything: bool,
        which: Selection,
    ) -> int:
        count = 0
        for dead, _ in self._chosen(places, everything, which):
            count += act([each.entry.seq for each in dead])
        self._changed()
        return count

    def _chosen(
        self, places: Iterable[int] | None, everything: bool, which: Selection
    ) -> Iterator[_Page]:
        """Yield the chosen letters in pages, each with how many places were asked for."""
        where = _where(which)
        if places is None:
            if not everything and where == Where():
                raise InvalidOperation("say which dead letters: places, a selection or everything")
            yield from self._pages(where)
            return
        for place in dict.fromkeys(places):
            found = self._store.dead(where, after=place - 1, limit=1)
            yield [dead for dead in found if dead.entry.seq == place], 1

    def _pages(self, where: Where) -> Iterator[_Page]:
        after = 0
        while page := self._store.dead(where, after=after, limit=_PAGE):
            after = page[-1].entry.seq
            yield page, len(page)


def key_of(person: PersonId | AnyObjectId) -> str:
    """Return the order key of *person* or an object; raise InvalidOperation for what is neither."""
    if isinstance(person, ObjectId | CioObjectId):
        return which(person)[1]
    return who(person).key


def _where(given: Selection) -> Where:
    person = given.get("person")
    return Where(
        given.get("reason"),
        given.get("operation"),
        None if person is None else key_of(person),
        given.get("maybe_delivered"),
        given.get("parks"),
    )


def _letter(dead: Dead) -> DeadLetter:
    entry = dead.entry
    return DeadLetter(
        entry.seq,
        entry.id,
        entry.name,
        dead.reason,
        dead.field,
        dead.message,
        dead.status,
        dead.attempts,
        dead.maybe_delivered,
        dead.parks,
        datetime.fromtimestamp(entry.at, UTC),
        datetime.fromtimestamp(dead.died_at, UTC),
        from_key(entry.key),
        entry.body,
    )
