"""The relay's loop over time: claim, send, judge, settle, rest. One flow, as many as workers.

It decides; the shell performs. It can be stopped at two points, where it claims and where it
rests: what it then holds is still in the store.
"""

from collections.abc import Callable, Collection, Sequence
from typing import TypeAlias

import msgspec

from ferryman._core.answer import retry_after
from ferryman._core.flow import Chance, Flow, Now, Send, exchange
from ferryman._core.message import Answer, Repeat, Reply, Request
from ferryman._core.retry import Retry, evidence
from ferryman.operations import CATALOGUE

from .batching import Batch
from .entry import Dead, Entry, Verdict
from .judge import Judged, Split, Wait, judge

_ONCE = frozenset(name for name, row in CATALOGUE.items() if row.repeat is Repeat.ONCE)

Address: TypeAlias = Callable[[Batch], Request]

PATIENCE = Retry(retries=1_000_000, wait_base=1.0, wait_max=30.0, total_max=1e12)
"""The relay's policy: an outage ends some day, and nothing is thrown away because of it."""


class Claim(msgspec.Struct, frozen=True):
    """Take the next batch; the flow is sent it, or None when it is time to stop."""


class Note(msgspec.Struct, frozen=True):
    """Write down that ``places`` are being sent, or (not ``sent``) that they never arrived.

    For what may not be repeated: whoever finds it after a crash knows that nobody knows.
    """

    places: tuple[int, ...]
    sent: bool


class Settle(msgspec.Struct, frozen=True):
    """Carry out ``verdicts`` in the store."""

    verdicts: Sequence[Verdict]


class Release(msgspec.Struct, frozen=True):
    """Let the keys of ``batch`` go on: all of it is settled."""

    batch: Batch


class Rest(msgspec.Struct, frozen=True):
    """Wait ``seconds`` before trying again; the flow is sent False when it is time to stop.

    ``paused`` says that the key was refused (401, 403): somebody must be told. ``asked`` says
    that the wait is the server's own wish; any other may end early when the server is well.
    """

    seconds: float
    status: int | None
    paused: bool = False
    asked: bool = False


Effect: TypeAlias = Claim | Send | Note | Settle | Release | Rest


def pump(
    address: Address,
    *,
    retry: Retry,
    chance: Chance,
    now: Now,
    first: Batch | None = None,
    begun: Collection[int] = (),
) -> Flow[Effect, None]:
    """Carry batch after batch until the shell says stop.

    Beginning with *first*, whose bearer failed; *begun* were being sent then.
    """
    batch = first
    while True:
        if batch is None:
            batch = yield Claim()
        if batch is None:
            return
        carried = yield from carry(batch, address, retry=retry, chance=chance, now=now, begun=begun)
        if not carried:
            return
        batch, begun = None, ()


def carry(
    batch: Batch,
    address: Address,
    *,
    retry: Retry,
    chance: Chance,
    now: Now,
    begun: Collection[int] = (),
) -> Flow[Effect, bool]:
    """Send *batch*, in parts where it must be, until each entry has its verdict.

    Of those that were *begun* by somebody who failed nobody knows whether they arrived. Returns
    False when it was stopped before; the keys then stay muted, the entries stored.
    """
    names = {each.name for each in batch.entries}
    if not names <= CATALOGUE.keys():
        # A later version accepted it; it travels by itself, so nobody goes with it.
        unknown = [each for each in batch.entries if each.name not in CATALOGUE]
        yield Settle([Dead(each, "unknown operation", attempts=0) for each in unknown])
        yield Release(batch)
        return True
    left = batch.entries
    if begun:
        gone = [each for each in left if each.seq in begun]
        left = tuple([each for each in left if each.seq not in begun])
        yield Settle([Dead(each, "interrupted", maybe_delivered=True) for each in gone])
    # Each part with its attempts, and whether an earlier one may have been carried out.
    parts: list[tuple[tuple[Entry, ...], int, bool]] = [(left, 1, False)] if left else []
    failures = 0
    while parts:
        entries, attempts, unsure = parts.pop()
        once: tuple[int, ...] = ()
        if not names.isdisjoint(_ONCE):
            once = tuple([each.seq for each in entries if each.name in _ONCE])
        if once:
            yield Note(once, sent=True)
        answer = yield from exchange(address(Batch(entries, batch.together)))
        match judge(entries, answer, attempts=attempts):
            case Judged(verdicts):
                failures = 0
                yield Settle(_marked(verdicts, unsure))
            case Split(again, dead):
                failures = 0
                if dead:
                    yield Settle(_marked(dead, unsure))
                half = len(again) // 2
                halves = again[half:], again[:half]
                parts += [(part, attempts + 1, unsure) for part in halves if part]
            case Wait(again, dead, paused):
                if dead:
                    yield Settle(dead)
                if again:
                    unsure = unsure or evidence(answer) == "unknown"
                    parts.append((again, attempts + 1, unsure))
                    moment = now()
                    delay = retry.delay(failures, answer, chance=chance(), now=moment)
                    failures += 1
                    if once and (never := _of(once, again)):
                        yield Note(never, sent=False)
                    going: bool = yield _rest(answer, delay, paused, moment)
                    if not going:
                        return False
    yield Release(batch)
    return True


def _of(places: Sequence[int], entries: Sequence[Entry]) -> tuple[int, ...]:
    return tuple([entry.seq for entry in entries if entry.seq in places])


def _rest(answer: Answer, delay: float, paused: bool, now: float) -> Rest:
    if not isinstance(answer, Reply):
        return Rest(delay, None, paused)
    return Rest(delay, answer.status, paused, retry_after(answer, now=now) is not None)


def _marked(verdicts: Sequence[Verdict], unsure: bool) -> Sequence[Verdict]:
    """Return *verdicts*, the dead marked as perhaps delivered where an earlier try is *unsure*."""
    if not unsure:
        return verdicts
    return [
        msgspec.structs.replace(each, maybe_delivered=True) if isinstance(each, Dead) else each
        for each in verdicts
    ]
