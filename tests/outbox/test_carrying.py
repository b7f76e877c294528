"""Whole relays over real stores in simulated time, whatever server and person do (gates 1, 5)."""

import random

import pytest

from ferryman.outbox.stores.memory import MemoryStore
from ferryman.outbox.stores.sqlite import SqliteStore

from .carrying import MOST, World


def simulate(seed, open_store):
    """Let three relays live over one store, each stopped or killed, then all be well."""
    rng = random.Random(seed)
    world = World(rng, open_store())
    for _ in range(rng.randint(0, 12)):
        world.accept()
    world.server.kind = False
    for _ in range(3):
        world.live(more=rng.randint(0, 12), steps=rng.randint(0, 250), calm=False)
        if isinstance(world.store, SqliteStore) and rng.random() < 0.5:
            world.crash(open_store())
        else:
            world.stop()
    world.calm_down()
    world.check_end()
    world.store.close()


def run(seeds, opening):
    for seed in seeds:
        try:
            simulate(seed, opening(seed))
        except Exception as failure:
            raise AssertionError(f"seed {seed}: {failure}") from failure


def in_files(folder):
    def opening(seed):
        return lambda: SqliteStore(folder / f"{seed}.db", level="process", max_entries=MOST)

    return opening


def in_memory(seed):
    return lambda: MemoryStore(max_entries=MOST)


def seeds(count):
    first = random.SystemRandom().randrange(1 << 32)
    print(f"seeds from {first}")
    return range(first, first + count)


def test_a_relay_over_memory_keeps_every_rule():
    """In 300 seeded lives nothing is lost, doubled, out of order, resurrected or sent parked."""
    run(seeds(300), in_memory)


def test_a_relay_over_a_file_keeps_every_rule_and_survives_crashes(tmp_path):
    """The same for 60 lives over a file, with relays that are killed."""
    run(seeds(60), in_files(tmp_path))


@pytest.mark.soak
def test_many_relays(tmp_path):
    """The same for 10,000 and 2,000 seeds from 0 on."""
    run(range(10_000), in_memory)
    run(range(2_000), in_files(tmp_path))
