"""HTTP/1.1: no answer is taken for the answer to another request (delivery rule 21)."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from ferryman import Http
from ferryman._core.message import Answer, NoReply, Reply
from ferryman._io.deadline import bound
from ferryman._io.guard import guarded

Ask = Callable[..., list[Answer]]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
REFUSED = (
    b"HTTP/1.1 207 Multi-Status\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n"
    b'{"errors":[{"batch_index":0}]}'
)
AWAY = b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n"
TOO_LARGE = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"
CLOSING = TOO_LARGE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
LARGE = b"x" * 12_000_000
"""Bytes that no socket takes before the other side reads them."""


def statuses(answers: list[Answer]) -> list[Any]:
    return [a.status if isinstance(a, Reply) else a.sent for a in answers]


@pytest.fixture(params=["plain", "tls"])
def tls(request: pytest.FixtureRequest, authority: Any) -> dict[str, Any]:
    """How to serve and to ask: in the clear, and by TLS."""
    return {} if request.param == "plain" else {"tls": authority.server}


@pytest.fixture
def http(tls: dict[str, Any], authority: Any) -> Http:
    """What reaches such a server."""
    return Http(timeout=5, connect_timeout=5, ca=authority.pem if tls else None)


@pytest.mark.parametrize("close", [False, True])
@pytest.mark.parametrize("extra", [OK, REFUSED, OK[:20], OK[:-1], b"\r\n", b"x"], ids=len)
def test_what_follows_an_answer_is_no_answer(
    ask: Ask, serve: Any, tls: Any, http: Http, extra: bytes, close: bool
) -> None:
    """Bytes that come with an answer are not taken for that to the next request."""

    def talk(peer: Any) -> None:
        while peer.read():
            first = len(peer.server.requests) == 1
            peer.say(OK + extra if first else AWAY)
            if first and close:
                return

    server = serve(talk, **tls)
    answers = ask(server.url, server.url, http=http)

    assert statuses(answers) == [200, 503]
    assert len(server.requests) == 2


@pytest.mark.parametrize("close", [False, True])
@pytest.mark.parametrize("extra", [OK, REFUSED, b"x"], ids=["200", "207", "byte"])
def test_what_comes_later_is_no_answer(
    ask: Ask, serve: Any, tls: Any, http: Http, extra: bytes, close: bool
) -> None:
    """Bytes that come on a connection at rest are not taken for the answer to a request."""
    asked, said = threading.Event(), threading.Event()

    def talk(peer: Any) -> None:
        while peer.read():
            if len(peer.server.requests) > 1:
                peer.say(AWAY)
                continue
            peer.say(OK)
            asked.wait(5)
            peer.say(extra)
            if close:
                peer.sock.close()
            said.set()

    def between() -> None:
        asked.set()
        assert said.wait(5)

    server = serve(talk, **tls)
    answers = ask(server.url, server.url, http=http, between=between)

    assert statuses(answers) == [200, 503]
    assert len(server.requests) == 2


def test_of_two_answers_on_a_used_connection_neither_is_believed(ask: Ask, serve: Any) -> None:
    """Which of them is that to the request cannot be known, so it may have arrived."""

    def talk(peer: Any) -> None:
        while peer.read():
            peer.say(OK if len(peer.server.requests) == 1 else OK + AWAY)

    server = serve(talk)
    first, second = ask(server.url, server.url)

    assert statuses([first]) == [200]
    assert second == NoReply(None, "more than one answer")


def test_two_records_in_one_segment_are_two_answers(ask: Ask, serve: Any, authority: Any) -> None:
    """What was read from the socket and not decrypted yet is not taken for the next answer."""

    def talk(peer: Any) -> None:
        while peer.read():
            if len(peer.server.requests) > 1:
                peer.say(AWAY)
                continue
            peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
            peer.say(OK)
            peer.say(OK)
            peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)

    server = serve(talk, authority.server)
    answers = ask(server.url, server.url, http=Http(timeout=5, ca=authority.pem))

    assert statuses(answers) == [200, 503]


def after_the_head(said: bytes) -> Callable[[Any], None]:
    """Answer the first request as it should be, the second once its head was read."""

    def talk(peer: Any) -> None:
        peer.read()
        peer.say(OK)
        while peer.read_head():
            peer.say(said)
            peer.read()
            if b"close" in said:
                return

    return talk


@pytest.mark.parametrize(
    ("said", "expected"), [(OK, None), (REFUSED, None), (TOO_LARGE, None), (CLOSING, 413)]
)
def test_what_comes_while_a_request_is_sent_only_refuses_it(
    ask: Ask, serve: Any, said: bytes, expected: int | None
) -> None:
    """On a used connection it is believed if it is an error and ends the connection."""
    server = serve(after_the_head(said))
    answers = ask(server.url, server.url, body=LARGE)

    assert statuses(answers) == [200, expected]


def test_what_comes_before_a_request_is_there_is_no_answer(ask: Ask, serve: Any) -> None:
    """A success that the other side sent before it had received the request is not believed."""

    def talk(peer: Any) -> None:
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        peer.read()
        peer.say(OK)
        peer.read_head()
        # The client has handed all to its kernel by then, and half of it finds no room here.
        time.sleep(0.2)
        peer.say(OK)
        over.wait(5)

    over = threading.Event()
    answers = ask(*[serve(talk).url] * 2, body=b"x" * 700_000)
    over.set()

    assert statuses(answers) == [200, None]


def test_a_server_may_say_that_it_reads_on(ask: Ask, serve: Any) -> None:
    """100 Continue while a request is sent is no answer to it, and casts no doubt on it."""

    def talk(peer: Any) -> None:
        while peer.read_head():
            peer.say(b"HTTP/1.1 100 Continue\r\n\r\n")
            peer.read()
            peer.say(OK)

    server = serve(talk)
    answers = ask(server.url, server.url, body=LARGE)

    assert statuses(answers) == [200, 200]
    assert server.connections == 1


@pytest.mark.parametrize(("said", "expected"), [(OK, None), (TOO_LARGE, 413)])
def test_a_request_that_was_cut_short_did_not_succeed(
    ask: Ask, serve: Any, said: bytes, expected: int | None
) -> None:
    """Where a server stops reading its answer may refuse the request, not confirm it."""

    def talk(peer: Any) -> None:
        peer.read_head()
        peer.say(said)
        peer.sock.close()  # with bytes unread: a reset

    server = serve(talk)
    answers = ask(server.url, body=LARGE)

    assert statuses(answers) in ([expected], [None])  # a reset may take the answer along


def test_after_an_answer_too_many_each_request_has_its_own_connection(
    ask: Ask, serve: Any, tls: Any, http: Http, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that answered twice is not asked twice on one connection; one line says so."""

    def talk(peer: Any) -> None:
        while peer.read():
            peer.say(OK + OK if len(peer.server.requests) == 1 else OK)

    server = serve(talk, **tls)
    with caplog.at_level(logging.INFO, "ferryman"):
        answers = ask(*[server.url] * 4, http=http)

    assert statuses(answers) == [200] * 4
    assert server.connections == 4
    assert [line.getMessage() for line in caplog.records] == [
        "ferryman.answer_too_many seconds=600.0"
    ]


