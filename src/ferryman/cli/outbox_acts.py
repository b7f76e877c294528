"""`ferryman outbox replay`, `skip` and `purge`: what a person decided about dead letters."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Annotated, Any, Final, TypeAlias

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
"""Letters that are decided on at once; a signal is heeded in between."""
Places = Annotated[int, Parameter(help="Places that `outbox dead` lists.")]
All = Annotated[
    bool, Parameter(name="--all", help="All dead letters there are.", show_default=False)
]
_AGAIN: Final = "Also what may have arrived: it may then be there twice."
_Act: TypeAlias = Callable[[list[int]], Replay]
_DONE: Final = {"replay": "replayed", "skip": "skipped", "purge": "purged"}


def run_replay(
    *places: Places,
    which: Which = Which(),  # noqa: B008 - frozen
    all_: All = False,
    again: Annotated[bool, Parameter(help=_AGAIN, show_default=False)] = False,
    dry_run: DryRun = False,
    outbox: Place = None,
    json: Json = False,
) -> int:
    """Let dead letters wait again, each in its old place."""
    wanted = _Wanted(places, which, everything=all_)
    with opened(outbox) as (_, dead):
        if dry_run:
            return _say_only("replay", wanted, dead, again=again, json=json)
        return _carry_out("replay", wanted, dead, lambda p: dead.replay(p, again=again), json=json)


def run_skip(
    *places: Places,
    which: Which = Which(),  # noqa: B008 - frozen
    all_: All = False,
    dry_run: DryRun = False,
    outbox: Place = None,
    json: Json = False,
) -> int:
    """Throw dead letters away, so that what waits behind them goes on."""
    wanted = _Wanted(places, which, everything=all_)
    with opened(outbox) as (_, dead):
        if dry_run:
            return _say_only("skip", wanted, dead, again=True, json=json)
        return _carry_out("skip", wanted, dead, _throwing(dead.skip), json=json)


def run_purge(
    *places: Places,
    which: Which = Which(),  # noqa: B008 - frozen
    all_: All = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    outbox: Place = None,
    json: Json = False,
) -> int:
    """Throw dead letters away, and nothing of them stays on disk; or all about one person."""
    if which.person is not None:
        if places or all_ or dry_run or replace(which, person=None) != Which():
            raise ConfigurationError(
                "purge --person throws away everything about that person, waiting or dead: it"
                " goes with no place, no other selection and no --dry-run"
            )
        return _purge_person(which.person, yes=yes, outbox=outbox, json=json)
    wanted = _Wanted(places, which, everything=all_)
    with opened(outbox) as (_, dead):
        if dry_run:
            return _say_only("purge", wanted, dead, again=True, json=json)
        if not confirm(f"Purge {wanted.words} for good?", yes=yes):
            return INCOMPLETE
        return _carry_out("purge", wanted, dead, _throwing(dead.purge), json=json)


def _purge_person(text: str, *, yes: bool, outbox: str | None, json: bool) -> int:
    person = person_of(text)
    with opened(outbox) as (store, dead):
        if not confirm("Purge everything about this person for good?", yes=yes):
            return INCOMPLETE
        count = dead.purge_person(person)
        file = getattr(store, "path", "")
    if json:
        out.emit({"purged": count, "customer_io": "not touched"})
        return DONE
    said = out.counted(count, "operation that named", "operations that named")
    out.say(f"Purged {said} this person so, waiting or dead{f', in {file}' if file else ''}.")
    out.note(
        "Other names of the same person (an e-mail address, an id) are not known here: purge"
        " each.\nWhat was on its way may still arrive, and Customer.io itself was not touched:"
        " suppress or delete the person there."
    )
    return DONE


class _Wanted:
    """The letters at *places*, those that *which* selects, or *everything*: one of the three."""

    def __init__(self, places: tuple[int, ...], which: Which, *, everything: bool) -> None:
        ways = [bool(places), which != Which(), everything]
        if sum(ways) != 1:
            raise ConfigurationError(
                "say which dead letters: places, or options such as --reason, or --all"
                + ("; one of them only" if any(ways) else "")
            )
        self._places = tuple(dict.fromkeys(places))
        self.selection = which.selection()
        self.words = "all dead letters" if everything else "the dead letters that are selected"
        if places:
            self.words = out.counted(len(self._places), "dead letter", "dead letters")

    def pages(self, dead: DeadLetters) -> Iterator[list[int]]:
        """Yield places of letters: those given, or those of *dead* that are selected."""
        if self._places:
            for start in range(0, len(self._places), _PAGE):
                yield list(self._places[start : start + _PAGE])
            return
        after = 0
        while page := dead.list(after=after, limit=_PAGE, **self.selection):
            after = page[-1].place
            yield [letter.place for letter in page]

    def count(self, dead: DeadLetters, *, again: bool) -> Replay:
        """Return what a replay of *dead* would do, as far as can be seen beforehand."""
        wanted, found, maybe, after = set(self._places), 0, 0, 0
        while page := dead.list(after=after, limit=_PAGE, **self.selection):
            after = page[-1].place
            chosen = [each for each in page if not wanted or each.place in wanted]
            found += len(chosen)
            maybe += sum(each.maybe_delivered for each in chosen)
        maybe = 0 if again else maybe
        return Replay(found - maybe, 0, maybe, max(0, len(wanted) - found))


def _throwing(act: Callable[[list[int]], int]) -> _Act:
    def throw(page: list[int]) -> Replay:
        count = act(page)
        return Replay(count, 0, 0, len(page) - count)

    return throw


def _say_only(verb: str, wanted: _Wanted, dead: DeadLetters, *, again: bool, json: bool) -> int:
    would = wanted.count(dead, again=again)
    if json:
        out.emit({"dry_run": True, **_document(verb, would)})
    else:
        letters = out.counted(would.replayed, "dead letter", "dead letters")
        out.say(f"Would {verb} {letters}; nothing was changed.")
        _explain(verb, would)
        if verb == "replay":
            out.note("Those whose person was removed since would be refused, too.")
    return INCOMPLETE if _refused(would) else DONE


def _carry_out(verb: str, wanted: _Wanted, dead: DeadLetters, act: _Act, *, json: bool) -> int:
    total = Replay()
    with Stop() as stop, progress() as shows:
        for page in wanted.pages(dead):
            if stop:
                break
            total = _sum(total, act(page))
            seen = total.replayed + _refused(total)
            shows.show([Stage(_DONE[verb], seen, None, total.replayed, "letters")])
    if json:
        out.emit(_document(verb, total))
    else:
        letters = out.counted(total.replayed, "dead letter", "dead letters")
        out.say(f"{_DONE[verb].capitalize()} {letters}.")
        _explain(verb, total)
    if stop:
        out.note("Stopped; the rest is as it was.")
        return stop.code
    return INCOMPLETE if _refused(total) else DONE


def _sum(one: Replay, two: Replay) -> Replay:
    names = Replay.__struct_fields__
    return Replay(*[getattr(one, name) + getattr(two, name) for name in names])


def _refused(result: Replay) -> int:
    return result.removed + result.maybe_delivered + result.gone


def _document(verb: str, result: Replay) -> dict[str, Any]:
    if verb != "replay":
        return {_DONE[verb]: result.replayed, "gone": result.gone}
    document: dict[str, Any] = msgspec.to_builtins(result)
    return document


def _explain(verb: str, result: Replay) -> None:
    if result.removed:
        out.complain(
            f"refused {result.removed:,}: the person was deleted or suppressed since, and would"
            " be brought back"
        )
    if result.maybe_delivered:
        out.complain(
            f"refused {result.maybe_delivered:,}: may have arrived, and might be there twice;"
            " --again replays them all the same"
        )
    if result.gone:
        out.complain(f"could not {verb} {result.gone:,}: no dead letter has that place")
