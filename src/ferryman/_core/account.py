"""Where a workspace is and by which keys it is entered; an operation becomes a request here.

The only place that knows hosts, regions and the form of credentials. Reads no environment.
Follows https://docs.customer.io/integrations/api/customerio-apis/
"""

import base64
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, TypeAlias
from urllib.parse import unquote, urlencode, urlsplit

import msgspec

from ferryman.errors import ConfigurationError, InvalidOperation

from .message import BATCH_PATHS, Api, Operation, Request, Route
from .secret import Secret

Region: TypeAlias = Literal["us", "eu"]

HOSTS: dict[Api, dict[Region, str]] = {
    "track": {"us": "https://track.customer.io", "eu": "https://track-eu.customer.io"},
    "app": {"us": "https://api.customer.io", "eu": "https://api-eu.customer.io"},
    "pipelines": {"us": "https://cdp.customer.io", "eu": "https://cdp-eu.customer.io"},
}
NEW_KEY = re.compile(r"^(pk|sk)_(us|eu)_")
_JSON = "application/json; charset=utf-8"
USER_AGENT = "ferryman-python"


class Account(msgspec.Struct, frozen=True, kw_only=True, dict=True):  # dict: what is cached
    """The keys and the place of one Customer.io workspace.

    Give ``site_id`` with ``track_api_key`` (Track), ``app_api_key`` (App) and
    ``pipelines_write_key`` (Pipelines), or one ``private_key`` (``sk_us_…``, ``sk_eu_…``) for
    all of them. A ``…_url`` (an origin without a path) wins over the region in the private key,
    and that over ``region``. Keys are stripped of white space and never shown.

    Raises ConfigurationError for a public ``pk_`` key as private key, an unknown region, a URL
    that is no origin, or a key with characters that no header can carry.
    """

    site_id: str = ""
    track_api_key: str = ""
    app_api_key: str = ""
    private_key: str = ""
    pipelines_write_key: str = ""
    region: Region | None = None
    track_url: str | None = None
    app_url: str | None = None
    pipelines_url: str | None = None

    def __post_init__(self) -> None:
        """Clean what was pasted and refuse what cannot work."""
        for name in _KEYS:
            msgspec.structs.force_setattr(self, name, checked_key(name, getattr(self, name)))
        for name in ("track_url", "app_url", "pipelines_url"):
            if getattr(self, name) is not None:
                url = origin(getattr(self, name), name=name)
                msgspec.structs.force_setattr(self, name, url)
        if self.region not in (None, "us", "eu"):
            raise ConfigurationError("region must be 'us' or 'eu'")
        if self.private_key and not self.private_key.startswith(("sk_us_", "sk_eu_")):
            kind = "a public key" if self.private_key.startswith("pk_") else "another kind of key"
            raise ConfigurationError(
                f"private_key must begin with sk_us_ or sk_eu_; this is {kind}"
            )

    def __repr__(self) -> str:
        """Say which keys there are, never what they are."""
        given = [f"{name}='•••'" for name in _KEYS if getattr(self, name)]
        return f"Account({', '.join([*given, f'region={self.resolved_region!r}'])})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show rich no more than repr: msgspec's own shows every key."""
        given = [(name, "•••") for name in _KEYS if getattr(self, name)]
        return [*given, ("region", self.resolved_region)]

    @property
    def resolved_region(self) -> Region:
        """The region in force: the private key's, else ``region``, else ``"us"``."""
        if found := NEW_KEY.match(self.private_key):
            return "eu" if found[2] == "eu" else "us"
        return self.region or "us"

    @property
    def apis(self) -> tuple[Api, ...]:
        """The APIs that these keys open."""
        keys: dict[Api, bool] = {
            "track": bool(self.site_id and self.track_api_key),
            "app": bool(self.app_api_key),
            "pipelines": bool(self.pipelines_write_key),
        }
        return tuple(api for api, held in keys.items() if held or self.private_key)

    def base_url(self, api: Api) -> str:
        """Return the origin of *api*."""
        given: dict[Api, str | None] = {
            "track": self.track_url,
            "app": self.app_url,
            "pipelines": self.pipelines_url,
        }
        region = self.resolved_region
        found = NEW_KEY.match(self.pipelines_write_key)
        if api == "pipelines" and found and not self.private_key:
            region = "eu" if found[2] == "eu" else "us"
        return given[api] or HOSTS[api][region]

    def authorization(self, api: Api) -> str:
        """Return the Authorization header for *api*; raise ConfigurationError without a key."""
        header = self._authorizations.get(api)
        if header is None:
            raise ConfigurationError(
                f"no key for the {api} API: give {_NEEDED[api]}, or private_key"
                " (in the environment CUSTOMERIO_ and the same in capitals)"
            )
        return header

    @cached_property
    def _authorizations(self) -> dict[Api, Secret]:
        return {api: self._authorization(api) for api in self.apis}

    def _authorization(self, api: Api) -> Secret:
        if api == "pipelines" and self.pipelines_write_key:
            if NEW_KEY.match(self.pipelines_write_key):
                return _bearer(self.pipelines_write_key)
            return _basic(self.pipelines_write_key, "")
        if api == "app" and self.app_api_key:
            return _bearer(self.app_api_key)
        if api == "track" and self.site_id and self.track_api_key:
            return _basic(self.site_id, self.track_api_key)
        return _bearer(self.private_key)

    def address(self, operation: Operation) -> Request:
        """Return *operation* (stamped) as a request to this workspace."""
        endpoint = operation.endpoint
        return self.request(
            endpoint.method,
            operation.path or endpoint.path,
            api=endpoint.api,
            body=operation.body,
            template=endpoint.path,
            authenticated=endpoint.authenticated,
        )

    def address_batch(self, items: Sequence[bytes], route: Route = "track") -> Request:
        """Return encoded *items* as one batch request of *route*: Track v2 or Pipelines."""
        # One join: each further block of this size would be taken from the kernel and given back.
        parts = list(items) or [b""]
        parts[0] = b'{"batch":[' + parts[0]
        parts[-1] += b"]}"
        body = b",".join(parts)
        api: Api = "pipelines" if route == "pipelines" else "track"
        path = BATCH_PATHS[route]
        return self.request("POST", path, api=api, body=body, template=path)

    def request(
        self,
        method: str,
        path: str,
        *,
        api: Api,
        query: Mapping[str, str | int | bool] | None = None,
        body: bytes | None = None,
        template: str = "",
        authenticated: bool = True,
    ) -> Request:
        """Return any request to *api*; *path* is already percent-encoded and starts with '/'."""
        # Said, since to say nothing is to ask for any coding (RFC 9110, 12.5.3).
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": USER_AGENT,
        }
        if authenticated:
            headers["Authorization"] = self.authorization(api)
        if api == "pipelines":
            # Without it Pipelines answers 200 to calls that it drops (Pipelines reference).
            headers["X-Strict-Mode"] = "1"
        if body is not None or method in ("POST", "PUT", "PATCH"):
            headers["Content-Type"] = _JSON
        url = self.base_url(api) + path
        if query:
            url += ("&" if "?" in path else "?") + _encoded_query(query)
        return Request(method, url, headers, body, f"{method} {template or path}")


