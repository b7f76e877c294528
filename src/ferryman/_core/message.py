"""The values that travel: what is said (Operation), what is sent (Request), what comes back.

No credentials in an Operation, no decisions here: only shapes, and the one act of stamping.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from functools import lru_cache
from typing import Any, Generic, Literal, TypeAlias, cast

import msgspec
from typing_extensions import TypeVar

Api: TypeAlias = Literal["track", "app", "pipelines"]
Route: TypeAlias = Literal["", "track", "pipelines"]
"""Which batch request can carry an operation; none can where it is empty."""
Pace: TypeAlias = Literal["track", "pipelines", "app", "send", "broadcast"]
"""Which of Customer.io's rate limits an operation counts against."""
Level: TypeAlias = Literal["power", "process", "memory"]
T_co = TypeVar("T_co", covariant=True, default=Any)


class Repeat(IntEnum):
    """Why an operation may be sent twice, or that it may not (delivery rules 3 and 20)."""

    SAME = 0
    """Saying it again leaves the same state: identify, device, suppress, delete."""
    DEDUPLICATED = 1
    """It carries an id by which Customer.io drops the second: event, page, screen."""
    ONCE = 2
    """A second one may do a second thing: forms, metrics, merges, sends. Never repeated blindly."""


class Stamp(IntEnum):
    """What an operation is given when it is sent or kept for the first time."""

    NONE = 0
    TIME = 1
    """``timestamp``: orders the updates of one person's attributes."""
    EVENT = 2
    """``id`` and ``timestamp`` of a Track event."""
    MESSAGE = 3
    """``messageId`` and ``timestamp`` (ISO 8601, whole seconds) of a Pipelines call."""


class Endpoint(msgspec.Struct, frozen=True):
    """One row of the catalogue: how an operation is addressed, and what repeating it means."""

    name: str
    method: str
    path: str
    repeat: Repeat
    why: str
    docs: str
    api: Api = "track"
    route: Route = ""
    pace: Pace = "track"
    authenticated: bool = True
    stamp: Stamp = Stamp.NONE
    barrier: bool = False
    """Nothing of the same key may overtake it or be overtaken (delivery rule 9)."""
    writes: bool = True

    @property
    def batches(self) -> bool:
        """Whether it can share a request with others of its route."""
        return self.route != ""


# Names of their own, since looking a member up in its class costs five times as much.
_NONE, _EVENT, _MESSAGE = Stamp.NONE, Stamp.EVENT, Stamp.MESSAGE
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ENTITY_PATH = "/api/v2/entity"
BATCH_PATHS: dict[Route, str] = {"track": "/api/v2/batch", "pipelines": "/v1/batch"}
"""Where the requests of each route go; a route's name is that of its API."""


def nothing(reply: bytes) -> None:
    """Read the answer of an operation that only happens: there is nothing in it."""


class Operation(msgspec.Struct, Generic[T_co], frozen=True):
    """One thing said to Customer.io: a frozen value, checked and encoded, without credentials.

    Make one with the functions of :mod:`ferryman.operations`; give it to a client's ``perform``
    or ``batch``, or to an outbox. ``body`` lacks its closing brace while a stamp is owed.
    """

    endpoint: Endpoint
    key: str
    """Whom it is about: operations of one key keep their order."""
    body: bytes | None = None
    path: str = ""
    """The filled path; empty means the endpoint's own."""
    other: str = ""
    """The second key of a merge."""
    barrier: bool = False
    id: str = ""
    at: int | None = None
    stamp: Stamp = Stamp.NONE
    read: Callable[[bytes], T_co] = cast(Any, nothing)  # of writes: T_co is None
    event: type | None = None
    """The class of an event that was typed: an outbox asks its plan about it."""

    @property
    def name(self) -> str:
        """The name of the method that says it."""
        return self.endpoint.name

    def stamped(self, ident: str, at: int) -> "Operation[T_co]":
        """Return it complete: with *ident* and *at* (Unix seconds) where it has none of its own.

        Whoever sends or keeps an operation stamps it once, so that every repeat is the same bytes.
        """
        if self.stamp is _NONE:
            return self if self.id else msgspec.structs.replace(self, id=ident)
        return Operation(
            self.endpoint,
            self.key,
            self.completed(ident, at),
            self.path,
            self.other,
            self.barrier,
            self.id or ident,
            at if self.at is None else self.at,
            _NONE,
            self.read,
        )

    def completed(self, ident: str, at: int) -> bytes:
        """Return the body it has once it is stamped with *ident* and *at*."""
        body = self.body or b""
        stamp = self.stamp
        if stamp is _NONE:
            return body
        second = at if self.at is None else self.at
        if stamp is _EVENT:
            own = (self.id or ident).encode()
            return b'%b,"id":"%b","timestamp":%d}' % (body, own, second)
        if stamp is _MESSAGE:
            own = (self.id or ident).encode()
            return b'%b,"messageId":"%b","timestamp":"%b"}' % (body, own, _iso(second))
        return b'%b,"timestamp":%d}' % (body, second)

    def __repr__(self) -> str:
        """Name the operation alone: what it says is nobody's business in a log."""
        return f"<Operation {self.endpoint.name}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show rich no more than repr: msgspec's own shows every field."""
        return [("name", self.endpoint.name)]


@lru_cache(maxsize=64)
def _iso(second: int) -> bytes:
    """Return a Unix second as ISO 8601 in UTC; what is stamped together shares it."""
    return (_EPOCH + timedelta(seconds=second)).isoformat()[:-6].encode() + b"Z"


class Request(msgspec.Struct, frozen=True):
    """An addressed request: absolute URL, headers with credentials, body."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    template: str = ""
    """Method and path template, the only part of it that may be shown."""

    def __repr__(self) -> str:
        """Show the template: the URL can hold ids, the headers hold keys."""
        return f"<Request {self.template}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show rich no more than repr."""
        return [("template", self.template)]


class Reply(msgspec.Struct, frozen=True):
    """An answer, whatever its status. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""

    def __repr__(self) -> str:
        """Show the status: the body can quote what was sent."""
        return f"<Reply {self.status}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show rich no more than repr."""
        return [("status", self.status)]


class NoReply(msgspec.Struct, frozen=True):
    """No answer: ``sent`` is False when the request certainly never arrived, None otherwise."""

    sent: Literal[False] | None
    reason: str


Answer: TypeAlias = Reply | NoReply
SILENCE = Reply(200, {}, b"{}")
"""What mode ``off`` answers: it happened, and there is nothing to say of it."""


class Receipt(msgspec.Struct, frozen=True):
    """What an outbox gives for an accepted operation: its id, and how safe it now is.

    ``level`` is ``"power"`` (on disk, survives a power cut), ``"process"`` (survives kill -9)
    or ``"memory"`` (survives a clean exit, up to its deadline).
    """

    id: str
    level: Level
