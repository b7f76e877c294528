"""Starting and stopping the emulator: in a thread of a test, or blocking for the command line."""

import asyncio
import shlex
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from ferryman.emulator import authority
from ferryman.emulator.access import DEFAULT_WORKSPACE, Workspace
from ferryman.emulator.app import App
from ferryman.emulator.emulation import Emulation
from ferryman.emulator.journal import SqliteJournal
from ferryman.emulator.listening import bind, listen

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8282
DEFAULT_TLS_PORT: Final = 8283


class Ready(msgspec.Struct, frozen=True):
    """Where a running emulator is found, and the environment that points clients at it."""

    url: str
    tls_url: str
    ca_bundle: str
    env: dict[str, str]
    private_key: str = DEFAULT_WORKSPACE.private_key


def env_block(ready: Ready) -> str:
    """Write the lines to paste into a shell or an .env file."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in ready.env.items()]
    lines.append("# Instead of the keys above, one that works with every API:")
    lines.append(f"# export CUSTOMERIO_PRIVATE_KEY={shlex.quote(ready.private_key)}")
    return "\n".join(lines) + "\n"


class Emulator:
    """Run the emulator in a thread of its own: `with Emulator() as emu: emu.url`.

    Both ports are free ones unless given. *data* names an SQLite file that keeps the state;
    without it the state goes with the emulator. *directory* is where its certificate authority
    is kept, by default a temporary one. Raises OSError when a port or a file cannot be used.
    """

    def __init__(
        self,
        *,
        host: str = DEFAULT_HOST,
        port: int = 0,
        tls_port: int = 0,
        data: str | Path | None = None,
        directory: str | Path | None = None,
        workspaces: Iterable[Workspace] = (DEFAULT_WORKSPACE,),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._address: Final = (host, port, tls_port)
        self._data: Final = data
        self._directory: Final = directory
        self._workspaces: Final = tuple(workspaces)
        self._clock: Final = clock
        self._ready: Ready | None = None
        self._emulation: Emulation | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    @property
    def ready(self) -> Ready:
        """Where it is found; RuntimeError while it is not running."""
        if self._ready is None:
            raise RuntimeError("The emulator is not running: use it in a `with`, or call start()")
        return self._ready

    @property
    def url(self) -> str:
        """The http origin, for all APIs."""
        return self.ready.url

    @property
    def tls_url(self) -> str:
        """The https origin, for all APIs."""
        return self.ready.tls_url

    @property
    def ca_bundle(self) -> str:
        """The file with the system's roots and the emulator's own."""
        return self.ready.ca_bundle

    @property
    def env(self) -> dict[str, str]:
        """The environment that points clients at this emulator."""
        return dict(self.ready.env)

    def start(self) -> Ready:
        """Start it and return once it answers."""
        if self._thread is not None:
            raise RuntimeError("The emulator is running already")
        started: Future[Ready] = Future()
        self._thread = threading.Thread(
            target=self._main, args=(started,), name="ferryman-emulator", daemon=True
        )
        self._thread.start()
        try:
            self._ready = started.result()
        except BaseException:
            self._thread = None
            raise
        return self._ready

    def stop(self) -> None:
        """Stop it and wait until it is gone; twice is fine."""
        if self._thread is None:
            return
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._thread = self._ready = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def run(self, on_ready: Callable[[Ready], None]) -> None:
        """Run it in this thread until SIGINT or SIGTERM."""
        with tempfile.TemporaryDirectory(prefix="ferryman-emulator-") as temporary:
            asyncio.run(self._serve(Path(temporary), on_ready, signals=True))

    def _main(self, started: "Future[Ready]") -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="ferryman-emulator-") as temporary:
                asyncio.run(self._serve(Path(temporary), started.set_result, signals=False))
        except BaseException as error:  # whatever it is, start() raises it
            if started.done():
                raise
            started.set_exception(error)

    async def _serve(
        self, temporary: Path, on_ready: Callable[[Ready], None], *, signals: bool
    ) -> None:
        host, port, tls_port = self._address
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        names = authority.NAMES if host in (*authority.NAMES, *_ANY) else (*authority.NAMES, host)
        trusted = authority.prepare(Path(self._directory or temporary), names, now=_now())
        journal = SqliteJournal(self._data) if self._data is not None else None
        try:
            emulation = Emulation(self._workspaces, journal)
            with bind(host, port) as plain, bind(host, tls_port) as tls:
                ports = plain.getsockname()[1], tls.getsockname()[1]
                ready = _ready(host, *ports, trusted, emulation.first.workspace)
                if signals:
                    _on_signal(self._loop, self._stop)
                await listen(
                    App(emulation, self._clock),
                    plain,
                    tls,
                    trusted,
                    ready=lambda: on_ready(ready),
                    stop=self._stop,
                )
        finally:
            if journal is not None:
                journal.close()


def serve(
    *,
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    tls_port: int = DEFAULT_TLS_PORT,
    data: str | Path | None = None,
    directory: str | Path | None = None,
    on_ready: Callable[[Ready], None],
) -> None:
    """Serve until SIGINT or SIGTERM; call *on_ready* once both ports answer.

    The certificate authority is kept in *directory*, by default in the user's cache, so that
    clients that were told to trust it still do after a restart. Raises OSError when a port or a
    file cannot be used.
    """
    kept = directory or authority.default_directory()
    Emulator(host=host, port=port, tls_port=tls_port, data=data, directory=kept).run(on_ready)


_ANY: Final = ("0.0.0.0", "::")  # noqa: S104 -- compared with, never bound to by default


def _ready(
    host: str, port: int, tls_port: int, trusted: authority.Authority, workspace: Workspace
) -> Ready:
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- see _ANY
    name = f"[{name}]" if ":" in name else name
    url, bundle = f"http://{name}:{port}", str(trusted.bundle.absolute())
    env = {
        "CUSTOMERIO_SITE_ID": workspace.site_id,
        "CUSTOMERIO_TRACK_API_KEY": workspace.track_api_key,
        "CUSTOMERIO_APP_API_KEY": workspace.app_api_key,
        "CUSTOMERIO_PIPELINES_WRITE_KEY": workspace.write_key,
        "CUSTOMERIO_TRACK_URL": url,
        "CUSTOMERIO_APP_URL": url,
        "CUSTOMERIO_PIPELINES_URL": url,
        # What waits for the emulator in an outbox file is not for anybody else.
        "CUSTOMERIO_WORKSPACE": workspace.name,
        "REQUESTS_CA_BUNDLE": bundle,
        "SSL_CERT_FILE": bundle,
        "NODE_EXTRA_CA_CERTS": bundle,
    }
    return Ready(url, f"https://{name}:{tls_port}", bundle, env, workspace.private_key)


def _now() -> datetime:
    # The machine's time, not the emulated one: other programs check the certificate against it.
    return datetime.fromtimestamp(time.time(), UTC)


def _on_signal(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda _number, _frame: loop.call_soon_threadsafe(stop.set))
