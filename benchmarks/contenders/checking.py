"""What checking a flat event of eight fields adds to its acceptance, and pydantic doing the same.

`way=ours` says events to two outboxes in memory that nobody empties: one asks a plan, and checks
each field; to the other goes a class whose check is taken out, so that what is left is the encoder
and the keeping. `way=pydantic` validates the same eight values by a model with the same bounds.
Blocks alternate, and the median over them is told, for one event, in CPU time. With `moment=yes`
one field is a moment, which becomes a Unix second on the way: that is in the figure too.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from time import thread_time
from typing import Annotated, Any, Literal

import pydantic
from meter import Job, contend
from said import account

from ferryman import Event, Field, Outbox, TrackingPlan
from ferryman._core.plain import ENCODER
from ferryman.plan import writer_of

BLOCK = 500
PAID_AT = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)


class Flat(Event):
    order_id: Annotated[str, Field(min_length=1, max_length=40)]
    total: Annotated[float, Field(ge=0)]
    currency: Literal["EUR", "USD"]
    coupon: str | None
    first_order: bool
    quantity: Annotated[int, Field(ge=1, le=99)]
    url: Annotated[str, Field(pattern="^https://")]
    note: str


class Paid(Event):
    order_id: Annotated[str, Field(min_length=1, max_length=40)]
    total: Annotated[float, Field(ge=0)]
    currency: Literal["EUR", "USD"]
    coupon: str | None
    first_order: bool
    quantity: Annotated[int, Field(ge=1, le=99)]
    url: Annotated[str, Field(pattern="^https://")]
    paid_at: datetime | None


class FlatModel(pydantic.BaseModel):
    order_id: Annotated[str, pydantic.Field(min_length=1, max_length=40)]
    total: Annotated[float, pydantic.Field(ge=0)]
    currency: Literal["EUR", "USD"]
    coupon: str | None
    first_order: bool
    quantity: Annotated[int, pydantic.Field(ge=1, le=99)]
    url: Annotated[str, pydantic.Field(pattern="^https://")]
    note: str


class PaidModel(pydantic.BaseModel):
    order_id: Annotated[str, pydantic.Field(min_length=1, max_length=40)]
    total: Annotated[float, pydantic.Field(ge=0)]
    currency: Literal["EUR", "USD"]
    coupon: str | None
    first_order: bool
    quantity: Annotated[int, pydantic.Field(ge=1, le=99)]
    url: Annotated[str, pydantic.Field(pattern="^https://")]
    paid_at: datetime | None


def values(job: Job) -> dict[str, Any]:
    """Return what the fields hold."""
    last = {"paid_at": PAID_AT} if moment(job) else {"note": "left at the door"}
    return {
        "order_id": "ord_00104420",
        "total": 129.95,
        "currency": "EUR",
        "coupon": None,
        "first_order": True,
        "quantity": 2,
        "url": "https://shop.example.com/checkout/thanks",
    } | last


def moment(job: Job) -> bool:
    return job.options.get("moment") == "yes"


def block(call: Callable[[], object]) -> float:
    """Return the microseconds of CPU that one call takes."""
    started = thread_time()
    for _ in range(BLOCK):
        call()
    return (thread_time() - started) / BLOCK * 1e6


def unchecked(cls: type[Event]) -> type[Event]:
    """Return a class like *cls* whose events go to the encoder without a look."""
    twin = type(Event)(f"{cls.__name__}Unchecked", (cls,), {"__module__": __name__})
    writer_of(twin)
    twin.__wire__["track"].write = ENCODER.encode
    return twin


def ours(job: Job) -> None:
    cls = Paid if moment(job) else Flat
    event, bare = cls(**values(job)), unchecked(cls)(**values(job))
    plan = TrackingPlan[Any](events=[cls])
    room: dict[str, Any] = {"relay": "external", "max_entries": job.n, "max_bytes": job.n * 1_000}
    with (
        Outbox("memory:", account(job), plan=plan, **room) as asked,
        Outbox("memory:", account(job), **room) as other,
    ):
        pairs = [
            (block(lambda: asked.track("42", event)), block(lambda: other.track("42", bare)))
            for _ in range(job.n // BLOCK)
        ]
    job.extra["accepted_us"] = median(checked for checked, _ in pairs)
    job.extra["added_us"] = median(checked - without for checked, without in pairs)


def pydantics(job: Job) -> None:
    validate, given = (PaidModel if moment(job) else FlatModel).model_validate, values(job)
    job.extra["added_us"] = median(block(lambda: validate(given)) for _ in range(job.n // BLOCK))


def run(job: Job) -> None:
    (ours if job.options["way"] == "ours" else pydantics)(job)


contend(run)
