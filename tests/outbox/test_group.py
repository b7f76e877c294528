"""Group commit: one commit for all who wait, and each caller's own outcome."""

import contextlib
import signal
import sys
import threading
import time

import pytest

from ferryman.errors import OutboxFull, StoreError
from ferryman.outbox.stores.group import GroupCommit


class Gathered:
    """A group commit whose first commit waits until *shares* have joined the second."""

    def __init__(self, commit, shares):
        self.commits, self.results = [], {}
        self._begun, self._joined = threading.Event(), threading.Event()
        self._act = commit
        group = GroupCommit(self._commit)
        first = self._start(group, "first")
        assert self._begun.wait(30)
        others = []
        for share in shares:
            others.append(self._start(group, share))
            while len(group._waiting) < len(others):
                time.sleep(0.001)
        self._joined.set()
        for thread in [first, *others]:
            thread.join(30)
            assert not thread.is_alive(), "somebody waits for ever"

    def _start(self, group, share):
        thread = threading.Thread(target=self._join, args=(group, share), daemon=True)
        thread.start()
        return thread

    def _join(self, group, share):
        try:
            group.join(share)
            self.results[share] = "accepted"
        except BaseException as error:
            self.results[share] = type(error).__name__

    def _commit(self, shares):
        if not self._begun.is_set():
            self._begun.set()
            assert self._joined.wait(30)
        else:
            self._act(shares)
        self.commits.append(shares)


def test_those_who_come_during_a_commit_share_the_next():
    """Everybody who waits is committed at once, in the order they came."""
    gathered = Gathered(lambda shares: None, ["a", "b", "c"])

    assert gathered.commits == [["first"], ["a", "b", "c"]]
    assert set(gathered.results.values()) == {"accepted"}


def test_one_callers_failure_is_not_the_others():
    """A share that cannot be kept is refused alone; those beside it are accepted."""

    def commit(shares):
        if "bad" in shares:
            raise OutboxFull

    gathered = Gathered(commit, ["a", "bad", "c"])

    assert gathered.results == {
        "first": "accepted",
        "a": "accepted",
        "bad": "OutboxFull",
        "c": "accepted",
    }


def test_an_interrupted_commit_is_never_called_accepted():
    """Who shared the commit of one that a signal interrupted is told, and nobody hangs."""

    def commit(shares):
        raise KeyboardInterrupt

    gathered = Gathered(commit, ["leads", "b", "c"])

    assert gathered.results == {
        "first": "accepted",
        "leads": "KeyboardInterrupt",
        "b": "StoreError",
        "c": "StoreError",
    }


def test_a_failure_is_raised_to_its_caller_and_passes():
    """A lone caller's failure is raised; the next commits."""
    failures = [StoreError("full")]

    def commit(shares):
        if failures:
            raise failures.pop()

    group = GroupCommit(commit)

    with pytest.raises(StoreError):
        group.join(1)
    group.join(2)


def test_one_who_is_interrupted_while_waiting_strands_nobody():
    """Whoever gives up waiting passes the lead on (a signal in the main thread)."""
    begun, go_on = threading.Event(), threading.Event()

    def commit(shares):
        begun.set()
        assert go_on.wait(30)

    group = GroupCommit(commit)
    first = threading.Thread(target=group.join, args=(1,))
    first.start()
    assert begun.wait(30)
    given_up = _Interrupted()
    with pytest.raises(KeyboardInterrupt):
        given_up.join(group)
    last = threading.Thread(target=group.join, args=(3,), daemon=True)
    last.start()
    go_on.set()
    first.join(30)
    last.join(30)

    assert not last.is_alive()
    group.join(4)


@pytest.mark.parametrize("name", ["_lead", "_try", "_end", "_hand_over"])
def test_a_signal_that_strikes_whoever_leads_strands_nobody(name):
    """It strikes as *name* begins; who shares the commit or waits for the next one goes on."""
    left, begun = [name], threading.Event()

    def strike(frame, event, _):
        if event == "call" and frame.f_code.co_name in left:
            left.clear()
            raise KeyboardInterrupt

    def commit(shares):
        if shares == ["first"]:
            begun.set()
            while len(group._waiting) < 2:
                time.sleep(0.001)
        elif "leads" in shares:
            waits.start()
            while not group._waiting:
                time.sleep(0.001)

    def join(share):
        with contextlib.suppress(StoreError):  # the commit that it shared was interrupted
            group.join(share)

    def share():
        while not group._waiting:
            time.sleep(0.001)
        join("shares")

    group = GroupCommit(commit)
    waits = threading.Thread(target=join, args=("waits",), daemon=True)
    others = [threading.Thread(target=join, args=("first",)), threading.Thread(target=share)]
    others[0].start()
    assert begun.wait(30)
    others[1].daemon = True
    others[1].start()
    before = sys.gettrace()
    sys.settrace(strike)
    try:
        with pytest.raises(KeyboardInterrupt):
            group.join("leads")
    finally:
        sys.settrace(before)
    if waits.ident is None:  # it struck before the commit
        waits.start()
    for thread in (*others, waits):
        thread.join(30)

    assert [thread.is_alive() for thread in (*others, waits)] == [False] * 3
    group.join("later")


class _Interrupted:
    """Joins a group and is interrupted by a real signal while it waits."""

    def join(self, group):
        def interrupt():
            while not group._waiting:
                time.sleep(0.001)
            time.sleep(0.02)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

        # A shell starts what runs in its background with the signal ignored.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        thread = threading.Thread(target=interrupt)
        thread.start()
        try:
            group.join(2)
        finally:
            thread.join()
            signal.signal(signal.SIGINT, before)
