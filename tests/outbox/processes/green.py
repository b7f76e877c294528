"""Scenes of other ways to do many things at once: gevent's green threads, and trio."""

import sys
import time
from functools import partial

COUNT = 500


def gevent(close):
    """Accept in green threads of a patched process, beside one that must not be held up."""
    from gevent import monkey

    monkey.patch_all()
    import gevent
    from saying import accept

    from ferryman import get_outbox

    outbox = get_outbox()
    gaps = []

    def tick():
        while True:
            start = time.monotonic()
            gevent.sleep(0.005)
            gaps.append(time.monotonic() - start)

    ticking = gevent.spawn(tick)
    workers = [gevent.spawn(accept, COUNT // 5, prefix=f"g{n}") for n in range(5)]
    gevent.joinall(workers, raise_error=True)
    outbox.flush(20)
    ticking.kill()
    print(f"longest-gap {max(gaps):.3f} s", file=sys.stderr)
    if close == "close":
        outbox.close()


def gevent_fork():
    """Fork a patched process, as gunicorn's gevent worker is made; the child accepts and ends."""
    from gevent import monkey

    monkey.patch_all()
    import os

    from saying import accept

    from ferryman import get_outbox

    accept(COUNT // 2, prefix="parent")
    pid = os.fork()
    if pid == 0:
        accept(COUNT // 2, prefix="child")
        get_outbox().close(20)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


def trio():
    """Accept from trio: the outbox in threads, since AsyncOutbox is asyncio's."""
    import trio
    from saying import tell

    from ferryman import get_outbox

    outbox = get_outbox()

    async def one(number):
        for event in range(COUNT // 5):
            track = partial(outbox.track, f"t{number}", "said", data={"n": event})
            receipt = await trio.to_thread.run_sync(track)
            tell(receipt.id, f"t{number}")

    async def main():
        async with trio.open_nursery() as nursery:
            for number in range(5):
                nursery.start_soon(one, number)
        await trio.to_thread.run_sync(outbox.flush, 20)

    trio.run(main)


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    globals()[name](*arguments)
