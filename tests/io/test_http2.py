"""HTTP/2: answers have numbers, and what breaks its rules is no answer."""

import time
from collections.abc import Callable
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest
from hyperframe.frame import DataFrame, HeadersFrame

from ferryman import Http
from ferryman._core.message import Answer, NoReply, Reply

Ask = Callable[..., list[Answer]]


class Talk:
    """Serves a connection of HTTP/2; *then* says what follows the answer to a request."""

    def __init__(self, then: Callable[["Talk", int], None]) -> None:
        self.then = then

    def __call__(self, peer: Any) -> None:
        self.peer = peer
        self.connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self.connection.initiate_connection()
        while True:
            peer.say(self.connection.data_to_send())
            if not (data := peer.sock.recv(65_536)):
                return
            for event in self.connection.receive_data(data):
                if isinstance(event, h2.events.StreamEnded):
                    peer.server.requests.append((peer.number, b""))
                    self.then(self, event.stream_id)

    def answer(self, stream: int, status: str = "200", body: bytes = b"{}") -> None:
        """Say an answer as it should be."""
        self.connection.send_headers(stream, [(":status", status)])
        self.connection.send_data(stream, body, end_stream=True)
        self.peer.say(self.connection.data_to_send())

    def by_hand(self, stream: int, status: str = "200", body: bytes = b"{}") -> None:
        """Say an answer whatever the rules are."""
        head = HeadersFrame(stream, self.connection.encoder.encode([(":status", status)]))
        head.flags.add("END_HEADERS")
        data = DataFrame(stream, body)
        data.flags.add("END_STREAM")
        self.peer.say(head.serialize() + data.serialize())


def first(talk: Talk) -> bool:
    return len(talk.peer.server.requests) == 1


def twice(talk: Talk, stream: int) -> None:
    talk.answer(stream, "200" if first(talk) else "503")
    if first(talk):
        talk.by_hand(stream)


def ahead(talk: Talk, stream: int) -> None:
    talk.answer(stream, "200" if first(talk) else "503")
    if first(talk):
        talk.by_hand(stream + 1_000)


def refused_too(talk: Talk, stream: int) -> None:
    talk.answer(stream, "200" if first(talk) else "503")
    if first(talk):
        talk.by_hand(stream, "207", b'{"errors":[{"batch_index":0}]}')


@pytest.fixture
def secure(authority: Any) -> Any:
    """The server's side of TLS, which offers HTTP/2."""
    authority.server.set_alpn_protocols(["h2"])
    yield authority.server
    authority.server.set_alpn_protocols(["http/1.1"])


@pytest.mark.parametrize("then", [twice, ahead, refused_too])
def test_an_answer_too_many_is_not_taken_for_the_next(
    ask: Ask, serve: Any, authority: Any, secure: Any, then: Any
) -> None:
    """What has the number of no open request ends the connection, and answers nothing."""
    server = serve(Talk(then), secure)
    answers = ask(server.url, server.url, http=Http(timeout=5, ca=authority.pem, http2=True))

    later = answers[1]
    assert isinstance(answers[0], Reply) or answers[0].sent is None
    assert later.status == 503 if isinstance(later, Reply) else later.sent is None


def broken_amid(talk: Talk, stream: int) -> None:
    talk.connection.send_headers(stream, [(":status", "200")])
    talk.connection.send_data(stream, b"{")
    talk.peer.say(talk.connection.data_to_send())
    time.sleep(0.1)  # the client reads the body by now
    talk.by_hand(stream + 1_000)


def without_a_number(talk: Talk, stream: int) -> None:
    talk.by_hand(stream, "fine")


def reset(talk: Talk, stream: int) -> None:
    talk.connection.reset_stream(stream)


@pytest.mark.parametrize("then", [broken_amid, without_a_number, reset])
def test_what_breaks_the_protocol_is_no_answer(
    ask: Ask, serve: Any, authority: Any, secure: Any, then: Any
) -> None:
    """It may have arrived, whatever the library raises."""
    server = serve(Talk(then), secure)
    (answer,) = ask(server.url, http=Http(timeout=5, ca=authority.pem, http2=True))

    assert isinstance(answer, NoReply)
    assert answer.sent is None


def misdirected(talk: Talk, stream: int) -> None:
    talk.answer(stream, "421" if talk.peer.number == 1 else "200")


def test_a_misdirected_request_is_sent_again_by_another_connection(
    ask: Ask, serve: Any, authority: Any, secure: Any
) -> None:
    """After 421 (RFC 9110, 15.5.20) the next request has a new connection."""
    server = serve(Talk(misdirected), secure)
    answers = ask(server.url, server.url, http=Http(timeout=5, ca=authority.pem, http2=True))

    assert [answer.status for answer in answers if isinstance(answer, Reply)] == [421, 200]
    assert server.connections == 2
