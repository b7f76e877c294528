"""Both drivers against a server on raw sockets: what came of a request is said as it is."""

import asyncio
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ferryman import Http
from ferryman._core.answer import MAX_ANSWER, broken
from ferryman._core.message import Answer, NoReply, Reply, Request
from ferryman._io.aio import AsyncDriver
from ferryman._io.sync import SyncDriver
from ferryman.errors import ConfigurationError

Ask = Callable[..., list[Answer]]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n{}\n"
SHORT = Http(timeout=0.3, connect_timeout=0.2)
FINE = Reply(200, {"content-type": "application/json", "content-length": "3"}, b"{}\n")


def test_an_answer_is_returned_as_it_is(ask: Ask, serve: Any) -> None:
    """Status, headers in small letters, and body arrive; so do our method, headers and body."""
    server = serve()
    (answer,) = ask(server.url + "/x?id_type=id")
    request = server.requests[0][1]

    assert answer == FINE
    assert request.startswith(b"POST /x?id_type=id HTTP/1.1\r\n")
    assert request.endswith(b'\r\n\r\n{"a":1}')
    assert b"\r\nAuthorization: Basic c2VjcmV0\r\n" in request


def test_a_refused_connection_was_certainly_not_sent(ask: Ask) -> None:
    """Nobody listening means that nothing arrived."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        (answer,) = ask(f"http://127.0.0.1:{bound.getsockname()[1]}/x")

    assert answer == NoReply(False, "ConnectError")


def test_a_name_that_nobody_has_was_certainly_not_sent(ask: Ask) -> None:
    """A host that cannot be resolved means that nothing arrived."""
    (answer,) = ask("http://no-such-host.invalid/x")

    assert isinstance(answer, NoReply)
    assert answer.sent is False


def test_a_handshake_without_end_was_certainly_not_sent(
    ask: Ask, serve: Any, authority: Any
) -> None:
    """A connection that is not established in time carried nothing."""
    over = threading.Event()
    server = serve(lambda peer: over.wait(5))
    (answer,) = ask(f"https://localhost:{server.port}/x", http=Http(connect_timeout=0.2, timeout=1))
    over.set()

    assert answer == NoReply(False, "ConnectTimeout")


def close(peer: Any) -> None:
    peer.read()


def reset(peer: Any) -> None:
    peer.read()
    peer.reset()


def half_a_head(peer: Any) -> None:
    peer.read()
    peer.say(b"HTTP/1.1 200 OK\r\nContent-Le")


def half_a_body(peer: Any) -> None:
    peer.read()
    peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")


def half_a_chunk(peer: Any) -> None:
    peer.read()
    peer.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{")


def no_http(peer: Any) -> None:
    peer.read()
    peer.say(b"220 mail.example.com ESMTP\r\n")


def no_gzip(peer: Any) -> None:
    peer.read()
    peer.say(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n{}\n")


@pytest.mark.parametrize(
    "talk", [close, reset, half_a_head, half_a_body, half_a_chunk, no_http, no_gzip]
)
def test_what_is_cut_short_may_have_arrived(ask: Ask, serve: Any, talk: Any) -> None:
    """After the request went out, anything but a whole answer leaves it unknown."""
    server = serve(talk)
    (answer,) = ask(server.url)

    assert isinstance(answer, NoReply)
    assert answer.sent is None
    assert len(server.requests) == 1


def silence(peer: Any) -> None:
    peer.read()
    peer.sock.recv(1)


def dripping(peer: Any) -> None:
    peer.read()
    peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1_000):
        peer.say(b" ")
        time.sleep(0.02)


def dripping_head(peer: Any) -> None:
    peer.read()
    peer.say(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(1_000):
        peer.say(b"x")
        time.sleep(0.02)


@pytest.mark.parametrize("talk", [silence, dripping, dripping_head])
def test_no_answer_takes_longer_than_it_may(ask: Ask, serve: Any, talk: Any) -> None:
    """An answer that does not come, or comes byte by byte, is given up at the deadline."""
    start = time.monotonic()
    (answer,) = ask(serve(talk).url, http=SHORT)
    took = time.monotonic() - start

    assert isinstance(answer, NoReply)
    assert answer.sent is None
    assert took < 2 * (0.3 + 0.2) + 1


def test_a_dripping_head_is_given_up_behind_tls_too(ask: Ask, serve: Any, authority: Any) -> None:
    """The deadline holds for what is read through TLS."""
    server = serve(dripping_head, tls=authority.server)
    start = time.monotonic()
    slow = Http(timeout=0.5, connect_timeout=0.5, ca=authority.pem)
    (answer,) = ask(server.url, http=slow)
    took = time.monotonic() - start

    assert isinstance(answer, NoReply)
    assert answer.sent is None
    assert took < 2 * (0.5 + 0.5) + 1


def test_a_connection_outlives_the_deadline_of_its_request(ask: Ask, serve: Any) -> None:
    """The next request on a connection has a deadline of its own."""
    server = serve()
    answers = ask(*[server.url] * 3, http=SHORT, between=lambda: time.sleep(0.6))

    assert answers == [FINE] * 3
    assert server.connections == 1


def chunked(peer: Any) -> None:
    peer.read()
    peer.say(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n"
    )


def zipped(peer: Any) -> None:
    peer.read()
    packed = zlib.compress(b"{}", wbits=31)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    peer.say(head % len(packed) + packed)


def until_closed(peer: Any) -> None:
    peer.read()
    peer.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}")


def informed(peer: Any) -> None:
    peer.read()
    peer.say(
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    )


@pytest.mark.parametrize("talk", [chunked, zipped, until_closed, informed])
def test_every_way_to_send_a_body_is_read(ask: Ask, serve: Any, talk: Any) -> None:
    """Chunks, gzip, a body up to the close and interim answers are all one answer."""
    (answer,) = ask(serve(talk).url)

    assert isinstance(answer, Reply)
    assert (answer.status, answer.body) == (200, b"{}")


def coded(coding: bytes, body: bytes) -> Callable[[Any], None]:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n%b"

    def talk(peer: Any) -> None:
        peer.read()
        peer.say(head % (coding, len(body), body))

    return talk


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"identity", b"{}"),
        (b"x-gzip", zlib.compress(b"{}", wbits=31)),
        (b"deflate", zlib.compress(b"{}")),
        (b"deflate", zlib.compress(b"{}", wbits=-15)),
        (b"gzip", zlib.compress(b"{}" + b" " * (MAX_ANSWER - 2), wbits=31)),
    ],
    ids=["identity", "x-gzip", "deflate", "deflate, raw", "gzip, as large as may be"],
)
def test_a_coding_that_was_not_asked_for_is_read(
    ask: Ask, serve: Any, coding: bytes, body: bytes
) -> None:
    """What a middle box packs is unpacked, up to the bound."""
    (answer,) = ask(serve(coded(coding, body)).url)

    assert isinstance(answer, Reply)
    assert answer.body.strip() == b"{}"


@pytest.mark.parametrize(
    ("coding", "body"),
    [(b"br", b"\x0b\x00\x80{}\x03"), (b"gzip, gzip", b"{}"), (b"gzip", zlib.compress(b"{}"))],
    ids=["br", "twice", "not gzip"],
)
def test_a_coding_that_cannot_be_bounded_is_a_broken_answer(
    ask: Ask, serve: Any, coding: bytes, body: bytes
) -> None:
    """What is packed in another way than gzip and deflate leaves it unknown."""
    (answer,) = ask(serve(coded(coding, body)).url)

    assert answer == NoReply(None, "DecodingError")


def endless(peer: Any) -> None:
    peer.read()
    peer.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        peer.say(b" " * 65_536)


BOMB = zlib.compress(b" " * 300_000_000, wbits=31)


@pytest.mark.parametrize("talk", [endless, coded(b"gzip", BOMB)], ids=["endless", "packed"])
def test_an_answer_has_a_bound(ask: Ask, serve: Any, talk: Any) -> None:
    """A body that is larger, or would be unpacked, is no answer, and is not held in memory."""
    server = serve(talk)
    tracemalloc.start()
    (answer,) = ask(server.url)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert answer == NoReply(None, "the answer has more than 10 MiB")
    assert peak < 4 * MAX_ANSWER
    assert server.await_alive(0) == 0


def too_short(peer: Any) -> None:
    peer.read()
    peer.say(b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"errors":[{"message":"m"}]}')


def test_a_body_longer_than_said_is_a_broken_answer(ask: Ask, serve: Any) -> None:
    """A Content-Length that cuts the JSON short does not make a success of it."""
    (answer,) = ask(serve(too_short).url)

    assert isinstance(answer, Reply)
    assert broken(answer)


def test_a_connection_is_kept(ask: Ask, serve: Any) -> None:
    """Several requests share one connection."""
    server = serve()
    answers = ask(*[server.url] * 3)

    assert answers == [FINE] * 3
    assert server.connections == 1


def one_each(peer: Any) -> None:
    peer.read()
    peer.say(OK)


def test_a_connection_closed_while_idle_is_not_used(ask: Ask, serve: Any) -> None:
    """What the server closed between two requests costs no request."""
    server = serve(one_each)
    answers = ask(server.url, server.url, between=lambda: time.sleep(0.1))

    assert answers == [FINE] * 2
    assert server.connections == 2


def test_no_connection_outlives_a_machine_that_stood_still(
    ask: Ask, serve: Any, time_machine: Any
) -> None:
    """The calendar went on by an hour and the clock of connections did not: others are opened."""
    server = serve()
    thawed = time.time() + 3600
    answers = ask(*[server.url] * 2, between=lambda: time_machine.move_to(thawed, tick=True))

    assert answers == [FINE] * 2
    assert server.connections == 2


def test_the_connections_of_before_a_thaw_are_closed(
    ask: Ask, serve: Any, time_machine: Any
) -> None:
    """A process that is frozen after each request has one connection, not one for each thaw."""
    server = serve()

    def freeze() -> None:
        assert server.await_alive(1) == 1
        time_machine.move_to(time.time() + 3600, tick=True)

    answers = ask(*[server.url] * 20, between=freeze)

    assert answers == [FINE] * 20
    assert server.connections == 20
    assert server.await_alive(0) == 0


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_request_outlives_a_thaw(serve: Any, time_machine: Any, kind: str) -> None:
    """The connections of before are closed once no request waits for its answer on them."""
    asked, thawed = threading.Event(), threading.Event()

    def talk(peer: Any) -> None:
        while peer.read():
            if peer.number == 1:
                asked.set()
                thawed.wait(5)
            peer.say(OK)

    server = serve(talk)
    request = Request("POST", server.url, {}, b"{}", "POST /x")

    def blocking() -> list[Answer]:
        driver, found = SyncDriver(Http()), list[Answer]()
        first = threading.Thread(target=lambda: found.append(driver.send(request)))
        first.start()
        asked.wait(5)
        time_machine.move_to(time.time() + 3600, tick=True)
        found.append(driver.send(request))
        thawed.set()
        first.join()
        alive.append(server.await_alive(1))
        driver.close()
        return found

    async def awaiting() -> list[Answer]:
        driver = AsyncDriver(Http())
        first = asyncio.create_task(driver.send(request))
        await asyncio.to_thread(asked.wait, 5)
        time_machine.move_to(time.time() + 3600, tick=True)
        second = await driver.send(request)
        thawed.set()
        found = [second, await first]
        alive.append(await asyncio.to_thread(server.await_alive, 1))
        await driver.aclose()
        return found

    alive: list[int] = []
    answers = blocking() if kind == "sync" else asyncio.run(awaiting())

    assert answers == [FINE] * 2
    assert alive == [1]
    assert server.connections == 2


def misdirected(peer: Any) -> None:
    while peer.read():
        peer.say(OK if peer.number > 1 else b"HTTP/1.1 421 No\r\nContent-Length: 0\r\n\r\n")


def test_a_misdirected_request_is_sent_again_by_another_connection(ask: Ask, serve: Any) -> None:
    """After 421, which a connection cannot answer for, the next request has a new one."""
    server = serve(misdirected)
    answers = ask(server.url, server.url)

    assert [answer.status for answer in answers if isinstance(answer, Reply)] == [421, 200]
    assert server.connections == 2


def closing_on_the_second(peer: Any) -> None:
    peer.read()
    peer.say(OK)
    peer.read()
    peer.reset()


def test_a_connection_closed_under_a_request_leaves_it_unknown(ask: Ask, serve: Any) -> None:
    """The race of a keep-alive connection is not mistaken for a request that never went."""
    answers = ask(*[serve(closing_on_the_second).url] * 2)

    assert answers[0] == FINE
    assert isinstance(answers[1], NoReply)
    assert answers[1].sent is None


def test_no_cookie_is_kept(ask: Ask, serve: Any) -> None:
    """What a server sets is not sent to it again: requests do not depend on each other."""
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 2\r\n\r\n{}"

    def cookies(peer: Any) -> None:
        while peer.read():
            peer.say(head)

    server = serve(cookies)
    ask(server.url, server.url)

    assert not [request for _, request in server.requests if b"ookie" in request]


def test_an_own_authority_is_trusted(ask: Ask, serve: Any, authority: Any) -> None:
    """A certificate of the authority given is accepted."""
    server = serve(tls=authority.server)
    (answer,) = ask(server.url, http=Http(ca=authority.pem))

    assert answer == FINE


def test_the_systems_authorities_refuse_it(ask: Ask, serve: Any, authority: Any) -> None:
    """The same certificate is refused where nobody said to trust it, and nothing was sent."""
    server = serve(tls=authority.server)
    (answer,) = ask(server.url)

    assert isinstance(answer, NoReply)
    assert answer.sent is False
    assert server.requests == []


def test_a_certificate_of_another_name_is_refused(ask: Ask, serve: Any, authority: Any) -> None:
    """Names are checked, with an own authority too."""
    server = serve(tls=authority.server)
    (answer,) = ask(f"https://127.0.0.1:{server.port}/x", http=Http(ca=authority.pem))

    assert isinstance(answer, NoReply)
    assert answer.sent is False


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_an_authority_that_cannot_be_read_is_said(
    ask: Ask, tmp_path: Path, content: bytes | None
) -> None:
    """A bundle that is missing, empty or none is refused when the client is made."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigurationError, match="certificate"):
        ask("http://127.0.0.1:1", http=Http(ca=str(path)))


@pytest.mark.parametrize(
    "bad",
    [
        *({"timeout": 0}, {"timeout": -1}, {"timeout": float("inf")}, {"timeout": float("nan")}),
        *({"timeout": "10"}, {"timeout": True}, {"connect_timeout": None}, {"max_connections": 0}),
        *({"proxy": "ftp://x:1"}, {"proxy": "http://"}, {"proxy": {"ftp": "http://x:1"}}),
        *(
            {"proxy": "http://user:marker@[x"},
            {"proxy": "http://x:99999"},
            {"no_proxy": "localhost"},
        ),
    ],
)
def test_what_no_connection_can_keep_to_is_refused(bad: dict[str, Any]) -> None:
    """A timeout, proxy or number that cannot work is refused where it is written, unquoted."""
    with pytest.raises(ConfigurationError) as raised:
        Http(**bad)

    assert "marker" not in str(raised.value)


def test_no_proxy_is_shown() -> None:
    """A proxy's URL can hold a password: no repr shows it, rich's neither."""
    http = Http(proxy={"https": "http://user:marker@proxy:1"})

    assert "marker" not in f"{http!r} {http.__rich_repr__()}"
