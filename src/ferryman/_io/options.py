"""How to reach the network: timeouts, proxies, certificate authority. Values, and their checks.

Nothing here reads the environment: settings.py passes in what it says.
"""

import math
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

import httpx2
import msgspec

from ferryman._core.secret import Secret
from ferryman.errors import ConfigurationError

Mode: TypeAlias = Literal["live", "off"]
"""``off``: everything is checked and counted, nothing is sent."""

_PROXIES = ("http", "https", "socks5", "socks5h")


class Http(msgspec.Struct, frozen=True, kw_only=True):
    """How requests travel.

    ``timeout`` bounds an answer in seconds (10), ``connect_timeout`` the connection (5), and
    both together one try as a whole, however slowly its answer comes.
    ``proxy`` is one proxy URL for everything, or a mapping of ``"http"``, ``"https"``,
    ``"all"`` to one; ``no_proxy`` lists hosts (with all below them), addresses and networks
    reached without, ``"*"`` for every one. ``ca`` is the path of a PEM bundle or directory that
    replaces the system's certificate authorities; certificates are always verified.
    ``http2=True`` wants ``ferryman[http2]``.

    Raises ConfigurationError for a number or a proxy that cannot work.
    """

    timeout: float = 10.0
    connect_timeout: float = 5.0
    proxy: str | Mapping[str, str] | None = None
    no_proxy: tuple[str, ...] = ()
    ca: str | None = None
    http2: bool = False
    max_connections: int = 100

    def __post_init__(self) -> None:
        """Refuse what no connection can keep to."""
        for name in ("timeout", "connect_timeout"):
            value = getattr(self, name)
            if type(value) not in (int, float) or not 0 < value < math.inf:
                raise ConfigurationError(f"Http.{name} must be more than 0 seconds, and finite")
        if type(self.max_connections) is not int or self.max_connections < 1:
            raise ConfigurationError("Http.max_connections must be a whole number, 1 or more")
        if isinstance(self.no_proxy, str):
            raise ConfigurationError("Http.no_proxy must be a tuple of hosts, not one text")
        for scheme, url in self.proxies().items():
            if scheme not in ("http", "https", "all"):
                raise ConfigurationError("Http.proxy maps only 'http', 'https' and 'all'")
            if not _is_proxy(url):
                raise ConfigurationError(
                    f"a proxy must be a URL such as http://proxy:3128 ({', '.join(_PROXIES)})"
                )

    def __repr__(self) -> str:
        """Hide the proxies: their URLs can hold passwords."""
        return f"Http(timeout={self.timeout}, connect_timeout={self.connect_timeout})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show rich no more than repr: msgspec's own shows the proxies."""
        return [("timeout", self.timeout), ("connect_timeout", self.connect_timeout)]

    def proxies(self) -> dict[str, str]:
        """Return the proxy URLs by the scheme they serve."""
        given = {"all": self.proxy} if isinstance(self.proxy, str) else dict(self.proxy or {})
        return {
            scheme: Secret(url if "://" in url else f"http://{url}")
            for scheme, url in given.items()
            if url
        }


def _is_proxy(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.scheme in _PROXIES and parts.hostname and parts.port != 0)
    except ValueError:  # its text quotes the URL
        return False


def certificates(http: Http) -> ssl.SSLContext:
    """Return the certificate authorities to trust; raise ConfigurationError for none."""
    if not http.ca:
        return httpx2.create_ssl_context(trust_env=False)
    # create_default_context would read SSLKEYLOGFILE from the environment.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    is_directory = Path(http.ca).is_dir()
    try:
        context.load_verify_locations(
            cafile=None if is_directory else http.ca, capath=http.ca if is_directory else None
        )
    except OSError as error:
        raise ConfigurationError(
            f"the certificate authority file cannot be read: {type(error).__name__}"
        ) from None
    return context


def http_of(found: Mapping[str, str]) -> Http:
    """Return the network settings that *found*, an environment, asks for.

    The HTTP library reads none itself. Raises ConfigurationError for a proxy that cannot work.
    """
    # As urllib reads them: small letters win, and HTTP_PROXY in capitals may be the header
    # Proxy of a CGI request (https://httpoxy.org).
    proxies: dict[str, str] = {}
    for name in sorted(found):
        if name.lower().endswith("_proxy") and not (
            name == "HTTP_PROXY" and "REQUEST_METHOD" in found
        ):
            proxies[name.lower().removesuffix("_proxy")] = found[name].strip()
    return Http(
        proxy={s: proxies[s] for s in ("http", "https", "all") if proxies.get(s)} or None,
        no_proxy=tuple(host.strip() for host in proxies.get("no", "").split(",") if host.strip()),
        ca=found.get("SSL_CERT_FILE") or found.get("SSL_CERT_DIR") or None,
    )
