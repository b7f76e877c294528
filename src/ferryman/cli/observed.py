"""What a source holds, counted: the rows of an export, a document, the emulator, an outbox.

Reading is in constant memory, and nothing but counts is kept. Here must not live: the command
(plan_observe.py), or what the counts mean (ferryman.plan).
"""

# pyright: reportUnknownMemberType=false
# (apsw's own type hints leave parameters open)

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from ferryman import operations
from ferryman._io.overhearing import Said, said
from ferryman.cli.mapping import check_columns
from ferryman.cli.progress import Shows, Stage
from ferryman.cli.rows import Bad, Format, Row, Source
from ferryman.cli.stopping import Stop, Stopped
from ferryman.cli.values import parse_types, typed
from ferryman.errors import ConfigurationError, InvalidOperation, StoreError
from ferryman.operations import CATALOGUE
from ferryman.plan.jsonlike import is_object
from ferryman.plan.observing import Observed

_CHUNK: Final = 2_000
"""Rows between two looks at the clock and at signals."""
_SHOWN: Final = 5
"""Rows that could not be read and are told one by one."""
_DATA: Final = ("properties", "data", "attributes")
_TRAITS: Final = ("traits", "attributes", "data")
_EVENTS: Final = frozenset({"track", "event", "person"})
_OTHERS: Final = frozenset({"page", "screen", "group", "alias", "object", "delivery"})


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """Which column of a row says what; all others are the event's data."""

    event: str | None = None
    """The name of every row's event."""
    event_column: str | None = None
    person: str | None = None
    at: str | None = None
    types: str = ""
    format: Format | None = None


class Count(msgspec.Struct):
    """What was counted, and how the reading of rows went."""

    observed: Observed
    is_csv: bool = False
    rows: int = 0
    passed_over: int = 0
    """Rows that are no event and no attributes of a person."""
    refused: int = 0
    refusals: list[Bad] = []
    """The first few."""
    broken_at: int = 0
    """The line of a CSV file from which on it was not read, since it is broken there; or 0."""


def count(source: str, columns: Columns, stop: Stop, shows: Shows) -> Count:
    """Count what *source* holds; raise ConfigurationError for one that cannot be read."""
    if source.startswith(("http://", "https://")):
        return Count(_fetched(source))
    if source.startswith("sqlite:"):
        return Count(_outbox(source))
    if source.endswith(".json") and columns.format is None:
        return Count(_document(source))
    opened = Source(source, columns.format)
    try:
        return _rows(opened, _Rows(columns, opened.format), stop, shows)
    finally:
        opened.close()


