"""Proxies: which requests go through them, and what they are told."""

import base64
import contextlib
import os
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from typing import Any

import pytest

from ferryman import Http
from ferryman._core.message import Answer, NoReply, Reply
from ferryman._io.routes import bypassed

Ask = Callable[..., list[Answer]]


def tunnel(peer: Any) -> None:
    """Be a proxy that connects to whatever it is asked for."""
    head = peer.read()
    host, _, port = head.split()[1].decode().partition(":")
    with socket.create_connection((host, int(port))) as far:
        peer.say(b"HTTP/1.1 200 Connection established\r\n\r\n")

        def back() -> None:
            with contextlib.suppress(OSError):  # the tunnel is closed while it waits
                while data := far.recv(65_536):
                    peer.say(data)

        threading.Thread(target=back, daemon=True).start()
        while data := peer.sock.recv(65_536):
            far.sendall(data)


def test_plain_requests_are_forwarded(ask: Ask, serve: Any) -> None:
    """A proxy for http gets the whole URL and its own credentials."""
    proxy = serve()
    url = f"http://user:p%40ss@127.0.0.1:{proxy.port}"
    (answer,) = ask("http://track.invalid/x", http=Http(proxy=url))
    request = proxy.requests[0][1]

    assert isinstance(answer, Reply)
    assert request.startswith(b"POST http://track.invalid/x HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"user:p@ss") in request


def test_tls_goes_through_a_tunnel(ask: Ask, serve: Any, authority: Any) -> None:
    """A proxy for https sees a host and a port, and none of our headers."""
    server, proxy = serve(tls=authority.server), serve(tunnel)
    http = Http(proxy={"https": proxy.url}, ca=authority.pem)
    (answer,) = ask(server.url + "/x", http=http)

    assert isinstance(answer, Reply)
    assert proxy.requests[0][1].startswith(b"CONNECT localhost:%d HTTP/1.1\r\n" % server.port)
    assert b"c2VjcmV0" not in proxy.requests[0][1]
    assert server.requests[0][1].startswith(b"POST /x HTTP/1.1\r\n")


def test_a_tunnel_that_is_refused_carried_nothing(ask: Ask, serve: Any) -> None:
    """A proxy that does not let us through means that nothing arrived."""

    def refuse(peer: Any) -> None:
        peer.read()
        peer.say(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    (answer,) = ask("https://track.invalid/x", http=Http(proxy=serve(refuse).url))

    assert answer == NoReply(False, "ProxyError")


@pytest.mark.parametrize(
    ("proxy", "through"),
    [
        ({"https": "PROXY"}, False),
        ({"http": "PROXY"}, True),
        ({"all": "PROXY"}, True),
        ({"http": "PROXY", "all": "http://127.0.0.1:1"}, True),
        ({}, False),
        ({"http": ""}, False),
    ],
)
def test_each_scheme_has_its_proxy(
    ask: Ask, serve: Any, proxy: dict[str, str], through: bool
) -> None:
    """A proxy for a scheme serves that scheme, "all" what has none of its own."""
    server, relay = serve(), serve()
    http = Http(proxy={scheme: url.replace("PROXY", relay.url) for scheme, url in proxy.items()})
    (answer,) = ask(server.url, http=http)

    assert isinstance(answer, Reply)
    assert (len(server.requests), len(relay.requests)) == ((0, 1) if through else (1, 0))


@pytest.mark.parametrize("no_proxy", ["127.0.0.1", "127.0.0.0/8", "*"])
def test_some_hosts_are_reached_without(ask: Ask, serve: Any, no_proxy: str) -> None:
    """A host on the list is asked directly."""
    server = serve()
    (answer,) = ask(server.url, http=Http(proxy="http://127.0.0.1:1", no_proxy=(no_proxy,)))

    assert isinstance(answer, Reply)


@pytest.mark.parametrize(
    ("host", "port", "entry", "direct"),
    [
        ("example.com", None, "example.com", True),
        ("api.example.com", None, "example.com", True),
        ("api.example.com", None, ".example.com", True),
        ("example.com", None, ".example.com", True),
        ("api.example.com", None, "*.example.com", True),
        ("evilexample.com", None, "example.com", False),
        ("example.com.evil", None, "example.com", False),
        ("example.com", None, "EXAMPLE.com", True),
        ("example.com", 8080, "example.com:8080", True),
        ("example.com", 8081, "example.com:8080", False),
        ("localhost", 8080, "localhost", True),
        ("10.1.2.3", None, "10.0.0.0/8", True),
        ("11.1.2.3", None, "10.0.0.0/8", False),
        ("::1", None, "::1", True),
        ("::1", None, "[::1]", True),
        ("example.com", None, "10.0.0.0/8", False),
        ("example.com", None, "", False),
        ("example.com", None, " ", False),
        ("anything", None, "*", True),
    ],
)
def test_the_customs_of_no_proxy(host: str, port: int | None, entry: str, direct: bool) -> None:
    """An entry names a host and all below it, an address, a network, or everything."""
    found = bypassed(host, port, ["other.invalid", entry])

    assert found is direct


PROGRAM = """
import sys
from ferryman import Account, Client, Http, Retry, Settings, Unreachable

url, by = sys.argv[1:]
if by == "hand":
    account = Account(site_id="s", track_api_key="k", track_url=url)
    client = Client(account, retry=Retry(retries=0))
else:
    client = Settings.from_env().client(retry=Retry(retries=0))
with client:
    try:
        client.delete("1")
        print("arrived")
    except Unreachable as error:
        print(error)
"""


def run(url: str, by: str, **variables: str) -> str:
    clean = {n: v for n, v in os.environ.items() if "proxy" not in n.lower() and "SSL" not in n}
    env = {
        **clean,
        "CUSTOMERIO_SITE_ID": "s",
        "CUSTOMERIO_TRACK_API_KEY": "k",
        "CUSTOMERIO_TRACK_URL": url,
        **variables,
    }
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(PROGRAM), url, by]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_only_the_settings_read_the_environments_proxy(serve: Any, name: str) -> None:
    """A client made by hand goes straight; one made by the settings through HTTP_PROXY."""
    server, proxy = serve(), serve()
    by_hand = run(server.url, "hand", **{name: proxy.url})
    seen_by_hand = (len(server.requests), len(proxy.requests))
    by_settings = run(server.url, "settings", **{name: proxy.url})

    assert (by_hand, by_settings) == ("arrived", "arrived")
    assert seen_by_hand == (1, 0)
    assert (len(server.requests), len(proxy.requests)) == (1, 1)


def test_the_settings_read_no_proxy(serve: Any) -> None:
    """NO_PROXY is read where the proxies are."""
    server = serve()
    by_settings = run(server.url, "settings", HTTP_PROXY="http://127.0.0.1:1", NO_PROXY="127.0.0.1")

    assert by_settings == "arrived"


def test_only_the_settings_read_the_environments_authority(serve: Any, authority: Any) -> None:
    """SSL_CERT_FILE is trusted by a client of the settings, and by none made by hand."""
    server = serve(tls=authority.server)
    by_hand = run(server.url, "hand", SSL_CERT_FILE=authority.pem)
    by_settings = run(server.url, "settings", SSL_CERT_FILE=authority.pem)

    assert "was not sent" in by_hand
    assert by_settings == "arrived"
