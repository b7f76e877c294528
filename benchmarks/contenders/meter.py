"""What every contender shares: the events, the clock around each call, and the line of results.

Standard library only, since it runs in the environment of each peer. A contender is a script that
calls `contend(run)`; `run` says all events of its job and returns when everything is delivered.
Where it first opens something, or closes it afterwards, it calls `begin` and `end` of its job.
What the measuring itself costs (making what the caller has at hand, dict or typed event, and
reading the clock) is measured in the same process first, and reported so that it can be taken off:
of the floor, of the peers and of ours alike.
"""

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

BASE_TIME = 1_760_000_000
PEOPLE = 50_000
CALIBRATION = 20_000
clock = time.perf_counter


def event(i: int) -> dict[str, Any]:
    """Return about 400 bytes of an order; `mk` is the marker that the sink counts."""
    return {
        "mk": f"ev@{i:09d}",
        "order_id": f"ord_{i * 7919 % 100_000_000:08d}",
        "total": 129.95 + (i % 100),
        "currency": "EUR",
        "coupon": None,
        "first_order": i % 3 == 0,
        "items": [
            {"sku": "SKU-10442", "name": "Linen shirt, navy", "quantity": 2, "price": 39.5},
            {"sku": "SKU-20993", "name": "Canvas belt", "quantity": 1, "price": 24.0},
        ],
        "url": "https://shop.example.com/checkout/thanks",
    }


def ordered(order: Callable[..., Any], line: Callable[..., Any]) -> Callable[[int], Any]:
    """Return what builds event number *i* as classes, as an application does from what it has."""

    def build(i: int) -> Any:
        return order(
            mk=f"ev@{i:09d}",
            order_id=f"ord_{i * 7919 % 100_000_000:08d}",
            total=129.95 + (i % 100),
            currency="EUR",
            coupon=None,
            first_order=i % 3 == 0,
            items=[
                line("SKU-10442", "Linen shirt, navy", 2, 39.5),
                line("SKU-20993", "Canvas belt", 1, 24.0),
            ],
            url="https://shop.example.com/checkout/thanks",
        )

    return build


def person(i: int) -> str:
    """Return whose event number *i* is."""
    return f"user_{i % PEOPLE:06d}"


def batch_item(i: int, ident: str | None = None) -> dict[str, Any]:
    """Return event number *i* as one element of `POST /api/v2/batch`."""
    return {
        "type": "person",
        "action": "event",
        "identifiers": {"id": person(i)},
        "name": "order_completed",
        "attributes": event(i),
        "timestamp": BASE_TIME + i // 100,
        "id": ident or f"01JA{i:022d}",
    }


class Job:
    """How many events to say, to whom, and how; collects the time of each call."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.n: int = given.n
        self.url: str = given.url
        self.port: int = int(self.url.rpartition(":")[2])
        self.ca: str = given.ca
        self.pace: float = given.pace
        self.options: dict[str, str] = dict(word.split("=", 1) for word in given.option)
        self.make: Callable[[int], Any] = event
        self.latencies: list[float] = []
        self.refused = 0
        self.extra: dict[str, float] = {}
        self._begun = self._ended = (0.0, 0.0)

    def begin(self) -> None:
        """Start the clock, just before the first call: what was opened for it is not measured."""
        self._begun = self._ended = clock(), time.process_time()

    def end(self) -> None:
        """Stop the clock, once the last event is delivered: what is closed then is not measured."""
        self._ended = clock(), time.process_time()

    def spent(self) -> tuple[float, float]:
        """Return the seconds between, and those of CPU; until now if nothing stopped the clock."""
        if self._ended == self._begun:
            self.end()
        return self._ended[0] - self._begun[0], self._ended[1] - self._begun[1]

    def option(self, name: str, default: int) -> int:
        """Return a whole-number option."""
        return int(self.options.get(name, default))

    @property
    def drains(self) -> bool:
        """Tell whether to wait for delivery: not where only the time of a call is wanted."""
        return self.options.get("drain") != "no"

    def paced(self, first: int, last: int) -> Iterator[int]:
        """Yield the numbers of events, at `pace` a second when asked."""
        start = clock()
        for i in range(first, last):
            if self.pace and (early := start + (i - first) / self.pace - clock()) > 0:
                time.sleep(early)
            yield i

    def each(self, call: Callable[[int, Any], object]) -> None:
        """Make every event and time the call that takes it."""
        latencies, make = self.latencies, self.make
        for i in self.paced(0, self.n):
            made = make(i)
            before = clock()
            call(i, made)
            latencies.append(clock() - before)


def _cost_of_measuring(job: Job) -> tuple[float, float]:
    """Return the CPU seconds of making an event, and those of timing a call, nobody doing more."""
    make = job.make
    before = time.process_time()
    for i in range(CALIBRATION):
        make(i)
    making = time.process_time() - before
    latencies: list[float] = []
    before = time.process_time()
    for _ in range(CALIBRATION):
        started = clock()
        latencies.append(clock() - started)
    timing = time.process_time() - before
    return making / CALIBRATION, timing / CALIBRATION


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e6


def described() -> Job:
    """Return the job that the command line describes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--ca", required=True)
    parser.add_argument("--pace", type=float, default=0)
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE")
    return Job(parser.parse_args())


def contend(
    run: Callable[[Job], None], make: Callable[[Job], Callable[[int], Any]] | None = None
) -> None:
    """Run one contender as its command line says and print its results as a line of JSON.

    `make` gives what builds event number *i* for the caller; a dict, unless told otherwise.
    """
    job = described()
    if make is not None:
        job.make = make(job)
    making, timing = _cost_of_measuring(job)
    job.begin()
    run(job)
    wall, cpu = job.spent()
    results: dict[str, Any] = {
        "wall_s": wall,
        "cpu_s": max(0.0, cpu - making * job.n - timing * len(job.latencies)),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "refused": job.refused,
    }
    if job.latencies:
        ordered = sorted(job.latencies)
        results |= {"p50_us": _at(ordered, 0.5), "p99_us": _at(ordered, 0.99)}
        results["max_us"] = ordered[-1] * 1e6
    print(json.dumps(results | job.extra), flush=True)
    sys.stdout.flush()
    # Peers leave threads and exit handlers behind that would only spoil the next one's run.
    os._exit(0)
