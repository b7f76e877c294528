"""The contract of a store: what every place where an outbox keeps entries must hold to.

Subclass :class:`StoreContract` in a test module of yours and give it a fixture ``make_store``;
pytest collects the rules. Each rule is one method and says itself in its docstring.

    class TestMyStore(StoreContract):
        @pytest.fixture
        def make_store(self, tmp_path):
            return lambda **options: MyStore(tmp_path / "spool", **options)
"""

from .bounding import Bounding
from .burying import Burying
from .deciding import Deciding
from .helping import MakeStore, all_dead, assert_adds_up, events, kept, waiting
from .keeping import Keeping
from .removing import Removing
from .settling import Settling


class StoreContract(Keeping, Settling, Bounding, Burying, Deciding, Removing):
    """The rules. ``make_store`` is a fixture that returns a :data:`MakeStore`."""


__all__ = [
    "MakeStore",
    "StoreContract",
    "all_dead",
    "assert_adds_up",
    "events",
    "kept",
    "waiting",
]
