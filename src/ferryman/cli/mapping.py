"""How a row becomes an operation: who, what, when, and with which id. No I/O, no clock."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from ferryman import operations
from ferryman._core.message import Operation
from ferryman.cli.out import shown
from ferryman.cli.rows import Row
from ferryman.cli.values import RowIds, milliseconds, moment, parse_types, person_text, typed
from ferryman.errors import ConfigurationError, InvalidOperation


class Mapper:
    """Makes the event *event* of each row of a file that was written at *file_time*.

    The columns *person* and *at* say who and when, and are no data of the event. *types* are
    those of ``--types``. Raises ConfigurationError for an event name or a list of types that
    cannot be.
    """

    def __init__(
        self, event: str, person: str, at: str | None, types: str, *, file_time: int
    ) -> None:
        self._event: Final = event
        try:
            operations.track("1", event)
        except InvalidOperation as wrong:
            raise ConfigurationError(f"--event: {wrong.rule}") from None
        self._person: Final = person
        self._at: Final = at
        self._types: Final[Mapping[str, Callable[[str], object]]] = parse_types(types)
        for column in {person, at} & set(self._types):
            raise ConfigurationError(f'--types cannot be given for "{column}": it is no data')
        self._file_time: Final = file_time
        self._ids: Final = RowIds(event)

    @property
    def has_types(self) -> bool:
        """Whether `--types` says anything."""
        return bool(self._types)

    def check(self, header: list[str]) -> None:
        """Raise ConfigurationError unless every column that is asked for is in *header*, once."""
        wanted = [self._person, *([self._at] if self._at else []), *self._types]
        check_columns(wanted, header)

    def operation(self, row: Row) -> tuple[str, Operation[Any]]:
        """Return the person of *row* and its event; raises InvalidOperation when it has none."""
        values = row.values
        if values.get(self._person) is None:
            raise InvalidOperation("is missing", field=self._person)
        who = person_text(values.pop(self._person))
        when: datetime | None = None
        if self._at is not None:
            when = moment(values.pop(self._at, None))
        for column, reader in self._types.items():
            values[column] = typed(values[column], reader, column=column)
        time = self._file_time if when is None else milliseconds(when)
        ident = self._ids(row.line, row.content, time)
        said = operations.track(who, self._event, data=values, id=ident, timestamp=when)
        return who, said


def check_columns(wanted: Iterable[str], header: list[str]) -> None:
    """Raise ConfigurationError unless every column that is *wanted* is in *header*, once."""
    for column in wanted:
        if column not in header:
            # The other names are not shown: without a header they are somebody's data.
            near = difflib.get_close_matches(column, header, n=1, cutoff=0.7)
            hint = f'; did you mean "{shown(near[0])}"?' if near else ""
            raise ConfigurationError(f'the header (the first line) has no column "{column}"{hint}')
    if len(set(header)) < len(header):
        raise ConfigurationError("the header (the first line) names a column twice")
