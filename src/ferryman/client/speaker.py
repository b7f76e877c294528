"""What both colours of client share: the account, the policy, how a call becomes a flow.

No decision about Customer.io stands here: flows decide, drivers perform.
"""

import random
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

from ferryman._core.account import Account, checked_path
from ferryman._core.answer import failure, parsed
from ferryman._core.encode import encode_value
from ferryman._core.message import Answer, Api, Operation, Repeat, Reply, Request
from ferryman._core.retry import Retry
from ferryman._io.aio import AsyncDriver
from ferryman._io.options import Mode
from ferryman._io.stamp import stamp
from ferryman._io.sync import SyncDriver
from ferryman.errors import ClientClosed, ConfigurationError, InvalidOperation
from ferryman.plan import TrackingPlan

T = TypeVar("T")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
D = TypeVar("D", bound=SyncDriver | AsyncDriver)


class Speaker(Generic[D]):
    """What both colours share: the account, the policy, and how a call becomes a flow."""

    plan: TrackingPlan[Any, Any] | None = None
    """Asked about what is tracked and identified."""
    warns = True
    """Whether being forgotten unclosed is warned of; not where settings.py closes it."""

    def __init__(self, account: Account, retry: Retry | None, mode: Mode, driver: D) -> None:
        if not isinstance(account, Account):
            raise ConfigurationError(f"account must be an Account, not {type(account).__name__}")
        if mode not in ("live", "off"):
            raise ConfigurationError("mode must be 'live' or 'off'")
        self.account = account
        self.retry = retry or Retry()
        self.mode = mode
        self._driver = driver
        self._said: Counter[str] = Counter()
        self._closed = False

    def stats(self) -> Mapping[str, int]:
        """Return how often each operation was said since the start, in mode ``off`` too."""
        return dict(self._said)

    def __repr__(self) -> str:
        """Show the account with its keys masked."""
        return f"<{type(self).__name__} {self.account!r}>"

    def __del__(self) -> None:
        if self.warns and not getattr(self, "_closed", True):
            warnings.warn(f"{type(self).__name__} was not closed", ResourceWarning, stacklevel=2)

    def _timing(self) -> dict[str, Any]:
        return {"retry": self.retry, "chance": random.random, "now": time.time}

    def _count(self, name: str) -> None:
        if self._closed:
            raise ClientClosed(f"this {type(self).__name__} is closed; make another")
        self._said[name] += 1

    def _admit(self, operation: Operation[Any]) -> None:
        """Ask the plan whether it has the class of a typed event that was made elsewhere."""
        if operation.event is not None and self.plan is not None:
            self.plan.admit_class(operation.event)

    def _one(self, operation: Operation[T]) -> tuple[Operation[T], Request]:
        self._count(operation.name)
        stamped = operation.stamped(*stamp())
        return stamped, self.account.address(stamped)

    def _many(self, operations: Iterable[Operation[Any]]) -> list[Operation[Any]]:
        found = list(operations)
        for index, operation in enumerate(found):
            if not isinstance(operation, Operation):
                raise InvalidOperation(
                    f"must be an Operation, not {type(operation).__name__}", field=f"batch[{index}]"
                )
            if not operation.endpoint.batches:
                raise InvalidOperation(
                    f"{operation.name} cannot be in a batch; say it alone", field=f"batch[{index}]"
                )
        for operation in found:
            self._admit(operation)
        self._count("batch")
        return [operation.stamped(*stamp()) for operation in found]

    def _raw(
        self,
        method: str,
        path: str,
        api: Api | None,
        query: Mapping[str, str | int | bool] | None,
        json: object,
    ) -> Request:
        if not isinstance(method, str) or method.upper() not in _METHODS:
            raise InvalidOperation(f"must be one of {', '.join(_METHODS)}", field="method")
        if api not in (None, "track", "app", "pipelines"):
            raise InvalidOperation("must be 'track', 'app' or 'pipelines'", field="api")
        path = checked_path(path)
        where = api or ("track" if path.startswith(("/api/", "/unsubscribe/")) else "app")
        body = None if json is None else encode_value(json, where, at="json")
        self._count("request")
        return self.account.request(
            method.upper(), path, api=where, query=query, body=body, template="(raw)"
        )


def repeating(method: str, repeat: Repeat | None) -> Repeat:
    """Return what repeating a raw request means: as said, else by its method."""
    if repeat is not None:
        return repeat
    return Repeat.ONCE if method.upper() in ("POST", "PATCH") else Repeat.SAME


def content(answer: Answer) -> Any:
    """Return the decoded JSON of a raw request's answer, or raise the error that it is."""
    error = failure(answer, operation="request", now=time.time())
    if error is not None:
        raise error
    return parsed(answer.body) if isinstance(answer, Reply) else None
