"""Which way a request travels: straight, or through a proxy; and the connections of each way.

The HTTP library's transports, below its client: that one logs every URL at INFO, keeps cookies
and reads proxies its own way. No decision about Customer.io stands here.
"""

import ipaddress
import ssl
import time
import zlib
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import httpx2

from ferryman._core.answer import MAX_ANSWER
from ferryman._core.message import Answer, NoReply, Reply, Request
from ferryman.errors import ConfigurationError

from .failures import TOO_LARGE
from .options import Http

X = TypeVar("X", bound=httpx2.BaseTransport | httpx2.AsyncBaseTransport)


_GAP = 5.0
"""Seconds that the HTTP library keeps an idle connection, by a clock that sleeps as it does."""


class Routes(Generic[X]):
    """The transports of one driver: the direct one, and one for each proxy."""

    def __init__(self, http: Http, context: ssl.SSLContext, make: Callable[..., X]) -> None:
        limits = httpx2.Limits(max_connections=http.max_connections, max_keepalive_connections=20)
        shared: dict[str, Any] = {
            "verify": context,
            "trust_env": False,
            "http2": http.http2,
            "limits": limits,
        }
        self.inside: set[httpx2.Request] = set()
        """The requests on their way here: the connections stay open for them."""
        self._misdirected = False
        self._no_proxy = http.no_proxy
        self._ahead = time.time() - time.monotonic()
        proxies = http.proxies()
        try:
            self._direct = make(**shared)
            opened = {url: make(proxy=url, **shared) for url in set(proxies.values())}
        except ImportError:
            needed = "h2 (HTTP/2)" if http.http2 else "socksio (SOCKS proxies)"
            raise ConfigurationError(f"Http needs a package that is not there: {needed}") from None
        self._proxied = {scheme: opened[url] for scheme, url in proxies.items()}

    def over(self) -> bool:
        """Tell whether the next request needs new connections."""
        return self._misdirected or self._slept()

    def learn(self, status: int) -> None:
        """Note the *status* of an answer."""
        # RFC 9110, 15.5.20: the server of this connection cannot answer for that host.
        self._misdirected = self._misdirected or status == 421

    def _slept(self) -> bool:
        """Tell, once each time, whether the machine stood still since this was last asked.

        A frozen function or a closed lid stops the monotonic clock, by which connections age, and
        not the calendar's: nobody may be at the other end of them any more (delivery rule 34). A
        calendar that is put forward looks the same, and costs new connections.
        """
        before, self._ahead = self._ahead, time.time() - time.monotonic()
        return self._ahead - before > _GAP

    def way(self, url: str) -> X:
        """Return the transport that serves *url*."""
        if not self._proxied:
            return self._direct
        parts = urlsplit(url)
        if bypassed(parts.hostname or "", parts.port, self._no_proxy):
            return self._direct
        return self._proxied.get(parts.scheme) or self._proxied.get("all") or self._direct

    def every(self) -> set[X]:
        """Return all transports, to be closed."""
        return {self._direct, *self._proxied.values()}


def bypassed(host: str, port: int | None, no_proxy: Iterable[str]) -> bool:
    """Tell whether *host* is reached without a proxy, by the customs of NO_PROXY."""
    for entry in no_proxy:
        name = entry.strip().lower().removeprefix("*").lstrip(".")
        if entry.strip() == "*":
            return True
        if name and (_within(host, name) or (port and _within(f"{host}:{port}", name))):
            return True
    return False


def _within(host: str, name: str) -> bool:
    if host == name.strip("[]") or host.endswith("." + name):
        return True
    if "/" not in name:
        return False
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(name, strict=False)
    except ValueError:
        return False


def outgoing(request: Request, http: Http) -> httpx2.Request:
    """Return *request* as the HTTP library takes it, with its timeouts."""
    wait = http.timeout
    timeouts = {"connect": http.connect_timeout, "read": wait, "write": wait, "pool": wait}
    return httpx2.Request(
        request.method,
        request.url,
        headers=dict(request.headers),
        content=request.body,
        extensions={"timeout": timeouts},
    )


def incoming(response: httpx2.Response, body: bytes) -> Answer:
    """Return an answer whose *body* has been read, raw; raise DecodingError when it is garbled."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    coding = headers.get("content-encoding", "identity").strip().lower()
    if body and coding != "identity":  # none was asked for, and a middle box may add one
        body = _decoded(body, coding)
    if len(body) > MAX_ANSWER:
        return NoReply(None, TOO_LARGE)
    return Reply(response.status_code, headers, body)


# What zlib calls each coding; deflate comes with its header and without. Others are garbled:
# a few bytes of brotli stand for gigabytes, and its library has no bound.
_WINDOWS: dict[str, tuple[int, ...]] = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}


def _decoded(body: bytes, coding: str) -> bytes:
    """Return *body* decoded, or as much as shows that it is too large."""
    for window in _WINDOWS.get(coding, ()):
        decoder = zlib.decompressobj(window)
        try:
            found = decoder.decompress(body, MAX_ANSWER + 1)
        except zlib.error:
            continue
        if decoder.eof or len(found) > MAX_ANSWER:
            return found
    raise httpx2.DecodingError("the body is not what its Content-Encoding says")
