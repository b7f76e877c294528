"""What dies by kill -9 at a named point, and what comes after it, each in a process of its own.

Reads a case a line from stdin, as JSON; forks a process for it before anything was opened, and
says how it ended. The points hang on subclasses and on SQLite's own hooks: the library has none.
"""

import json
import os
import random
import signal
import sys
import threading
from pathlib import Path

import apsw
import msgspec

from ferryman import operations as say
from ferryman._core.account import Account
from ferryman._core.message import Operation
from ferryman._io.options import Http
from ferryman._io.sync import SyncDriver
from ferryman.outbox import Outbox
from ferryman.outbox.protocol import Where
from ferryman.outbox.stores import graves, sqlite
from ferryman.outbox.stores.connections import Connections
from ferryman.outbox.stores.sqlite import SqliteStore

FINISHED = 7
"""The exit status of a child that was through before its turn to die came."""


class Death:
    """Dies at the *turn*-th time that *point* is reached."""

    def __init__(self, point: str, turn: int) -> None:
        self.point = point
        self.turn = turn
        self.lock = threading.Lock()

    def reach(self, point: str) -> None:
        if point == self.point:
            with self.lock:
                self.turn -= 1
                if self.turn == 0:
                    os.kill(os.getpid(), signal.SIGKILL)


class DeadlyConnections(Connections):
    """Connections that die in the middle of a transaction."""

    death: Death
    thread = threading.local()

    def accept(self, act):
        self.thread.accepts = True
        try:
            return super().accept(act)
        finally:
            self.thread.accepts = False

    def _accepts(self):
        return getattr(self.thread, "accepts", False)

    def _open(self, synchronous):
        connection = super()._open(synchronous)
        buried = dug = False

        def trace(_cursor, sql, _bindings):
            nonlocal buried, dug
            accepts = self._accepts()
            if accepts and sql.startswith("INSERT INTO entries"):
                self.death.reach("before the insert")
            elif not accepts:
                if sql.startswith("DELETE FROM dead"):
                    dug = True
                elif dug and sql.startswith("INSERT INTO entries"):
                    dug = False
                    self.death.reach("within a replay")
                elif dug and sql.startswith("UPDATE accounts"):
                    dug = False
                    self.death.reach("within a purge")
                elif sql.startswith("INSERT INTO dead"):
                    buried = True
                elif sql.startswith("DELETE FROM entries") and buried:
                    buried = False
                    self.death.reach("within the move of a dead letter")
                elif sql.startswith("UPDATE accounts"):
                    self.death.reach("within the settlement")
            return True

        def committing():
            accepts = self._accepts()
            self.death.reach("before the commit" if accepts else "before the settlement's commit")
            return False

        connection.exec_trace = trace
        connection.set_commit_hook(committing)
        return connection


class DeadlyStore(SqliteStore):
    """A store whose connections, puts and leadership die."""

    def __init__(self, path: str, death: Death, **options) -> None:
        self.death = DeadlyConnections.death = death
        sqlite.Connections = DeadlyConnections
        super().__init__(path, **options)

    def put(self, entries):
        super().put(entries)
        self.death.reach("after the commit, before the receipt")

    def lead(self):
        led = self._file.leads
        leads = super().lead()
        if leads and not led:
            self.death.reach("right after taking the lead")
        return leads


class DeadlyDriver(SyncDriver):
    """A driver that dies while an answer is awaited, or with the answer in its hand."""

    def __init__(self, death: Death, seconds: float) -> None:
        super().__init__(Http())
        self.death = death
        self.seconds = seconds

    def send(self, request):
        death = self.death
        if death.point == "after the send, before the answer":
            threading.Timer(self.seconds, death.reach, [death.point]).start()
        answer = super().send(request)
        death.reach("after the answer, before the settlement")
        return answer


class DeadlyDisk(apsw.VFS):
    """A disk on which the process dies while a checkpoint writes into the file."""

    def __init__(self, death: Death) -> None:
        self.death = death
        self.armed = False
        super().__init__("deadly", "")

    def xOpen(self, name, flags):  # noqa: N802 - apsw's name
        return _DeadlyFile(self, name, flags)


