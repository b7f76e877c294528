"""The keys of an encrypted outbox, as text: how one is written, read, and made. Pure.

A key has two halves. The second encrypts, and is another one in each key. The first names people
in the outbox (see stores/seal.py): by it the same person has the same name whichever key
encrypted, so all keys of an outbox share it. `ferryman outbox key` makes a key that goes with
those it finds.
"""

import base64
import re
from collections.abc import Iterable

import msgspec

from ferryman.errors import ConfigurationError

from .secret import Secret

NAMING, SEALING = 16, 32
"""Bytes of the halves."""
_KEY = re.compile(r"ferryman_[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}", re.ASCII)
_MAKE = "`ferryman outbox key` makes one"


class Halves(msgspec.Struct, frozen=True):
    """The bytes of a key: *naming* is that of all keys of an outbox, *sealing* its own."""

    naming: bytes
    sealing: bytes

    def __repr__(self) -> str:
        """Show nothing of it."""
        return "<Halves •••>"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        """Show rich no more than repr."""
        return []


def secret_keys(keys: str | Iterable[str]) -> tuple[Secret, ...]:
    """Return *keys*, a text with commas or several, each masked wherever it is shown.

    A function that is given keys calls this in its first line, and keeps nothing else: error
    trackers show what the frames of a traceback hold. It raises nothing for the same reason;
    :func:`checked_outbox_keys` refuses what is no key.
    """
    if isinstance(keys, str):
        return tuple(map(Secret, Secret(keys).split(",")))
    if isinstance(keys, bytes | bytearray) or not isinstance(keys, Iterable):
        return (_secret(keys),)
    return tuple(map(_secret, keys))


def _secret(key: object) -> Secret:
    return Secret(key if isinstance(key, str) else repr(key))


def checked_outbox_keys(keys: str | Iterable[str], *, name: str = "keys") -> tuple[Secret, ...]:
    """Return *keys*, a text with commas or several, each checked: the first one encrypts.

    Raises ConfigurationError, naming *name*, for what is no key, one that is there twice, or
    keys of different outboxes.
    """
    keys = secret_keys(keys)
    found = tuple(key for part in keys if (key := part.strip()))
    for place, key in enumerate(found, 1):
        if not _KEY.fullmatch(key):
            which = f"key {place} of {len(found)} in {name}" if len(found) > 1 else name
            raise ConfigurationError(f"{which} is no key of an outbox: {_MAKE}")
        if _head(key) != _head(found[0]):
            raise ConfigurationError(
                f"key {place} in {name} belongs to another outbox than the first: a key that goes"
                f" with one begins as it does, and {_MAKE} where CUSTOMERIO_OUTBOX_KEYS has one"
            )
    if len(set(found)) < len(found):
        raise ConfigurationError(f"{name} has one key twice")
    if not found:
        raise ConfigurationError(f"{name} has no key: {_MAKE}")
    return found


def new_outbox_key(chance: bytes, like: str = "") -> Secret:
    """Return the key that *chance*, 48 random bytes, makes; it goes with *like* where given."""
    own = _text(chance[:NAMING])
    return Secret(f"{_head(like) if like else f'ferryman_{own}'}.{_text(chance[NAMING:])}")


def halves(key: str) -> Halves:
    """Return the bytes of a checked *key*."""
    naming, sealing = map(Secret, Secret(key).removeprefix("ferryman_").split("."))
    return Halves(_bytes(naming), _bytes(sealing))


def _head(key: str) -> str:
    return key.partition(".")[0]


def _text(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(f"{part}==")
