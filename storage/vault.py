"""Encryption at rest: one stored data key, wrapped by the master key that the school holds.

Rotating the master key re-wraps the data key; nothing that is stored changes, and no look-up breaks.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = b"\x01"
_NONCE_BYTES = 12
_SHORTEST_KEY = 16


class VaultError(Exception):
    """A key is unfit or does not open what it should. The text never contains a key."""


@dataclass(frozen=True, slots=True)
class Vault:
    """Seals, opens and hashes, with keys that are derived from the data key."""

    data_key: bytes = field(repr=False)
    _sealing: AESGCM = field(init=False, repr=False)
    _hashing: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_sealing", AESGCM(_derive(self.data_key, b"karo seal")))
        object.__setattr__(self, "_hashing", _derive(self.data_key, b"karo hash"))

    def seal(self, plain: str | bytes) -> bytes:
        """Encrypts and authenticates; every call gives other bytes."""
        return _seal(self._sealing, plain.encode() if isinstance(plain, str) else plain)

    def open(self, sealed: bytes) -> bytes:
        """What `seal` was given, as bytes. Raises VaultError when it was sealed with another data key or
        changed.
        """
        return _open(self._sealing, sealed)

    def open_text(self, sealed: bytes) -> str:
        """What `seal` was given, as text."""
        return self.open(sealed).decode()

    def hash(self, purpose: str, text: str | bytes) -> str:
        """Keyed hash to look a value up by: HMAC-SHA256 in 64 hex digits. Each purpose hashes differently."""
        message = text.encode() if isinstance(text, str) else text
        return hmac.new(self._hashing, purpose.encode() + b"\0" + message, hashlib.sha256).hexdigest()

    def wrapped(self, master_key: str) -> bytes:
        """The data key sealed under a master key, as it is stored. Raises VaultError when the key is too
        short.
        """
        return _seal(_wrapping(master_key), self.data_key)


def new_data_key() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(32)


def new_master_key() -> str:
    """A master key fit for KARO_SECRET_KEY: 43 characters, 256 random bits."""
    return secrets.token_urlsafe(32)


def unwrap(wrapped: bytes, master_keys: Sequence[str]) -> tuple[Vault, bool]:
    """The vault, opened with the first master key that fits; the bool says that it was not the first one
    given.

    Raises VaultError when none fits.
    """
    for position, master_key in enumerate(master_keys):
        try:
            return Vault(_open(_wrapping(master_key), wrapped)), position > 0
        except VaultError:
            continue
    raise VaultError("None of the given master keys opens this database: use the one that it was made with.")


def _derive(secret: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)


def _wrapping(master_key: str) -> AESGCM:
    trimmed = master_key.strip()
    if len(trimmed) < _SHORTEST_KEY:
        raise VaultError(f"A master key needs at least {_SHORTEST_KEY} characters.")
    return AESGCM(_derive(trimmed.encode(), b"karo master"))


def _seal(cipher: AESGCM, plain: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return _VERSION + nonce + cipher.encrypt(nonce, plain, _VERSION)


def _open(cipher: AESGCM, sealed: bytes) -> bytes:
    version, nonce, body = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, body, version)
    except (InvalidTag, ValueError):
        raise VaultError("This was sealed with another key, or it was changed.") from None