_KEYS = ("site_id", "track_api_key", "app_api_key", "private_key", "pipelines_write_key")
_USERS = ("site_id", "pipelines_write_key")
_NEEDED: dict[Api, str] = {
    "track": "site_id and track_api_key",
    "app": "app_api_key",
    "pipelines": "pipelines_write_key",
}


def _basic(user: str, password: str) -> Secret:
    return Secret("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


def _bearer(key: str) -> Secret:
    return Secret(f"Bearer {key}")


_AUTHORITY = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?")
# Segments of unreserved characters, sub-delims, ':' and '@' (RFC 3986), none of them empty.
_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)+")


def checked_key(field: str, value: str, *, name: str = "") -> Secret:
    """Return the key for *field* without what pasting added; raise ConfigurationError for none."""
    name = name or field
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} must be str, not {type(value).__name__}")
    value = Secret(value.strip())  # before anything is raised: a traceback has the locals
    if any(character.isspace() for character in value):
        raise ConfigurationError(f"{name} holds a space or a line break, which no key has")
    if not (value.isascii() and value.isprintable()):
        raise ConfigurationError(f"{name} holds characters that no key has")
    if ":" in value and field in _USERS:
        raise ConfigurationError(f"{name} holds a colon, which ends a user name")
    return value


def origin(url: str, *, name: str) -> str:
    """Return *url* as an origin (scheme, host, port); raise ConfigurationError if it is none."""
    wrong = ConfigurationError(f"{name} must be an origin such as https://track.customer.io")
    if not isinstance(url, str):
        raise wrong
    url = Secret(url.strip())  # a traceback has the locals, and this can hold a password
    found, more = _split(url)
    if not found:
        raise wrong
    if more:
        raise ConfigurationError(f"{name} must be an origin, without a path")
    return found


def _split(url: str) -> tuple[str, bool]:
    """Return the origin that *url* begins with, "" for none, and whether something follows."""
    try:
        parts = urlsplit(url)
        bad = not parts.hostname or (parts.port is not None and not 0 < parts.port < 65536)
    except ValueError:
        return "", False
    if bad or parts.scheme not in ("http", "https") or not _AUTHORITY.fullmatch(parts.netloc):
        return "", False
    more = parts.path not in ("", "/") or bool(parts.query or parts.fragment)
    return f"{parts.scheme}://{parts.netloc}", more


def checked_path(path: str) -> str:
    """Return *path* if it can only mean what it says; raise InvalidOperation otherwise."""
    if not isinstance(path, str) or not path.startswith("/") or path.startswith("//"):
        raise InvalidOperation("must begin with one '/'", field="path")
    steps = path.lower().replace("%2e", ".").split("/")[1:]
    if "." in steps or ".." in steps:
        raise InvalidOperation("must not hold '.' or '..' steps", field="path")
    if any(not unquote(step).strip() for step in steps):
        raise InvalidOperation("must not hold an empty or blank step", field="path")
    if not _PATH.fullmatch(path):
        raise InvalidOperation("must be percent-encoded; the query goes into query=", field="path")
    return path


def _encoded_query(query: Mapping[str, str | int | bool]) -> str:
    for name, value in query.items():
        if not isinstance(value, str | int):
            raise InvalidOperation(
                f"must be str, int or bool, not {type(value).__name__}", field=f"query.{name}"
            )
    try:
        return urlencode(
            {k: str(v).lower() if isinstance(v, bool) else v for k, v in query.items()}
        )
    except UnicodeEncodeError:
        raise InvalidOperation("must be text that UTF-8 can carry", field="query") from None
