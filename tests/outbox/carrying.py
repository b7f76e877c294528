"""A whole relay in simulated time: a real store, Dispatch and pumps; server and person by chance.

The rules of delivery are checked as things happen: a batch as it is claimed and as it is sent,
what the server applies as it applies it, the accounts after each step.
"""

import json

from ferryman import operations as say
from ferryman._core.flow import Send
from ferryman._core.message import NoReply, Reply, Request
from ferryman._core.person import Anonymous
from ferryman.errors import OutboxFull
from ferryman.operations import CATALOGUE
from ferryman.outbox.batching import Limits
from ferryman.outbox.dispatch import Dispatch
from ferryman.outbox.entry import REMOVALS, Cancelled, Done, Entry, can_cancel, parks
from ferryman.outbox.protocol import Where
from ferryman.outbox.pump import PATIENCE, Claim, Note, Release, Rest, Settle, pump
from ferryman.testing.stores import all_dead, waiting

MOST = 40
"""Entries that may wait in the stores tried."""
ONCE = {name for name, row in CATALOGUE.items() if row.repeat == 2}
SAID = (
    *[lambda a, b: say.track(a, "x")] * 6,
    *[lambda a, b: say.identify(a)] * 2,
    lambda a, b: say.identify(a, {"email": f"{b}@example.com"}),
    lambda a, b: say.delete(a),
    lambda a, b: say.suppress(a),
    lambda a, b: say.unsuppress(a),
    say.merge,
    lambda a, b: say.submit_form("f", a, {"x": "y"}),
    lambda a, b: say.pipelines.track(a, "x"),
    lambda a, b: say.pipelines.delete(a),
    lambda a, b: say.pipelines.alias(a, Anonymous(b)),
)


def keys_of(entry):
    return {entry.key, entry.other} - {""}


def api_of(entry):
    return CATALOGUE[entry.name].api


class Server:
    """Applies what it is sent, or not, and answers this or that."""

    def __init__(self, rng, world):
        self.rng, self.world = rng, world
        self.poison = set()
        self.away = {}  # api -> the moment until which it refuses everybody
        self.kind = True

    def answer(self, api, seqs):
        luck = self.rng.random()
        if self.kind:
            return self.carry_out(seqs, 1.0)
        if self.world.now < self.away.get(api, 0):
            return self.rng.choice([NoReply(False, "refused"), Reply(503), Reply(401)])
        if luck < 0.04:
            self.away[api] = self.world.now + self.rng.uniform(1, 200)
        if luck < 0.15:
            refusals = NoReply(False, "refused"), Reply(429, {"retry-after": "9"}), Reply(403)
            return self.rng.choice(refusals)
        if luck < 0.3:
            if self.rng.random() < 0.5:
                self.carry_out(seqs, 1.0)
            broken = NoReply(None, "reset"), Reply(504), Reply(200, {}, b"<html>")
            return self.rng.choice(broken)
        return self.carry_out(seqs, luck)

    def carry_out(self, seqs, luck):
        bad = [place for place, seq in enumerate(seqs) if seq in self.poison]
        if bad and luck < 0.6:
            return Reply(self.rng.choice([400, 422, 413]), {}, b"{}")
        self.world.apply([seq for seq in seqs if seq not in self.poison])
        errors = [{"batch_index": place, "reason": "bad"} for place in bad]
        return Reply(207 if bad else 200, {}, json.dumps({"errors": errors}).encode())


class Worker:
    """One pump, and the effect that it waits to have performed."""

    def __init__(self, world):
        self.flow = pump(address, retry=PATIENCE, chance=world.rng.random, now=lambda: world.now)
        self.effect = next(self.flow)
        self.destination = self.answer = None
        self.until = 0.0

    def feed(self, value):
        try:
            self.effect = self.flow.send(value)
        except StopIteration:
            self.effect = None
        self.answer = None
        self.until = 0.0


def address(batch):
    return Request("POST", "http://x/", {}, json.dumps([e.seq for e in batch.entries]).encode())


