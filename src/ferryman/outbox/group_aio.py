"""Group commit for the tasks of one event loop: those who come while a commit is under way share.

The first to come begins a group, which is kept in a thread as soon as the tasks that are ready
now had their turn, and no commit is under way. Here must not live: what keeping is.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ferryman.errors import OutboxFull, StoreError

from .entry import Entry


class _Group:
    """Entries that share a commit, and who waits for each."""

    __slots__ = ("entries", "waiting")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.waiting: list[asyncio.Future[None]] = []

    def tell(self, errors: Mapping[int, Exception]) -> None:
        """Let everybody go on; the *errors* are those of some, by their place in the group."""
        for place, waiting in enumerate(self.waiting):
            if waiting.done():  # its task was cancelled meanwhile
                continue
            if errors and (error := errors.get(place)) is not None:
                waiting.set_exception(error)
            else:
                waiting.set_result(None)


class TaskCommit:
    """Keeps what tasks accept with *keep*, which takes many, all or none.

    It may wait for room, *patience* seconds; *keep_now* never does.
    """

    def __init__(
        self,
        keep: Callable[[Sequence[Entry]], None],
        keep_now: Callable[[Sequence[Entry]], None],
        *,
        patience: float,
    ) -> None:
        self._keep = keep
        self._keep_now = keep_now
        self._patience = patience
        self._loop: asyncio.AbstractEventLoop | None = None
        self._group: _Group | None = None
        self._under_way = False

    def join(self, entry: Entry) -> "asyncio.Future[None]":
        """Return what to await until *entry* is kept; it raises what keeping it raised.

        A task that is cancelled meanwhile leaves its entry in the group: it may be kept.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            # In a forked child what gathers, or is under way, is its parent's: nobody here ends it.
            self._loop, self._group, self._under_way = loop, None, False
        group = self._group
        if group is None:
            group = self._group = _Group()
            loop.call_soon(self._lead, loop)
        waiting: asyncio.Future[None] = loop.create_future()
        group.entries.append(entry)
        group.waiting.append(waiting)
        return waiting

    def _lead(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin the commit of the group that gathered, unless one is under way: its end does."""
        group = self._group
        if group is None or self._under_way:
            return
        self._group = None
        try:
            # Nobody's task: whoever is cancelled while they wait, the others' commit goes on.
            work = loop.run_in_executor(None, self._commit, group.entries)
        except RuntimeError:  # the loop ends, and starts no more threads
            group.tell(_all(group.entries, StoreError("not kept: the event loop is ending")))
            return
        self._under_way = True
        work.add_done_callback(partial(self._led, loop, group))

    def _led(
        self,
        loop: asyncio.AbstractEventLoop,
        group: _Group,
        work: "asyncio.Future[Mapping[int, Exception]]",
    ) -> None:
        self._under_way = False
        if work.cancelled() or work.exception() is not None:
            lost = StoreError("interrupted; nobody knows whether it was accepted")
            group.tell(_all(group.entries, lost))
        else:
            group.tell(work.result())
        self._lead(loop)

    def _commit(self, entries: Sequence[Entry]) -> Mapping[int, Exception]:
        """Keep *entries*; return the errors of those that were not kept, by their place."""
        deadline = time.monotonic() + self._patience
        try:
            # There may never be room for all of them at once: nobody waits for that.
            (self._keep_now if self._patience else self._keep)(entries)
        except OutboxFull as full:
            if len(entries) == 1 and not self._patience:
                return {0: full}
            errors: dict[int, Exception] = {}
            for place, entry in enumerate(entries):  # one task's refusal is not the others'
                late = self._patience and time.monotonic() >= deadline
                try:
                    (self._keep_now if late else self._keep)([entry])
                except Exception as error:
                    errors[place] = error
            return errors
        except Exception as error:
            return _all(entries, error)
        return {}


def _all(entries: Sequence[Entry], error: Exception) -> dict[int, Exception]:
    return dict.fromkeys(range(len(entries)), error)
