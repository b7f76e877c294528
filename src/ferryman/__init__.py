"""Carries what a Python application says about its customers to Customer.io, and loses none.

What most applications need is ``get_outbox().track("42", SignedUp(method="google"))``, where
SignedUp is a class of theirs, derived from :class:`Event`.
"""

from ferryman import operations
from ferryman._core.account import Account
from ferryman._core.batch import BatchResult
from ferryman._core.message import Operation, Receipt, Repeat
from ferryman._core.person import Anonymous, CioId, CioObjectId, Email, ObjectId, Phone
from ferryman._core.retry import Retry
from ferryman._io.options import Http
from ferryman._io.overhearing import Observing
from ferryman._io.retrying import with_retry, with_retry_async
from ferryman.client import AsyncClient, Client
from ferryman.errors import (
    BadRequest,
    ClientClosed,
    ConfigurationError,
    FerrymanError,
    FlushTimeout,
    Forbidden,
    InvalidOperation,
    NotFound,
    OutboxClosed,
    OutboxFull,
    RateLimited,
    Refused,
    ServerError,
    StoreError,
    TooLarge,
    Unauthorized,
    Undelivered,
    Unreachable,
)
from ferryman.outbox import AsyncOutbox, Outbox
from ferryman.plan import Event, Field, MessageData, Object, Person, TrackingPlan
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

__all__ = [
    "Account",
    "Anonymous",
    "AsyncClient",
    "AsyncOutbox",
    "BadRequest",
    "BatchResult",
    "CioId",
    "CioObjectId",
    "Client",
    "ClientClosed",
    "ConfigurationError",
    "Email",
    "Event",
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
    "Person",
    "Phone",
    "RateLimited",
    "Receipt",
    "Refused",
    "Repeat",
    "Retry",
    "ServerError",
    "Settings",
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
