"""What can go wrong, one tree; a name says whose fault it is.

    FerrymanError
    ├─ InvalidOperation        asked for something impossible, before any I/O; also a ValueError
    ├─ ConfigurationError      names the missing variable and the line to write
    ├─ Undelivered             it did not happen, or nobody can know
    │  ├─ Unreachable          no answer; .sent is False (certainly not) or None (perhaps)
    │  └─ Refused              another answer: .status .operation .request_id .details
    │     ├─ BadRequest        400, 409, 422 and other 4xx
    │     ├─ Unauthorized      401
    │     ├─ Forbidden         403
    │     ├─ NotFound          404
    │     ├─ TooLarge          413
    │     ├─ RateLimited       429, with .retry_after in seconds
    │     └─ ServerError       5xx, or an answer that is not Customer.io's
    ├─ ClientClosed            said to a client after its close()
    ├─ OutboxFull, OutboxClosed, FlushTimeout
    │                          the place of waiting cannot take it, or is not done
    ├─ StoreError              it cannot be used
    │  ├─ DeadLettersFull      of what died there is as much as may be
    │  └─ OutboxSealed         what is in it was encrypted with a key that is not given
    └─ UnverifiedWebhook       signature missing, wrong or stale

Errors carry facts (method, path template, status, field names), never a payload, a person's
id or a key: they end up in logs and in error trackers.
"""

from collections.abc import Sequence
from typing import Any

import msgspec


class Detail(msgspec.Struct, frozen=True):
    """One reason Customer.io gave for a refusal; any part it did not give is empty.

    ``message`` is the server's own text. It can name what was sent, so it stands here for the
    program that asks; the text of the error has it only where it is made of fixed words.
    """

    message: str = ""
    reason: str = ""
    field: str = ""
    code: str = ""
    batch_index: int | None = None


class FerrymanError(Exception):
    """The base of everything this library raises on purpose.

    ``accepted`` is set where it ended an outbox's ``track_many`` or ``accept_many``: it is the
    ``Accepted`` of what came before. What follows was neither kept nor refused.
    """

    accepted: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own way calls the class with the text alone, which keyword-only facts
        # refuse: errors of worker processes would never arrive.
        return _again, (type(self), self.args, self.__dict__)


class InvalidOperation(FerrymanError, ValueError):
    """What was asked is impossible; nothing was sent and nothing was kept.

    ``field`` is the path of the field at fault, such as ``data.items[2].price``.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.rule = message


class ConfigurationError(FerrymanError):
    """The settings cannot work; the message names each variable and the line to write."""


class Undelivered(FerrymanError):
    """The operation did not happen, or nobody can know.

    ``done`` is set where a batch failed after a part of it was accepted: the
    :class:`~ferryman.BatchResult` of that part.
    """

    done: Any = None


class Unreachable(Undelivered):
    """No answer came. ``sent`` is False when it certainly never arrived, None when it may have."""

    def __init__(self, message: str, *, sent: bool | None, operation: str = "") -> None:
        super().__init__(message)
        self.sent = sent
        self.operation = operation


class Refused(Undelivered):
    """Customer.io answered, and not with the wished answer.

    ``status`` is the HTTP status, ``operation`` the name of the operation, ``request_id`` the
    reference to quote to Customer.io's support where one was given, ``details`` its reasons.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        operation: str = "",
        request_id: str = "",
        details: Sequence[Detail] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.operation = operation
        self.request_id = request_id
        self.details = tuple(details)


class BadRequest(Refused):
    """The request is wrong and will stay wrong: 400, 409, 422 and other 4xx."""


class Unauthorized(Refused):
    """401: the key is missing, wrong, or of another region."""


class Forbidden(Refused):
    """403: the key may not do this, or the account may not."""


class NotFound(Refused):
    """404: no such thing, or no such path (Customer.io answers both with this status)."""


class TooLarge(Refused):
    """413: more bytes than Customer.io takes."""


class RateLimited(Refused):
    """429: too many requests. ``retry_after`` is the wait it asked for in seconds, or None."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 429,
        operation: str = "",
        request_id: str = "",
        details: Sequence[Detail] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(
            message, status=status, operation=operation, request_id=request_id, details=details
        )
        self.retry_after = retry_after


class ServerError(Refused):
    """5xx, or an answer that cannot be Customer.io's (HTML on 200, a redirect to nowhere)."""


class ClientClosed(FerrymanError):
    """The client was closed; nothing was sent."""


class OutboxFull(FerrymanError):
    """The outbox is at its bound; the operation was not accepted."""


class OutboxClosed(FerrymanError):
    """The outbox was closed; the operation was not accepted."""


class FlushTimeout(FerrymanError):
    """The time for a flush ran out. ``pending`` operations are still kept, none is lost by it."""

    def __init__(self, message: str, *, pending: int) -> None:
        super().__init__(message)
        self.pending = pending


class StoreError(FerrymanError):
    """The place where operations are kept failed: full disk, read-only, damaged, too old."""


class DeadLettersFull(StoreError):
    """As many dead letters are kept as may be: nothing more is put aside until some are gone."""


class OutboxSealed(StoreError):
    """What is kept was encrypted with a key that is not given: it waits until the key is there."""


class UnverifiedWebhook(FerrymanError):
    """The signature of a webhook is missing, wrong or stale."""


def _again(
    kind: type[FerrymanError], args: tuple[object, ...], facts: dict[str, Any]
) -> FerrymanError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(facts)
    return error
