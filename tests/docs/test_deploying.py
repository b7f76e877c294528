"""docs/deploying.md is true: its files run in the processes they are for, its names are there."""

import configparser
import contextlib
import inspect
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from ferryman import Outbox, settings
from ferryman.emulator import Emulator

PAGE = "docs/deploying.md"
# Blocks that are compiled and not run, each with its reason.
COMPILED = {
    "shop_django.py": "Django is not among the tests' packages",
    "shop_flask.py": "Flask is not among the tests' packages",
}
RUN = {
    "accepting.py",
    "faster.py",
    "nightly.py",
    "shop_asgi.py",
    "shop_celery.py",
    "shop_lambda.py",
    "shop_wsgi.py",
}


@pytest.fixture(scope="module")
def page() -> str:
    """The text of the page."""
    return (Path(__file__).parents[2] / PAGE).read_text()


@pytest.fixture(scope="module")
def files(page: str) -> dict[str, str]:
    """Each Python block of the page, by the name of its first line."""
    blocks = re.findall(r"```python\n# (\S+)\n(.*?)```", page, flags=re.DOTALL)
    assert len(blocks) == page.count("```python")
    return dict(blocks)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A Customer.io of this test's own."""
    with Emulator() as running:
        yield running


@pytest.fixture
def env(emulator: Emulator, tmp_path: Path, files: dict[str, str]) -> dict[str, str]:
    """The environment of a host; the page's files lie in its folder."""
    for name, text in files.items():
        (tmp_path / name).write_text(text.replace("/var/lib/shop", str(tmp_path)))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CUSTOMERIO_")}
    pasted = {n: value for n, value in emulator.env.items() if n.startswith("CUSTOMERIO_")}
    path = os.pathsep.join(filter(None, [str(tmp_path), kept.get("PYTHONPATH")]))
    return kept | pasted | {"CUSTOMERIO_OUTBOX": "memory:", "PYTHONPATH": path}


@pytest.fixture
def serve(env: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Start a server on a free port and wait until it answers; what is left of it is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*command: str) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        words = [word.format(port=port) for word in command]
        process = subprocess.Popen(
            [sys.executable, "-m", *words], cwd=tmp_path, env=env, start_new_session=True
        )
        started.append(process)
        url = f"http://127.0.0.1:{port}/"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(httpx2.HTTPError):
                for _ in range(20):
                    httpx2.get(url).raise_for_status()
                process.send_signal(signal.SIGTERM)
                process.wait(20)
                return url
            time.sleep(0.05)
        raise AssertionError("it does not answer")

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def events(emulator: Emulator) -> int:
    """Return how many events arrived."""
    found: int = httpx2.get(f"{emulator.url}/emulator/summary").json()["events"]
    return found


def test_each_file_is_run_or_it_is_said_why_not(files: dict[str, str]) -> None:
    """A new block is run by a test of this file, and each compiles."""
    assert set(files) == RUN | set(COMPILED)
    for name, text in files.items():
        compile(text, name, "exec")


def slow(emulator: Emulator) -> None:
    """Have every answer take a while, so that something waits when a server ends."""
    fault = {"delay": 0.3}
    httpx2.put(f"{emulator.url}/emulator/faults", json=fault).raise_for_status()


def test_a_wsgi_application_delivers_from_memory_when_it_is_terminated(
    serve: Callable[..., str], emulator: Emulator
) -> None:
    """gunicorn's workers end by themselves at SIGTERM."""
    slow(emulator)
    serve("gunicorn", "shop_wsgi:app", "--bind", "127.0.0.1:{port}", "--no-control-socket")

    assert events(emulator) == 20


def test_a_lifespan_delivers_from_memory_when_uvicorn_is_terminated(
    serve: Callable[..., str], emulator: Emulator
) -> None:
    """uvicorn dies of the SIGTERM that it raises again, after the lifespan has closed."""
    slow(emulator)
    serve("uvicorn", "shop_asgi:app", "--port", "{port}")

    assert events(emulator) == 20


