"""Several pumps over one line, a hostile server and simulated time (gates 1 and 5).

Each run is decided by its seed, which a failure shows; conservation, order and rule 20 are
checked against what the server really applied.
"""

import itertools
import json
import random

import pytest

from ferryman._core.flow import Send
from ferryman._core.message import NoReply, Reply, Request
from ferryman.operations import CATALOGUE
from ferryman.outbox.batching import Limits
from ferryman.outbox.entry import REMOVALS, Cancelled, Done, Entry
from ferryman.outbox.order import Line
from ferryman.outbox.pump import PATIENCE, Claim, Note, Release, Rest, Settle, pump

ONCE = {name for name, row in CATALOGUE.items() if row.repeat == 2}
NAMES = ["track"] * 8 + ["identify"] * 3 + ["delete", "merge", "submit_form", "report_push"]


class World:
    """A store, a server and the time, all simulated; *random* decides."""

    def __init__(self, rng):
        self.rng = rng
        self.now = 0.0
        self.store = {}
        self.accepted = {}
        self.settled = {}
        self.applied = []
        self.poison = set()

    def accept(self):
        seq = len(self.accepted) + 1
        name = self.rng.choice(NAMES)
        key, other = self.rng.sample("abcdef", 2)
        entry = Entry(
            seq,
            f"i{seq}",
            name,
            key,
            str(seq).encode(),
            other if name == "merge" else "",
            CATALOGUE[name].barrier,
        )
        self.accepted[seq] = self.store[seq] = entry
        if self.rng.random() < 0.05:
            self.poison.add(seq)
        return entry

    def settle(self, verdicts):
        for verdict in verdicts:
            assert self.store.pop(verdict.entry.seq, None) is verdict.entry, "settled twice"
            self.settled[verdict.entry.seq] = verdict

    def apply(self, seqs):
        self.applied += [seq for seq in seqs if seq not in self.poison]

    def answer(self, seqs):
        """Answer a request that holds *seqs*, having applied it or not."""
        luck = self.rng.random()
        if luck < 0.25:
            return self.rng.choice(
                [
                    NoReply(False, "refused"),
                    Reply(429, {"retry-after": "9"}),
                    Reply(401),
                    Reply(403),
                ]
            )
        if luck < 0.45:
            if self.rng.random() < 0.5:
                self.apply(seqs)
            return self.rng.choice(
                [
                    NoReply(None, "reset"),
                    Reply(503),
                    Reply(504),
                    Reply(200, {}, b"<html>"),
                    Reply(200, {}, b'{"err'),
                ]
            )
        bad = [place for place, seq in enumerate(seqs) if seq in self.poison]
        if bad and luck < 0.6:
            return Reply(self.rng.choice([400, 422, 413]), {}, b"{}")
        self.apply(seqs)
        if bad and luck < 0.7:
            return Reply(200, {}, b'{"errors":[{"reason":"odd"}]}')
        errors = [{"batch_index": place, "reason": "bad"} for place in bad]
        return Reply(207 if bad else 200, {}, json.dumps({"errors": errors}).encode())


def address(batch):
    body = b"[" + b",".join(entry.body for entry in batch.entries) + b"]"
    return Request("POST", "http://x/", {}, body)


class Worker:
    """One pump and the effect it waits to have performed."""

    def __init__(self, world):
        flow = pump(address, retry=PATIENCE, chance=world.rng.random, now=lambda: world.now)
        self.flow = flow
        self.effect = next(flow)
        self.answer = None
        self.until = 0.0

    def feed(self, value):
        """Send *value* in; return False when the flow has ended."""
        try:
            self.effect = self.flow.send(value)
        except StopIteration:
            self.effect = None
        self.answer = None
        if isinstance(self.effect, Rest):
            assert 0 <= self.effect.seconds <= 301 + 30
        return self.effect is not None