class _DeadlyFile(apsw.VFSFile):
    def __init__(self, disk, name, flags) -> None:
        self.disk = disk
        self.main = bool(flags[0] & apsw.SQLITE_OPEN_MAIN_DB)
        super().__init__("", name, flags)

    def xWrite(self, data, offset):  # noqa: N802 - the name that apsw calls
        if self.main and self.disk.armed:
            self.disk.death.reach("within a checkpoint")
        super().xWrite(data, offset)


TURNS = {
    "before the insert": 60,
    "before the commit": 60,
    "after the commit, before the receipt": 60,
    "after the send, before the answer": 4,
    "after the answer, before the settlement": 4,
    "within the settlement": 4,
    "before the settlement's commit": 4,
    "within the move of a dead letter": 2,
    "within a checkpoint": 12,
    "right after taking the lead": 1,
    "within a replay": 6,
    "within a purge": 3,
}
DECIDED = ("within a replay", "within a purge")
"""Where a person decides on dead letters meanwhile."""


def account(url: str) -> Account:
    return Account(site_id="emulator-site", track_api_key="emulator-key", track_url=url)


def event(number: int) -> Operation:
    """Return an event; each eighth has no name, and Customer.io never takes it."""
    said = say.track(f"p{number % 5}", "said", data={"n": number}, id=f"{number:026}")
    if number % 8 == 3:
        return msgspec.structs.replace(said, body=said.body.replace(b'"said"', b'""'))
    return said


def crash(case: dict) -> None:
    """Accept and deliver until death comes; say in the file `acks` what was begun and accepted."""
    rng = random.Random(case["seed"])
    point = case["point"]
    death = Death(point, rng.randint(1, TURNS[point]))
    sqlite._TIDY_BYTES = 8_000  # a checkpoint in every few settlements
    acks = os.open(case["acks"], os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    disk = DeadlyDisk(death)
    store = DeadlyStore(case["spool"], death, vfs="deadly")
    disk.armed = True
    outbox = Outbox(store, account(case["url"]), concurrency=rng.choice([1, 2, 4]), linger=0.01)
    outbox._relay._sending._driver = DeadlyDriver(death, rng.uniform(0, 0.03))
    number = 0
    for _ in range(rng.randint(60, 90)):
        count = rng.choice([1, 1, 1, 5, 20])
        operations = [event(n) for n in range(number, number + count)]
        number += count
        ids = " ".join(operation.id for operation in operations)
        os.write(acks, f"begun {ids}\n".encode())
        kept = outbox.accept_many(operations)
        os.write(acks, f"accepted {' '.join(kept.ids)}\n".encode())
        if rng.random() < 0.1:
            outbox.flush(20)
        if point in DECIDED and rng.random() < 0.3:
            decide(store, rng)
    outbox.flush(20)
    os._exit(FINISHED)


def decide(store: SqliteStore, rng: random.Random) -> None:
    """Replay some dead letters, and throw others away."""
    places = [dead.entry.seq for dead in store.dead(Where(), after=0, limit=20)]
    store.replay(rng.sample(places, len(places) // 2))
    rng.choice([store.skip, store.purge])(rng.sample(places, len(places) // 4))


def flush(case: dict) -> None:
    """Deliver what the dead left, and write the accounts."""
    with Outbox(f"sqlite:///{case['spool']}", account(case["url"])) as outbox:
        outbox.flush(20)
        counts = outbox.stats()
    reading = apsw.Connection(case["spool"])
    found = {
        "adds_up": counts.adds_up(),
        "accepted": counts.accepted,
        "delivered": counts.delivered,
        "pending": counts.pending,
        "thrown": counts.skipped + counts.purged,
        "dead": [dead.entry.id for dead in graves.letters(reading, Where(), 0, 1_000_000)],
        "integrity": reading.pragma("integrity_check"),
    }
    Path(case["result"]).write_text(json.dumps(found))


def main() -> None:
    for line in sys.stdin:
        case = json.loads(line)
        child = os.fork()
        if child == 0:
            signal.alarm(40)
            try:
                {"crash": crash, "flush": flush}[case["act"]](case)
            except BaseException:
                sys.excepthook(*sys.exc_info())
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
