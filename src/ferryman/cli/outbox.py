"""What the commands of `ferryman outbox` share: which file, whom they mean, how they say it.

They work beside a running application, on the file that the settings name. Nothing is ever sent
from here, so that no API key is needed. A place where no outbox is, is refused and never made.
"""

import contextlib
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from ferryman._core.person import (
    Anonymous,
    AnyObjectId,
    CioId,
    CioObjectId,
    Email,
    ObjectId,
    PersonId,
    Phone,
)
from ferryman._core.secret import masked
from ferryman._core.variables import missing
from ferryman.cli import out
from ferryman.errors import ConfigurationError
from ferryman.outbox.letters import DeadLetters, Selection, key_of
from ferryman.outbox.protocol import Store
from ferryman.outbox.stores import open_store
from ferryman.settings import Settings

PREFIX: Final = "sqlite:///"
Place = Annotated[
    str | None,
    Parameter(name="--outbox", help="The outbox, over CUSTOMERIO_OUTBOX.", show_default=False),
]
Json = Annotated[bool, Parameter(help="Print one JSON document.", show_default=False)]
Yes = Annotated[bool, Parameter(help="Do not ask.", show_default=False)]
DryRun = Annotated[
    bool,
    Parameter(
        name="--dry-run", help="Only count them; a replay may refuse some.", show_default=False
    ),
]
_PERSON: Final = (
    "Those about this person: an id, or email:…, cio_id:…, anonymous:…, phone:… (id:… for an id"
    " that begins so); or about an object: object:TYPE/ID, cio_object:…."
)
_KINDS: Final = {
    "id": str, "email": Email, "cio_id": CioId, "anonymous": Anonymous, "phone": Phone,
    "cio_object": CioObjectId,
}  # fmt: skip
_OBJECT: Final = "object"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Which:
    """Which dead letters; all that is given must hold."""

    reason: Annotated[str | None, Parameter(help="Those with this reason.", show_default=False)] = (
        None
    )
    operation: Annotated[
        str | None, Parameter(help="Those of this method, such as track.", show_default=False)
    ] = None
    person: Annotated[str | None, Parameter(help=_PERSON, show_default=False)] = None
    maybe_delivered: Annotated[
        bool | None,
        Parameter(
            negative="--not-maybe-delivered",
            help="Those that may (not) have arrived all the same.",
            show_default=False,
        ),
    ] = None
    parks: Annotated[
        bool | None,
        Parameter(
            negative="--not-parks",
            help="Those behind which others (do not) wait.",
            show_default=False,
        ),
    ] = None

    def selection(self) -> Selection:
        """Return what the outbox is asked for."""
        return Selection(
            reason=self.reason,
            operation=self.operation,
            person=None if self.person is None else person_of(self.person),
            maybe_delivered=self.maybe_delivered,
            parks=self.parks,
        )


def person_of(text: str) -> PersonId | AnyObjectId:
    """Return the person or object that *text* names; raise InvalidOperation where it names none."""
    kind, colon, value = text.partition(":")
    person: PersonId | AnyObjectId = text
    if colon and kind in _KINDS:
        person = _KINDS[kind](value)
    elif colon and kind == _OBJECT:
        type_id, _, own = value.partition("/")
        person = ObjectId(type_id, own)
    key_of(person)  # checked here, so that nothing is opened for a slip
    return person


def shown_person(person: PersonId | AnyObjectId | None) -> str:
    """Return the *person* of a dead letter as the command line takes it; "" for none."""
    if person is None:
        return ""
    if isinstance(person, ObjectId):
        return f"{_OBJECT}:{person.type_id}/{person.id}"
    if isinstance(person, str | int):
        return f"id:{person}"
    return next(f"{kind}:{person.value}" for kind, cls in _KINDS.items() if type(person) is cls)


def file_of(place: str | None) -> tuple[Path, Settings]:
    """Return the outbox file that *place* or else the settings name, and the settings.

    Raises ConfigurationError where it is no file, or not there.
    """
    settings = Settings.from_env()
    named = settings.outbox if place is None else place
    if not named:
        lines = missing("CUSTOMERIO_OUTBOX").splitlines()[:2]
        raise ConfigurationError("\n".join([*lines, "or say --outbox sqlite:///..."]))
    if not named.startswith(PREFIX) or not named.removeprefix(PREFIX).strip("/"):
        raise ConfigurationError(
            "only an outbox file can be looked at from another process: --outbox, or"
            " CUSTOMERIO_OUTBOX, is sqlite:///relative/file.db or sqlite:////absolute/file.db"
        )
    path = Path(named.removeprefix(PREFIX))
    if not path.is_file():
        raise ConfigurationError(
            f"there is no outbox at {masked(named)} (three slashes are for a path from here, four"
            " for one from /)"
        )
    return path, settings


@contextlib.contextmanager
def opened(place: str | None) -> Generator[tuple[Store, DeadLetters]]:
    """Open the outbox and its dead letters; a running relay sees by itself what was changed."""
    path, settings = file_of(place)
    store = open_store(
        f"{PREFIX}{path}", workspace=settings.workspace, keys=settings.outbox_keys or None
    )
    try:
        yield store, DeadLetters(store, lambda: None)
    finally:
        store.close()


def confirm(question: str, *, yes: bool) -> bool:
    """Ask on a terminal; raise ConfigurationError where nobody can be asked and *yes* is not."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{question} Nobody can be asked here: say --yes")
    out.console(stderr=True).print(f"{question} [y/N] ", end="")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def size(count: int) -> str:
    """Return *count* bytes in a unit that people read."""
    figure = float(count)
    for unit in ("bytes", "kB", "MB"):
        if figure < 1_000:
            return f"{figure:,.0f} {unit}" if unit == "bytes" else f"{figure:,.1f} {unit}"
        figure /= 1_000
    return f"{figure:,.1f} GB"


def age(seconds: float) -> str:
    """Return *seconds* in the largest unit that is worth a whole number of it."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length:,.0f} {unit}"
    return f"{max(0.0, seconds):,.0f} s"
