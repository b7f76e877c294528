"""What runs in processes of its own: ``python children.py SCENE ARGUMENTS...``.

A scene prints a line for each operation once it is accepted: its id and its person.
"""

import multiprocessing
import os
import resource
import signal
import sys
import threading
import time

from ferryman import operations as say
from ferryman._core.account import Account
from ferryman.errors import FerrymanError, StoreError
from ferryman.outbox import Outbox
from ferryman.outbox.entry import Entry
from ferryman.outbox.stores.sqlite import SqliteStore


def account(url):
    return Account(site_id="emulator-site", track_api_key="emulator-key", track_url=url)


def tell(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def accept(outbox, count, *, people=7, prefix="p", start=0):
    """Accept *count* events, and print each receipt as soon as it is there."""
    for number in range(start, start + count):
        person = f"{prefix}{number % people}"
        receipt = outbox.track(person, "said", data={"n": number})
        tell(receipt.id, person)


# -- the spool


def open_as_nobody(path):
    """Open the spool as a user who may not write it."""
    SqliteStore  # noqa: B018 - everything is imported while it can be read
    os.setgid(65534)
    os.setuid(65534)
    try:
        store = SqliteStore(path)
        store.put([Entry.of(say.track("p", "x"), "i", 1)])
        tell("accepted")
    except FerrymanError as error:
        tell(type(error).__name__, error)


def fill_to_limit(path, limit):
    """Accept until the file may grow no more."""
    store = SqliteStore(path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    accepted = 0
    try:
        while True:
            store.put([Entry.of(say.track("p", "x"), f"i{accepted}", 1)])
            accepted += 1
    except StoreError as error:
        tell(accepted, error)
    os._exit(0)


def put_many(path, name, count):
    """Accept *count* events of person *name* as soon as a line comes in."""
    tell("ready")
    sys.stdin.readline()
    store = SqliteStore(path, level="process")
    for number in range(int(count)):
        store.put([Entry.of(say.track(name, "x"), f"{name}-{number:06}", 1)])
    store.close()


def lead(path):
    """Become the leader and stay it."""
    store = SqliteStore(path)
    while not store.lead():
        time.sleep(0.01)
    tell("leads")
    time.sleep(600)


def fork_while_writing(path, times):
    """Fork again and again with four threads writing; each child accepts one event."""
    store = SqliteStore(path, level="process")
    store.lead()
    over = threading.Event()
    written = [0] * 4

    def write(number):
        while not over.is_set():
            store.put([Entry.of(say.track(f"w{number}", "x"), f"w{number}-{written[number]}", 1)])
            written[number] += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    accepted = 0
    for number in range(int(times)):
        pid = os.fork()
        if pid == 0:
            signal.alarm(20)  # a child that hangs dies, and is counted
            store.put([Entry.of(say.track("child", "x"), f"child-{number}", 1)])
            os._exit(7 if store.lead() else 0)
        accepted += os.waitpid(pid, 0)[1] == 0
    over.set()
    for thread in threads:
        thread.join()
    tell(accepted, sum(written))
    os._exit(0)


def fork_and_outlive(path):
    """Fork with an open spool; parent closes and goes, the child accepts before and after."""
    store = SqliteStore(path)
    store.put([Entry.of(say.track("parent", "x"), "parent-0", 1)])
    closed, accepted = os.pipe(), os.pipe()
    if os.fork() == 0:
        store.put([Entry.of(say.track("child", "x"), "child-0", 1)])
        os.write(accepted[1], b".")
        os.read(closed[0], 1)
        store.put([Entry.of(say.track("child", "x"), "child-1", 1)])
        tell("accepted")
        os._exit(0)
    os.read(accepted[0], 1)
    store.close()
    os.write(closed[1], b".")
    os._exit(0)


def lead_fork_and_leave(path):
    """Lead, fork a child that stays, and end at once."""
    store = SqliteStore(path)
    store.lead()
    ready = os.pipe()
    if os.fork() == 0:
        os.write(ready[1], b".")
        while os.getppid() != 1 and time.sleep(0.005) is None:
            pass
        tell("left")
        sys.stdin.read()  # until the test lets go
        os._exit(0)
    os.read(ready[0], 1)
    os._exit(0)


# -- the ways a process ends


def end(way, place, url, count, exit_timeout=5.0):
    """Accept *count* events and end in one *way*, without closing."""
    outbox = Outbox(place, account(url), exit_timeout=float(exit_timeout))
    accept(outbox, int(count))
    if way == "sys_exit":
        sys.exit(3)
    if way == "os_exit":
        os._exit(0)
    if way == "sigterm":
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(30)
    if way == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if way == "exception":
        raise RuntimeError("the application fails")
    if way == "system_exit_in_handler":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(30)


def accept_for_ever(place, url):
    """Accept until somebody kills it."""
    outbox = Outbox(place, account(url))
    number = 0
    while True:
        accept(outbox, 1, start=number)
        number += 1


def fork_then_leave(place, url, count):
    """Accept, fork, accept in the child while the parent ends first."""
    outbox = Outbox(place, account(url))
    accept(outbox, int(count), prefix="parent")
    if os.fork() == 0:
        time.sleep(0.3)  # the parent is gone by then
        accept(outbox, int(count), prefix="child")
        os._exit(0)


def _in_child(place, url, count, number):
    outbox = Outbox(place, account(url))
    accept(outbox, count, prefix=f"child{number}-")


def in_children(method, place, url, count):
    """Accept in children of multiprocessing, which run no atexit, and in the parent."""
    outbox = Outbox(place, account(url))
    accept(outbox, int(count), prefix="parent")
    context = multiprocessing.get_context(method)
    children = [
        context.Process(target=_in_child, args=(place, url, int(count), number))
        for number in range(2)
    ]
    for process in children:
        process.start()
    for process in children:
        process.join()


def inherited(method, place, url, count):
    """Accept in a forked child on the outbox of the parent."""
    outbox = Outbox(place, account(url))
    accept(outbox, int(count), prefix="parent")
    process = multiprocessing.get_context(method).Process(
        target=accept, args=(outbox, int(count)), kwargs={"prefix": "child"}
    )
    process.start()
    process.join()


def relay_until_killed(place, url):
    """Deliver as long as it lives."""
    outbox = Outbox(place, account(url))
    outbox.start()
    tell("relays")
    time.sleep(600)


if __name__ == "__main__":
    scene, *arguments = sys.argv[1:]
    globals()[scene](*arguments)
