"""Where entries are kept; none of these knows another, each is imported when it is used."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ferryman._core.message import Level
from ferryman._core.outbox_keys import secret_keys
from ferryman.errors import ConfigurationError

if TYPE_CHECKING:
    from ..protocol import Store


def open_store(
    place: "str | Store",
    *,
    workspace: str,
    level: Level | None = None,
    keys: str | Iterable[str] | None = None,
    **bounds: int | None,
) -> "Store":
    """Return the store that *place* names or is; None leaves its own default.

    With *keys* what it keeps is encrypted, unless the place is memory. Raises ConfigurationError
    for a place that is none, whose extra is not installed, or that is encrypted with keys which
    are not given.
    """
    keys = None if keys is None else secret_keys(keys)
    store = _opened(place, workspace, level, bounds)
    if store.level == "memory" and (keys is None or place is not store):
        return store
    try:
        return _looked_at(store, keys)
    except BaseException:
        if place is not store:
            store.close()
        raise


def _looked_at(store: "Store", keys: str | Iterable[str] | None) -> "Store":
    from .unsealed import Unsealed, look

    if keys is None:
        guarded: Store = Unsealed(store)
    else:
        try:
            from .sealed import Sealed
        except ModuleNotFoundError:
            raise ConfigurationError(
                'an encrypted outbox needs cryptography: pip install "ferryman[encryption]"'
            ) from None
        guarded = Sealed(store, keys)
    look(guarded)
    return guarded


def _opened(
    place: "str | Store", workspace: str, level: Level | None, bounds: dict[str, int | None]
) -> "Store":
    given: dict[str, Any] = {name: each for name, each in bounds.items() if each is not None}
    if level is not None:
        given["level"] = level
    if not isinstance(place, str):
        if given:
            raise ConfigurationError(f"{', '.join(given)}: say it to the store that you give")
        return place
    for name, bound in bounds.items():
        if bound is not None and bound < 1:
            raise ConfigurationError(f"{name} must be 1 or more")
    if place in ("memory:", "memory"):
        from .memory import MemoryStore

        if given.pop("level", "memory") != "memory":
            raise ConfigurationError("an outbox in memory is safe at level 'memory'")
        return MemoryStore(**given)
    if place.startswith("sqlite:///") and place[len("sqlite:///") :].strip("/"):
        try:
            from .sqlite import SqliteStore
        except ModuleNotFoundError as missing:
            raise ConfigurationError(
                f'a SQLite outbox needs {missing.name}: pip install "ferryman[sqlite]"'
            ) from None
        return SqliteStore(place[len("sqlite:///") :], workspace=workspace, **given)
    raise ConfigurationError(
        "an outbox is sqlite:///relative/file.db, sqlite:////absolute/file.db or memory:"
    )
