"""The line against a model of one queue a person, in any interleaving (gate 4)."""

from collections import deque

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ferryman.outbox.batching import Batch, Limits
from ferryman.outbox.entry import Entry, can_cancel, cancels
from ferryman.outbox.order import Line

KEYS = st.sampled_from("abcde")


class LineMachine(RuleBasedStateMachine):
    """Every entry stands in the model's queue of each of its keys until it has departed."""

    def __init__(self) -> None:
        super().__init__()
        self.line = Line()
        self.queues: dict[str, deque[Entry]] = {}
        self.flying: list[Batch] = []
        self.seq = 0
        self.inside = 0
        self.doomed: set[int] = set()

    def enter(self, name: str, key: str, other: str = "", barrier: bool = False) -> None:
        self.seq += 1
        body = b"x" * (7 * self.seq % 40)
        entry = Entry(self.seq, f"i{self.seq}", name, key, body, other, barrier)
        for each in filter(None, (key, other)):
            self.queues.setdefault(each, deque()).append(entry)
        self.inside += len(body) + 1
        if cancels(entry):
            self.doomed |= {e.seq for e in self.queues[key] if e.key == key and can_cancel(e)}
        self.line.join([entry])

    @rule(key=KEYS, times=st.integers(1, 3))
    def join_plain(self, key: str, times: int) -> None:
        for _ in range(times):
            self.enter("track", key)

    @rule(key=KEYS)
    def join_barrier(self, key: str) -> None:
        self.enter("delete", key, barrier=True)

    @rule(key=KEYS, other=KEYS)
    def join_merge(self, key: str, other: str) -> None:
        if key != other:
            self.enter("merge", key, other, barrier=True)

    @rule(key=KEYS)
    def join_single(self, key: str) -> None:
        self.enter("submit_form", key)

    @rule(limits=st.builds(Limits, bytes=st.integers(20, 200), items=st.integers(1, 5)))
    def take(self, limits: Limits) -> None:
        self.depart(limits)

    def depart(self, limits: Limits) -> bool:
        batch = self.line.take(limits)
        for entry in self.line.cancelled:
            self.doomed.remove(entry.seq)
            self.queues[entry.key].remove(entry)
            self.inside -= len(entry.body) + 1
        self.line.cancelled = []
        if batch is None:
            return False
        assert batch.entries
        assert len(batch.entries) <= limits.items
        body = sum(len(e.body) + 1 for e in batch.entries) + len(b'{"batch":[]}')
        assert body <= limits.bytes or len(batch.entries) == 1
        assert batch.together == (batch.entries[0].name != "submit_form")
        assert batch.together or len(batch.entries) == 1
        for entry in batch.entries:
            assert entry.seq not in self.doomed, "a newer removal had come"
            for each in filter(None, (entry.key, entry.other)):
                assert self.queues[each].popleft() is entry, "out of its order of acceptance"
            self.inside -= len(entry.body) + 1
        said = [key for e in batch.entries for key in (e.key, e.other) if key]
        for entry in batch.entries:
            if entry.barrier:
                for each in filter(None, (entry.key, entry.other)):
                    assert said.count(each) == 1, "a barrier's key stands alone in its request"
        for other in self.flying:
            assert not batch.keys() & other.keys(), "one key in two requests"
        self.flying.append(batch)
        return True

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.flying) - 1))
        self.line.release(self.flying.pop(place))

    @precondition(lambda self: not self.flying)
    @rule()
    def nobody_waits_for_ever(self) -> None:
        while self.depart(Limits()):
            self.line.release(self.flying.pop())
        assert not any(self.queues.values()), "somebody was forgotten"
        assert not self.doomed
        assert self.line.idle
        assert len(self.line) == 0

    @rule()
    def one_who_waits_for_nobody_goes(self) -> None:
        """Whoever heads all queues, with no key travelling, goes with those who are taken now."""
        busy = set().union(*(batch.keys() for batch in self.flying))
        free = [
            entry
            for queue in self.queues.values()
            for entry in list(queue)[:1]
            if not {entry.key, entry.other} & busy
            and entry.seq not in self.doomed
            and all(self.queues[key][0] is entry for key in (entry.key, entry.other) if key)
        ]
        before = len(self.flying)
        while self.depart(Limits()):
            pass
        gone = {entry.seq for batch in self.flying[before:] for entry in batch.entries}
        assert gone >= {entry.seq for entry in free}

    @invariant()
    def accounts_are_exact(self) -> None:
        assert self.line.bytes + self.line.held_bytes == self.inside
        assert self.line.bytes >= 0
        assert self.line.held_bytes >= 0
        if not any(self.queues.values()) and not self.flying:
            assert self.line.idle

    @invariant()
    def nothing_to_look_at_means_nobody_may_go(self) -> None:
        if len(self.line) == 0:
            assert self.line.take(Limits()) is None

    def teardown(self) -> None:
        for batch in self.flying:
            self.line.release(batch)
        self.flying = []
        self.nobody_waits_for_ever()


TestLine = LineMachine.TestCase
TestLine.settings = settings(max_examples=300, stateful_step_count=60, deadline=None)
