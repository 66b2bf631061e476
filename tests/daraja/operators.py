"""Invented operators, with certificates of our own making: nobody's, and of every kind that matters."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from daraja import Operator

BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
PASSWORD = "invented-operator-password"
RESULT_URL = "https://karo.invalid/daraja/result/00112233445566778899aabbccddeeff"
TIMEOUT_URL = "https://karo.invalid/daraja/timeout/00112233445566778899aabbccddeeff"


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def certificate(
    name: str = "apicrypt.safaricom.co.ke", *, days: int = 3650, of: str = "rsa", der: bool = False
) -> bytes:
    """A certificate that began in 2024."""
    key = rsa_key() if of == "rsa" else ec.generate_private_key(ec.SECP256R1())
    names = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(names)
        .issuer_name(names)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(BEGAN)
        .not_valid_after(BEGAN + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER if der else serialization.Encoding.PEM)


def operator(password: str = PASSWORD, content: bytes | None = None) -> Operator:
    return Operator("karo-operator", password, certificate() if content is None else content)


def opened(security_credential: str) -> str:
    """What M-PESA reads in a SecurityCredential."""
    return rsa_key().decrypt(base64.b64decode(security_credential), padding.PKCS1v15()).decode()
