"""`ferryman import`: each row of a file becomes an event that is delivered once."""

from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from ferryman._core.account import origin
from ferryman._core.secret import masked
from ferryman.cli import out
from ferryman.cli.app import DONE, INCOMPLETE
from ferryman.cli.carrying import Carrying, Outcome
from ferryman.cli.hearing import Hearing
from ferryman.cli.mapping import Mapper
from ferryman.cli.progress import progress
from ferryman.cli.rows import Format, Source, broken_at
from ferryman.cli.spool import Spool
from ferryman.cli.stopping import Stop
from ferryman.cli.tally import Tally
from ferryman.errors import ConfigurationError
from ferryman.outbox import Outbox
from ferryman.settings import Settings

_FORMAT = Parameter(name="--format", help="csv or ndjson; by default what the file's ending says.")
_TYPES = "Types of CSV columns: a=int,b=float; also decimal, bool, str. An empty cell is null."
_AT = (
    "The column with the event's time: ISO 8601, or digits (8 a date, 10 seconds, 13 milliseconds);"
    " UTC unless it says an offset. By default the moment of the import."
)


def run_import(
    file: Annotated[
        str, Parameter(help="The file to read; - is stdin.", allow_leading_hyphen=True)
    ],
    /,
    *,
    event: Annotated[str, Parameter(help="The name of the event.")],
    person: Annotated[str, Parameter(help="The column with the person's id, taken as text.")],
    at: Annotated[str | None, Parameter(help=_AT)] = None,
    types: Annotated[str, Parameter(help=_TYPES, show_default=False)] = "",
    to: Annotated[
        str | None, Parameter(help="Origin of the Track API, over CUSTOMERIO_TRACK_URL.")
    ] = None,
    format_: Annotated[Format | None, _FORMAT] = None,
    json: Annotated[
        bool, Parameter(help="Print the summary as one JSON document.", show_default=False)
    ] = False,
) -> int:
    """Send each row of a CSV or NDJSON file as an event."""
    settings = _settings(to)
    account = settings.account()
    source = Source(file, format_)
    try:
        mapper = Mapper(event, person, at, types, file_time=source.time)
        if mapper.has_types and source.format != "csv":
            raise ConfigurationError("--types is for CSV: the values of NDJSON have their types")
        spool = Spool.of(settings, to=to)
        tally: Tally | None = None
        try:
            tally = Tally(spool.open(settings))
            outbox = Outbox(
                tally,
                account,
                http=settings.http,
                mode=settings.mode,
                workspace=settings.workspace,
            )
            with Hearing(account.base_url("track")) as hearing, Stop() as stop, progress() as shows:
                carrying = Carrying(source, mapper, outbox, tally, stop)
                outcome = carrying.run(hearing, shows)
        except BaseException:
            if tally is None or not tally.accepted:
                spool.remove()
            raise
    finally:
        source.close()
    if not (outcome.pending or outcome.dead):
        spool.remove()
    if json:
        out.emit(_document(outcome, spool, stop))
    else:
        _print(outcome, settings)
    _explain(outcome, spool, settings, stop, to)
    return stop.code if stop else DONE if outcome.complete else INCOMPLETE


def _settings(to: str | None) -> Settings:
    """Return the settings, going *to* another place if any; what is wrong is said all at once."""
    wrong: list[str] = []
    if to is not None:
        try:
            origin(to, name="--to")
        except ConfigurationError:
            wrong.append(
                "--to must be an origin, which is scheme, host and port, such as"
                " https://track.customer.io or http://127.0.0.1:8282"
            )
    settings = Settings()
    try:
        settings = Settings.from_env()
        settings.require()
    except ConfigurationError as error:
        wrong.append(str(error))
    if wrong:
        raise ConfigurationError("\n".join(wrong))
    return settings if to is None else msgspec.structs.replace(settings, track_url=to)


def _document(outcome: Outcome, spool: Spool, stop: Stop) -> dict[str, Any]:
    document = msgspec.to_builtins(outcome)
    rate = outcome.delivered / outcome.seconds if outcome.seconds else 0.0
    waits_in = masked(spool.place) if outcome.pending or outcome.dead else None
    document |= {
        "seconds": round(outcome.seconds, 3),
        "events_per_second": round(rate, 1),
        "complete": outcome.complete,
        "signal": stop.signal or None,
        "outbox": waits_in,
    }
    return document  # type: ignore[no-any-return]  # a struct's builtins are a dict


def _print(outcome: Outcome, settings: Settings) -> None:
    sent = "mode off: checked, and nothing was sent" if settings.mode == "off" else ""
    rate = outcome.delivered / outcome.seconds if outcome.seconds else 0
    rows: list[tuple[str, int | str, str]] = [
        ("read", outcome.read, "rows" + ("" if outcome.whole else ", not the whole file")),
        ("  refused", outcome.refused, ""),
        ("  accepted", outcome.accepted, f"of {out.counted(outcome.people, 'person', 'people')}"),
        (
            "    delivered",
            outcome.delivered,
            sent or f"{out.counted(outcome.waits, 'request', 'requests')} repeated",
        ),
        ("    dead", outcome.dead, ""),
        ("    pending", outcome.pending, ""),
        ("took", f"{outcome.seconds:,.1f}", f"seconds, {rate:,.0f} events/s"),
    ]
    out.console().print(out.table(rows))


def _explain(
    outcome: Outcome, spool: Spool, settings: Settings, stop: Stop, to: str | None
) -> None:
    if outcome.refused:
        out.complain(f"refused {out.counted(outcome.refused, 'row', 'rows')}:")
        for refusal in outcome.refusals:
            out.note(out.shown(f"  line {refusal.line:,}: {refusal.rule}"))
        if (more := outcome.refused - len(outcome.refusals)) > 0:
            out.note(f"  and {more:,} more")
    for reason, count in outcome.deaths.items():
        events = out.counted(count, "event", "events")
        out.complain(out.shown(f"Customer.io refused {events}: {reason}"))
    if outcome.trouble:
        out.complain(outcome.trouble)
    if stop:
        out.note(
            f"Stopped when {out.counted(outcome.accepted, 'event was', 'events were')} accepted."
        )
    if outcome.broken_at:
        out.complain(broken_at(outcome.broken_at))
        out.note("To go on, import that line, corrected, and what follows it, under the header.")
    elif not outcome.whole:
        out.note("To go on, run the same command again: what has arrived is not said twice.")
    if outcome.dead and spool.lasts:
        out.note(f"What Customer.io refused is kept in {masked(spool.place)}")
    if not outcome.pending:
        return
    if not spool.lasts:
        out.complain(
            f"lost {out.counted(outcome.pending, 'event', 'events')} that waited in memory"
        )
        return
    waiting = out.counted(outcome.pending, "event waits", "events wait")
    out.note(f"{waiting} in {masked(spool.place)}; this delivers what waits:")
    out.note(f"  {spool.resume(to)}")
