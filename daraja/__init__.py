"""A client for Safaricom's Daraja: OAuth, STK push (M-PESA Express), STK query and their callbacks."""

from __future__ import annotations

from daraja.auth import DarajaAuth
from daraja.catalogue import CATALOGUE, CAUSES, Channel, Entry, Turn, look_up
from daraja.client import PRODUCTION_URL, SANDBOX_URL, DarajaClient
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
)
from daraja.fields import check_callback_url
from daraja.messages import StkAccepted, StkCallback, StkPush, StkQueryResult, parse_stk_callback
from daraja.phone import BadPhone, mask_phone, parse_phone
from daraja.reference import account_reference
from daraja.tokens import MemoryTokenStore, Token, TokenStore

__all__ = [
    "CATALOGUE",
    "CAUSES",
    "PRODUCTION_URL",
    "SANDBOX_URL",
    "AnswerLost",
    "BadCallback",
    "BadPhone",
    "BadRequest",
    "Channel",
    "Credentials",
    "DarajaAuth",
    "DarajaClient",
    "DarajaError",
    "Entry",
    "MemoryTokenStore",
    "NeverSent",
    "Refused",
    "StkAccepted",
    "StkCallback",
    "StkPush",
    "StkQueryResult",
    "Token",
    "TokenRefused",
    "TokenStore",
    "TokenUnavailable",
    "Turn",
    "account_reference",
    "check_callback_url",
    "look_up",
    "mask_phone",
    "parse_phone",
    "parse_stk_callback",
]
