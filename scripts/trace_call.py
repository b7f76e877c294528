"""Print the modules that one outbox.track enters: until its receipt, and until it is settled.

    python scripts/trace_call.py           as text
    python scripts/trace_call.py --json    for a machine to read

The outbox is a SQLite file without encryption; the event's class was met before. The caller's
thread is followed during the call, the relay's from its start until the entry is settled. A
change of module is a call into another module than that of the call before it in its thread; the
first call counts. What the relay looks at while it waits depends on the moment, so the call is made
several times, each on a new file, and the run with the fewest calls is told.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from typing import Any

import ferryman
from ferryman import Account, Event, Outbox

SOURCE = str(Path(ferryman.__file__).parent)
RUNS = 5
PATIENCE_S = 30.0


class SignedUp(Event):
    """What is said."""

    plan: str


class Customerio(BaseHTTPRequestHandler):
    """A server that takes everything."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Read the request and answer 200."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Way:
    """The modules of ferryman that were entered, call by call, in each thread."""

    def __init__(self) -> None:
        self.caller: list[str] = []
        self.relay: dict[int, list[str]] = {}
        self.ended = False

    def follow_caller(self, frame: FrameType, happened: str, _: Any) -> None:
        """Note a call of the caller's thread."""
        if happened == "call" and (module := _module(frame)):
            self.caller.append(module)

    def follow_relay(self, frame: FrameType, happened: str, _: Any) -> None:
        """Note a call of a thread of the relay's."""
        if happened == "call" and not self.ended and (module := _module(frame)):
            self.relay.setdefault(threading.get_ident(), []).append(module)

    @property
    def calls(self) -> int:
        """Return how many calls were noted."""
        return len(self.caller) + sum(map(len, self.relay.values()))


def _module(frame: FrameType) -> str:
    """Return the module of ferryman that *frame* runs, as a path; "" for another's."""
    file = frame.f_code.co_filename
    return file[len(SOURCE) + 1 :] if file.startswith(SOURCE) else ""


@contextmanager
def serving() -> Generator[str]:
    """Run the server, and yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Customerio) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def follow(url: str, folder: Path) -> Way:
    """Follow one call of an outbox in *folder* that delivers to *url*."""
    way, event = Way(), SignedUp(plan="pro")
    account = Account(site_id="site", track_api_key="key", track_url=url)
    threading.setprofile(way.follow_relay)
    try:
        with Outbox(f"sqlite:///{folder / 'outbox.db'}", account) as outbox:
            outbox.start()
            _await_rest(way)
            sys.setprofile(way.follow_caller)
            try:
                outbox.track("42", event)
            finally:
                sys.setprofile(None)
            outbox.flush(timeout=PATIENCE_S)
            way.ended = True
    finally:
        threading.setprofile(None)
    return way


def _await_rest(way: Way) -> None:
    """Wait until the relay has begun and waits for something to do."""
    before = -1
    while way.calls != before or not way.relay:
        before = way.calls
        time.sleep(0.02)


def told(calls: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Return what is told of *calls*, a list for each thread."""
    paths = [[b for a, b in zip(["", *each], each, strict=False) if a != b] for each in calls]
    return {
        "modules": len({module for each in calls for module in each}),
        "calls": sum(map(len, calls)),
        "changes": sum(map(len, paths)),
        "calls_of": dict(Counter(module for each in calls for module in each)),
        "path": [module for each in paths for module in each],
    }


def text(name: str, part: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of one part."""
    counts = (
        f"{part['modules']} modules, {part['calls']} calls, {part['changes']} changes of module"
    )
    yield f"{name}: {counts}"
    for module, calls in part["calls_of"].items():
        yield f"  {calls:5}  {module}"
    yield ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Follow the call; print what was found."""
    about = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python scripts/trace_call.py", description=about)
    parser.add_argument("--json", action="store_true", help="print JSON, each path included")
    given = parser.parse_args(arguments)
    with serving() as url, tempfile.TemporaryDirectory() as folder:
        ways: list[Way] = []
        for number in range(RUNS + 1):
            place = Path(folder) / str(number)
            place.mkdir()
            ways.append(follow(url, place))
    ways = ways[1:]  # the first has met the class
    caller = told([min((way.caller for way in ways), key=len)])
    relay = told([*min(ways, key=lambda way: way.calls - len(way.caller)).relay.values()])
    whole = len(caller["calls_of"].keys() | relay["calls_of"].keys())
    if given.json:
        print(json.dumps({"caller": caller, "relay": relay, "modules": whole}, indent=1))
    else:
        print(*text("from the call to the receipt", caller), sep="\n")
        print(*text("from the relay's start to settlement", relay), sep="\n")
        print(f"in all: {whole} modules")
    return 0


if __name__ == "__main__":
    sys.exit(main())
