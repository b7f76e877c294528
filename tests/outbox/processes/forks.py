"""Scenes of forks: os.fork with each lock held, multiprocessing, concurrent.futures."""

import asyncio
import concurrent.futures
import ctypes
import multiprocessing
import operator
import os
import signal
import threading

from saying import accept, main, tell

from ferryman import Settings, get_outbox, settings
from ferryman._io.stamp import stamp

PARTS = 10


def fork_holding(lock, count, seconds, patience):
    """Fork while another thread holds *lock* (for *seconds* more); both sides accept and end."""
    outbox = get_outbox()
    accept(count, prefix="before")
    owner, _, name = lock.partition(".")
    owners = {"stamp": stamp, "settings": settings, "outbox": outbox}
    found = operator.attrgetter(name)(owners[owner])
    held, over = threading.Event(), threading.Event()

    def hold():
        with found:
            held.set()
            over.wait(float(seconds))

    holder = threading.Thread(target=hold, daemon=True)
    holder.start()
    held.wait()
    pid = os.fork()
    if pid == 0:
        signal.alarm(30)  # a child that hangs dies, and its parent says so
        own = get_outbox() if owner == "settings" else outbox  # inherited, and begun anew
        accept(count, prefix="child", outbox=own)
        own.close(float(patience))
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    over.set()
    holder.join()
    accept(count, prefix="after")
    assert status == 0, "the child hangs"


def _work(part, count, close):
    accept(count, prefix=f"part{part}")
    if close == "close":
        get_outbox().close()
    return os.getpid()


def processes(method, count, close):
    """Accept in two Processes of multiprocessing, and in their parent."""
    accept(count, prefix="parent")
    context = multiprocessing.get_context(method)
    children = [context.Process(target=_work, args=(part, count, close)) for part in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
        assert child.exitcode == 0


def pool(method, count, close):
    """Accept in a Pool, which ends its workers with SIGTERM."""
    accept(count, prefix="parent")
    with multiprocessing.get_context(method).Pool(2) as workers:
        workers.starmap(_work, [(part, int(count), close) for part in range(PARTS)])


def executor(method, count, close):
    """Accept in a ProcessPoolExecutor."""
    accept(count, prefix="parent")
    context = multiprocessing.get_context(method)
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as workers:
        list(workers.map(_work, range(PARTS), [int(count)] * PARTS, [close] * PARTS))


def fork_with_a_full_buffer(count):
    """Fork while memory holds what was accepted; both deliver what they have and say how much."""
    outbox = get_outbox()
    accept(count, prefix="parent")
    pid = os.fork()
    if pid == 0:
        outbox.start()
        outbox.flush(20)
        os._exit(outbox.stats().accepted != 0)
    assert os.waitpid(pid, 0)[1] == 0, "the child has what its parent accepted"


def fork_amid_tasks(turns):
    """Fork while a task's entry waits for its commit (one turn of the loop) or is in it (two)."""
    outbox = Settings.from_env().open_async_outbox()

    async def accept_one(person):
        receipt = await outbox.track(person, "said")
        tell(receipt.id, person)

    async def fork():
        own = asyncio.create_task(accept_one("parent"))
        for _ in range(int(turns)):
            await asyncio.sleep(0)
        pid = os.fork()
        if pid == 0:
            signal.alarm(10)
            asyncio.run(accept_one("child"))
            os._exit(0)
        await own
        return pid

    assert os.waitpid(asyncio.run(fork()), 0)[1] == 0, "the child hangs"


def fork_without_hooks(count):
    """Fork as C does, so that Python calls no hook: uWSGI does unless it is told otherwise."""
    accept(count, prefix="parent")
    pid = ctypes.PyDLL(None).fork()
    if pid == 0:
        signal.alarm(10)
        accept(count, prefix="child")
        get_outbox().flush(8)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


def fork_raw(count):
    """Fork again in the child and accept in each of three generations."""
    accept(count, prefix="first")
    if os.fork() == 0:
        accept(count, prefix="second")
        if os.fork() == 0:
            accept(count, prefix="third")
            get_outbox().flush(20)
            os._exit(0)
        os._exit(os.wait()[1])
    assert os.wait()[1] == 0


if __name__ == "__main__":
    main(globals())
