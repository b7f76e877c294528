"""A server that answers twice, too soon, not at all or for another: what is delivered was done.

Gate 8. The server is a process of its own (hostile.py) and says at its end what it carried out.
"""

import asyncio
import contextlib
import importlib.util
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import trustme

from ferryman import AsyncClient, Client, Http, Retry
from ferryman import operations as say
from ferryman._core.account import Account
from ferryman._io.stamp import stamp
from ferryman.errors import FerrymanError
from ferryman.outbox import Outbox

SERVER = Path(__file__).with_name("hostile.py")
HABITS = {
    "an answer twice": "fine,away,twice,twice_closing",
    "an answer twice, the second late": "fine,away,late,late_closing,away_then_fine",
    "a refusal too many": "fine,away,refusal_too_many,refusal_late,refusal_closing",
    "bytes behind an answer": "fine,away,trailing_line,trailing_half,trailing_head",
    "no answer": "fine,away,away_closing,dropped,dropped_after",
}
HABITS["everything"] = ",".join(HABITS.values())


class Hostile:
    """The process, its account, and how to reach it."""

    def __init__(self, seed, habits, folder, *, http2):
        pem, ca = (folder / "server.pem", folder / "ca.pem") if http2 else (None, None)
        if http2:
            authority = trustme.CA()
            authority.cert_pem.write_to_path(ca)
            authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(pem)
        command = [sys.executable, str(SERVER), str(seed), habits, *([str(pem)] if http2 else [])]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        port = int(self.process.stdout.readline())
        url = f"https://localhost:{port}" if http2 else f"http://127.0.0.1:{port}"
        self.account = Account(site_id="s", track_api_key="k", track_url=url)
        self.http = Http(timeout=5, connect_timeout=5, http2=http2, ca=str(ca) if http2 else None)

    def applied(self):
        """End the server; return how often it carried out each id."""
        out, _ = self.process.communicate("")
        said = json.loads(out)
        assert not [habit for habit in said["shown"] if habit.startswith("error")], said["shown"]
        return said["applied"]


@pytest.fixture(params=["HTTP/1.1", "HTTP/2"])
def hostile(request, tmp_path):
    """Start a server with a seed and habits, of each version of HTTP."""
    started = []

    def start(seed, habits):
        started.append(Hostile(seed, habits, tmp_path, http2=request.param == "HTTP/2"))
        return started[-1]

    yield start
    for server in started:
        server.process.kill()
        server.process.communicate()


def carry(server, count):
    """Say *count* events from four threads to an outbox; return their ids and its accounts."""
    outbox = Outbox("memory:", server.account, linger=0.0, http=server.http, observers=())
    outbox._relay._retry = Retry(retries=10**6, wait_base=0.005, wait_max=0.01, total_max=1e12)
    ids = []

    def speak(number):
        for each in range(count // 4):
            ids.append(outbox.track(f"p{number}-{each % 50}", "said").id)
            threading.Event().wait(0.0003)  # a request each, rather than one for all

    threads = [threading.Thread(target=speak, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outbox.flush(120)
    counts = outbox.stats()
    outbox.close()
    return ids, counts


@pytest.mark.parametrize("habits", HABITS)
def test_what_a_relay_delivered_was_carried_out(hostile, habits):
    """Of what is counted as delivered nothing is missing at the other side, and nothing dies."""
    server = hostile(1, HABITS[habits])
    ids, counts = carry(server, 400)
    applied = server.applied()

    assert (counts.delivered, counts.dead, counts.pending) == (400, 0, 0)
    assert set(applied) == set(ids)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_what_a_relay_delivered_of_many_was_carried_out(hostile, seed):
    """The same for 8,000 events, ten times."""
    server = hostile(seed, HABITS["everything"])
    ids, counts = carry(server, 8_000)
    applied = server.applied()

    assert (counts.delivered, counts.dead, counts.pending) == (8_000, 0, 0)
    assert set(applied) == set(ids)


def event():
    """Return an event with its id."""
    return say.track("p", "said").stamped(*stamp())


def ask(server, count):
    """Say *count* events from four threads to one client; return the ids of those answered well."""
    done = []
    with Client(server.account, http=server.http, retry=Retry(retries=0)) as client:

        def speak():
            for _ in range(count // 4):
                operation = event()
                with contextlib.suppress(FerrymanError):
                    client.perform(operation)
                    done.append(operation.id)

        threads = [threading.Thread(target=speak) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return done


async def ask_in_tasks(server, count):
    """Say *count* events from four tasks to one client; return the ids of those answered well."""
    import anyio

    done = []
    async with AsyncClient(server.account, http=server.http, retry=Retry(retries=0)) as client:

        async def speak():
            for _ in range(count // 4):
                operation = event()
                with contextlib.suppress(FerrymanError):
                    await client.perform(operation)
                    done.append(operation.id)

        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(speak)
    return done


COLOURS = ["sync", "asyncio", *(["trio"] if importlib.util.find_spec("trio") else [])]


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("habits", HABITS)
def test_what_a_client_was_answered_well_was_carried_out(hostile, colour, habits):
    """A call that returns was carried out; one that was not raises a FerrymanError."""
    server = hostile(1, HABITS[habits])
    if colour == "sync":
        done = ask(server, 200)
    elif colour == "asyncio":
        done = asyncio.run(ask_in_tasks(server, 200))
    else:
        import trio

        done = trio.run(ask_in_tasks, server, 200)
    applied = server.applied()

    assert done
    assert set(done) <= set(applied)
