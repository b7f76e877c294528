"""The only reader of the environment, and the only place with process-wide instances.

One table names every variable. What is missing or in the wrong variable is said all at once,
with the lines to write. Values of secrets are never shown.
"""

import atexit
import difflib
import os
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import getproxies_environment

import msgspec

from ferryman._core.account import NEW_KEY, Account
from ferryman._io.loop import current_loop
from ferryman._io.options import Http, Mode
from ferryman.client import AsyncClient, Client
from ferryman.errors import ConfigurationError, FerrymanError
from ferryman.outbox import AsyncOutbox, Outbox

T = TypeVar("T")

# variable -> (field, what it is, an example of its line)
VARIABLES: dict[str, tuple[str, str, str]] = {
    "CUSTOMERIO_SITE_ID": ("site_id", "site id of the Track API", "your-site-id"),
    "CUSTOMERIO_TRACK_API_KEY": ("track_api_key", "key of the Track API", "your-track-api-key"),
    "CUSTOMERIO_APP_API_KEY": ("app_api_key", "key of the App API", "your-app-api-key"),
    "CUSTOMERIO_PRIVATE_KEY": ("private_key", "private key for every API", "sk_us_…"),
    "CUSTOMERIO_PIPELINES_WRITE_KEY": (
        "pipelines_write_key",
        "write key of a Pipelines source",
        "your-write-key",
    ),
    "CUSTOMERIO_WEBHOOK_SIGNING_KEY": (
        "webhook_signing_key",
        "key that signs reporting webhooks",
        "your-signing-key",
    ),
    "CUSTOMERIO_REGION": ("region", "us or eu", "us"),
    "CUSTOMERIO_TRACK_URL": ("track_url", "origin of the Track API", "https://track.customer.io"),
    "CUSTOMERIO_APP_URL": ("app_url", "origin of the App API", "https://api.customer.io"),
    "CUSTOMERIO_PIPELINES_URL": (
        "pipelines_url",
        "origin of the Pipelines API",
        "https://cdp.customer.io",
    ),
    "CUSTOMERIO_OUTBOX": ("outbox", "where operations wait", "sqlite:///customerio-outbox.db"),
    "CUSTOMERIO_WORKSPACE": ("workspace", "name that an outbox file carries", "default"),
    "CUSTOMERIO_MODE": ("mode", "live, or off: nothing is sent", "live"),
}
_SECRET = frozenset(
    {"track_api_key", "app_api_key", "private_key", "pipelines_write_key", "webhook_signing_key"}
)
_OFF_KEY = "mode-off"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the environment says, read once; secrets are masked wherever it is shown."""

    site_id: str = ""
    track_api_key: str = ""
    app_api_key: str = ""
    private_key: str = ""
    pipelines_write_key: str = ""
    webhook_signing_key: str = ""
    region: str = ""
    track_url: str = ""
    app_url: str = ""
    pipelines_url: str = ""
    outbox: str = ""
    workspace: str = "default"
    mode: Mode = "live"
    http: Http = Http()

    @classmethod
    def from_env(
        cls,
        env_file: str | os.PathLike[str] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
    ) -> "Settings":
        """Read the variables of the process, and of *env_file* where the process has none.

        Raises ConfigurationError that lists everything wrong at once: a key in the wrong
        variable, half of a pair, an unknown region or mode, a misspelt CUSTOMERIO_ variable.
        """
        found = dict(os.environ if environ is None else environ)
        if env_file is not None:
            found = _env_file(env_file) | found
        values = {field: found.get(name, "").strip() for name, (field, *_rest) in VARIABLES.items()}
        problems = list(_problems(values, found))
        if problems:
            raise ConfigurationError("\n".join(["the settings cannot work:", *problems]))
        given: dict[str, Any] = {field: value for field, value in values.items() if value}
        return cls(**given, http=_http(found))

    def account(self) -> Account:
        """Return the account; in mode ``off`` keys that are missing are made up.

        Raises ConfigurationError naming the variables when there is no key at all.
        """
        if not (self.track_ready or self.app_api_key or self.pipelines_write_key):
            if self.mode == "live":
                raise ConfigurationError(_missing("CUSTOMERIO_SITE_ID", "CUSTOMERIO_TRACK_API_KEY"))
        off = _OFF_KEY if self.mode == "off" and not self.track_ready else ""
        return Account(
            site_id=self.site_id or off,
            track_api_key=self.track_api_key or off,
            app_api_key=self.app_api_key,
            private_key=self.private_key,
            pipelines_write_key=self.pipelines_write_key,
            region=self.region or None,  # type: ignore[arg-type]  # _problems checked it
            track_url=self.track_url or None,
            app_url=self.app_url or None,
            pipelines_url=self.pipelines_url or None,
        )

    @property
    def track_ready(self) -> bool:
        """Whether there is a key for the Track API."""
        return bool((self.site_id and self.track_api_key) or self.private_key)

    def place(self) -> str:
        """Return where the outbox is; raise ConfigurationError with the line to write."""
        needed = [] if self.track_ready else ["CUSTOMERIO_SITE_ID", "CUSTOMERIO_TRACK_API_KEY"]
        if self.mode == "off":
            return self.outbox or "memory:"
        if not self.outbox:
            needed.append("CUSTOMERIO_OUTBOX")
        if needed:
            raise ConfigurationError(_missing(*needed))
        return self.outbox

    def client(self, **options: Any) -> Client:
        """Return a new client; *options* are those of :class:`Client`."""
        return Client(self.account(), **({"http": self.http, "mode": self.mode} | options))

    def async_client(self, **options: Any) -> AsyncClient:
        """Return a new async client; *options* are those of :class:`AsyncClient`."""
        return AsyncClient(self.account(), **({"http": self.http, "mode": self.mode} | options))

    def open_outbox(self, **options: Any) -> Outbox:
        """Return a new outbox; *options* are those of :class:`Outbox`."""
        return Outbox(self.place(), self.account(), **(self._outbox_options() | options))

    def open_async_outbox(self, **options: Any) -> AsyncOutbox:
        """Return a new async outbox; *options* are those of :class:`Outbox`."""
        return AsyncOutbox(self.place(), self.account(), **(self._outbox_options() | options))

    def _outbox_options(self) -> dict[str, Any]:
        return {"http": self.http, "mode": self.mode, "workspace": self.workspace}

    def __repr__(self) -> str:
        """Show what is set; secrets as dots."""
        shown = [
            f"{name}={'•••' if name in _SECRET else getattr(self, name)!r}"
            for name in self.__struct_fields__
            if name != "http" and getattr(self, name)
        ]
        return f"Settings({', '.join(shown)})"


def _missing(*names: str) -> str:
    lines = [f"  {name}={VARIABLES[name][2]}    # {VARIABLES[name][1]}" for name in names]
    text = ["the environment lacks what is needed; write:", *lines]
    if "CUSTOMERIO_SITE_ID" in names:
        text.append("or, in place of site id and key:")
        text.append("  CUSTOMERIO_PRIVATE_KEY=sk_us_…    # private key for every API")
    text.append("or, to send nothing (development, CI):  CUSTOMERIO_MODE=off")
    return "\n".join(text)


def _problems(values: dict[str, str], found: Mapping[str, str]) -> "list[str]":
    problems = []
    for name, (field, _what, _line) in VARIABLES.items():
        key = NEW_KEY.match(values[field]) if field in _SECRET or field == "site_id" else None
        if key is None:
            continue
        if key[1] == "sk" and field not in ("private_key", "pipelines_write_key"):
            problems.append(f"  {name} holds a private key; write it as CUSTOMERIO_PRIVATE_KEY=…")
        if key[1] == "pk" and field != "pipelines_write_key":
            problems.append(
                f"  {name} holds a public key (pk_); a server needs a private one (sk_)"
            )
    if values["private_key"] and not NEW_KEY.match(values["private_key"]):
        problems.append(
            "  CUSTOMERIO_PRIVATE_KEY must begin with sk_us_ or sk_eu_; a Track key goes into"
            " CUSTOMERIO_TRACK_API_KEY, an App key into CUSTOMERIO_APP_API_KEY"
        )
    if bool(values["site_id"]) != bool(values["track_api_key"]) and not values["private_key"]:
        lacking = "CUSTOMERIO_TRACK_API_KEY" if values["site_id"] else "CUSTOMERIO_SITE_ID"
        problems.append(f"  {lacking} is missing; write {lacking}={VARIABLES[lacking][2]}")
    for field, allowed in (("region", ("us", "eu")), ("mode", ("live", "off"))):
        if values[field] and values[field] not in allowed:
            problems.append(f"  CUSTOMERIO_{field.upper()} must be {' or '.join(allowed)}")
    for name in sorted(found):
        if name.startswith("CUSTOMERIO_") and name not in VARIABLES:
            near = difflib.get_close_matches(name, VARIABLES, n=1, cutoff=0.75)
            if near and not found.get(near[0]):
                problems.append(f"  {name} is not read; did you mean {near[0]}?")
    return problems


def _env_file(path: str | os.PathLike[str]) -> dict[str, str]:
    if not Path(path).is_file():
        raise ConfigurationError("the env file does not exist")
    try:
        from dotenv import dotenv_values
    except ModuleNotFoundError:
        raise ConfigurationError(
            'an env file needs python-dotenv: pip install "ferryman[dotenv]"'
        ) from None
    return {name: value for name, value in dotenv_values(path).items() if value is not None}


def _http(found: Mapping[str, str]) -> Http:
    """Return the network settings of the environment: the HTTP library reads none itself."""
    if found is os.environ or found == dict(os.environ):
        proxies = getproxies_environment()
    else:
        proxies = {
            name.lower().removesuffix("_proxy"): value
            for name, value in sorted(found.items())
            if name.lower().endswith("_proxy") and value
        }
    by_scheme = {s: proxies[s] for s in ("http", "https", "all") if proxies.get(s)}
    no_proxy = tuple(host.strip() for host in proxies.get("no", "").split(",") if host.strip())
    return Http(
        proxy=by_scheme or None,
        no_proxy=no_proxy,
        ca=found.get("SSL_CERT_FILE") or found.get("SSL_CERT_DIR") or None,
    )


# -- process-wide instances: the same everywhere in a process, a new one in a forked child

_lock = threading.RLock()
_instances: dict[str, Any] = {}
_by_loop: dict[str, "weakref.WeakKeyDictionary[Any, Any]"] = {}
_inherited: list[object] = []


def _shared(name: str, make: Callable[[Settings], T]) -> T:
    instance = _instances.get(name)
    if instance is None:
        with _lock:
            instance = _instances.get(name)
            if instance is None:
                instance = _instances[name] = make(_settings())
    return instance  # type: ignore[no-any-return]  # what make returned


def _per_loop(name: str, make: Callable[[Settings], T]) -> T:
    loop = current_loop()
    if loop is None:
        raise FerrymanError(f"{name}() is called inside a running event loop")
    with _lock:
        known = _by_loop.setdefault(name, weakref.WeakKeyDictionary())
        instance = known.get(loop)
        if instance is None:
            instance = known[loop] = make(_settings())
    return instance  # type: ignore[no-any-return]  # what make returned


def _settings() -> Settings:
    # Called under the lock; read once for all instances, so that they agree.
    if "settings" not in _instances:
        _instances["settings"] = Settings.from_env()
    return _instances["settings"]  # type: ignore[no-any-return]  # put there a line above


def get_client() -> Client:
    """Return the process's client, made from the environment at the first call."""
    return _shared("client", Settings.client)


