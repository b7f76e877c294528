"""Listening: one application behind an http and an https socket, in one event loop.

uvicorn does the work. Its own handling of signals is left out, since an emulator may run in a
thread of a test, and each request gets a way to drop its connection.
"""

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import Callable, Generator
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ferryman.emulator.app import DROP_EXTENSION
from ferryman.emulator.authority import Authority

KEEP_ALIVE: Final = 75  # seconds; longer than the pools of the usual clients keep a connection
GRACE: Final = 3  # seconds a request in flight gets when the emulator stops
BACKLOG: Final = 2_048


class _Protocol(HttpToolsProtocol):
    """HTTP/1.1 that lets the application drop the connection instead of answering."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Paths hold ids. Here and not by the setting, which would silence other servers too,
        # and which a handler added later would undo.
        self.access_log = False

    def on_message_begin(self) -> None:
        super().on_message_begin()
        # An ASGI extension is a dictionary; ours holds the one way out.
        self.scope["extensions"] = {DROP_EXTENSION: {"abort": self.transport.abort}}


class _Server(uvicorn.Server):
    """A server that leaves signals alone and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up: Final = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def bind(host: str, port: int) -> socket.socket:
    """Open a listening socket; port 0 picks a free one. Raises OSError."""
    if not 0 <= port <= 65_535:  # which the socket would call an OverflowError
        raise OSError(errno.EINVAL, "a port is a number from 0 to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, since asyncio sets TCP_NODELAY only where it is: an answer would
    # wait 40 ms for the client's acknowledgement otherwise.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # on Windows it would let two emulators share a port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


async def listen(
    app: ASGIApp,
    plain: socket.socket,
    tls: socket.socket,
    authority: Authority,
    *,
    ready: Callable[[], None],
    stop: asyncio.Event,
) -> None:
    """Serve *app* on both sockets until *stop* is set; call *ready* once both answer."""
    secured = {"ssl_certfile": str(authority.chain), "ssl_keyfile": str(authority.key)}
    servers = [_server(app), _server(app, **secured)]
    running = [
        asyncio.create_task(server.serve(sockets=[sock]))
        for server, sock in zip(servers, (plain, tls), strict=True)
    ]
    waiting = asyncio.create_task(_until(servers, ready, stop))
    await asyncio.wait({*running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*running)
    with contextlib.suppress(asyncio.CancelledError):
        await waiting


async def _until(servers: list[_Server], ready: Callable[[], None], stop: asyncio.Event) -> None:
    for server in servers:
        await server.up.wait()
    ready()
    await stop.wait()


def _server(app: ASGIApp, **secured: Any) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=GRACE,
            backlog=BACKLOG,
            **secured,
        )
    )
