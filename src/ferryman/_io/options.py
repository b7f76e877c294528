"""How to reach the network: timeouts, proxies, certificate authority. Values only."""

import ssl
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import httpx2
import msgspec

from ferryman.errors import ConfigurationError

Mode: TypeAlias = Literal["live", "off"]
"""``off``: everything is checked and counted, nothing is sent."""


class Http(msgspec.Struct, frozen=True, kw_only=True):
    """How requests travel.

    ``timeout`` bounds a whole answer in seconds (10), ``connect_timeout`` the connection (5).
    ``proxy`` is one proxy URL for everything, or a mapping of ``"http"``, ``"https"``,
    ``"all"`` to one; ``no_proxy`` lists hosts reached without. ``ca`` is the path of a PEM
    bundle or directory that replaces the system's certificate authorities; certificates are
    always verified. ``http2=True`` wants ``ferryman[http2]``.
    """

    timeout: float = 10.0
    connect_timeout: float = 5.0
    proxy: str | Mapping[str, str] | None = None
    no_proxy: tuple[str, ...] = ()
    ca: str | None = None
    http2: bool = False
    max_connections: int = 100

    def __post_init__(self) -> None:
        """Refuse timeouts that are none."""
        for name in ("timeout", "connect_timeout"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ConfigurationError(f"Http.{name} must be more than 0 seconds, and finite")

    def __repr__(self) -> str:
        """Hide the proxies: their URLs can hold passwords."""
        return f"Http(timeout={self.timeout}, connect_timeout={self.connect_timeout})"


def arguments(http: Http, *, transport: type[Any]) -> dict[str, Any]:
    """Return what an HTTP client is made with; *transport* is its class of transports."""
    import os.path  # only to tell a file from a directory

    limits = httpx2.Limits(max_connections=http.max_connections, max_keepalive_connections=20)
    verify: ssl.SSLContext | bool = True
    if http.ca:
        is_directory = os.path.isdir(http.ca)
        try:
            verify = ssl.create_default_context(
                cafile=None if is_directory else http.ca, capath=http.ca if is_directory else None
            )
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"the certificate authority file cannot be read: {type(error).__name__}"
            ) from None
    given: dict[str, Any] = {
        "timeout": httpx2.Timeout(http.timeout, connect=http.connect_timeout),
        "follow_redirects": False,
        "trust_env": False,
        "verify": verify,
        "http2": http.http2,
        "limits": limits,
    }
    if http.proxy:
        by_scheme = {"all": http.proxy} if isinstance(http.proxy, str) else http.proxy
        shared = {"verify": verify, "trust_env": False, "http2": http.http2, "limits": limits}
        if "*" not in http.no_proxy:
            given["mounts"] = {
                f"{scheme}://": transport(proxy=_proxy_url(url), **shared)
                for scheme, url in by_scheme.items()
            } | {_pattern(host): None for host in http.no_proxy}
    return given


def _proxy_url(url: str) -> str:
    return url if "://" in url else f"http://{url}"


def _pattern(host: str) -> str:
    # NO_PROXY's ".example.com" and "example.com" both mean the host and all below it.
    bare = host.strip().removeprefix("*").lstrip(".")
    if bare.count(":") > 1 and not bare.startswith("["):
        return f"all://[{bare}]"
    is_name = any(c.isalpha() for c in bare) and bare.lower() != "localhost" and ":" not in bare
    return f"all://*{bare}" if is_name else f"all://{bare}"
