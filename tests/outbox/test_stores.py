"""Both stores hold to the public contract (gate 13)."""

import pytest

from ferryman.outbox.stores.memory import MemoryStore
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def make_store(self):
        return MemoryStore


@pytest.mark.parametrize("level", ["power", "process"])
class TestSqliteStore(StoreContract):
    @pytest.fixture
    def make_store(self, tmp_path, level):
        return lambda **options: SqliteStore(tmp_path / "spool.db", level=level, **options)
