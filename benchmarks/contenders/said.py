"""What an application says through ferryman in these benchmarks: typed events and the account."""

import msgspec
from meter import Job, ordered

from ferryman import Account, Event, Http


class Line(msgspec.Struct, frozen=True):
    sku: str
    name: str
    quantity: int
    price: float


class OrderCompleted(Event):
    mk: str
    order_id: str
    total: float
    currency: str
    coupon: str | None
    first_order: bool
    items: list[Line]
    url: str


class PageSeen(Event):
    """An event that is 300 bytes on its way, envelope and id included."""

    mk: str
    url: str
    seconds: int
    note: str


typed = ordered(OrderCompleted, Line)


def small(i: int) -> PageSeen:
    """Build event number *i* of 300 bytes."""
    return PageSeen(
        mk=f"ev@{i:09d}",
        url=f"https://shop.example.com/p/{i:09d}",
        seconds=10 + i % 90,
        note="." * 52,
    )


def account(job: Job) -> Account:
    """Return the account whose Customer.io is the sink."""
    return Account(site_id="site", track_api_key="key", track_url=job.url)


def http(job: Job) -> Http:
    """Return how to reach the sink: by its own authority."""
    return Http(ca=job.ca)
