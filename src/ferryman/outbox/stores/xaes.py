"""XAES-256-GCM over the AES-256-GCM of `cryptography`: random nonces without a budget to watch.

AES-GCM is broken where a nonce repeats under a key. Of its own 96 random bits, 2**32 entries a
key are the most that is safe (NIST SP 800-38D, 8.3); a counter instead would repeat after a fork,
or where a machine is restored from a snapshot. XAES (https://c2sp.org/XAES-256-GCM) derives a key
from the first half of a nonce of 192 random bits, is AES-GCM with the second half, and keeps no
state: a nonce comes twice with chance 2**-32 among 2**80 entries. AES-GCM-SIV would forgive a
repeat, but needs OpenSSL 3.2.

Here 2**20 entries share a first half, so the bound is another one. Entries that share a half meet
in the other half, of 96 random bits: n entries have n * 2**20 / 2 such pairs, and a nonce comes
twice with chance n / 2**77. That is 2**-32 for 2**45 entries under one key. A half that goes on in
c forked children is shared by c * 2**20 entries, and the chance is c times as much: 2**35 entries
where each half has 1,000 children.
"""

import os
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, CounterLocation, Mode

NONCE = 24
TAG = 16
_HALF = 12
_SHARED = 1 << 20
"""Nonces that share a first half, since deriving costs 6 µs: below 2**32 in 1,000 children, too."""


class Xaes:
    """Seals and opens with *key*, 32 bytes. Every method may be called from any thread."""

    def __init__(self, key: bytes) -> None:
        self._key = AES(key)  # which shows nothing of it, as bytes would
        self._derived = lru_cache(maxsize=256)(self._derive)
        self._half = b""
        self._left = 0

    def _derive(self, half: bytes) -> AESGCM:
        kdf = KBKDFCMAC(
            algorithm=AES,
            mode=Mode.CounterMode,
            length=32,
            rlen=2,
            llen=None,
            location=CounterLocation.BeforeFixed,
            label=None,
            context=None,
            fixed=b"X\0" + half,
        )
        return AESGCM(kdf.derive(self._key.key))

    def nonces(self, count: int) -> list[bytes]:
        """Return *count* new nonces.

        A forked child goes on with the first half of its parent: the second halves are chance
        in each of them, so that it need not be told.
        """
        if self._left <= 0:
            self._half, self._left = os.urandom(_HALF), _SHARED
        self._left -= count  # a thread's lost subtraction does no harm
        half, chance = self._half, os.urandom(_HALF * count)
        return [half + chance[start : start + _HALF] for start in range(0, len(chance), _HALF)]

    def seal(self, nonce: bytes, data: bytes, bound: bytes) -> bytes:
        """Return *data* sealed under *nonce*, TAG bytes longer; opening takes *bound*, too."""
        return self._derived(nonce[:_HALF]).encrypt(nonce[_HALF:], data, bound)

    def open(self, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
        """Return what was sealed; raise cryptography's InvalidTag where anything was changed."""
        return self._derived(nonce[:_HALF]).decrypt(nonce[_HALF:], sealed, bound)