def test_a_script_delivers_and_says_when_it_did_not(
    env: dict[str, str], tmp_path: Path, emulator: Emulator
) -> None:
    """The nightly run ends well, or with how many events wait."""
    command = [sys.executable, "nightly.py"]
    subprocess.run(command, cwd=tmp_path, env=env, check=True)
    (tmp_path / "nightly.py").write_text(
        (tmp_path / "nightly.py").read_text().replace("timeout=300", "timeout=0.1")
    )
    env["CUSTOMERIO_OUTBOX"] = "sqlite:///nightly.db"
    away = env | {"CUSTOMERIO_TRACK_URL": "http://127.0.0.1:9"}
    late = subprocess.run(
        command, cwd=tmp_path, env=away, check=False, capture_output=True, text=True
    )
    relay = [sys.executable, "-m", "ferryman", "relay", "run", "--once"]
    subprocess.run(relay, cwd=tmp_path, env=env, check=True)

    assert late.returncode == 1
    assert "2 events wait; on disk, the next run delivers them" in late.stderr
    assert events(emulator) == 4


@pytest.fixture
def here(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Any]]:
    """Run a file of the page in this process; return what it defines."""
    monkeypatch.chdir(tmp_path)
    for name, value in env.items():
        if name.startswith("CUSTOMERIO_"):
            monkeypatch.setenv(name, value)

    def run(name: str) -> Any:
        said: dict[str, Any] = {"__name__": name}
        exec((tmp_path / name).read_text(), said)
        return SimpleNamespace(**said)

    yield run
    settings.reset()


def test_a_handler_delivers_before_it_returns(
    here: Callable[[str], Any], emulator: Emulator
) -> None:
    """Whatever is frozen afterwards, the event is there; without time it says so."""
    handler = here("shop_lambda.py").handler
    remaining = iter([5_000, 5_000])
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: next(remaining))

    for number in (1, 2):
        assert handler({"customer": "42"}, context) == {"ok": True}
        assert events(emulator) == number
    httpx2.put(f"{emulator.url}/emulator/faults", json={"delay": 2}).raise_for_status()
    context.get_remaining_time_in_millis = lambda: 1_100
    with pytest.raises(RuntimeError, match="not delivered"):
        handler({"customer": "42"}, context)
    httpx2.delete(f"{emulator.url}/emulator/faults")


def test_a_pool_process_of_celery_delivers_when_it_ends(
    here: Callable[[str], Any], emulator: Emulator
) -> None:
    """The signal's handler closes; tests/outbox/processes tries it with a real pool."""
    shop = here("shop_celery.py")
    shop.order_shipped("42")
    shop.leave()

    assert events(emulator) == 1


def test_a_store_of_ones_own_level(here: Callable[[str], Any], emulator: Emulator) -> None:
    """The level is on the receipt."""
    outbox = here("faster.py").outbox
    receipt = outbox.track("42", "visited")
    outbox.close()

    assert receipt.level == "process"
    assert events(emulator) == 1


def test_who_only_accepts_leaves_it_to_the_unit(
    here: Callable[[str], Any],
    page: str,
    env: dict[str, str],
    tmp_path: Path,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is sent until the command of the systemd unit runs."""
    env["CUSTOMERIO_OUTBOX"] = "sqlite:///outbox.db"
    monkeypatch.setenv("CUSTOMERIO_OUTBOX", env["CUSTOMERIO_OUTBOX"])
    outbox = here("accepting.py").outbox
    outbox.track("42", "visited")
    outbox.close()
    before = events(emulator)
    unit = configparser.ConfigParser()
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their case
    unit.read_string(re.findall(r"```ini\n(.*?)```", page, flags=re.DOTALL)[0])
    program, *arguments = unit["Service"]["ExecStart"].split()
    relay = subprocess.Popen([sys.executable, "-m", "ferryman", *arguments], cwd=tmp_path, env=env)
    deadline = time.monotonic() + 20
    while not events(emulator) and time.monotonic() < deadline:
        time.sleep(0.05)
    relay.send_signal(signal.SIGTERM)
    relay.wait(int(unit["Service"]["TimeoutStopSec"]))

    assert before == 0
    assert Path(program).name == "ferryman"
    assert events(emulator) == 1


def test_what_the_table_says_of_the_exit(page: str) -> None:
    """Its seconds are the code's."""
    parameters = inspect.signature(Outbox).parameters
    assert f"`exit_timeout` ({parameters['exit_timeout'].default:.0f} s)" in page