def _document(source: str) -> Observed:
    try:
        return Observed.read(Path(source).read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{source} cannot be read: {error.strerror}") from None
    except InvalidOperation:
        rule = "is no document of what was observed; add --format ndjson for one object a line"
        raise ConfigurationError(f"{source} {rule}") from None


def _fetched(origin: str) -> Observed:
    import httpx2

    try:
        with httpx2.Client(trust_env=False, timeout=30) as client:
            url = f"{origin.rstrip('/')}/emulator/observed"
            answer = client.get(url, params={"values": "true"}).raise_for_status()
        return Observed.read(answer.content)
    except httpx2.HTTPStatusError as error:
        what = f"answers {error.response.status_code}: is the emulator there?"
    except InvalidOperation:
        what = "answers something else: is the emulator there?"
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        what = f"does not answer ({type(error).__name__})"
    raise ConfigurationError(f"{origin} {what}")


def _outbox(place: str) -> Observed:
    """Count what waits in an outbox and what died there; the file is only looked at."""
    from ferryman.outbox.stores.looking import entries_in

    file = Path(place.removeprefix("sqlite:///"))
    if not place.startswith("sqlite:///") or not file.is_file():
        raise ConfigurationError(f"there is no outbox {place}")
    observed = Observed(values=True)
    try:
        for entry in entries_in(file):
            endpoint = CATALOGUE.get(entry.name)
            if endpoint is not None:
                with suppress(msgspec.DecodeError):
                    for each in said(f"{endpoint.method} {endpoint.path}", entry.body):
                        _take(observed, each)
    except StoreError as error:
        raise ConfigurationError(f"{place} cannot be read: {error}") from None
    return observed


def _take(observed: Observed, heard: Said) -> None:
    if heard.name is None:
        observed.identify(heard.data)
    else:
        observed.track(heard.name, heard.data)


def _rows(source: Source, rows: "_Rows", stop: Stop, shows: Shows) -> Count:
    made = Count(Observed(values=True), is_csv=source.format == "csv")
    found = source.rows(rows.check, stop.readable)
    while not stop:
        try:
            chunk = list(islice(found, _CHUNK))
        except Stopped:
            break
        except OSError as error:
            raise ConfigurationError(f"the file cannot be read on: {error.strerror}") from None
        if not chunk:
            break
        for row in chunk:
            made.rows += 1
            try:
                if isinstance(row, Bad):
                    made.broken_at = row.line if row.ends else 0
                    raise InvalidOperation(row.rule)
                heard = rows.said(row)
            except InvalidOperation as wrong:
                made.refused += 1
                if len(made.refusals) < _SHOWN:
                    made.refusals.append(Bad(row.line, str(wrong)))
                continue
            if heard is None:
                made.passed_over += 1
            else:
                _take(made.observed, heard)
        shows.show([Stage("read", source.read, source.size, made.rows, "rows")])
    return made


class _Rows:
    """What the rows of an export say, by their columns or by their own names."""

    def __init__(self, columns: Columns, form: Format) -> None:
        self._columns = columns
        self._types = parse_types(columns.types)
        if columns.event is not None and columns.event_column is not None:
            raise ConfigurationError("--event and --event-column are two ways: choose one")
        if columns.event is None and columns.event_column is None and form == "csv":
            raise ConfigurationError("a CSV file needs --event NAME or --event-column COLUMN")
        if self._types and form != "csv":
            raise ConfigurationError("--types is for CSV: the values of NDJSON have their types")
        if columns.event is not None:
            try:
                operations.track("1", columns.event)
            except InvalidOperation as wrong:
                raise ConfigurationError(f"--event: {wrong.rule}") from None
        given = (columns.event_column, columns.person, columns.at)
        self._apart = [column for column in given if column is not None]

    def check(self, header: list[str]) -> None:
        """Raise ConfigurationError unless every column that is asked for is in *header*."""
        check_columns([*self._apart, *self._types], header)

    def said(self, row: Row) -> Said | None:
        """Return what *row* says, None for what no plan has; raise InvalidOperation."""
        values, columns = row.values, self._columns
        for column, reader in self._types.items():
            values[column] = typed(values[column], reader, column=column)
        if columns.event is None and columns.event_column is None:
            return _enveloped(values)
        name = columns.event or values.get(columns.event_column or "")
        if not isinstance(name, str) or not name.strip():
            raise InvalidOperation("names no event", field=columns.event_column)
        for column in self._apart:
            values.pop(column, None)
        return Said(name, values)


def _enveloped(values: Mapping[str, Any]) -> Said | None:
    """Return what a line says that names its own event: as Track, Segment and warehouses do."""
    kind = values.get("type")
    if kind == "identify" or (kind == "person" and values.get("action") == "identify"):
        return Said(None, _first(values, _TRAITS) or {})
    if kind in _OTHERS or (kind == "person" and values.get("action") != "event"):
        return None
    name, data = values.get("event") or values.get("name"), _first(values, _DATA)
    if not isinstance(name, str) or (data is None and kind not in _EVENTS):
        rule = "names no event with its data (event and properties, or name and data)"
        raise InvalidOperation(f"{rule}: add --event or --event-column")
    return Said(name, data or {})


def _first(values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any] | None:
    for found in filter(None, map(values.get, names)):
        if is_object(found):
            return found
        if isinstance(found, str):  # warehouses keep JSON as text
            with suppress(msgspec.MsgspecError, UnicodeError):
                if is_object(inside := msgspec.json.decode(found)):
                    return inside
    return {} if any(is_object(values.get(name)) for name in names) else None


def lines(made: Count) -> Iterator[str]:
    """Yield the sentences that tell of rows that were not counted."""
    for bad in made.refusals:
        yield f"  line {bad.line:,}: {bad.rule}"
    if (more := made.refused - len(made.refusals)) > 0:
        yield f"  and {more:,} more"
