"""The support request, as a person would send it: what was tried, what came back, what we ask; without a secret."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from textwrap import fill
from types import MappingProxyType
from typing import Final

from pydantic import SecretStr

from bot.services.examine import Examination, said_of
from bot.settings import Settings
from bot.texts import NAIROBI
from daraja.doctor import CauseClass, Diagnosis, Exchange, Finding, Verdict
from daraja.doctor.diagnosis import OUR_OWN

API_SUPPORT: Final = "apisupport@safaricom.co.ke"
BUSINESS_SUPPORT: Final = "M-PESABusiness@safaricom.co.ke"
PORTAL: Final = "https://developer.safaricom.co.ke"
ORG_PORTAL: Final = "https://org.ke.m-pesa.com/"

_WIDTH: Final = 78
_SHOWN: Final = 4
_SHORTEST_SHOWN: Final = 12  #: of a shorter secret four characters would be too much
_MPESA_STAGES: Final = ("network", "oauth", "products", "passkey", "clock", "credential")

_IS_LIVE: Final = "Is our app live in production, with M-PESA Express (STK push) approved and active for it?"
_TOGETHER: Final = (
    "Are the app of this consumer key, the shortcode and the passkey configured together on your side? "
    "The fingerprints below are enough to compare them."
)
_OUR_ADDRESS: Final = (
    "Is our server's address blocked or limited on your side, and if so, since when and why?"
)
_LOGS: Final = "What do your logs say for the request ids below?"
_ENVIRONMENT: Final = (
    "Which environment does this consumer key belong to, and which products does its app hold?"
)
_OPERATOR: Final = (
    "Is the operator named below active, with the role for Transaction Status and Reversal, and is its password not "
    "expired or locked?"
)

#: What is asked, by the diagnosis; the request ids are asked about in any case.
_QUESTIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        CauseClass.PRODUCT_OR_GO_LIVE: (_IS_LIVE, _TOGETHER),
        CauseClass.NO_PRODUCTS: (_ENVIRONMENT, _IS_LIVE, _TOGETHER),
        CauseClass.TOKEN_LEVEL: (
            _ENVIRONMENT,
            "Does another system mint tokens with this consumer key?",
            "Is there any rule on the use of tokens that we do not know?",
        ),
        CauseClass.STALE_TOKEN: ("Does another system mint tokens with this consumer key?",),
        CauseClass.MANGLED_HEADER: (
            "Does the Authorization header of the calls below reach you as Bearer and a token?",
        ),
        CauseClass.WRONG_KEY_PAIR: (_ENVIRONMENT, "Is the app active, and was its key pair replaced lately?"),
        CauseClass.WRONG_PASSKEY: (_TOGETHER, "Would you send us the passkey of this shortcode once more?"),
        CauseClass.WRONG_SHORTCODE: (_TOGETHER, "Which shortcode was used at our go-live?"),
        CauseClass.FIREWALL: (_OUR_ADDRESS,),
        CauseClass.NETWORK: (_OUR_ADDRESS,),
        CauseClass.THROTTLED: (
            "Which limit of calls a second and a day holds for our shortcode, and can it be raised?",
        ),
        CauseClass.MPESA_DOWN: ("Is there a disturbance on your side, and until when?",),
        CauseClass.CALLBACK: ("Do you see attempts to call our CallBackURL, and what do they meet?",),
        CauseClass.CREDENTIAL: (_OPERATOR,),
    }
)
#: Causes that a letter may help with; the others are mended at home.
FOR_SUPPORT: Final = frozenset(_QUESTIONS) - {CauseClass.NETWORK, CauseClass.STALE_TOKEN} | {
    CauseClass.UNCLEAR
}
_GENERAL: Final = (_IS_LIVE, _TOGETHER, _OUR_ADDRESS)

_HOLDS: Final = "Does our sandbox app hold M-PESA Express (STK push)?"

_FOR_YOU: Final = "For you. Take everything down to the line out before you send it."
_WHERE: Final = (
    f"Send it to {API_SUPPORT} (API support), or put it on the incident page of {PORTAL}.",
    "The chatbot of that page answers at once.",
    f"For operators, roles and new shortcodes write to {BUSINESS_SUPPORT}.",
    f"Every payment that was really made stands in {ORG_PORTAL}",
    "Fill in what stands in brackets. Add no key, no passkey and no password.",
)


class LetterExists(Exception):
    """A file of that name is there; it is not written over."""


def fingerprint(secret: SecretStr) -> str:
    """Enough for support to compare, too little to use: first characters, length, 8 hex digits of SHA-256."""
    value = secret.get_secret_value()
    if not value:
        return "not set"
    digest = hashlib.sha256(value.encode()).hexdigest()[:8]
    shown = f"begins {value[:_SHOWN]}, " if len(value) >= _SHORTEST_SHOWN else ""
    return f"{shown}{len(value)} characters, SHA-256 begins {digest}"


def write_letter(path: Path, text: str) -> None:
    """A new file for its owner alone (mode 0600). Raises LetterExists, OSError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise LetterExists(
            f"{path} is there already, and nothing is written over it: take another name."
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)


def letter(settings: Settings, examination: Examination) -> str:
    """The whole text, at most 78 columns where words can be broken."""
    return "\n".join(_lines(settings, examination)) + "\n"


