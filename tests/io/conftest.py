"""A server on raw sockets that misbehaves as told, and a way to ask it in every colour."""

import asyncio
import importlib.util
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import trustme

from ferryman import Http
from ferryman._core.message import Answer, Request
from ferryman._io.aio import AsyncDriver
from ferryman._io.sync import SyncDriver

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n{}\n"
COLOURS = ["sync", "asyncio", *(["trio"] if importlib.util.find_spec("trio") else [])]


class Peer:
    """One accepted connection."""

    def __init__(self, sock: socket.socket, number: int, server: "Server") -> None:
        self.sock = sock
        self.number = number
        self.server = server
        self._ahead = b""

    def read(self) -> bytes:
        """Read one request and keep it; b"" when the other side is gone."""
        if not self.read_head():
            return b""
        head, _, rest = self._ahead.partition(b"\r\n\r\n")
        lines = [line.lower() for line in head.split(b"\r\n")]
        size = next((int(n[15:]) for n in lines if n.startswith(b"content-length:")), 0)
        while len(rest) < size:
            rest += self.sock.recv(65_536)
        self._ahead = rest[size:]
        request = head + b"\r\n\r\n" + rest[:size]
        self.server.requests.append((self.number, request))
        return request

    def read_head(self) -> bytes:
        """Read the head of one request, and perhaps some of its body."""
        while b"\r\n\r\n" not in self._ahead:
            if not (more := self.sock.recv(65_536)):
                return b""
            self._ahead += more
        return self._ahead

    def say(self, data: bytes) -> None:
        """Send *data*."""
        self.sock.sendall(data)

    def reset(self) -> None:
        """Close with a reset rather than a goodbye."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.sock.close()


Talk = Callable[[Peer], None]


def always_fine(peer: Peer) -> None:
    """Answer every request with success, on one connection."""
    while peer.read():
        peer.say(OK)


@dataclass
class Server:
    """Accepts connections and lets *talk* speak on each, in a thread of its own."""

    talk: Talk
    tls: ssl.SSLContext | None = None
    requests: list[tuple[int, bytes]] = field(default_factory=list)
    connections: int = 0
    alive: int = 0
    """How many connections are open."""

    def __post_init__(self) -> None:
        self._room = threading.Condition()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        scheme = "https" if self.tls else "http"
        self.url = f"{scheme}://{'localhost' if self.tls else '127.0.0.1'}:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what is said is there at once
        self._count(1)
        try:
            with self.tls.wrap_socket(sock, server_side=True) if self.tls else sock as speaking:
                self.talk(Peer(speaking, number, self))
        except OSError:
            pass  # the other side went away, which is what these tests are about
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        with self._room:
            self.alive += more
            self._room.notify_all()

    def await_alive(self, most: int) -> int:
        """Return how many connections are open, once there are at most *most*, or after 5 s."""
        with self._room:
            self._room.wait_for(lambda: self.alive <= most, 5)
            return self.alive

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers that talk as told: ``serve(talk)``, ``serve(talk, tls=context)``."""
    started: list[Server] = []

    def start(talk: Talk = always_fine, tls: ssl.SSLContext | None = None) -> Server:
        started.append(Server(talk, tls))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture(params=COLOURS)
def colour(request: pytest.FixtureRequest) -> str:
    """Every colour of driver in turn."""
    return request.param  # type: ignore[no-any-return]  # Any by its source


@pytest.fixture
def ask(colour: str) -> Callable[..., list[Answer]]:
    """Send requests one after another over one driver and return the answers."""

    def sync(http: Http, requests: list[Request], between: Callable[[], Any]) -> list[Answer]:
        driver, answers = SyncDriver(http), []
        for request in requests:
            answers.append(driver.send(request))
            between()
        driver.close()
        return answers

    async def awaited(http: Http, requests: list[Request], between: Callable[[], Any]) -> Any:
        driver, answers = AsyncDriver(http), []
        for request in requests:
            answers.append(await driver.send(request))
            between()
        await driver.aclose()
        return answers

    def start(
        *urls: str,
        http: Http | None = None,
        between: Callable[[], Any] = lambda: None,
        body: bytes = b'{"a":1}',
    ) -> list[Answer]:
        headers = {"Authorization": "Basic c2VjcmV0", "Content-Type": "application/json"}
        requests = [Request("POST", url, headers, body, "POST /x") for url in urls]
        arguments = (http or Http(timeout=5, connect_timeout=5), requests, between)
        if colour == "sync":
            return sync(*arguments)
        if colour == "trio":
            import trio

            return trio.run(awaited, *arguments)
        return asyncio.run(awaited(*arguments))

    return start


@dataclass
class Authority:
    """A certificate authority of our own: its PEM file, and a server's context signed by it."""

    pem: str
    server: ssl.SSLContext


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority that no system knows."""
    ca = trustme.CA()
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    return Authority(str(path), context)
