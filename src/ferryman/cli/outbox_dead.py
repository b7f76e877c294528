"""`ferryman outbox dead` and `show`: what could not be delivered, and why.

Lists hold nothing of what was said, or of whom, unless they are asked for it.
"""

import time
from typing import Annotated, Any, Final

import msgspec
from cyclopts import Parameter
from rich import box
from rich.console import RenderableType
from rich.table import Table

from ferryman.cli import out
from ferryman.cli.app import DONE
from ferryman.cli.outbox import Json, Place, Which, age, opened, shown_person, size
from ferryman.outbox.letters import DeadLetter

_PRIVATE: Final = ("person", "body")
_LIMIT: Final = 100
_SHOW_PERSON: Final = "Say whom each is about, too."
_SHOWN_WITHOUT: Final = "--show-person and --payload show the rest, which may be personal."


def run_dead(
    *,
    which: Which = Which(),  # noqa: B008 - frozen
    limit: Annotated[int, Parameter(help="As many at the most.")] = _LIMIT,
    after: Annotated[int, Parameter(help="Those behind this place.", show_default=False)] = 0,
    show_person: Annotated[bool, Parameter(help=_SHOW_PERSON, show_default=False)] = False,
    outbox: Place = None,
    json: Json = False,
) -> int:
    """List dead letters, in order of acceptance."""
    chosen = which.selection()
    limit = max(1, limit)
    with opened(outbox) as (_, dead):
        found = dead.list(after=after, limit=limit + 1, **chosen)
    letters = found[:limit]
    following = letters[-1].place if len(found) > limit else None
    if json:
        shown = [_document(each, person=show_person, payload=False) for each in letters]
        out.emit({"dead": shown, "next": following})
        return DONE
    if not letters:
        out.say("No dead letter is such." if chosen_any(which) or after else "Nothing is dead.")
        return DONE
    out.console().print(_table(letters, person=show_person))
    if following is not None:
        out.note(f"There are more: --after {following} shows what follows.")
    return DONE


def chosen_any(which: Which) -> bool:
    """Whether *which* selects anything."""
    return which != Which()


def run_show(
    place: Annotated[int, Parameter(help="The place that `outbox dead` lists.")],
    /,
    *,
    payload: Annotated[
        bool, Parameter(help="Show what was said, and Customer.io's words.", show_default=False)
    ] = False,
    show_person: Annotated[
        bool, Parameter(help="Say whom it is about.", show_default=False)
    ] = False,
    outbox: Place = None,
    json: Json = False,
) -> int:
    """Show all of one dead letter."""
    with opened(outbox) as (_, dead):
        letter = dead.show(place)
    if json:
        out.emit(_document(letter, person=show_person, payload=payload))
        return DONE
    out.console().print(_one(letter, person=show_person, payload=payload))
    if payload:
        out.say(_pretty(letter.body))
    if not (payload and show_person):
        out.note(_SHOWN_WITHOUT)
    return DONE


def _document(letter: DeadLetter, *, person: bool, payload: bool) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.structs.asdict(letter)
    del document["person"], document["body"], document["message"]
    if person:
        document["person"] = shown_person(letter.person)
    if payload:
        document["message"] = letter.message
        document["payload"] = msgspec.Raw(letter.body) if letter.body else None
    return document


def _table(letters: list[DeadLetter], *, person: bool) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, collapse_padding=True)
    table.add_column("place", justify="right", no_wrap=True)
    table.add_column("operation", no_wrap=True)
    table.add_column("reason", overflow="fold", style="red", min_width=12)
    table.add_column("field", overflow="ellipsis", min_width=8)
    if not person:  # there is room for one of the two
        table.add_column("HTTP", justify="right", no_wrap=True)
        table.add_column("tries", justify="right", no_wrap=True)
    table.add_column("age", justify="right", no_wrap=True)
    table.add_column("died", justify="right", no_wrap=True)
    table.add_column("", style="yellow", no_wrap=True)
    if person:
        table.add_column("person", overflow="fold", min_width=14)
    now = time.time()
    for each in letters:
        table.add_row(
            str(each.place),
            out.shown(each.operation),
            out.shown(each.reason),
            out.shown(each.field),
            *([] if person else [str(each.status or ""), str(each.attempts)]),
            age(now - each.accepted_at.timestamp()),
            age(now - each.died_at.timestamp()),
            _remarks(each),
            *([out.shown(shown_person(each.person))] if person else []),
        )
    table.caption = _legend(letters)
    table.caption_justify = "left"
    return table


def _remarks(letter: DeadLetter) -> str:
    return ("P" if letter.parks else "") + ("?" if letter.maybe_delivered else "")


def _legend(letters: list[DeadLetter]) -> str:
    lines = ["age: since it was accepted; died: how long ago"]
    if any(letter.parks for letter in letters):
        lines.append("P: what its person was told since waits for a decision (parks)")
    if any(letter.maybe_delivered for letter in letters):
        lines.append("?: may have arrived all the same (maybe delivered)")
    return "\n".join(lines)


def _one(letter: DeadLetter, *, person: bool, payload: bool) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, show_header=False, padding=(0, 1))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    rows: list[tuple[str, str]] = [
        ("place", str(letter.place)),
        ("id", letter.id),
        ("operation", letter.operation),
        ("reason", letter.reason),
        ("field", letter.field),
        ("status", str(letter.status) if letter.status else "no answer"),
        ("tries", str(letter.attempts)),
        ("accepted", f"{letter.accepted_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("died", f"{letter.died_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("may have arrived", "yes: replay sends it again only with --again"),
        ("parks", "yes: what its person was told since waits for a decision"),
        ("size", size(len(letter.body))),
    ]
    hidden = {"may have arrived": letter.maybe_delivered, "parks": letter.parks}
    if person:
        rows.append(("person", shown_person(letter.person)))
    if payload:
        rows.append(("message", letter.message))
    for name, value in rows:
        if value and hidden.get(name, True):
            table.add_row(name, out.shown(value))
    return table


def _pretty(body: bytes) -> str:
    try:
        return msgspec.json.format(body, indent=2).decode()
    except msgspec.DecodeError:
        return body.decode("utf-8", "replace")
