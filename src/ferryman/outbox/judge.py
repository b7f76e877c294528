"""What an answer means for each entry of a request. Pure (delivery rules 3, 20, 21, 25).

Done and Dead are final. Split: somebody in the request is at fault, ask again in halves. Wait:
the destination is at fault, nobody in the request is; ask again later.
"""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from ferryman._core.answer import broken, details, parsed
from ferryman._core.batch import refused_items
from ferryman._core.message import Answer, NoReply, Repeat, Reply
from ferryman._core.retry import evidence
from ferryman.errors import Detail
from ferryman.operations import CATALOGUE

from .entry import Dead, Done, Entry, Verdict

PAUSES = frozenset({401, 403})
"""Statuses that speak of the key, not of the entries: an outage, nothing is thrown away."""


class Judged(msgspec.Struct, frozen=True):
    """Every entry has its verdict."""

    verdicts: tuple[Verdict, ...]


class Split(msgspec.Struct, frozen=True):
    """One of several is at fault, and the answer does not say which.

    ``again`` is asked in halves; ``dead`` may have been done and must not be asked again.
    """

    again: tuple[Entry, ...]
    dead: tuple[Dead, ...] = ()


class Wait(msgspec.Struct, frozen=True):
    """Nobody knows, or nothing arrived: ``again`` is repeated later, ``dead`` must not be."""

    again: tuple[Entry, ...]
    dead: tuple[Dead, ...]
    paused: bool = False


Judgement: TypeAlias = Judged | Split | Wait


def judge(entries: Sequence[Entry], answer: Answer, *, attempts: int) -> Judgement:
    """Return what *answer* to a request with *entries* means for each of them."""
    if isinstance(answer, Reply) and not broken(answer):
        if 200 <= answer.status < 300:
            return _successful(entries, answer, attempts)
        if answer.status in PAUSES:
            return Wait(tuple(entries), (), paused=True)
    if evidence(answer) == "final":
        assert isinstance(answer, Reply)
        return _final(entries, answer, details(parsed(answer.body)), attempts)
    return _unknown(entries, answer, attempts)


def _successful(entries: Sequence[Entry], reply: Reply, attempts: int) -> Judgement:
    found = details(parsed(reply.body))
    if not found:
        return Judged(tuple(map(Done, entries)))
    refused = refused_items(reply, len(entries))
    if refused is None:
        if len(entries) == 1:
            return _final(entries, reply, found, attempts)
        # Some of them were done: what may not be done twice is not asked again.
        return Split(*_parted(entries, "refused without saying which", reply.status, attempts))
    return Judged(
        tuple(
            _dead(entry, reply, refused[place], attempts) if place in refused else Done(entry)
            for place, entry in enumerate(entries)
        )
    )


def _final(
    entries: Sequence[Entry], reply: Reply, found: tuple[Detail, ...], attempts: int
) -> Judgement:
    if len(entries) > 1:
        return Split(tuple(entries))
    why = found[0] if found else Detail()
    return Judged((_dead(entries[0], reply, why, attempts),))


def _dead(entry: Entry, reply: Reply, why: Detail, attempts: int) -> Dead:
    reason = why.reason or why.code or f"status {reply.status}"
    return Dead(entry, reason, why.field, why.message, reply.status, attempts)


def _unknown(entries: Sequence[Entry], answer: Answer, attempts: int) -> Wait:
    if evidence(answer) == "never_arrived":
        return Wait(tuple(entries), ())
    reason = answer.reason if isinstance(answer, NoReply) else f"status {answer.status}"
    status = answer.status if isinstance(answer, Reply) else 0
    return Wait(*_parted(entries, reason, status, attempts))


def _parted(
    entries: Sequence[Entry], reason: str, status: int, attempts: int
) -> tuple[tuple[Entry, ...], tuple[Dead, ...]]:
    """Part *entries*, which may have been done, into those to repeat and those held back."""
    once = [CATALOGUE[entry.name].repeat is Repeat.ONCE for entry in entries]
    return (
        tuple(entry for entry, risky in zip(entries, once, strict=True) if not risky),
        tuple(
            Dead(entry, reason, status=status, attempts=attempts, maybe_delivered=True)
            for entry, risky in zip(entries, once, strict=True)
            if risky
        ),
    )
