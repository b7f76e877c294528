"""`ferryman demo`: sample orders, typed, through a SQLite outbox and faults into the emulator.

What it shows is counted, not told: the figures are those of the outbox and of the emulator.
"""

import tempfile
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from cyclopts import Parameter

from ferryman import Account, Client, Event, Outbox, Person
from ferryman.cli import out
from ferryman.cli.app import DONE, INCOMPLETE
from ferryman.cli.emulator import PORTS, cannot_start
from ferryman.cli.hearing import Hearing
from ferryman.cli.progress import Shows, Stage, progress
from ferryman.cli.stopping import Stop
from ferryman.emulator import DEFAULT_WORKSPACE, Emulator
from ferryman.errors import FlushTimeout
from ferryman.outbox.protocol import Counts


class Shopper(Person):
    """What the shop knows of somebody who buys."""

    name: str
    plan: str


class OrderCompleted(Event):
    """Somebody paid for an order."""

    order: str
    product: str
    items: int
    total: Decimal


class Line(msgspec.Struct, frozen=True):
    """One line of the sample: an order and who placed it."""

    placed_at: datetime
    shopper: str
    name: str
    plan: str
    order: str
    product: str
    items: int
    total: Decimal


class Figures(msgspec.Struct, frozen=True):
    """What the demo ends with."""

    accepted: int
    delivered: int
    dead: int
    pending: int
    people: int
    events: int
    repeats: int
    requests: int
    faults: int
    complete: bool
    url: str


# With these seeds all five strike among the first dozen requests, no two in a row.
FAULTS: Final[Sequence[dict[str, Any]]] = (
    {"drop": "after", "share": 0.25, "count": 2, "seed": 29},
    {"status": 503, "share": 0.25, "count": 2, "seed": 7},
    {"drop": "before", "share": 0.25, "count": 1, "seed": 10},
)
_WAVE: Final = 15
"""Orders that come in at once."""
_PAUSE: Final = 0.15
"""Seconds until the next come in."""
_PATIENCE: Final = 120.0
"""Seconds after which the demo gives up on delivery."""


def run_demo(
    *,
    serve: Annotated[
        bool, Parameter(help="Stay up afterwards, to look at.", show_default=False)
    ] = False,
    port: Annotated[
        int, Parameter(help="The emulator's port; 0 picks a free one.", validator=PORTS)
    ] = 0,
    json: Annotated[
        bool, Parameter(help="Print the figures as one JSON document.", show_default=False)
    ] = False,
) -> int:
    """Carry sample events through faults into the emulator, and count them."""
    emulator = Emulator(port=port)
    try:
        emulator.start()
    except OSError as error:
        out.complain(cannot_start(error, f"--port {port}"))
        return INCOMPLETE
    try:
        with Stop() as stop:
            figures = _carry(emulator, stop, quiet=json)
            if json:
                out.emit(figures)
            else:
                _print(figures)
            if serve and not stop:
                if not json:
                    out.say(f"Look at {emulator.url}/emulator/ (Ctrl-C stops it)")
                while not stop:
                    stop.wait(3600)
                return DONE if figures.complete else INCOMPLETE
    finally:
        emulator.stop()
    if stop:
        return stop.code
    return DONE if figures.complete else INCOMPLETE


def sample() -> list[Line]:
    """Return the sample's orders, oldest first."""
    text = files("ferryman.cli").joinpath("sample.ndjson").read_bytes()
    return msgspec.json.Decoder(Line).decode_lines(text)


def _carry(emulator: Emulator, stop: Stop, *, quiet: bool) -> Figures:
    account = Account(
        site_id=DEFAULT_WORKSPACE.site_id,
        track_api_key=DEFAULT_WORKSPACE.track_api_key,
        track_url=emulator.url,
    )
    orders = sample()
    with (
        tempfile.TemporaryDirectory(prefix="ferryman-demo-") as folder,
        Client(account) as client,
        Hearing("the emulator") as hearing,
    ):
        client.request("PUT", "/emulator/faults", api="track", json=list(FAULTS))
        if not quiet:
            _introduce(emulator, len(orders))
        outbox = Outbox(f"sqlite:///{Path(folder) / 'outbox.db'}", account)
        try:
            with progress() as shows:
                _say_all(outbox, orders, shows, hearing, stop)
            counts = outbox.stats()
        finally:
            outbox.close()
        client.request("DELETE", "/emulator/faults", api="track")
        return _figures(orders, counts, client, emulator.url)


def _say_all(
    outbox: Outbox, orders: list[Line], shows: Shows, hearing: Hearing, stop: Stop
) -> None:
    known: set[str] = set()
    for start in range(0, len(orders), _WAVE):
        for line in orders[start : start + _WAVE]:
            if line.shopper not in known:
                known.add(line.shopper)
                outbox.identify(line.shopper, Shopper(name=line.name, plan=line.plan))
            event = OrderCompleted(
                order=line.order, product=line.product, items=line.items, total=line.total
            )
            outbox.track(line.shopper, event, timestamp=line.placed_at)
        _show(outbox, shows, hearing)
        stop.wait(_PAUSE)
        if stop:
            return
    for _ in range(int(_PATIENCE / 0.2)):
        try:
            outbox.flush(0.2)
        except FlushTimeout:
            _show(outbox, shows, hearing)
        else:
            break
        if stop:
            return
    _show(outbox, shows, hearing)


def _show(outbox: Outbox, shows: Shows, hearing: Hearing) -> None:
    now = outbox.stats()
    stage = Stage("delivered", now.delivered, now.accepted, now.delivered, "operations")
    shows.show([stage], hearing.remark if now.pending else "")


def _figures(orders: list[Line], counts: Counts, client: Client, url: str) -> Figures:
    held = client.request("GET", "/emulator/summary", api="track")
    people = {line.shopper for line in orders}
    said = len(orders) + len(people)
    return Figures(
        counts.accepted,
        counts.delivered,
        counts.dead,
        counts.pending,
        held["people"],
        held["events"],
        held["repeats"],
        held["requests"],
        held["faults"],
        said == counts.accepted == counts.delivered
        and (held["people"], held["events"]) == (len(people), len(orders)),
        url,
    )


def _introduce(emulator: Emulator, orders: int) -> None:
    out.say("A shop says what its customers do, to a Customer.io on this machine.", "bold")
    out.say(f"  1. The emulator answers at {emulator.url} as Customer.io does.")
    out.say("  2. It will answer 503 and drop connections, before and after taking them.")
    out.say(f"  3. {orders} orders come in as typed events. Each is on disk before the shop")
    out.say("     goes on, and a thread carries them in batches until each has arrived once.")


def _print(figures: Figures) -> None:
    carried = f"in {figures.requests} requests, {figures.faults} of them struck by a fault"
    rows: list[tuple[str, int | str, str]] = [
        ("accepted", figures.accepted, "people and events, kept in a SQLite outbox"),
        (
            "delivered",
            figures.delivered,
            carried,
        ),
        ("dead", figures.dead, ""),
        ("pending", figures.pending, ""),
        ("the emulator holds", "", ""),
        ("  people", figures.people, ""),
        ("  events", figures.events, "each once"),
        ("  repeats", figures.repeats, "arrived a second time, dropped by their ids"),
    ]
    out.console().print(out.table(rows))
    if figures.complete:
        out.say("accepted = delivered: nothing lost, nothing twice.", "bold green")
    else:
        out.complain("accepted and delivered differ")
