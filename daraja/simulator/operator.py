"""The merchant's API operator as M-PESA knows it: name, password, and the key that SecurityCredentials are made for."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from daraja.simulator.config import SimulatorConfig
from daraja.simulator.scenarios import Ending

BAD_INITIATOR = Ending("2001")
LOCKED = Ending("8006")
_KEY_BITS = 2048


@cache
def _key() -> rsa.RSAPrivateKey:
    """One for the process: making one takes a good part of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)


@cache
def certificate_pem() -> str:
    """The certificate that a SecurityCredential for this simulator is made with."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sandbox.daraja-simulator.invalid")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_key().public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(_key(), hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def sealed(password: str) -> str:
    """The SecurityCredential that a password makes for this simulator."""
    return base64.b64encode(_key().public_key().encrypt(password.encode(), padding.PKCS1v15())).decode()


class OperatorDesk:
    """Says whether an operator may act: wrong passwords lock it, as M-PESA does (after how many, nobody tells)."""

    def __init__(self, config: SimulatorConfig) -> None:
        self._config = config
        self._wrong = 0

    @property
    def locked(self) -> bool:
        """Whether the operator is locked by wrong passwords."""
        return self._wrong >= self._config.operator_tries

    def judge(self, initiator: str, security_credential: str) -> Ending | None:
        """The result that a bad operator gets; None when it may act."""
        if not hmac.compare_digest(initiator.encode(), self._config.initiator_name.encode()):
            return BAD_INITIATOR
        if self.locked:
            return LOCKED
        if _password(security_credential) != self._config.initiator_password.encode():
            self._wrong += 1
            return BAD_INITIATOR
        self._wrong = 0
        return None

    def unlock(self) -> None:
        """What the org portal's administrator does."""
        self._wrong = 0


def _password(security_credential: str) -> bytes | None:
    try:
        sealed = base64.b64decode(security_credential, validate=True)
        return _key().decrypt(sealed, padding.PKCS1v15())
    except ValueError:
        return None
