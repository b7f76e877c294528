"""Where entries are kept; none of these knows another, each is imported when it is used."""

from typing import TYPE_CHECKING

from ferryman.errors import ConfigurationError

if TYPE_CHECKING:
    from ..protocol import Store


def open_store(place: str, *, workspace: str) -> "Store":
    """Return the store that *place* names.

    Raises ConfigurationError for a place that is none, or whose extra is not installed.
    """
    if place in ("memory:", "memory"):
        from .memory import MemoryStore

        return MemoryStore()
    if place.startswith("sqlite:///") and place[len("sqlite:///") :].strip("/"):
        try:
            from .sqlite import SqliteStore
        except ModuleNotFoundError as missing:
            raise ConfigurationError(
                f'a SQLite outbox needs {missing.name}: pip install "ferryman[sqlite]"'
            ) from None
        return SqliteStore(place[len("sqlite:///") :], workspace=workspace)
    raise ConfigurationError(
        "an outbox is sqlite:///relative/file.db, sqlite:////absolute/file.db or memory:"
    )
