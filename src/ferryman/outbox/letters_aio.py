"""Dead letters for async code: the same calls, awaited off the loop."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar, Unpack

import anyio.to_thread

from ferryman._core.person import AnyObjectId, PersonId

from .letters import DeadLetter, DeadLetters, Letters, Replay, Selection

T = TypeVar("T")


class AsyncDeadLetters:
    """:class:`DeadLetters`, awaited off the loop."""

    def __init__(self, letters: DeadLetters) -> None:
        self._letters = letters

    async def list(
        self, *, after: int = 0, limit: int = 100, **which: Unpack[Selection]
    ) -> Letters:
        """Return dead letters: see :meth:`DeadLetters.list`."""
        return await _off(partial(self._letters.list, after=after, limit=limit, **which))

    async def show(self, place: int) -> DeadLetter:
        """Return the one at *place*: see :meth:`DeadLetters.show`."""
        return await _off(partial(self._letters.show, place))

    async def reasons(self) -> dict[str, int]:
        """Return how many there are of each reason."""
        return await _off(self._letters.reasons)

    async def replay(
        self,
        places: Iterable[int] | None = None,
        *,
        everything: bool = False,
        again: bool = False,
        **which: Unpack[Selection],
    ) -> Replay:
        """Let letters wait again: see :meth:`DeadLetters.replay`."""
        act = partial(self._letters.replay, places, everything=everything, again=again, **which)
        return await _off(act)

    async def skip(
        self,
        places: Iterable[int] | None = None,
        *,
        everything: bool = False,
        **which: Unpack[Selection],
    ) -> int:
        """Throw letters away: see :meth:`DeadLetters.skip`."""
        return await _off(partial(self._letters.skip, places, everything=everything, **which))

    async def purge(
        self,
        places: Iterable[int] | None = None,
        *,
        everything: bool = False,
        **which: Unpack[Selection],
    ) -> int:
        """Throw letters away: see :meth:`DeadLetters.purge`."""
        return await _off(partial(self._letters.purge, places, everything=everything, **which))

    async def purge_person(self, person: PersonId | AnyObjectId) -> int:
        """Throw away everything about *person*: see :meth:`DeadLetters.purge_person`."""
        return await _off(partial(self._letters.purge_person, person))


async def _off(act: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(act)
