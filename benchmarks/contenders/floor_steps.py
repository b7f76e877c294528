"""The steps of the floor, one function each, and the CPU microseconds that each costs an event.

Run by itself it prints those figures; `floor.py` puts the same functions in a row.
"""

import os
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from meter import Job, batch_item, contend, event, person

# 487 KB of the 500,000 bytes that Customer.io takes in one request.
FILL_BYTES = 487_000
MAX_ITEMS = 1_200
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PAIRS = [a + b for a in ALPHABET for b in ALPHABET]
GROUP = 100

encode = msgspec.json.Encoder().encode


class Ids:
    """Monotonic ULIDs: time and 60 random bits once a millisecond, then a counter of 20 bits."""

    def __init__(self) -> None:
        self._ms, self._count, self._head = 0, 0, ""

    def __call__(self, ns: int) -> str:
        ms = ns // 1_000_000
        if ms > self._ms or self._count >= 0xFFFFF:
            self._ms = max(ms, self._ms + (self._count >= 0xFFFFF))
            bits = self._ms << 60 | int.from_bytes(os.urandom(8), "big") >> 4
            self._head = "".join([PAIRS[bits >> shift & 1023] for shift in range(100, -10, -10)])
            self._count = 0
        self._count += 1
        return self._head + PAIRS[self._count >> 10] + PAIRS[self._count & 1023]


def checked(who: object, name: object, data: object, kind: type = dict) -> None:
    """Refuse what Customer.io would."""
    if type(who) is not str or not who or len(who) > 150:
        raise ValueError("person")
    if type(name) is not str or not name or len(name) > 100:
        raise ValueError("name")
    if type(data) is not kind:
        raise ValueError("data")


def post_head(length: int) -> bytes:
    """Return the head of a batch request."""
    return (
        b"POST /api/v2/batch HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic c2l0ZTprZXk=\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % length
    )


def connect(job: Job) -> ssl.SSLSocket:
    """Return a connection to the sink, verified like anybody's."""
    trust = ssl.create_default_context(cafile=job.ca)
    plain = socket.create_connection(("localhost", job.port))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return trust.wrap_socket(plain, server_hostname="localhost")


def read_answer(wire: ssl.SSLSocket) -> int:
    """Read one short answer; return its status."""
    got = b""
    while b"\r\n\r\n{}\n" not in got:
        more = wire.recv(4096)
        if not more:
            raise ConnectionError("the sink went away")
        got += more
    return int(got[9:12])


def each(count: int, step: Callable[[int], object]) -> float:
    """Return the CPU microseconds of one *step*, without those of the loop."""
    before = time.process_time()
    for _ in range(count):
        pass
    loop = time.process_time() - before
    before = time.process_time()
    for i in range(count):
        step(i)
    return (time.process_time() - before - loop) / count * 1e6


def hand_over(lock: threading.Lock) -> Callable[[int], None]:
    kept: list[int] = []
    size = 0

    def step(i: int) -> None:
        nonlocal size
        with lock:
            if len(kept) >= MAX_ITEMS:
                kept.clear()
            kept.append(i)
            size += i

    return step


def posting(job: Job, items: list[bytes]) -> float:
    """Return the CPU microseconds of an event in the post of a full batch."""
    body = b'{"batch":[' + b",".join(items) + b"]}"
    request = post_head(len(body)) + body
    with connect(job) as wire:

        def step(i: int) -> None:
            wire.sendall(request)
            read_answer(wire)

        return each(40, step) / len(items)


def kept_and_removed(items: list[bytes], folder: str) -> float:
    """Return the CPU microseconds of an event that SQLite keeps at `power` and then removes.

    100 of one commit, each commit synced; removed a batch at a time.
    """
    import apsw

    with tempfile.TemporaryDirectory(dir=folder) as place:
        db = apsw.Connection(str(Path(place) / "floor.db"))
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE kept (id INTEGER PRIMARY KEY, body BLOB)")
        before = time.process_time()
        for first in range(0, len(items), GROUP):
            with db:
                db.executemany(
                    "INSERT INTO kept (body) VALUES (?)",
                    [(item,) for item in items[first : first + GROUP]],
                )
        for last in range(1_000, len(items) + 1_000, 1_000):
            db.execute("DELETE FROM kept WHERE id <= ?", (last,))
        used = time.process_time() - before
        db.close()
    return used / len(items) * 1e6


def run(job: Job) -> None:
    ids, who, made = Ids(), person(1), event(1)
    batch = [encode(batch_item(i)) for i in range(1_000)]
    whole = batch_item(1)
    job.extra = {
        "check": each(job.n, lambda i: checked(who, "order_completed", made)),
        "id": each(job.n, lambda i: ids(time.time_ns())),
        "encode": each(job.n, lambda i: encode(whole)),
        "hand over": each(job.n, hand_over(threading.Lock())),
        "join": each(50, lambda i: b",".join(batch)) / len(batch),
        "post": posting(job, batch),
        "keep and remove": kept_and_removed(
            batch * (max(1, job.n // 1_000)), job.options["folder"]
        ),
    }


if __name__ == "__main__":
    contend(run)