def test_a_connection_that_ends_with_408_is_none_too_many(ask: Ask, serve: Any) -> None:
    """A server may say 408 when it closes what was idle too long: later connections are kept."""
    asked, said = threading.Event(), threading.Event()

    def talk(peer: Any) -> None:
        while peer.read():
            peer.say(OK)
            if peer.number == 1:
                asked.wait(5)
                peer.say(b"HTTP/1.1 408 Timeout\r\nConnection: close\r\n\r\n")
                peer.sock.close()
                said.set()
                return

    def between() -> None:
        asked.set()
        said.wait(5)

    server = serve(talk)
    answers = ask(*[server.url] * 3, between=between)

    assert statuses(answers) == [200] * 3
    assert server.connections == 2


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_no_request_begins_where_bytes_wait(serve: Any, kind: str) -> None:
    """What comes between the library's look and the first byte of a request keeps it here."""
    asked, said = threading.Event(), threading.Event()

    def talk(peer: Any) -> None:
        peer.read()
        peer.say(OK)
        asked.wait(5)
        peer.say(OK)
        said.set()
        peer.read()

    server = serve(talk)
    request = b"GET / HTTP/1.1\r\n\r\n"

    def blocking() -> None:
        transport: Any = httpx2.HTTPTransport()
        bound(transport)
        backend = transport._pool._network_backend
        stream = backend.connect_tcp("127.0.0.1", server.port, timeout=5)
        stream.write(request, timeout=5)
        stream.read(1000, timeout=5)
        asked.set()
        said.wait(5)
        try:
            stream.write(request, timeout=5)
        finally:
            stream.close()

    async def awaiting() -> None:
        transport: Any = httpx2.AsyncHTTPTransport()
        guarded(transport)
        backend = transport._pool._network_backend
        stream = await backend.connect_tcp("127.0.0.1", server.port, timeout=5)
        await stream.write(request)
        await stream.read(1000)
        asked.set()
        said.wait(5)
        try:
            await stream.write(request)
        finally:
            await stream.aclose()

    with pytest.raises(httpx2.ConnectError):
        blocking() if kind == "sync" else asyncio.run(awaiting())

    assert len(server.requests) == 1
