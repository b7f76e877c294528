"""A server, in a process of its own, whose answers cannot be counted on; it remembers what it did.

    python hostile.py SEED HABITS [PEM]      HABITS: names of the table below, with commas between

It prints its port. When its input ends it prints, as JSON, how often it carried out each event,
by id, and which habits it showed. With PEM, a certificate and its key, it speaks HTTP/2.
"""

import json
import random
import re
import select
import socket
import ssl
import sys
import threading
from collections import Counter
from typing import Any

ID = re.compile(rb'"(?:id|messageId)":"([0-9A-HJKMNP-TV-Z]{26})"')
REFUSAL = b'{"errors":[{"batch_index":0,"reason":"invalid","field":"name","message":"no"}]}'
REST = 0.01
"""Seconds without a request, after which comes what no request asked for.

What comes when the next request is there already could be its answer, as far as a client knows.
"""


def answer(status: int, body: bytes = b"{}", more: bytes = b"") -> bytes:
    """Return one answer of HTTP/1.1."""
    head = b"HTTP/1.1 %d Any\r\nContent-Type: application/json\r\n%bContent-Length: %d\r\n\r\n"
    return head % (status, more, len(body)) + body


OK = answer(200)
Habit = tuple[bool, bytes, bytes, bool]
# habit -> whether it carries the request out, what it says at once, what a moment later, and
# whether it closes the connection then
HABITS: dict[str, Habit] = {
    "fine": (True, OK, b"", False),
    "away": (False, answer(503), b"", False),
    "away_closing": (False, answer(503), b"", True),
    "dropped": (False, b"", b"", True),
    "dropped_after": (True, b"", b"", True),
    "twice": (True, OK + OK, b"", False),
    "twice_closing": (True, OK + OK, b"", True),
    "late": (True, OK, OK, False),
    "late_closing": (True, OK, OK, True),
    "away_then_fine": (False, answer(503), OK, False),
    "refusal_too_many": (True, OK + answer(207, REFUSAL), b"", False),
    "refusal_late": (True, OK, answer(400, REFUSAL), False),
    "refusal_closing": (True, OK, answer(207, REFUSAL), True),
    "trailing_line": (True, OK + b"\r\n", b"", False),
    "trailing_half": (True, OK + OK[:30], b"", False),
    "trailing_head": (True, OK + OK[:-1], OK[-1:], False),
}


class Hostile:
    """What one run is: its chance, its habits, what it carried out."""

    def __init__(self, seed: str, habits: list[str]) -> None:
        self.seed, self.habits = seed, habits
        self.lock = threading.Lock()
        self.applied: Counter[str] = Counter()
        self.shown: Counter[str] = Counter()

    def choose(self, chance: random.Random, body: bytes) -> tuple[str, Habit]:
        """Return the habit that this request meets, having carried it out or not."""
        name = chance.choice(self.habits)
        with self.lock:
            self.shown[name] += 1
            if HABITS[name][0]:
                self.applied.update(each.decode() for each in ID.findall(body))
        return name, HABITS[name]


def speak_one(sock: socket.socket, chance: random.Random, run: Hostile) -> None:
    """Serve one connection of HTTP/1.1."""
    ahead = b""
    while True:
        while b"\r\n\r\n" not in ahead:
            if not (more := sock.recv(65_536)):
                return
            ahead += more
        head, _, rest = ahead.partition(b"\r\n\r\n")
        found = re.search(rb"(?i)content-length: (\d+)", head)
        size = int(found[1]) if found else 0
        while len(rest) < size:
            if not (more := sock.recv(65_536)):
                return
            rest += more
        ahead = rest[size:]
        _, (_, at_once, later, closes) = run.choose(chance, rest[:size])
        if at_once:
            sock.sendall(at_once)
        if later and not select.select([sock], [], [], REST)[0]:
            sock.sendall(later)
        if closes:
            return


def speak_two(sock: socket.socket, chance: random.Random, run: Hostile) -> None:
    """Serve one connection of HTTP/2: what comes too many has a number that was answered."""
    import h2.config
    import h2.connection
    import h2.events
    from hyperframe.frame import DataFrame, HeadersFrame

    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    connection.initiate_connection()
    bodies: dict[int, bytes] = {}

    def parts(said: bytes) -> list[tuple[bytes, bytes]]:
        """Return status and body of each whole answer in *said*."""
        whole = re.compile(rb"HTTP/1.1 (\d+) .*?\r\n\r\n(\{.*?\}(?=HTTP|\s|$))", re.DOTALL)
        return [(status, body) for status, body in whole.findall(said)]

    def by_hand(stream: int, status: bytes, body: bytes) -> bytes:
        head = HeadersFrame(stream, connection.encoder.encode([(b":status", status)]))
        head.flags.add("END_HEADERS")
        data = DataFrame(stream, body)
        data.flags.add("END_STREAM")
        return head.serialize() + data.serialize()

    while True:
        sock.sendall(connection.data_to_send())
        if not (data := sock.recv(65_536)):
            return
        for event in connection.receive_data(data):
            number: Any = getattr(event, "stream_id", None)
            if isinstance(event, h2.events.DataReceived):
                connection.acknowledge_received_data(event.flow_controlled_length or 0, number)
                bodies[number] = bodies.get(number, b"") + event.data
            elif isinstance(event, h2.events.StreamEnded):
                name, (_, at_once, later, closes) = run.choose(chance, bodies.pop(number, b""))
                for index, (status, body) in enumerate(parts(at_once)):
                    if index:
                        sock.sendall(by_hand(number, status, body))
                        continue
                    connection.send_headers(number, [(b":status", status)])
                    connection.send_data(number, body, end_stream=True)
                    sock.sendall(connection.data_to_send())
                if name.startswith("trailing"):  # a number that no request has yet
                    sock.sendall(by_hand(number + 1_000, b"200", b"{}"))
                for status, body in parts(later):
                    sock.sendall(by_hand(number, status, body))
                if closes:
                    return


def main(seed: str, habits: str, pem: str = "") -> None:
    """Serve until the input ends."""
    run = Hostile(seed, habits.split(","))
    context = None
    if pem:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        context.set_alpn_protocols(["h2"])
    listening = socket.create_server(("127.0.0.1", 0), backlog=200)
    print(listening.getsockname()[1], flush=True)

    def serve(sock: socket.socket, number: int) -> None:
        chance = random.Random(f"{seed}/{number}")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with context.wrap_socket(sock, server_side=True) if context else sock as speaking:
                (speak_two if context else speak_one)(speaking, chance, run)
        except Exception as error:
            # The other side went away, or says something of HTTP/2 that was said too late.
            if not (isinstance(error, OSError) or type(error).__module__ == "h2.exceptions"):
                with run.lock:
                    run.shown[f"error {type(error).__name__}"] += 1

    def accept() -> None:
        number = 0
        while True:
            sock, _ = listening.accept()
            number += 1
            threading.Thread(target=serve, args=(sock, number), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()
    with run.lock:
        print(json.dumps({"applied": run.applied, "shown": run.shown}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