def _lines(settings: Settings, examination: Examination) -> Iterator[str]:
    said = examination.diagnosis
    tried = [found for found in examination.findings if found.stage in _MPESA_STAGES and found.exchange]
    yield _FOR_YOU
    sure = f"To be sure: {said.parted_by}" if said.parted_by else ""
    for line in filter(None, (f"First: {said.next_step}", sure, *_WHERE)):
        yield _wrapped(f"- {line}", "  ")
    yield from ("-" * _WIDTH, "")
    yield f"Subject: {_subject(settings, tried)}"
    yield from ("", "Dear M-PESA API support,", "")
    if examination.well:
        yield _wrapped(
            "Everything that we can check from our side is in order; these are our details and our questions."
        )
    else:
        yield _wrapped(f"Our calls do not work. As far as we can tell from our side: {said.said}")
        yield from _found(said)
    yield from ("", "OUR QUESTIONS")
    for number, question in enumerate((*_QUESTIONS.get(said.cause, _GENERAL), _LOGS), 1):
        asked = _HOLDS if question == _IS_LIVE and settings.sandbox else question
        yield _wrapped(f"{number}. {asked}", "   ")
    yield from ("", "WHO WE ARE", *_who(settings))
    yield from ("", "WHAT WAS TRIED (no payment was made by any of it)")
    yield from _tried(tried)
    yield from _noted(examination.findings)
    yield from ("", "We can make more test calls at any time you name.", "")
    yield from ("Kind regards,", settings.school_name, settings.school_contact)


def _found(said: Diagnosis) -> Iterator[str]:
    """What the tests do not show, and each question that they answered on the way."""
    yield from ("", _wrapped(f"What our tests leave open: {CauseClass(said.cause).leaves_open}"))
    for other in said.also:
        yield _wrapped(f"The same answers would come if this were so: {CauseClass(other).meaning}")
    steps = [step for step in said.path if step.asked not in OUR_OWN]
    if steps:
        yield from ("", "HOW WE CAME TO THIS")
    for step in steps:
        yield _wrapped(f"- {step.asked} {step.answered}", "  ")


def _subject(settings: Settings, tried: list[Finding]) -> str:
    codes = [found.exchange.code for found in tried if found.exchange and found.verdict is Verdict.BAD]
    code = next(filter(None, codes), "")
    return " ".join(
        filter(None, (code, settings.daraja_environment, f"shortcode {settings.daraja_shortcode or '?'}"))
    )


def _who(settings: Settings) -> Iterator[str]:
    till = settings.daraja_transaction_type == "CustomerBuyGoodsOnline"
    kind = f"store number of till {settings.party_b}" if till else "PayBill"
    operator = settings.daraja_initiator_name or "none"
    rows = (
        ("Business", settings.school_name or "(its name)"),
        ("App on the portal", settings.daraja_app_name or "(its name)"),
        ("Environment", settings.daraja_environment),
        ("Shortcode", f"{settings.daraja_shortcode or 'not set'} ({kind})"),
        ("Type of payment", settings.daraja_transaction_type),
        ("API address", settings.daraja_api_url or "Safaricom's own for this environment"),
        ("CallBackURL", f"{settings.public_url}/daraja/stk/..." if settings.public_url else "none of ours"),
        ("Our server's address", "(what a page like ifconfig.me shows on the server)"),
        ("Consumer key", fingerprint(settings.daraja_consumer_key)),
        ("Consumer secret", fingerprint(settings.daraja_consumer_secret)),
        ("Passkey", fingerprint(settings.daraja_passkey)),
        ("Operator", operator),
        ("Operator's password", _is_set(settings.daraja_initiator_password)),
        ("Bot token", _is_set(settings.telegram_bot_token)),
    )
    for name, value in rows:
        yield f"  {name + ':':<22}{value}"


def _is_set(secret: SecretStr) -> str:
    return "set" if secret else "not set"


def _tried(tried: list[Finding]) -> Iterator[str]:
    if not tried:
        yield "  Nothing could be sent to M-PESA."
    for number, found in enumerate(tried, 1):
        assert found.exchange is not None
        yield ""
        yield _wrapped(f"{number}. {said_of(found)}", "   ")
        for name, value in _exchange(found.exchange):
            yield f"     {name + ':':<13}{value}"


def _exchange(exchange: Exchange) -> Iterator[tuple[str, str]]:
    yield "time", f"{_utc(exchange.at)} = {exchange.at.astimezone(NAIROBI):%Y-%m-%d %H:%M:%S} Nairobi"
    yield "endpoint", exchange.endpoint
    status = "none" if exchange.http_status is None else str(exchange.http_status)
    yield "HTTP status", status
    for name, value in (
        ("code", exchange.code),
        ("message", exchange.message),
        ("requestId", exchange.request_id),
        ("trouble", exchange.trouble),
    ):
        if value:
            yield name, value


def _noted(findings: tuple[Finding, ...]) -> Iterator[str]:
    """What else was found on our side, without an exchange."""
    others = [
        found
        for found in findings
        if found.exchange is None
        and found.verdict in (Verdict.BAD, Verdict.WARNING)
        and found.stage in (*_MPESA_STAGES, "settings")
    ]
    if others:
        yield from ("", "ALSO SEEN ON OUR SIDE")
        for found in others:
            yield _wrapped(f"- {found.said}", "  ")


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _wrapped(text: str, indent: str = "") -> str:
    return fill(text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
