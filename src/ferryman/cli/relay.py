"""`ferryman relay run`: deliver what waits in the outbox, whoever put it there."""

from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from ferryman._core.account import Account
from ferryman._core.secret import masked
from ferryman._io.sync import SyncDriver
from ferryman.cli import out
from ferryman.cli.app import DONE, INCOMPLETE
from ferryman.cli.hearing import Hearing
from ferryman.cli.progress import Shows, Stage, progress
from ferryman.cli.saving import Saving
from ferryman.cli.stopping import Stop
from ferryman.errors import ConfigurationError
from ferryman.outbox.protocol import Counts, Store
from ferryman.outbox.relay import Relay
from ferryman.outbox.stores import open_store
from ferryman.settings import Settings

_LOOK: Final = 0.1
"""Seconds between looks at the accounts."""
_OBSERVE: Final = "Count what is delivered by its shape into this file, for `plan observe`."

_CREATE: Final = (
    "Make the outbox where there is none: --once refuses such a place, and else it waits."
)


def run_relay(
    *,
    once: Annotated[
        bool, Parameter(help="End as soon as nothing waits.", show_default=False)
    ] = False,
    json: Annotated[
        bool, Parameter(help="Print the summary as one JSON document.", show_default=False)
    ] = False,
    observe: Annotated[Path | None, Parameter(help=_OBSERVE, show_default=False)] = None,
    create: Annotated[bool, Parameter(help=_CREATE, show_default=False)] = False,
) -> int:
    """Deliver what waits in CUSTOMERIO_OUTBOX, until stopped or --once until nothing waits."""
    settings = Settings.from_env()
    place = settings.place()
    if not place.startswith("sqlite:"):
        raise ConfigurationError(
            "a memory: outbox lives and dies with its own process, no other can deliver it;"
            " set CUSTOMERIO_OUTBOX=sqlite:///..."
        )
    account = settings.account()
    if once and not create and not _is_there(place):
        raise ConfigurationError(
            f"there is no outbox at {masked(place)}: see to CUSTOMERIO_OUTBOX (three slashes are"
            " for a path from here, four for one from /), or make an empty one with --create"
        )
    saving = None if observe is None else Saving(observe)
    observers = () if saving is None else (saving.observing,)
    driver = SyncDriver(settings.http, mode=settings.mode, observers=observers)
    before = after = Counts()
    lacking: list[str] = []
    answers = account.base_url("track" if "track" in account.apis else "pipelines")
    store: Store | None = None
    try:
        with Stop() as stop, Hearing(answers) as hearing:
            if create or _await(place, stop):
                keys = settings.outbox_keys or None
                store = open_store(place, workspace=settings.workspace, keys=keys)
                before = store.counts()
                relay = Relay(store, account, driver)
                try:
                    with progress() as shows:
                        _watch(store, relay, shows, stop, hearing, saving, once=once)
                    lacking = _lacking(relay, account)
                finally:
                    # Claims nothing more; a request on its way may take as long as it may take.
                    relay.stop(settings.http.timeout + settings.http.connect_timeout)
                after = store.counts()
    finally:
        if saving is not None:
            saving.save()
        driver.close()
        if store is not None:
            store.close()
    return _report(before, after, hearing, lacking, stop, once=once, json=json)


def _is_there(place: str) -> bool:
    return Path(place.removeprefix("sqlite:///")).exists()


def _await(place: str, stop: Stop) -> bool:
    """Wait until an application has made the outbox; False when a signal came first.

    In a deployment the relay can be up before the application is. A file of its own making would
    hide that the place is mistyped: it would deliver from there, for ever nothing.
    """
    if not _is_there(place):
        out.note(f"There is no outbox at {masked(place)} yet; waiting until somebody makes it.")
    while not stop and not _is_there(place):
        stop.wait(_LOOK)
    return not stop


def _watch(
    store: Store,
    relay: Relay,
    shows: Shows,
    stop: Stop,
    hearing: Hearing,
    saving: Saving | None,
    *,
    once: bool,
) -> None:
    begin = store.counts()
    settled = begin.delivered + begin.dead
    leads, told = False, False
    while not stop:
        if not leads:
            leads = store.lead()
            if leads:
                relay.start()
            elif not told:
                told = True
                out.note("Another process delivers from this outbox; waiting to take over.")
        if saving is not None:
            saving.save_at_times()
        now = store.counts()
        gone = now.delivered + now.dead - settled
        hearing.progress(now.delivered)
        remark = hearing.remark if now.pending else ""
        shows.show([Stage("delivered", gone, gone + now.pending, gone, "events")], remark)
        if once and (not now.pending or hearing.paused is not None):
            return
        stop.wait(_LOOK)


def _lacking(relay: Relay, account: Account) -> list[str]:
    """Return a sentence for each API to which something waits and for which there is no key."""
    found: list[str] = []
    for api, health in relay.health().items():
        if health == "paused":
            try:
                account.authorization(api)
            except ConfigurationError as error:
                found.append(str(error))
    return found


def _report(
    before: Counts,
    after: Counts,
    hearing: Hearing,
    lacking: list[str],
    stop: Stop,
    *,
    once: bool,
    json: bool,
) -> int:
    delivered, dead = after.delivered - before.delivered, after.dead - before.dead
    figures = {"delivered": delivered, "dead": dead, "pending": after.pending}
    if json:
        out.emit({**figures, "waits": hearing.waits, "signal": stop.signal or None})
    else:
        rows: list[tuple[str, int | str, str]] = [
            (
                "delivered",
                delivered,
                f"{out.counted(hearing.waits, 'request', 'requests')} repeated",
            ),
            ("dead", dead, ""),
            ("pending", after.pending, ""),
        ]
        out.console().print(out.table(rows))
    for sentence in lacking:
        out.complain(f"{sentence}; what waits is kept")
    if hearing.paused is not None and after.pending and not lacking:
        out.complain(f"Customer.io refuses the key (status {hearing.paused}); what waits is kept")
    if not once:
        return DONE
    if stop:
        return stop.code
    return INCOMPLETE if dead or after.pending else DONE
