"""A client for Safaricom's Daraja: M-PESA prompts, payments in, status, reversal, callbacks. docs/daraja.md tells it.

Nothing is imported until it is asked for: `from daraja import parse_phone` costs a millisecond, not aiohttp.
A new name has a line in `_HOMES`, in the imports for type checkers, and in `__all__` (a test holds them together).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daraja.late import load

if TYPE_CHECKING:
    from daraja.auth import DarajaAuth
    from daraja.c2b import (
        C2BConfirmation,
        C2BPayment,
        C2BRejection,
        C2BValidation,
        parse_c2b_confirmation,
        parse_c2b_validation,
    )
    from daraja.c2b_requests import C2BRegistered, C2BSimulated, RegisterUrls, SimulateC2B
    from daraja.catalogue import CATALOGUE, CAUSES, Channel, Entry, Turn, look_up
    from daraja.client import DarajaClient
    from daraja.connection import PRODUCTION_URL, SANDBOX_URL
    from daraja.credential import (
        CertificateFacts,
        Operator,
        certificate_facts,
        password_warnings,
        read_certificate,
    )
    from daraja.credentials import Credentials
    from daraja.errors import (
        AnswerLost,
        BadCallback,
        BadRequest,
        DarajaError,
        NeverSent,
        Refused,
        TokenRefused,
        TokenUnavailable,
        TooSoon,
    )
    from daraja.fields import check_callback_url
    from daraja.messages import StkAccepted, StkCallback, StkPush, StkQueryResult, parse_stk_callback
    from daraja.msisdn import MsisdnKind
    from daraja.pacing import Pace
    from daraja.phone import BadPhone, mask_phone, parse_phone
    from daraja.pull import PulledPayment, PullPage, PullQuery, PullRegistered, PullRegistration
    from daraja.qr import QrCode, QrRequest, TrxCode
    from daraja.reference import account_reference
    from daraja.results import Acknowledged, AsyncResult, Parameter, TimedOut, parse_result, parse_timeout
    from daraja.reversal import Reversal, ReversalRequest, read_reversal
    from daraja.rules import PushRules
    from daraja.tokens import MemoryTokenStore, Token, TokenStore
    from daraja.transaction_status import TransactionStatus, TransactionStatusRequest, read_transaction_status

__all__ = [
    "CATALOGUE",
    "CAUSES",
    "PRODUCTION_URL",
    "SANDBOX_URL",
    "Acknowledged",
    "AnswerLost",
    "AsyncResult",
    "BadCallback",
    "BadPhone",
    "BadRequest",
    "C2BConfirmation",
    "C2BPayment",
    "C2BRegistered",
    "C2BRejection",
    "C2BSimulated",
    "C2BValidation",
    "CertificateFacts",
    "Channel",
    "Credentials",
    "DarajaAuth",
    "DarajaClient",
    "DarajaError",
    "Entry",
    "MemoryTokenStore",
    "MsisdnKind",
    "NeverSent",
    "Operator",
    "Pace",
    "Parameter",
    "PullPage",
    "PullQuery",
    "PullRegistered",
    "PullRegistration",
    "PulledPayment",
    "PushRules",
    "QrCode",
    "QrRequest",
    "Refused",
    "RegisterUrls",
    "Reversal",
    "ReversalRequest",
    "SimulateC2B",
    "StkAccepted",
    "StkCallback",
    "StkPush",
    "StkQueryResult",
    "TimedOut",
    "Token",
    "TokenRefused",
    "TokenStore",
    "TokenUnavailable",
    "TooSoon",
    "TransactionStatus",
    "TransactionStatusRequest",
    "TrxCode",
    "Turn",
    "account_reference",
    "certificate_facts",
    "check_callback_url",
    "look_up",
    "mask_phone",
    "parse_c2b_confirmation",
    "parse_c2b_validation",
    "parse_phone",
    "parse_result",
    "parse_stk_callback",
    "parse_timeout",
    "password_warnings",
    "read_certificate",
    "read_reversal",
    "read_transaction_status",
]

#: Each module with what it gives.
_HOMES: Final = {
    "auth": ("DarajaAuth",),
    "c2b": (
        "C2BConfirmation",
        "C2BPayment",
        "C2BRejection",
        "C2BValidation",
        "parse_c2b_confirmation",
        "parse_c2b_validation",
    ),
    "c2b_requests": ("C2BRegistered", "C2BSimulated", "RegisterUrls", "SimulateC2B"),
    "catalogue": ("CATALOGUE", "CAUSES", "Channel", "Entry", "Turn", "look_up"),
    "client": ("DarajaClient",),
    "connection": ("PRODUCTION_URL", "SANDBOX_URL"),
    "credential": (
        "CertificateFacts",
        "Operator",
        "certificate_facts",
        "password_warnings",
        "read_certificate",
    ),
    "credentials": ("Credentials",),
    "errors": (
        "AnswerLost",
        "BadCallback",
        "BadRequest",
        "DarajaError",
        "NeverSent",
        "Refused",
        "TokenRefused",
        "TokenUnavailable",
        "TooSoon",
    ),
    "fields": ("check_callback_url",),
    "messages": ("StkAccepted", "StkCallback", "StkPush", "StkQueryResult", "parse_stk_callback"),
    "msisdn": ("MsisdnKind",),
    "pacing": ("Pace",),
    "phone": ("BadPhone", "mask_phone", "parse_phone"),
    "pull": ("PulledPayment", "PullPage", "PullQuery", "PullRegistered", "PullRegistration"),
    "qr": ("QrCode", "QrRequest", "TrxCode"),
    "reference": ("account_reference",),
    "results": ("Acknowledged", "AsyncResult", "Parameter", "TimedOut", "parse_result", "parse_timeout"),
    "reversal": ("Reversal", "ReversalRequest", "read_reversal"),
    "rules": ("PushRules",),
    "tokens": ("MemoryTokenStore", "Token", "TokenStore"),
    "transaction_status": ("TransactionStatus", "TransactionStatusRequest", "read_transaction_status"),
}
_HOME: Final = {name: module for module, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # for a type checker, a name that is not above is an error

    def __getattr__(name: str) -> object:
        """The name from its module, imported now and kept. AttributeError for what is none."""
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(load(f"{__name__}.{_HOME[name]}"), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
