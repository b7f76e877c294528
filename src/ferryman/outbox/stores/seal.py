"""How an entry is sealed: what of it stands in a store, and how it is read again.

Readable stay id, name, moment of acceptance, barrier, and the length of the body. Whom it is
about is a name: a keyed hash, which is the same whichever of an outbox's keys sealed, so that a
store can compare. Body, true key and path are one ciphertext; as much of it as the body is long
stands in its place, so that every account and bound in bytes is what it is without a key.
"""

import hashlib
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Sequence

import msgspec
from cryptography.exceptions import InvalidTag

from ferryman._core.outbox_keys import checked_outbox_keys, halves, secret_keys
from ferryman.errors import OutboxSealed

from ..entry import Dead, Entry
from .unsealed import is_sealed
from .xaes import NONCE, Xaes

_MARK = "~1"
"""What a sealed text begins with; the digit is the version of this format."""
_IDENT = 8
_HEAD = _IDENT + NONCE
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[str, str, str]).decode


class Opened(Entry, frozen=True, gc=False, array_like=True):
    """An entry as it was accepted, and as it is kept."""

    kept: Entry | None = None


class Altered(Exception):
    """What was sealed is not what stands there now."""


class Seal:
    """Seals with the first of *keys*, and opens with all of them."""

    def __init__(self, keys: str | Iterable[str]) -> None:
        keys = checked_outbox_keys(secret_keys(keys))
        parts = [halves(key) for key in keys]
        self._keys = {_ident(each.sealing): Xaes(each.sealing) for each in parts}
        self._first = next(iter(self._keys))
        self._naming = hashlib.blake2b(key=parts[0].naming, digest_size=16)

    def name(self, key: str) -> str:
        """Return the name by which a store knows *key*; nothing stays nothing."""
        if not key:
            return ""
        named = self._naming.copy()
        named.update(key.encode())
        return named.hexdigest()

    def sealed(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return *entries* as a store may have them."""
        first = self._first
        xaes = self._keys[first]
        return [
            self._sealed(entry, xaes, first, nonce)
            for entry, nonce in zip(entries, xaes.nonces(len(entries)), strict=True)
        ]

    def _sealed(self, entry: Entry, xaes: Xaes, ident: bytes, nonce: bytes) -> Entry:
        key, other, body = entry.key, entry.other, entry.body
        hidden, hidden_other = self.name(key), self.name(other)
        size = len(body)
        bound = _pack((entry.id, entry.name, hidden, hidden_other, entry.barrier, entry.at, size))
        text = xaes.seal(nonce, body + _pack((key, other, entry.path)), bound)
        return Entry(
            entry.seq,
            entry.id,
            entry.name,
            hidden,
            text[:size],
            hidden_other,
            entry.barrier,
            _text(ident, nonce, text[size:]),
            entry.at,
        )

    def opened(self, kept: Entry) -> Entry:
        """Return *kept* as it was accepted; what never was sealed as it is.

        Raises OutboxSealed where its key is not here, Altered where it was changed.
        """
        if not is_sealed(kept):
            return kept
        xaes, nonce, rest = self._parts(kept.path)
        size = len(kept.body)
        bound = _pack((kept.id, kept.name, kept.key, kept.other, kept.barrier, kept.at, size))
        try:
            plain = xaes.open(nonce, kept.body + rest, bound)
            key, other, path = _unpack(plain[size:])
        except (InvalidTag, msgspec.MsgspecError):
            raise Altered from None
        body = plain[:size]
        seq, barrier, at = kept.seq, kept.barrier, kept.at
        return Opened(seq, kept.id, kept.name, key, body, other, barrier, path, at, kept)

    def sealed_message(self, dead: Dead) -> str:
        """Return the free text of *dead*, sealed: it can quote what was sent."""
        if not dead.message:
            return ""
        xaes = self._keys[self._first]
        (nonce,) = xaes.nonces(1)
        sealed = xaes.seal(nonce, dead.message.encode(), _beside(dead.entry))
        return _text(self._first, nonce, sealed)

    def opened_message(self, dead: Dead) -> str:
        """Return the free text of *dead* as it was; raises what :meth:`opened` does."""
        if not dead.message:
            return ""
        xaes, nonce, sealed = self._parts(dead.message)
        try:
            return xaes.open(nonce, sealed, _beside(dead.entry)).decode()
        except (InvalidTag, UnicodeDecodeError):
            raise Altered from None

    def _parts(self, text: str) -> tuple[Xaes, bytes, bytes]:
        """Return the key of a sealed *text*, its nonce, and what was sealed."""
        mark, rest = text[: len(_MARK)], text[len(_MARK) :]
        if mark != _MARK:
            if mark[:1] == _MARK[:1] and mark[1:].isdigit():
                raise OutboxSealed("a newer version encrypted what waits in the outbox: use that")
            raise Altered
        try:
            raw = a2b_base64(rest, strict_mode=True)
        except ValueError:
            raise Altered from None
        if len(raw) < _HEAD:
            raise Altered
        xaes = self._keys.get(raw[:_IDENT])
        if xaes is None:
            raise OutboxSealed(
                f"what waits in the outbox was encrypted with key {raw[:_IDENT].hex()}, which is"
                " not among CUSTOMERIO_OUTBOX_KEYS (keys=... in Python): put it behind the first"
            )
        return xaes, raw[_IDENT:_HEAD], raw[_HEAD:]


def fingerprint(key: str) -> str:
    """Return what messages call *key* by: it tells nothing of it."""
    return _ident(halves(key).sealing).hex()


def _ident(sealing: bytes) -> bytes:
    return hashlib.blake2b(key=sealing, digest_size=_IDENT, person=b"ferryman-ident").digest()


def _beside(entry: Entry) -> bytes:
    return _pack((entry.id, entry.name, entry.at, "message"))


def _text(ident: bytes, nonce: bytes, sealed: bytes) -> str:
    return _MARK + b2a_base64(ident + nonce + sealed, newline=False).decode()
