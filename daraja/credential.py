"""SecurityCredential: an API operator's password, encrypted for M-PESA with the environment's certificate.

M-PESA takes the public key out of the certificate and looks at nothing else: the sandbox's own one expired in 2016.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from daraja.errors import BadRequest

Environment = Literal["sandbox", "production", "unknown"]

CERTIFICATE: Final = "certificate"
_BEGIN: Final = "-----BEGIN"
_LARGEST_FILE: Final = 64 * 1024
_LEAST_KEY_BITS: Final = 1024
_PADDING_BYTES: Final = 11  # PKCS#1 v1.5 needs these beside the password
_MASKS: Final = ("*", "•", "…")
_UNWELCOME: Final = "@."  # M-PESA's page advises against them in an operator's password


@dataclass(frozen=True, slots=True)
class Operator:
    """The API operator of the org portal, who may ask for transactions and reverse them.

    certificate: the content of the environment's certificate, PEM or DER: see `read_certificate`. Raises BadRequest
    (field `initiator_name` or `password`); whether the certificate is any good is asked only when it is used.
    """

    initiator_name: str
    password: str = field(repr=False)
    certificate: bytes = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "initiator_name", self.initiator_name.strip())
        if not self.initiator_name:
            raise BadRequest("initiator_name", "is empty")
        if any(mask in self.initiator_name for mask in _MASKS):
            raise BadRequest("initiator_name", "was copied with its mask")
        if not self.password.strip():
            raise BadRequest("password", "is empty")

    def security_credential(self) -> str:
        """The password alone, RSA PKCS#1 v1.5, in Base64; another text each time. Raises BadRequest (`certificate`,
        `password`).
        """
        key = _key(_certificate(self.certificate))
        secret = self.password.encode("utf-8", "surrogatepass")
        if len(secret) > key.key_size // 8 - _PADDING_BYTES:
            raise BadRequest("password", "is too long for the certificate's key")
        return base64.b64encode(key.encrypt(secret, padding.PKCS1v15())).decode("ascii")


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says of itself. Moments are aware, UTC. environment: as far as its names tell, see
    `certificate_facts`.
    """

    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    key_bits: int
    environment: Environment

    def expired(self, now: datetime) -> bool:
        """Whether its time is over. Only its key is used, so that it may work all the same."""
        return now > self.not_after


def read_certificate(path_or_text: str) -> bytes:
    """The content of a certificate given as a path, or as PEM text (also in one line, with \\n for the breaks).

    Raises BadRequest (`certificate`) when there is no such file or it cannot be read.
    """
    if _BEGIN in path_or_text:
        return path_or_text.replace("\\n", "\n").strip().encode("utf-8", "replace")
    try:
        content = Path(path_or_text.strip()).expanduser().read_bytes()
    except (OSError, ValueError, RuntimeError) as error:
        raise BadRequest(CERTIFICATE, f"no file there that can be read ({type(error).__name__})") from None
    if len(content) > _LARGEST_FILE:
        raise BadRequest(CERTIFICATE, "is no certificate: the file is too large")
    return content


def certificate_facts(content: bytes) -> CertificateFacts:
    """What the certificate says of itself. Raises BadRequest (`certificate`): not a certificate, or not of an RSA key.

    environment is "unknown" wherever the names do not say it: the certificate known from the field is named for a
    host, apicrypt.safaricom.co.ke, not for an environment. Then only a real call can tell (2001: the wrong one).
    """
    certificate = _certificate(content)
    key = _key(certificate)
    subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
    return CertificateFacts(
        subject=subject,
        issuer=issuer,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        key_bits=key.key_size,
        environment=_environment(f"{subject} {issuer}".lower()),
    )


def password_warnings(password: str) -> tuple[str, ...]:
    """What M-PESA's page advises against in an operator's password: it may work, and is a known cause of 2001."""
    unwelcome = [letter for letter in _UNWELCOME if letter in password]
    found = (
        (f"the password holds {' and '.join(unwelcome)}, which M-PESA advises against",) if unwelcome else ()
    )
    blank = ("the password begins or ends with a blank",) if password != password.strip() else ()
    return found + blank


def _certificate(content: bytes) -> x509.Certificate:
    try:
        if _BEGIN.encode() in content:
            return x509.load_pem_x509_certificate(content)
        return x509.load_der_x509_certificate(content)
    except Exception:  # the library's errors are many, and some quote what they read
        raise BadRequest(CERTIFICATE, "is not a certificate in PEM or DER") from None


def _key(certificate: x509.Certificate) -> RSAPublicKey:
    try:
        key = certificate.public_key()
    except Exception:
        raise BadRequest(CERTIFICATE, "has no key that can be read") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < _LEAST_KEY_BITS:
        raise BadRequest(CERTIFICATE, "has no RSA key of at least 1024 bits")
    return key


def _environment(names: str) -> Environment:
    sandbox, production = "sandbox" in names, "production" in names
    if sandbox == production:
        return "unknown"
    return "sandbox" if sandbox else "production"
