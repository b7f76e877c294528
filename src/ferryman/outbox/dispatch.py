"""Who goes next, of everything that waits: reads the store, sorts by API, asks each its turn.

A destination that is not well does not hold up the others: what is read for it beyond its bound
is passed over, and read again when it is well. Whoever calls holds the relay's lock. Knows no
thread, no network; the moment comes as an argument.
"""

from collections.abc import Mapping

from ferryman._core.account import Account
from ferryman._core.message import Api, Request
from ferryman.errors import ConfigurationError
from ferryman.operations import CATALOGUE

from .batching import Batch, Limits
from .destination import NEVER, Destination
from .entry import Cancelled, Dead, Entry, Verdict
from .protocol import Store

_API: dict[str, Api] = {name: row.api for name, row in CATALOGUE.items()}
_ELSE: Api = "track"
"""Where an operation goes that this version does not know: to be found out by the pump."""
_READ = 2_000
"""Entries that are read at once, at the most."""


class Dispatch:
    """The destinations of one store's entries, each with up to *ceiling* requests at once."""

    def __init__(self, store: Store, *, ceiling: int, linger: float, limits: Limits) -> None:
        self.destinations: dict[Api, Destination] = {}
        self._store = store
        self._ceiling = ceiling
        self._linger = linger
        self._limits = limits
        self._seen = 0
        self._read_before = 0  # up to here what is read may be on its way already
        self._epoch: int | None = None
        self._parked: frozenset[str] = frozenset()
        self._begun: set[int] = set()
        self.verdicts: list[Verdict] = []
        """What is decided without asking anybody: settled before anything that was chosen since."""
        self.late: Mapping[int, Dead] = {}
        """Died, and found no room: replaced, never changed; their keys are parked until then."""
        self._late: Mapping[int, Dead] = self.late

    @property
    def parked_entries(self) -> int:
        """How many entries wait behind a failed barrier, of those that were read.

        0 where somebody decided since: what then waits was not looked at.
        """
        if self._store.epoch() != self._epoch or self.late is not self._late:
            return 0
        return sum(each.line.parked_entries for each in self.destinations.values())

    def parked_upto(self, upto: int) -> int:
        """Return how many wait behind a failed barrier, where nobody else up to *upto* waits.

        0 where somebody does, or may.
        """
        if self.verdicts or self._seen < upto:
            return 0
        for each in self.destinations.values():
            oldest, resume = each.line.oldest(), each.resume
            if (oldest is not None and oldest <= upto) or (resume is not None and resume < upto):
                return 0
        return self.parked_entries

    def choose(self, now: float, *, urgent: bool) -> tuple[Batch, Destination] | float:
        """Return the next batch and where it goes, or the seconds until there may be one."""
        if self.verdicts:  # a merge that was interrupted parks its keys, first of all
            return 0.0
        soonest = NEVER
        for destination in self.destinations.values():
            wait = destination.patience(now, linger=self._linger, urgent=urgent)
            if wait <= 0:
                batch = destination.take(now)
                if destination.line.cancelled:
                    self.verdicts += map(Cancelled, destination.line.cancelled)
                    destination.line.cancelled = []
                if batch is not None:
                    return batch, destination
            else:
                soonest = min(soonest, wait)
        return soonest

    def more(self, now: float) -> bool:
        """Whether another batch could leave at once."""
        return any(
            each.patience(now, linger=self._linger, urgent=False) <= 0
            for each in self.destinations.values()
        )

    def news(self) -> int:
        """Return how many newly accepted bytes are worth waking somebody for.

        What fills a request that lingers; any, where nothing waits.
        """
        lines = self.destinations.values()
        return min((each.missing() if len(each.line) else 1 for each in lines), default=1)

    def fill(self, now: float) -> None:
        """Read what is new, as far ahead as is useful; nothing before the verdicts are settled."""
        if self.verdicts:
            return
        self._look_for_changes()
        for destination in self.destinations.values():
            if destination.resume is not None and not destination.full:
                self._read_again(destination, now)
        while not any(each.full and each.well for each in self.destinations.values()):
            entries = self._store.read(self._seen, limit=_READ, size=2 * self._limits.bytes)
            if not entries:
                return
            self._seen = entries[-1].seq
            self._sort(entries, now)

    def _look_for_changes(self) -> None:
        """Begin anew where dead letters were replayed, skipped or purged, or a key was parked."""
        epoch, late = self._store.epoch(), self.late
        if epoch == self._epoch and late is self._late:
            return
        self._late = late
        behind = {key for each in late.values() for key in (each.entry.key, each.entry.other)}
        self._parked = frozenset(self._store.parked() | (behind - {""}))
        if self._epoch is None:
            self._begun = self._store.begun()
        self._epoch = epoch
        # All of it, since what was replayed may go where nothing went before.
        self._read_before = max(self._read_before, self._seen)
        self._seen = 0
        for destination in self.destinations.values():
            destination.restart(self._parked)
            destination.resume = None

    def _sort(self, entries: list[Entry], now: float) -> None:
        # In the order of their first entries, so that a simulated run is decided by its seed.
        apis: dict[Api, None] = dict.fromkeys([_API.get(entry.name, _ELSE) for entry in entries])
        for api in apis:
            own = entries if len(apis) == 1 else _of(entries, api)
            destination = self.destinations.get(api)
            if destination is None:
                destination = Destination(api, ceiling=self._ceiling, limits=self._limits)
                destination.line.parked = self._parked
                self.destinations[api] = destination
            if destination.resume is None and destination.full and not destination.well:
                destination.resume = own[0].seq - 1
            if destination.resume is None:
                if own[0].seq <= self._read_before:
                    own = destination.staying(own)
                destination.join(self._known(own), now)

    def _read_again(self, destination: Destination, now: float) -> None:
        """Read on where *destination* was passed over, up to where everybody else is."""
        while destination.resume is not None and not destination.full:
            entries = self._store.read(destination.resume, limit=_READ, size=2 * self._limits.bytes)
            entries = [entry for entry in entries if entry.seq <= self._seen]
            if not entries:
                destination.resume = None
                return
            destination.resume = entries[-1].seq
            own = destination.staying(_of(entries, destination.api))
            destination.join(self._known(own), now)

    def _known(self, entries: list[Entry]) -> list[Entry]:
        """Return *entries* without those that an earlier relay was sending when it ended.

        Only what may not be repeated blindly was noted so: nobody knows whether it arrived.
        """
        if not self._begun:
            return entries
        going: list[Entry] = []
        for entry in entries:
            if entry.seq in self._begun:
                self._begun.remove(entry.seq)
                self.verdicts.append(Dead(entry, "interrupted", maybe_delivered=True))
            else:
                going.append(entry)
        return going


def _of(entries: list[Entry], api: Api) -> list[Entry]:
    return [entry for entry in entries if _API.get(entry.name, _ELSE) == api]


NO_KEY = Request("", "", {})
"""What cannot be sent, since this process has no key for its API: another one may have."""


def addressed(batch: Batch, account: Account) -> Request:
    """Return *batch*, whose entries share an API, as a request to the workspace of *account*."""
    first = batch.entries[0].operation()
    try:
        if batch.together:
            bodies = [each.body for each in batch.entries]
            return account.address_batch(bodies, first.endpoint.route)
        return account.address(first)
    except ConfigurationError:
        return NO_KEY


class Held:
    """What a worker has claimed and not released: it carries this again after a failure."""

    __slots__ = ("batch", "begun", "destination")

    def __init__(self) -> None:
        self.batch: Batch | None = None
        self.begun: frozenset[int] = frozenset()
        """Places in it that are being sent and must not be sent again blindly."""
        self.destination: Destination
