"""The only reader of the environment, and the only place with process-wide instances.

The table of the variables is in _core/variables.py. What is missing or in the wrong variable is
said all at once, with the lines to write. Values of secrets are never shown.
"""

import atexit
import contextlib
import os
import threading
import warnings
import weakref
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, TypeAlias, TypeVar, cast

import msgspec

from ferryman._core.account import Account, Region
from ferryman._core.outbox_keys import secret_keys
from ferryman._core.secret import Secret, masked
from ferryman._core.variables import SECRET, VARIABLES, doubts, missing, misspelt, problems
from ferryman._io import process
from ferryman._io.envfile import read_env_file
from ferryman._io.loop import current_loop
from ferryman._io.options import Http, Mode, http_of
from ferryman.client import AsyncClient, Client
from ferryman.errors import ConfigurationError, FerrymanError
from ferryman.outbox import AsyncOutbox, Outbox
from ferryman.plan import TrackingPlan
from ferryman.plan.tracking.plan import E, P

T = TypeVar("T", Client[Any, Any], Outbox[Any, Any])
_Plan: TypeAlias = TrackingPlan[E, P] | None
A = TypeVar("A", AsyncClient[Any, Any], AsyncOutbox[Any, Any])
X = TypeVar("X")

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
    outbox_keys: str = ""
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
        variable, half of a pair, an unknown region, mode or place, a misspelt variable. Warns
        of a key that looks like another's.
        """
        # Secret, all of them: what is raised here has these among its variables.
        found = {} if env_file is None else read_env_file(env_file)
        found |= {n: Secret(v) for n, v in (os.environ if environ is None else environ).items()}
        values = {field: found.get(name, "").strip() for name, (field, *_) in VARIABLES.items()}
        wrong = [*problems(values), *misspelt(found, values)]
        http = Http()
        try:
            http = http_of(found)
        except ConfigurationError as error:
            wrong.append(f"  HTTP_PROXY, HTTPS_PROXY or ALL_PROXY: {error}")
        if wrong:
            raise ConfigurationError("\n".join(["the settings cannot work:", *wrong]))
        for doubt in doubts(values):
            warnings.warn(doubt, stacklevel=2)
        set_: dict[str, Any] = {f: v if f in SECRET else str(v) for f, v in values.items() if v}
        return cls(**set_, http=http)

    def account(self) -> Account:
        """Return the account; in mode ``off`` keys that are missing are made up.

        Raises ConfigurationError naming the variables when there is no key at all.
        """
        some = self.track_ready or self.app_api_key or self.pipelines_write_key
        if self.mode == "live" and not some:
            raise ConfigurationError(missing("CUSTOMERIO_SITE_ID", "CUSTOMERIO_TRACK_API_KEY"))
        off = _OFF_KEY if self.mode == "off" and not self.private_key else ""
        return Account(
            site_id=self.site_id or off,
            track_api_key=self.track_api_key or off,
            app_api_key=self.app_api_key or off,
            private_key=self.private_key,
            pipelines_write_key=self.pipelines_write_key or off,
            region=cast(Region, self.region) if self.region else None,
            track_url=self.track_url or None,
            app_url=self.app_url or None,
            pipelines_url=self.pipelines_url or None,
        )

    @property
    def track_ready(self) -> bool:
        """Whether there is a key for the Track API."""
        return bool((self.site_id and self.track_api_key) or self.private_key)

    def require(self, *names: str) -> None:
        """Raise ConfigurationError unless Track's key and *names* are set; not in mode off."""
        keys = () if self.track_ready else ("CUSTOMERIO_SITE_ID", "CUSTOMERIO_TRACK_API_KEY")
        needed = (*keys, *(name for name in names if not getattr(self, VARIABLES[name][0])))
        if needed and self.mode != "off":
            raise ConfigurationError(missing(*needed))

    def place(self) -> str:
        """Return where the outbox is; raise ConfigurationError with the line to write."""
        if self.mode == "off":  # what waits in a file is meant to be sent
            return "memory:"
        if not (self.outbox and self.pipelines_write_key):  # which will do without Track's
            self.require("CUSTOMERIO_OUTBOX")
        return self.outbox

    def client(self, *, plan: _Plan[E, P] = None, **options: Any) -> Client[E, P]:
        """Return a new client; *options* are those of :class:`Client`."""
        return Client(self.account(), plan=plan, **self._options(options))

    def async_client(self, *, plan: _Plan[E, P] = None, **options: Any) -> AsyncClient[E, P]:
        """Return a new async client; *options* are those of :class:`AsyncClient`."""
        return AsyncClient(self.account(), plan=plan, **self._options(options))

    def open_outbox(self, *, plan: _Plan[E, P] = None, **options: Any) -> Outbox[E, P]:
        """Return a new outbox; *options* are those of :class:`Outbox`."""
        return Outbox(plan=plan, **self._outbox_options(options))

    def open_async_outbox(self, *, plan: _Plan[E, P] = None, **options: Any) -> AsyncOutbox[E, P]:
        """Return a new async outbox; *options* are those of :class:`Outbox`."""
        return AsyncOutbox(plan=plan, **self._outbox_options(options))

    def _options(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"http": self.http, "mode": self.mode, **given}

    def _outbox_options(self, given: dict[str, Any]) -> dict[str, Any]:
        keys = given.pop("keys", self.outbox_keys or None)
        given["keys"] = keys = None if keys is None else secret_keys(keys)
        made = {"place": self.place(), "account": self.account(), "workspace": self.workspace}
        return self._options(made | given)

    def __repr__(self) -> str:
        """Show what is set; secrets as dots."""
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show rich no more than repr: msgspec's own shows every key."""
        fields = [name for name in self.__struct_fields__ if name != "http" and getattr(self, name)]
        return [(name, "•••" if name in SECRET else masked(getattr(self, name))) for name in fields]


