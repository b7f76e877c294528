"""`ferryman outbox replay`, `skip` and `purge`: what a person decided about dead letters."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Annotated, Final, TypeAlias

import msgspec
from cyclopts import Parameter

from ferryman.cli import out
from ferryman.cli.app import DONE, INCOMPLETE
from ferryman.cli.outbox import DryRun, Json, Place, Which, Yes, confirm, opened, person_of
from ferryman.cli.progress import Stage, progress
from ferryman.cli.stopping import Stop
from ferryman.errors import ConfigurationError
from ferryman.outbox.letters import DeadLetters, Replay

_PAGE: Final = 500
Place_ = Annotated[int, Parameter(help="Places that `outbox dead` lists.")]
All = Annotated[
    bool, Parameter(name="--all", help="All dead letters there are.", show_default=False)
]
_AGAIN: Final = "Also what may have arrived: it may then be there twice."
_EVERYTHING: Final = (
    "Everything about this person, waiting or dead: an id, or email:…, cio_id:…, anonymous:…,"
    " phone:… (id:… for an id that begins so); or an object: object:TYPE/ID, cio_object:…."
)
_Act: TypeAlias = Callable[[Sequence[int]], Replay]


class _Wanted(msgspec.Struct, frozen=True):
    """Which dead letters: those at ``places``, or else those of a selection."""

    places: tuple[int, ...]
    which: Which
    everything: bool

    def checked(self) -> "_Wanted":
        """Return it; raise ConfigurationError where nothing, or two things, are said."""
        said = [bool(self.places), self.which != Which(), self.everything]
        if sum(said) != 1:
            raise ConfigurationError("say which: places, or a selection, or --all (one of them)")
        return self

    def pages(self, dead: DeadLetters) -> Iterator[list[int]]:
        """Yield the places, some at a time."""
        if self.places:
            yield from (
                list(self.places[start : start + _PAGE])
                for start in range(0, len(self.places), _PAGE)
            )
            return
        after, chosen = 0, self.which.selection()
        while found := dead.list(after=after, limit=_PAGE, **chosen):
            after = found[-1].place
            yield [letter.place for letter in found]

    def count(self, dead: DeadLetters) -> int:
        """Return how many they are."""
        return sum(map(len, self.pages(dead)))


def run_replay(
    *places: Place_,
    which: Which = Which(),  # noqa: B008 - frozen
    all_: All = False,
    again: Annotated[bool, Parameter(help=_AGAIN, show_default=False)] = False,
    dry_run: DryRun = False,
    outbox: Place = None,
    json: Json = False,
) -> int:
    """Let dead letters wait again, each in its old place."""
    wanted = _Wanted(places, which, all_).checked()
    with opened(outbox) as (_, dead):
        return _carry_out(
            "replay",
            wanted,
            dead,
            lambda page: dead.replay(page, again=again),
            dry_run=dry_run,
            json=json,
        )


def run_skip(
    *places: Place_,
    which: Which = Which(),  # noqa: B008 - frozen
    all_: All = False,
    dry_run: DryRun = False,
    outbox: Place = None,
    json: Json = False,
) -> int:
    """Throw dead letters away, so that what waits behind them goes on."""
    wanted = _Wanted(places, which, all_).checked()
    with opened(outbox) as (_, dead):
        act = _throwing(dead.skip)
        return _carry_out("skip", wanted, dead, act, dry_run=dry_run, json=json)


def run_purge(
    *places: Place_,
    which: Which = Which(),  # noqa: B008 - frozen
    all_: All = False,
    everything_of: Annotated[
        str | None, Parameter(name="--everything-of", help=_EVERYTHING, show_default=False)
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    outbox: Place = None,
    json: Json = False,
) -> int:
    """Throw away what must not be kept: nothing of it stays in the file."""
    if everything_of is not None:
        if places or all_ or which != Which():
            raise ConfigurationError("--everything-of goes with nothing else")
        return _purge_person(everything_of, yes=yes, outbox=outbox, json=json)
    wanted = _Wanted(places, which, all_).checked()
    with opened(outbox) as (_, dead):
        letters = out.counted(wanted.count(dead), "dead letter", "dead letters")
        if not dry_run and not confirm(f"Throw {letters} away for ever?", yes=yes):
            return INCOMPLETE
        if which.person is not None and not json:
            out.note("What waits for this person stays: --everything-of takes that, too.")
        act = _throwing(dead.purge)
        return _carry_out("purge", wanted, dead, act, dry_run=dry_run, json=json)


def _purge_person(named: str, *, yes: bool, outbox: str | None, json: bool) -> int:
    person = person_of(named)
    with opened(outbox) as (_, dead):
        question = "Throw away everything about this person that waits or is dead?"
        if not confirm(question, yes=yes):
            return INCOMPLETE
        count = dead.purge_person(person)
    if json:
        out.emit({"act": "purge", "done": count})
        return DONE
    out.say(f"Purged {out.counted(count, 'operation', 'operations')}, waiting or dead.")
    out.note("Customer.io itself was told nothing: delete the person there, too.")
    return DONE


def _throwing(throw: Callable[[Sequence[int]], int]) -> _Act:
    def act(page: Sequence[int]) -> Replay:
        done = throw(page)
        return Replay(replayed=done, gone=len(page) - done)

    return act


def _carry_out(
    word: str, wanted: _Wanted, dead: DeadLetters, act: _Act, *, dry_run: bool, json: bool
) -> int:
    count = wanted.count(dead)
    if dry_run:
        if json:
            out.emit({"act": word, "dry_run": True, "chosen": count})
        else:
            out.say(f"Would {word} {out.counted(count, 'dead letter', 'dead letters')}.")
        return DONE
    total = Replay()
    # A few are done before anybody could read of it.
    with Stop() as stop, progress() if count > _PAGE else nullcontext() as shows:
        for page in wanted.pages(dead):
            done = act(page)
            total = Replay(*(x + y for x, y in zip(_figures(total), _figures(done), strict=True)))
            seen = sum(_figures(total))
            if shows is not None:
                shows.show([Stage(word, seen, max(seen, count), total.replayed, "letters")])
            if stop:
                break
    refused = total.removed + total.maybe_delivered + total.gone
    if json:
        figures = msgspec.structs.asdict(total)
        out.emit({"act": word, "done": figures.pop("replayed"), **figures})
    else:
        _tell(word, total)
    return stop.code if stop else INCOMPLETE if refused else DONE


def _figures(replay: Replay) -> tuple[int, ...]:
    return replay.replayed, replay.removed, replay.maybe_delivered, replay.gone


def _tell(word: str, total: Replay) -> None:
    done = out.counted(total.replayed, "dead letter", "dead letters")
    again = out.counted(total.replayed, "dead letter waits", "dead letters wait")
    words = {"replay": f"{again} again.", "skip": f"Skipped {done}.", "purge": f"Purged {done}."}
    out.say(words[word])
    for count, why in (
        (total.removed, "the person was deleted or suppressed since, and would be brought back"),
        (total.maybe_delivered, "may have arrived, and might be there twice: add --again"),
        (total.gone, "no dead letter has that place"),
    ):
        if count:
            out.complain(f"{count:,} not done: {why}")
