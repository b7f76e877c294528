"""A store whose store sees only what is encrypted, whichever that is.

What no key here opens is never lost: where the key is missing, nothing is read and delivery
waits (OutboxSealed), so that a wrong key throws nothing away; what was changed since it was
sealed becomes a dead letter of its own. What was accepted before there was a key is delivered as
it is, and stays readable until then.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from ferryman._core.outbox_keys import secret_keys
from ferryman.errors import OutboxSealed, StoreError

from ..entry import Cancelled, Dead, Done, Entry, Verdict
from ..protocol import Replayed, Store, Where
from .around import Around
from .seal import Altered, Opened, Seal
from .unsealed import is_sealed

ALTERED: Final = "altered in the outbox"
"""The reason of a dead letter that was changed after it was sealed."""
_UNREADABLE: Final = "unreadable."
"""Before the name of what was changed: no operation is called so, and none is sent."""
_PAGE = 500
_place = msgspec.structs.force_setattr


class Sealed(Around):
    """Keeps entries in *store*, which sees nothing of whom they are about and what they say.

    *keys* are those of `ferryman outbox key`: the first encrypts, all of them decrypt. Raises
    ConfigurationError for a key that is none.
    """

    def __init__(self, store: Store, keys: str | Iterable[str]) -> None:
        keys = secret_keys(keys)
        super().__init__(store)
        self._seal = Seal(keys)

    def put(self, entries: Sequence[Entry]) -> None:
        """Keep *entries*, sealed."""
        sealed = self._seal.sealed(entries)
        self._store.put(sealed)
        for entry, kept in zip(entries, sealed, strict=True):
            _place(entry, "seq", kept.seq)

    # -- carrying

    def read(self, after: int, *, limit: int, size: int) -> list[Entry]:
        """Return entries behind *after*, opened; raise OutboxSealed where a key is missing."""
        found = self._store.read(after, limit=limit, size=size)
        return [self._readable(kept) for kept in found]

    def _readable(self, kept: Entry) -> Entry:
        try:
            return self._seal.opened(kept)
        except Altered:
            return _closed(kept, _UNREADABLE + kept.name)

    def settle(self, verdicts: Sequence[Verdict], now: int) -> None:
        """Carry out *verdicts* on what is kept."""
        self._store.settle([self._of_kept(verdict) for verdict in verdicts], now)

    def _of_kept(self, verdict: Verdict) -> Verdict:
        entry = verdict.entry
        if not isinstance(entry, Opened) or entry.kept is None:
            return verdict
        if isinstance(verdict, Done):
            return Done(entry.kept)
        if isinstance(verdict, Cancelled):
            return Cancelled(entry.kept)
        if entry.name != entry.kept.name:
            return msgspec.structs.replace(verdict, entry=entry.kept, reason=ALTERED)
        message = self._seal.sealed_message(verdict)
        return msgspec.structs.replace(verdict, entry=entry.kept, message=message)

    def parked(self) -> set[str]:
        """Return the keys behind a dead barrier; raise OutboxSealed where one cannot be known."""
        found: set[str] = set()
        after = 0
        while page := self._store.dead(Where(parks=True), after=after, limit=_PAGE):
            after = page[-1].entry.seq
            for dead in page:
                entry = self._readable(dead.entry)
                found |= {entry.key, entry.other}
        return found - {""}

    # -- dead letters

    def dead(self, where: Where, *, after: int, limit: int) -> list[Dead]:
        """Return dead letters, opened.

        What no key opens has neither body nor person, and says so in place of its message.
        """
        found = self._store.dead(self._named(where), after=after, limit=limit)
        if where.key is not None:  # those of before there was a key
            found += self._store.dead(where, after=after, limit=limit)
            found = sorted(found, key=_seq)[:limit]
        return [self._opened(dead) for dead in found]

    def _named(self, where: Where) -> Where:
        if where.key is None:
            return where
        return msgspec.structs.replace(where, key=self._seal.name(where.key))

    def _opened(self, dead: Dead) -> Dead:
        kept = dead.entry
        if not is_sealed(kept):
            return dead
        try:
            entry = self._seal.opened(kept)
            message = self._seal.opened_message(dead)
        except OutboxSealed as error:
            entry, message = _closed(kept, kept.name), f"({error})"
        except Altered:
            entry, message = _closed(kept, kept.name), "(it was changed since it was encrypted)"
        return msgspec.structs.replace(dead, entry=entry, message=message)

    def replay(self, places: Sequence[int]) -> Replayed:
        """Let dead letters wait again; raise StoreError for those of before there was a key.

        A removal accepted since names its person otherwise than they do: the store cannot see
        that they are about the same one, and would bring back whom it removed.
        """
        plain = [place for place in sorted(set(places)) if self._is_plain(place)]
        if plain:
            shown = ", ".join(map(str, plain[:5])) + (", …" if len(plain) > 5 else "")
            raise StoreError(
                "dead letters from before the outbox was encrypted cannot be replayed, since nobody"
                f" can tell whether their people were removed since: skip or purge {shown}"
            )
        return self._store.replay(places)

    def _is_plain(self, place: int) -> bool:
        found = self._store.dead(Where(), after=place - 1, limit=1)
        return any(dead.entry.seq == place and not is_sealed(dead.entry) for dead in found)

    def purge_key(self, key: str) -> int:
        """Throw away everything of *key*, of before there was a key to encrypt with, too."""
        return self._store.purge_key(self._seal.name(key)) + self._store.purge_key(key)


def _closed(kept: Entry, name: str) -> Opened:
    at = kept.at
    return Opened(kept.seq, kept.id, name, kept.key, b"", kept.other, kept.barrier, "", at, kept)


def _seq(dead: Dead) -> int:
    return dead.entry.seq