class World:
    """Everything that happens to one store in its lives, decided by *rng*."""

    def __init__(self, rng, store):
        self.rng, self.store = rng, store
        self.now = 0.0
        self.server = Server(rng, self)
        self.accepted = {}
        self.applied = []
        self.done, self.cancelled = set(), set()
        self.died = {}  # seq -> its last verdict
        self.late = set()  # what was dead, and let go on by a person
        self.again = {}  # seq -> how often it may be applied
        self.thrown = set()  # by a person, or evicted
        self.workers = []

    # -- what the application and a person do

    def accept(self):
        a, b = self.rng.sample("abcd", 2)
        said = [self.rng.choice(SAID)(a, b) for _ in range(self.rng.choice([1, 1, 1, 2, 5]))]
        start = len(self.accepted) + 1
        entries = [Entry.of(each, f"i{seq}", 1) for seq, each in enumerate(said, start)]
        try:
            self.store.put(entries)
        except OutboxFull:
            return
        for entry in entries:
            self.accepted[entry.seq] = entry
            if self.rng.random() < 0.06:
                self.server.poison.add(entry.seq)

    def meddle(self):
        dead = [each.entry for each in all_dead(self.store)]
        some = [entry.seq for entry in dead if self.rng.random() < 0.5]
        match self.rng.choice(["replay", "replay", "skip", "purge", "key", "evict"]):
            case "replay":
                self.let_go_on(some)
            case "skip":
                self.store.skip(some)
                self.thrown |= set(some)
            case "purge":
                self.store.purge(some)
                self.thrown |= set(some)
            case "key" if self.accepted and self.rng.random() < 0.3:
                self.gone(
                    lambda: self.store.purge_key(self.rng.choice([*self.accepted.values()]).key)
                )
            case "evict" if self.rng.random() < 0.3:
                names = ["track", "pipelines.track"]
                self.gone(lambda: self.store.evict(names, self.rng.randint(1, MOST), 1))

    def let_go_on(self, places):
        for seq in self.store.replay(places).places:
            self.late.add(seq)
            if self.died[seq].maybe_delivered:
                self.again[seq] = self.again.get(seq, 1) + 1
            if self.rng.random() < 0.6:
                self.server.poison.discard(seq)

    def gone(self, act):
        before = self.here()
        act()
        self.thrown |= before - self.here()

    def here(self):
        dead = {each.entry.seq for each in all_dead(self.store)}
        return dead | {entry.seq for entry in waiting(self.store)}

    # -- what is checked as it happens

    def apply(self, seqs):
        for seq in seqs:
            entry = self.accepted[seq]
            if entry.name in ONCE:
                count = self.applied.count(seq)
                assert count < self.again.get(seq, 1), f"{seq} repeated blindly"
            if seq not in self.applied and seq not in self.late:
                self.check_order(entry)
            self.applied.append(seq)

    def check_order(self, entry):
        for seq in set(self.applied):
            other = self.accepted[seq]
            if seq > entry.seq and keys_of(other) & keys_of(entry) and same_api(entry, other):
                raise AssertionError(f"{entry.seq} after {seq}")

    def check_claimed(self, batch, dispatch, destination):
        waits = {entry.seq: entry for entry in waiting(self.store)}
        parked = self.store.parked()
        for entry in batch.entries:
            assert entry.seq in waits, f"{entry.seq} is sent and waits no more"
            assert not keys_of(entry) & parked, f"{entry.seq} is parked"
            if destination.resume is None and can_cancel(entry):
                newer = [
                    other
                    for seq, other in waits.items()
                    if entry.seq < seq <= dispatch._seen
                    and entry.key in keys_of(other)
                    and same_api(entry, other)
                ]
                # A merge in between may be parked, and the removal behind it with it.
                if not any(other.other for other in newer):
                    assert not any(other.name in REMOVALS for other in newer), (
                        f"{entry.seq} was to be cancelled"
                    )

    def check_sent(self, seqs):
        parking = [each.entry for each in self.store.dead(Where(parks=True), after=0, limit=100)]
        for entry in (self.accepted[seq] for seq in seqs):
            # What another API refused since this was claimed comes too late.
            parked = {k for each in parking if same_api(each, entry) for k in keys_of(each)}
            assert not keys_of(entry) & parked, f"{entry.seq} is parked"
            over = [
                seq
                for seq in set(self.applied) - self.thrown
                if seq > entry.seq
                and self.accepted[seq].name in REMOVALS
                and self.accepted[seq].key in keys_of(entry)
                and same_api(entry, self.accepted[seq])
            ]
            assert not over, f"{entry.seq} is sent after the removal {over}"

    def settle(self, verdicts):
        known = {entry.seq for entry in waiting(self.store)}
        self.store.settle(verdicts, int(self.now))
        for verdict in verdicts:
            seq = verdict.entry.seq
            if seq not in known:
                assert seq in self.thrown, f"{seq} is settled twice"
            elif isinstance(verdict, Done):
                assert seq in self.applied, f"{seq} was never applied"
                self.done.add(seq)
            elif isinstance(verdict, Cancelled):
                self.check_cancelled(verdict.entry)
                self.cancelled.add(seq)
            else:
                self.died[seq] = verdict
                assert verdict.maybe_delivered or seq in self.server.poison, f"{seq} thrown away"

    def check_cancelled(self, entry):
        waits = [e for e in waiting(self.store) if e.seq > entry.seq and e.key == entry.key]
        assert any(e.name in REMOVALS for e in waits), f"{entry.seq} made way for nobody"

    # -- the relay

    def live(self, *, more, steps, calm):
        """Let one relay live for *steps*, or until there is nothing to do."""
        dispatch = Dispatch(
            self.store,
            ceiling=self.rng.randint(1, 4),
            linger=self.rng.choice([0.0, 0.05, 3.0]),
            limits=Limits(bytes=self.rng.choice([150, 400, 2_000]), items=self.rng.randint(1, 9)),
        )
        self.workers = [Worker(self) for _ in range(self.rng.randint(1, 5))]
        wait = 0.0
        for _ in range(steps):
            if more and self.rng.random() < 0.25:
                self.accept()
                more -= 1
            if not calm and self.rng.random() < 0.06:
                self.meddle()
            ready = [each for each in self.workers if each.until <= self.now]
            if not ready or (wait and all(isinstance(each.effect, Claim) for each in ready)):
                sleeping = [each.until for each in self.workers if each.until > self.now]
                ends = [*sleeping, self.now + wait] if wait else sleeping
                soonest = min(ends, default=float("inf"))
                if soonest == float("inf"):
                    if not more:
                        return
                    soonest = self.now
                self.now = soonest
                ready = [each for each in self.workers if each.until <= self.now]
            worker = self.rng.choice(ready)
            found = self.step(worker, dispatch)
            wait = 0.0 if found is None else found
            assert self.store.counts().adds_up()
        assert not calm, "it does not end"

    def step(self, worker, dispatch):
        """Perform one effect as the shell does; return how long a claim may have to wait."""
        match worker.effect:
            case Claim():
                return self.claim(worker, dispatch)
            case Send(request):
                self.send(worker, json.loads(request.body))
            case Settle(verdicts):
                self.settle(verdicts)
                worker.feed(None)
            case Note(places, sent):
                self.store.begin(places, sent=sent)
                worker.feed(None)
            case Release(batch):
                worker.destination.release(batch)
                worker.feed(None)
            case Rest() as rest:
                self.rest(worker, rest)
        return None

    def claim(self, worker, dispatch):
        dispatch.fill(self.now)
        chosen = dispatch.choose(self.now, urgent=self.rng.random() < 0.3)
        self.settle(dispatch.verdicts)
        decided, dispatch.verdicts = bool(dispatch.verdicts), []
        if not isinstance(chosen, tuple):
            return 0.0 if decided else max(chosen, 1e-6)
        batch, worker.destination = chosen
        self.check_claimed(batch, dispatch, worker.destination)
        worker.feed(batch)
        return None

    def send(self, worker, seqs):
        throttle = worker.destination.throttle
        if worker.answer is None:
            if throttle.free():
                throttle.enter()
                self.check_sent(seqs)
                worker.answer = self.server.answer(worker.destination.api, seqs)
            return
        worker.destination.leave(worker.answer, seconds=0.1, now=self.now)
        worker.feed(worker.answer)

    def rest(self, worker, rest):
        throttle = worker.destination.throttle
        if not worker.until:
            worker.destination.paused = rest.paused
            worker.until = self.now + max(rest.seconds, throttle.retry(self.now), 1e-6)
            throttle.resting += 1
        else:
            throttle.resting -= 1
            worker.feed(True)

    def stop(self):
        """End as a relay that is closed: what is on the wire is answered, then all flows end."""
        for worker in self.workers:
            while worker.effect is not None:
                match worker.effect:
                    case Send(request):
                        seqs = json.loads(request.body)
                        answer = worker.answer or self.server.answer(worker.destination.api, seqs)
                        worker.feed(answer)
                    case Settle(verdicts):
                        self.settle(verdicts)
                        worker.feed(None)
                    case Note(places, sent):
                        self.store.begin(places, sent=sent)
                        worker.feed(None)
                    case Claim() | Release():
                        worker.feed(None)
                    case Rest():
                        worker.feed(False)
        self.workers = []

    def crash(self, store):
        """End as a killed process does; *store* is what another one opens."""
        self.workers = []
        self.store.close()
        self.store = store

    def calm_down(self):
        """Let server and person be kind until nothing waits and nobody is parked."""
        self.server.kind = True
        for _ in range(100):
            self.live(more=0, steps=20_000, calm=True)
            self.stop()
            parking = self.store.dead(Where(parks=True), after=0, limit=100)
            if not parking:
                return
            skipped = [each.entry.seq for each in parking]
            self.store.skip(skipped)
            self.thrown |= set(skipped)
        raise AssertionError("somebody is parked for ever")

    def check_end(self):
        assert waiting(self.store) == [], "somebody waits for ever"
        counts, dead = self.store.counts(), {each.entry.seq for each in all_dead(self.store)}
        ends = self.done, self.cancelled, dead, self.thrown
        assert set().union(*ends) == self.accepted.keys()
        assert sum(len(each) for each in ends) == len(self.accepted) == counts.accepted
        assert (counts.delivered, counts.cancelled) == (len(self.done), len(self.cancelled))
        assert counts.skipped + counts.purged + counts.evicted == len(self.thrown)
        assert not any(parks(self.accepted[seq]) for seq in dead)
        assert self.store.begun() == set()


def same_api(one, other):
    """Whether both go to one API: among several Customer.io promises no order, nor do we."""
    return api_of(one) == api_of(other)
