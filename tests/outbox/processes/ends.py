"""Scenes of endings beside those of test_exits.py: threads, hangs, handlers, two imports."""

import _thread
import atexit
import contextlib
import os
import signal
import sys
import threading

from saying import accept, main, tell

from ferryman import OutboxClosed, Settings, get_outbox

COUNT = 500


def late(name):
    """Accept one event and say so, or say that it was refused."""
    try:
        tell(get_outbox().track(name, "said").id, name)
    except OutboxClosed:
        tell("refused")


def sys_exit_in_a_thread():
    """End a thread with sys.exit amid its work; the process goes on and ends by itself."""

    def work():
        accept(COUNT)
        sys.exit(3)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def exit_while_threads_accept():
    """End the main thread while daemon threads accept, and have their receipts printed."""

    def work(number):
        accept(COUNT, prefix=f"t{number}")

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(3)]
    for thread in threads:
        thread.start()
    threads[0].join()


def interrupt_main():
    """Have Ctrl-C arrive amid acceptance, as KeyboardInterrupt."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
    accept(COUNT // 2)
    threading.Timer(0.02, _thread.interrupt_main).start()
    try:
        while True:
            accept(1, prefix="q")
    except KeyboardInterrupt:
        accept(COUNT // 2, prefix="r")


def handlers():
    """Accept in an atexit handler of before the outbox, and in one of after."""
    atexit.register(late, "registered-first")  # runs last
    accept(COUNT)
    atexit.register(late, "registered-last")  # runs first


def hanging(exit_timeout):
    """End while a request hangs for longer than anybody waits."""
    outbox = Settings.from_env().open_outbox(exit_timeout=float(exit_timeout))
    accept(COUNT, outbox=outbox)
    tell("ends")


def closing_while_threads_accept():
    """Close while others accept, as often as they are let."""
    outbox = get_outbox()

    def work(number):
        with contextlib.suppress(OutboxClosed):
            while True:
                accept(1, prefix=f"t{number}", outbox=outbox)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    while outbox.stats().accepted < COUNT:
        threading.Event().wait(0.001)
    outbox.close(20)
    for thread in threads:
        thread.join()


def _fresh():
    """Import ferryman again beside the one that is there, as reloaders and plugins do."""
    for name in [n for n in sys.modules if n.partition(".")[0] == "ferryman"]:
        del sys.modules[name]
    import ferryman

    return ferryman.get_outbox()


def imported_twice():
    """Have two copies of the package in one process, on one file, and fork."""
    first, second = _fresh(), _fresh()
    assert type(first) is not type(second)
    accept(COUNT // 2, prefix="first", outbox=first)
    accept(COUNT // 2, prefix="second", outbox=second)
    pid = os.fork()
    if pid == 0:
        accept(50, prefix="first-child", outbox=first)
        accept(50, prefix="second-child", outbox=second)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


if __name__ == "__main__":
    main(globals())
