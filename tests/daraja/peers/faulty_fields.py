"""Clients that send another thing than the caller said. Each is ours with one fault."""

from __future__ import annotations

import base64
import re
from typing import Any, ClassVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from daraja import Acknowledged, BadRequest, Credentials, DarajaClient, Operator, StkAccepted
from tests.daraja.host import CALLBACK_URL, PHONE
from tests.daraja.peers.faulty_sending import Rewrites


class _AsTyped(Rewrites):
    """One field gets past every check of ours. argument: its name here, name: Daraja's, good: what is checked."""

    argument: ClassVar[str]
    name: ClassVar[str]
    good: ClassVar[Any]
    _typed: Any = None

    def changed(self, typed: Any) -> Any:
        """What becomes of what was typed."""
        return typed

    async def stk_push(self, **fields: Any) -> StkAccepted:
        self._typed = self.changed(fields[self.argument])
        return await super().stk_push(**(fields | {self.argument: self.good}))

    def rewritten(self, body: dict[str, Any]) -> dict[str, Any]:
        return body | {self.name: self._typed}


class SendsPartyAAsTyped(_AsTyped):
    """Normalises one of the two phones."""

    argument, name, good = "party_a", "PartyA", PHONE


class SendsAnyUrl(_AsTyped):
    """Does not look at the CallBackURL."""

    argument, name, good = "callback_url", "CallBackURL", CALLBACK_URL


class SendsAnyDescription(_AsTyped):
    """Does not look at the description."""

    argument, name, good = "transaction_desc", "TransactionDesc", "Fees"


class SendsAnyReference(_AsTyped):
    """Does not look at the reference."""

    argument, name, good = "account_reference", "AccountReference", "ADM1"


class CutsReferences(SendsAnyReference):
    """Makes a reference fit."""

    def changed(self, typed: str) -> str:
        return re.sub(r"[^A-Za-z0-9]", "", typed)[:12]


class SendsAnyAmount(_AsTyped):
    """Does not look at the amount."""

    argument, name, good = "amount_kes", "Amount", 1


class CutsAmounts(SendsAnyAmount):
    """1.5 is 1."""

    def changed(self, typed: Any) -> int:
        return int(typed)


class TakesTheLastNineDigits(DarajaClient):
    """Makes a Kenyan of everybody."""

    async def stk_push(self, **fields: Any) -> StkAccepted:
        for name in ("party_a", "phone_number"):
            fields[name] = "254" + re.sub(r"\D", "", fields[name])[-9:]
        return await super().stk_push(**fields)


class Cuts01(Rewrites):
    """Knows the country code before a 7 only."""

    def rewritten(self, body: dict[str, Any]) -> dict[str, Any]:
        short = {name: int(str(body[name]).removeprefix("2540").removeprefix("254")) for name in _PHONES}
        return body | {name: value for name, value in short.items() if str(value).startswith("1")}


_PHONES = ("PartyA", "PhoneNumber")


class Refuses2541(DarajaClient):
    """Its pattern was written before 2541 was."""

    async def stk_push(self, **fields: Any) -> StkAccepted:
        if fields["phone_number"].startswith("2541"):
            raise BadRequest("PhoneNumber", "2547XXXXXXXX")
        return await super().stk_push(**fields)


class Refuses150001(DarajaClient):
    """Its limit is an old one."""

    async def stk_push(self, **fields: Any) -> StkAccepted:
        if fields["amount_kes"] > 150_000:
            raise BadRequest("Amount", "at most 150,000")
        return await super().stk_push(**fields)


class PaysTheStore(DarajaClient):
    """PartyB is always its own shortcode."""

    async def stk_push(self, **fields: Any) -> StkAccepted:
        return await super().stk_push(**(fields | {"party_b": None}))


class SendsThePasskey(Rewrites):
    """Puts all it knows into the body."""

    def rewritten(self, body: dict[str, Any]) -> dict[str, Any]:
        return body | {"Passkey": self._credentials.passkey}


class _ASecondLater(Credentials):
    def password(self, stamp: str) -> str:
        return super().password(str(int(stamp) + 1))


class ReadsTheClockTwice(DarajaClient):
    """A second may tick between Timestamp and Password."""

    def __init__(self, credentials: Credentials, **options: Any) -> None:
        late = _ASecondLater(
            credentials.consumer_key, credentials.consumer_secret, credentials.shortcode, credentials.passkey
        )
        super().__init__(late, **options)


class _Stamps(Rewrites):
    def stamp(self) -> str:
        """Its own idea of the time."""
        return ""

    def rewritten(self, body: dict[str, Any]) -> dict[str, Any]:
        stamp = self.stamp()
        return body | {"Timestamp": stamp, "Password": self._credentials.password(stamp)}


class StampsMachineTime(_Stamps):
    """Asks the machine what time it is where it stands."""

    def stamp(self) -> str:
        return self._clock().astimezone().strftime("%Y%m%d%H%M%S")


class StampsUtc(_Stamps):
    """Time is UTC."""

    def stamp(self) -> str:
        return self._clock().strftime("%Y%m%d%H%M%S")


class _WithTimestamp(Operator):
    def security_credential(self) -> str:
        return Operator(
            self.initiator_name, self.password + "20261122120030", self.certificate
        ).security_credential()


class _InBase64(Operator):
    def security_credential(self) -> str:
        return base64.b64encode(self.password.encode()).decode()


class _PaddedOtherwise(Operator):
    def security_credential(self) -> str:
        key = x509.load_pem_x509_certificate(self.certificate).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        return base64.b64encode(key.encrypt(self.password.encode(), oaep)).decode()


class _Signs(DarajaClient):
    operators: ClassVar[type[Operator]]

    async def transaction_status(self, operator: Operator, **fields: Any) -> Acknowledged:
        another = self.operators(operator.initiator_name, operator.password, operator.certificate)
        return await super().transaction_status(another, **fields)


class EncryptsTheTimeToo(_Signs):
    """As one page of the portal's says."""

    operators = _WithTimestamp


class EncodesOnly(_Signs):
    """Takes Base64 for encryption."""

    operators = _InBase64


class PadsByOaep(_Signs):
    """Modern, and not what M-PESA reads."""

    operators = _PaddedOtherwise