def live(world, workers, line, limits, *, more, steps):
    """Perform effects in a random order; accept *more* on the way; give up after *steps*."""
    joined = list(world.store.values())
    line.join(joined)
    for _ in range(steps):
        if more and world.rng.random() < 0.3:
            line.join([world.accept()])
            more -= 1
        ready = [w for w in workers if not isinstance(w.effect, Rest) or w.until <= world.now]
        idle = [w for w in workers if isinstance(w.effect, Claim)]
        if len(idle) == len(workers) and not more and line.idle:
            return
        if not ready or (idle and len(idle) == len(ready)):
            sleeping = [w.until for w in workers if isinstance(w.effect, Rest)]
            if sleeping:
                world.now = max(world.now, min(sleeping))
                ready = [w for w in workers if isinstance(w.effect, Rest | Claim)]
        worker = world.rng.choice(ready)
        step(world, worker, line, limits)


def step(world, worker, line, limits):
    match worker.effect:
        case Claim():
            batch = line.take(limits)
            world.settle([Cancelled(entry) for entry in line.cancelled])
            line.cancelled = []
            if batch is not None:
                worker.feed(batch)
        case Send(request):
            if worker.answer is None:  # on its way: the answer comes at a later step
                worker.answer = world.answer(json.loads(request.body))
            else:
                worker.feed(worker.answer)
        case Settle(verdicts):
            world.settle(verdicts)
            worker.feed(None)
        case Note():
            worker.feed(None)
        case Release(batch):
            line.release(batch)
            worker.feed(None)
        case Rest() if worker.until <= world.now:
            worker.feed(True)
    if isinstance(worker.effect, Rest):
        worker.until = max(worker.until, world.now + worker.effect.seconds)


def simulate(seed):
    rng = random.Random(seed)
    world = World(rng)
    limits = Limits(bytes=rng.choice([30, 60, 500]), items=rng.randint(1, 12))
    for _ in range(rng.randint(1, 30)):
        world.accept()
    for life in itertools.count():  # a process that is stopped, and the next one
        workers = [Worker(world) for _ in range(rng.randint(1, 4))]
        last = life == 2
        live(
            world,
            workers,
            Line(),
            limits,
            more=rng.randint(0, 15),
            steps=100_000 if last else rng.randint(0, 150),
        )
        for worker in workers:
            stop(world, worker)
        if last:
            return world
    raise AssertionError


def stop(world, worker):
    """Stop as the shell does: what is on the wire is answered, then the flow is told to end."""
    while worker.effect is not None:
        match worker.effect:
            case Send(request):
                answer = worker.answer or world.answer(json.loads(request.body))
                worker.feed(answer)
            case Settle(verdicts):
                world.settle(verdicts)
                worker.feed(None)
            case Release() | Note():
                worker.feed(None)
            case Claim():
                worker.feed(None)
            case Rest():
                worker.feed(False)


def check(world):
    assert world.store == {}, "somebody waits for ever"
    assert sorted(world.settled) == sorted(world.accepted), "lost"
    first = {}
    for place, seq in enumerate(world.applied):
        first.setdefault(seq, place)
    for seq, verdict in world.settled.items():
        entry = world.accepted[seq]
        if isinstance(verdict, Cancelled):
            newer = [world.accepted[later] for later in range(seq + 1, len(world.accepted) + 1)]
            assert any(e.key == entry.key and e.name in REMOVALS for e in newer), "cancelled"
        elif isinstance(verdict, Done):
            assert seq in first, "said to be delivered, and was not"
        elif not verdict.maybe_delivered:
            assert seq in world.poison, "thrown away"
        if entry.name in ONCE:
            assert world.applied.count(seq) <= 1, "repeated blindly"
    for key in "abcdef":
        own = [seq for seq in first if key in (world.accepted[seq].key, world.accepted[seq].other)]
        assert own == sorted(own), "out of its order"


def run(seeds):
    for seed in seeds:
        try:
            check(simulate(seed))
        except AssertionError as failure:
            raise AssertionError(f"seed {seed}: {failure}") from failure


def test_nothing_is_lost_doubled_or_turned_round_whatever_the_server_does():
    """In 1,500 seeded lives each entry has one verdict, true to what the server applied."""
    first = random.SystemRandom().randrange(1 << 32)
    print(f"seeds from {first}")

    run(range(first, first + 1500))


@pytest.mark.soak
def test_many_lives():
    """The same for 60,000 seeds from 0 on."""
    run(range(60_000))
