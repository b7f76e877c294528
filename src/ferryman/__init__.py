"""Carries what a Python application says about its customers to Customer.io, and loses none.

What most applications need is ``get_outbox().track("42", SignedUp(method="google"))``, where
SignedUp is a class of theirs, derived from :class:`Event`.

Its names are imported when they are first used: declaring events needs no network library.
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from ferryman import operations
    from ferryman._core.account import Account
    from ferryman._core.batch import BatchResult
    from ferryman._core.message import Operation, Receipt, Repeat
    from ferryman._core.person import Anonymous, CioId, CioObjectId, Email, ObjectId, Phone
    from ferryman._core.retry import Retry
    from ferryman._io.options import Http
    from ferryman._io.overhearing import Observing
    from ferryman._io.retrying import with_retry, with_retry_async
    from ferryman._io.watch import Exchange
    from ferryman.client import AsyncClient, Client
    from ferryman.errors import (
        BadRequest,
        ClientClosed,
        ConfigurationError,
        DeadLettersFull,
        Detail,
        FerrymanError,
        FlushTimeout,
        Forbidden,
        InvalidOperation,
        NotFound,
        OutboxClosed,
        OutboxFull,
        OutboxSealed,
        RateLimited,
        Refused,
        ServerError,
        StoreError,
        TooLarge,
        Unauthorized,
        Undelivered,
        Unreachable,
    )
    from ferryman.operations import AccountRegion, BroadcastTrigger, Delivery
    from ferryman.outbox import Accepted, AsyncOutbox, Outbox
    from ferryman.outbox.letters import DeadLetter, Replay
    from ferryman.outbox.overflow import Block, Evict
    from ferryman.outbox.protocol import Counts, Stats
    from ferryman.plan import (
        Conventions,
        Deviation,
        Event,
        Field,
        MessageData,
        Object,
        Person,
        TrackingPlan,
    )
    from ferryman.settings import (
        Settings,
        get_async_client,
        get_async_outbox,
        get_client,
        get_outbox,
        reset,
        use_plan,
    )

__version__ = "0.1.0"

# module -> what the window shows of it; the imports above say the same to type checkers
_SHOWN = {
    "ferryman._core.account": "Account",
    "ferryman._core.batch": "BatchResult",
    "ferryman._core.message": "Operation Receipt Repeat",
    "ferryman._core.person": "Anonymous CioId CioObjectId Email ObjectId Phone",
    "ferryman._core.retry": "Retry",
    "ferryman._io.options": "Http",
    "ferryman._io.overhearing": "Observing",
    "ferryman._io.retrying": "with_retry with_retry_async",
    "ferryman._io.watch": "Exchange",
    "ferryman.client": "AsyncClient Client",
    "ferryman.errors": """
        BadRequest ClientClosed ConfigurationError DeadLettersFull Detail FerrymanError
        FlushTimeout Forbidden InvalidOperation NotFound OutboxClosed OutboxFull OutboxSealed
        RateLimited Refused ServerError StoreError TooLarge Unauthorized Undelivered Unreachable
        """,
    "ferryman.operations": "AccountRegion BroadcastTrigger Delivery",
    "ferryman.outbox": "Accepted AsyncOutbox Outbox",
    "ferryman.outbox.letters": "DeadLetter Replay",
    "ferryman.outbox.overflow": "Block Evict",
    "ferryman.outbox.protocol": "Counts Stats",
    "ferryman.plan": "Conventions Deviation Event Field MessageData Object Person TrackingPlan",
    "ferryman.settings": """
        Settings get_async_client get_async_outbox get_client get_outbox reset use_plan
        """,
}
_FROM = {name: module for module, names in _SHOWN.items() for name in names.split()}
_ROOMS = ("client", "errors", "operations", "outbox", "plan", "settings")


def __getattr__(name: str) -> object:
    if name in _ROOMS:
        return importlib.import_module(f"ferryman.{name}")
    if name not in _FROM:
        raise AttributeError(f"module 'ferryman' has no attribute {name!r}")
    value = getattr(importlib.import_module(_FROM[name]), name)
    globals()[name] = value  # asked for once
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [
    "Accepted",
    "Account",
    "AccountRegion",
    "Anonymous",
    "AsyncClient",
    "AsyncOutbox",
    "BadRequest",
    "BatchResult",
    "Block",
    "BroadcastTrigger",
    "CioId",
    "CioObjectId",
    "Client",
    "ClientClosed",
    "ConfigurationError",
    "Conventions",
    "Counts",
    "DeadLetter",
    "DeadLettersFull",
    "Delivery",
    "Detail",
    "Deviation",
    "Email",
    "Event",
    "Evict",
    "Exchange",
    "FerrymanError",
    "Field",
    "FlushTimeout",
    "Forbidden",
    "Http",
    "InvalidOperation",
    "MessageData",
    "NotFound",
    "Object",
    "ObjectId",
    "Observing",
    "Operation",
    "Outbox",
    "OutboxClosed",
    "OutboxFull",
    "OutboxSealed",
    "Person",
    "Phone",
    "RateLimited",
    "Receipt",
    "Refused",
    "Repeat",
    "Replay",
    "Retry",
    "ServerError",
    "Settings",
    "Stats",
    "StoreError",
    "TooLarge",
    "TrackingPlan",
    "Unauthorized",
    "Undelivered",
    "Unreachable",
    "get_async_client",
    "get_async_outbox",
    "get_client",
    "get_outbox",
    "operations",
    "reset",
    "use_plan",
    "with_retry",
    "with_retry_async",
]
