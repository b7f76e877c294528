"""Under gunicorn nothing that a request accepted is lost, however its workers end (gate 9)."""

import signal
import socket
import threading
import time
from collections import defaultdict

import httpx2
import pytest

from .conftest import HERE, deliver

COUNT = 500
GRACE = 20
"""Seconds in which a server must be gone: gunicorn waits 30 for its workers at the most."""


class Server:
    """A running gunicorn, and the ids that its answers named, by person."""

    def __init__(self, process, port):
        self.process = process
        self.url = f"http://127.0.0.1:{port}/"
        self.said = defaultdict(list)

    def ask(self, count, *, people=4):
        """Have *people* threads make *count* requests together, each for a person of its own."""

        def work(number):
            with httpx2.Client(timeout=30) as client:
                for _ in range(count // people):
                    # Each on a new connection, so that every worker gets some.
                    answer = client.get(
                        self.url, params={"person": f"p{number}"}, headers={"Connection": "close"}
                    )
                    self.said[f"p{number}"].append(answer.raise_for_status().text)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(people)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def end(self, number=signal.SIGTERM):
        """Send the master a signal and wait until it is gone; return what it logged."""
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=GRACE)
        assert self.process.returncode == 0, err
        return err


def _port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def assert_arrived(held, said, *, in_order):
    """All arrived, once each; in memory each worker has a line of its own, and no order between."""
    if in_order:
        assert held == said
    else:
        assert {who: sorted(ids) for who, ids in held.items()} == {
            who: sorted(ids) for who, ids in said.items()
        }


@pytest.fixture
def serve(launch):
    """Start gunicorn with some options and wait until it answers."""

    def start(*options, place):
        port = _port()
        process = launch(
            *("-m", "gunicorn", "web:app", "--bind", f"127.0.0.1:{port}", "--workers", 2),
            *("--graceful-timeout", 10, "--no-control-socket", *options),
            place=place,
        )
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return Server(process, port)
            except OSError:
                time.sleep(0.05)
        raise AssertionError(process.communicate(timeout=1)[1])

    return start


WORKERS = {
    "sync": ("--worker-class", "sync"),
    "gthread": ("--threads", 4),
    "gevent": ("--worker-class", "gevent", "--config", HERE / "patched.conf.py"),
}
PRELOAD = {"forked": (), "preloaded": ("--preload", "--env", "AT_IMPORT=1")}


@pytest.mark.parametrize("loading", PRELOAD)
@pytest.mark.parametrize(
    "workers", ["sync", "gthread", pytest.param("gevent", marks=pytest.mark.soak)]
)
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_terminated_server_has_lost_nothing(serve, place, live, seen, kind, workers, loading):
    """SIGTERM: the workers end by themselves and deliver, or leave it to the next on disk."""
    place = place if kind == "sqlite" else "memory:"
    server = serve(*WORKERS[workers], *PRELOAD[loading], place=place)
    server.ask(COUNT)
    told = server.end()

    if kind == "sqlite":
        deliver(place, live)

    held = seen.by_person()
    masters = held.pop("master", [])
    assert len(masters) == (loading == "preloaded")
    assert sum(map(len, held.values())) == COUNT, told
    assert_arrived(held, server.said, in_order=kind == "sqlite")


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_reload_amid_requests_loses_nothing(serve, place, live, seen, kind):
    """HUP replaces the workers while they accept; the old ones deliver what is theirs."""
    place = place if kind == "sqlite" else "memory:"
    server = serve("--threads", 4, place=place)
    reloading = threading.Timer(0.2, server.process.send_signal, [signal.SIGHUP])
    reloading.start()
    try:
        server.ask(COUNT)
    finally:
        reloading.join()
    server.end()

    if kind == "sqlite":
        deliver(place, live)

    assert_arrived(seen.by_person(), server.said, in_order=kind == "sqlite")


@pytest.mark.parametrize("signalled", [signal.SIGQUIT, signal.SIGKILL])
def test_workers_that_are_killed_lose_nothing_on_disk(serve, place, live, seen, signalled):
    """A worker that times out is killed with SIGKILL: what it answered is on disk."""
    server = serve("--threads", 4, place=place)
    server.ask(COUNT)
    if signalled is signal.SIGKILL:
        server.process.kill()
        server.process.wait(GRACE)
    else:
        server.end(signalled)

    deliver(place, live)

    assert seen.by_person() == server.said