def get_async_client() -> AsyncClient:
    """Return the running event loop's async client, made from the environment."""
    return _per_loop("get_async_client", Settings.async_client)


def get_outbox() -> Outbox:
    """Return the process's outbox, made from the environment at the first call."""
    return _shared("outbox", Settings.open_outbox)


def get_async_outbox() -> AsyncOutbox:
    """Return the running event loop's async outbox, made from the environment."""
    return _per_loop("get_async_outbox", Settings.open_async_outbox)


def reset() -> None:
    """Close and forget the process-wide instances, so that the environment is read anew (tests)."""
    with _lock:
        instances = list(_instances.values())
        loops = [each for known in _by_loop.values() for each in known.values()]
        _instances.clear()
        _by_loop.clear()
    for instance in instances:
        if isinstance(instance, Client | Outbox):
            instance.close()
    for instance in loops:
        instance.abandon()


def _after_fork() -> None:
    global _lock, _instances, _by_loop  # noqa: PLW0603 - the child's own, from here on
    _inherited.append((_instances, _by_loop))
    _lock = threading.RLock()
    _instances, _by_loop = {}, {}


os.register_at_fork(after_in_child=_after_fork)


@atexit.register
def _leave() -> None:
    client = _instances.get("client")
    if client is not None:
        client.close()
