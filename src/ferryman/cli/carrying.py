"""The run of an import: read, accept, deliver, all at once and all in constant memory.

Reading waits when more than a bound is pending, so that a file of any size needs a bounded spool.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Final

import msgspec

from ferryman._core.message import Operation
from ferryman.cli.hearing import Hearing
from ferryman.cli.mapping import Mapper
from ferryman.cli.people import People
from ferryman.cli.progress import Shows, Stage
from ferryman.cli.rows import Bad, Row, Source
from ferryman.cli.stopping import Stop, Stopped
from ferryman.cli.tally import Tally
from ferryman.errors import FlushTimeout, InvalidOperation, OutboxFull, StoreError
from ferryman.outbox import Outbox

_CHUNK: Final = 1_000
"""Rows accepted at once: what an outbox keeps in one commit."""
_AHEAD: Final = 100_000
"""Accepted and not yet delivered, before reading waits."""
_SHOWN: Final = 10
"""Refused rows that are told one by one."""


class Refusal(msgspec.Struct, frozen=True):
    """A row that is no event, and the rule it broke."""

    line: int
    rule: str


class Outcome(msgspec.Struct, frozen=True):
    """The figures: read = accepted + refused, accepted = delivered + dead + pending."""

    read: int
    refused: int
    accepted: int
    delivered: int
    dead: int
    pending: int
    people: int
    seconds: float
    refusals: tuple[Refusal, ...]
    """The first ten."""
    deaths: dict[str, int]
    """How many died of which reason."""
    waits: int
    """How often a request had to be repeated later."""
    whole: bool
    """Whether the file was read to its end."""
    trouble: str = ""
    """What ended the run early, if it was not a signal."""
    broken_at: int = 0
    """The line of a CSV file from which on it was not read, since it is broken there; or 0."""

    @property
    def complete(self) -> bool:
        """Whether every row of the file was accepted and delivered."""
        return self.whole and not (self.refused or self.dead or self.pending)


class Carrying:
    """One import on its way from *source* through *outbox*."""

    def __init__(
        self, source: Source, mapper: Mapper, outbox: Outbox, tally: Tally, stop: Stop
    ) -> None:
        self._source = source
        self._mapper = mapper
        self._outbox = outbox
        self._tally = tally
        self._stop = stop
        self._people = People()
        self._read = self._refused = 0
        self._refusals: list[Refusal] = []
        self._whole = False
        self._trouble = ""
        self._broken_at = 0
        self._began = time.monotonic()

    def run(self, hearing: Hearing, shows: Shows) -> Outcome:
        """Carry everything that can be carried; return the figures.

        Raises ConfigurationError for a file without the columns that were asked for.
        """
        self._hearing, self._shows = hearing, shows
        try:
            self._accept_all()
            self._deliver()
        except StoreError as error:
            self._trouble = str(error)
        except OSError as error:
            self._trouble = f"the file cannot be read on: {error.strerror}"
        finally:
            # Raised by a memory outbox that could not be emptied: the figures say so.
            with suppress(FlushTimeout):
                self._outbox.close(2.0 if self._ended() else 5.0)
        delivered, dead, pending = self._tally.figures()
        self._show()
        outcome = Outcome(
            self._read,
            self._refused,
            self._tally.accepted,
            delivered,
            dead,
            pending,
            len(self._people),
            time.monotonic() - self._began,
            tuple(self._refusals),
            dict(self._tally.causes.most_common(5)),
            hearing.waits,
            self._whole,
            self._trouble,
            self._broken_at,
        )
        self._people.close()
        return outcome

    def _ended(self) -> bool:
        if self._hearing.paused is not None and not self._trouble:
            self._trouble = f"Customer.io refuses the key (status {self._hearing.paused})"
        return bool(self._stop) or bool(self._trouble)

    # -- accepting

    def _accept_all(self) -> None:
        for chunk in self._chunks():
            operations: list[Operation[Any]] = []
            people: list[str] = []
            refusals: list[Refusal] = []
            for row in chunk:
                try:
                    if isinstance(row, Bad):
                        self._broken_at = row.line if row.ends else 0
                        raise InvalidOperation(row.rule)
                    person, operation = self._mapper.operation(row)
                except InvalidOperation as wrong:
                    refusals.append(Refusal(row.line, str(wrong)))
                    continue
                operations.append(operation)
                people.append(person)
            if not self._accept(operations):
                return
            # Counted once it is kept, so that the figures add up whenever the run ends.
            self._read += len(chunk)
            self._refused += len(refusals)
            self._refusals += refusals[: _SHOWN - len(self._refusals)]
            self._people.add(people)
            self._show()
        self._whole = not self._ended() and not self._broken_at

    def _chunks(self) -> Iterator[list[Row | Bad]]:
        rows = self._source.rows(self._mapper.check, self._stop.readable)
        while not self._ended():
            try:
                chunk = list(islice(rows, _CHUNK))
            except Stopped:
                return  # rows read and not accepted are read again by the next run
            if not chunk:
                return
            yield chunk

    def _accept(self, operations: Sequence[Operation[Any]]) -> bool:
        """Keep a chunk, waiting for room; False when a stop came first and it was not kept."""
        while not self._ended():
            if self._tally.figures()[2] <= _AHEAD:
                with suppress(OutboxFull):
                    self._outbox.accept_many(operations).raise_for_refused()
                    return True
            self._pause()
        return False

    # -- delivering

    def _deliver(self) -> None:
        while self._tally.figures()[2] and not self._ended():
            with suppress(FlushTimeout):
                self._outbox.flush(0.2)
            self._show()

    def _pause(self) -> None:
        self._stop.wait(0.1)
        self._show()

    def _show(self) -> None:
        delivered, dead, pending = self._tally.figures()
        self._hearing.progress(delivered)
        accepted, size, read = self._tally.accepted, self._source.size, self._source.read
        # While the file is being read, how many will be accepted is guessed from its bytes.
        expected = accepted if self._whole or not read or not size else accepted * size // read
        self._shows.show(
            [
                Stage("read", size if self._whole and size else read, size, self._read, "rows"),
                Stage("delivered", delivered + dead, expected or None, delivered, "events"),
            ],
            self._hearing.remark if pending else "",
        )