# -- process-wide instances: the same everywhere in a process, a new one in a forked child

_lock = threading.RLock()
_instances: dict[str, Any] = {}
_by_loop: dict[str, "weakref.WeakKeyDictionary[Any, Any]"] = {}
_inherited: list[object] = []
_plan: TrackingPlan[Any, Any] | None = None


def _shared(name: str, make: Callable[[Settings], T]) -> T:
    process.look()
    instance = _instances.get(name)
    if instance is None:
        with _lock:
            instance = _instances.get(name)
            if instance is None:
                instance = _instances[name] = _made(make)
    return cast(T, instance)


def _per_loop(name: str, make: Callable[[Settings], A]) -> A:
    process.look()
    loop = current_loop()
    if loop is None:
        raise FerrymanError(f"{name}() must be called inside a running event loop")
    with _lock:
        known = _by_loop.setdefault(name, weakref.WeakKeyDictionary())
        if loop not in known:
            instance = _made(make)
            known[loop] = instance, _closed_with_its_loop(instance)
        return cast(A, known[loop][0])


def _closed_with_its_loop(instance: AsyncClient | AsyncOutbox) -> AsyncGenerator[None]:
    """Return a generator that the loop finishes when it ends, and that closes *instance* then."""

    async def keep() -> AsyncGenerator[None]:
        try:
            yield
        finally:
            await instance.aclose()

    keeper = keep()
    with contextlib.suppress(StopIteration):  # its first step waits for nothing
        keeper.__anext__().send(None)
    return keeper


def _made(make: Callable[[Settings], X]) -> X:
    # Called under the lock; read once for all instances, so that they agree.
    if "settings" not in _instances:
        _instances["settings"] = Settings.from_env()
    try:
        return make(_instances["settings"])
    except ConfigurationError:
        if len(_instances) == 1 and not any(_by_loop.values()):
            _instances.clear()  # nothing came of it: what is put right is seen at the next call
        raise


def use_plan(plan: TrackingPlan[Any, Any] | None) -> None:
    """Let the process-wide clients and outboxes ask *plan* about what they are told.

    Children and :func:`reset` keep it. Raises ConfigurationError when one was made without it.
    """
    global _plan  # noqa: PLW0603 - the process's own
    with _lock:
        if plan is not _plan and (_instances.keys() - {"settings"} or any(_by_loop.values())):
            raise ConfigurationError(
                "use_plan() must be called before the first get_client() or get_outbox(): "
                "call it in the module that declares the plan, and import that first"
            )
        _plan = plan


def _client(settings: Settings) -> Client[Any, Any]:
    client: Client[Any, Any] = settings.client(plan=_plan)
    client.warns = False  # closed by _leave, and in a forked child by nobody
    return client


def _async_client(settings: Settings) -> AsyncClient[Any, Any]:
    client: AsyncClient[Any, Any] = settings.async_client(plan=_plan)
    client.warns = False  # closed with its loop
    return client


def get_client() -> Client[E, P]:
    """Return the process's client, made from the environment at the first call."""
    return _shared("client", _client)


def get_async_client() -> AsyncClient[E, P]:
    """Return the running event loop's async client, made from the environment."""
    return _per_loop("get_async_client", _async_client)


def get_outbox() -> Outbox[E, P]:
    """Return the process's outbox, made from the environment at the first call."""
    return _shared("outbox", lambda settings: settings.open_outbox(plan=_plan))


def get_async_outbox() -> AsyncOutbox[E, P]:
    """Return the running event loop's async outbox, made from the environment."""
    return _per_loop("get_async_outbox", lambda settings: settings.open_async_outbox(plan=_plan))


def reset() -> None:
    """Close and forget the process-wide instances, so that the environment is read anew (tests)."""
    with _lock:
        instances = list(_instances.values())
        loops = [each[0] for known in _by_loop.values() for each in known.values()]
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


process.on_fork(_after_fork)


@atexit.register
def _leave() -> None:
    client = _instances.get("client")
    if client is not None:
        client.close()
