"""Each share of a group that failed is tried by itself: nobody is called accepted unkept."""

import threading

from ferryman.errors import OutboxFull
from ferryman.outbox.stores.group import GroupCommit


def test_all_who_shared_a_failed_commit_are_tried_alone():
    """Whoever is told that it was accepted was committed, the last one too."""
    begun, go_on = threading.Event(), threading.Event()
    kept = []

    def commit(shares):
        if not begun.is_set():
            begun.set()
            assert go_on.wait(30)
        if "bad" in shares:
            raise OutboxFull
        kept.extend(shares)

    group = GroupCommit(commit)
    accepted = []

    def join(share):
        try:
            group.join(share)
        except OutboxFull:
            return
        accepted.append(share)

    first = threading.Thread(target=join, args=("first",))
    first.start()
    assert begun.wait(30)
    others = [threading.Thread(target=join, args=(share,)) for share in ("a", "bad", "c", "d")]
    for place, thread in enumerate(others, 1):
        thread.start()
        while len(group._waiting) < place:
            pass
    go_on.set()
    for thread in (first, *others):
        thread.join(30)

    assert sorted(accepted) == sorted(kept) == ["a", "c", "d", "first"]
