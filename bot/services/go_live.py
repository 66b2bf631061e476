"""The go-live checklist: what the examination ticks by itself, and what a person has to; as docs/go-live.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bot.services.examine import Examination
from bot.settings import SANDBOX_PASSKEY, SANDBOX_SHORTCODE, Settings
from daraja.doctor import Finding, Verdict


class Tick(StrEnum):
    """How a point stands."""

    DONE = "done"
    OPEN = "open"
    PERSON = "person"  #: only a person can say


@dataclass(frozen=True, slots=True)
class Point:
    """One line of the list. said: what was found, or what to look at."""

    name: str
    title: str
    tick: Tick
    said: str


TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "shortcode": "The shortcode is of the right kind: PayBill, a till's store number, or the head office number",
        "organisation": "The organisation's name is short and has no symbols",
        "manager": "The M-PESA username is a Business Administrator's or Business Manager's, in the same case",
        "otp": "That user's phone is a Safaricom line, so that the OTP arrives",
        "keys": "Consumer key and secret are the production app's",
        "passkey": "The passkey is the one that came by mail for this shortcode",
        "endpoints": "The calls go to production's address",
        "product": "M-PESA Express is ticked on the app, and the go-live is finished",
        "callback": "M-PESA can reach PUBLIC_URL, or is known not to",
        "operator": "An API operator for transaction status is there, its password not 90 days old; or none is wanted",
        "first_payment": "A first payment of KES 1 went through the bot, and its receipt number came",
    }
)

_HINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "shortcode": "PayBill: its number. Till: the store number, not the till's own. Several outlets: the HO number.",
        "organisation": "Shorten it in the go-live form; leave out dots, quotes, ampersands, hyphens.",
        "manager": "Look it up in the org portal, https://org.ke.m-pesa.com/. Upper and lower case count. To have one "
        "made: M-PESABusiness@safaricom.co.ke.",
        "otp": "It goes to the phone in that user's profile in the org portal.",
        "operator": "Only for transaction status and reversals. Passwords there end after 90 days: note the day.",
        "first_payment": "Pay KES 1 from your own phone for a child on the list; look for it in the org portal, too.",
    }
)


def checklist(settings: Settings, examination: Examination) -> tuple[Point, ...]:
    """Every point, in the order in which they come up."""
    found = examination.findings
    return tuple(_point(name, settings, found) for name in TITLES)


def through(points: Iterable[Point]) -> bool:
    """Whether every point is ticked: none is open, none waits for a person."""
    return all(point.tick is Tick.DONE for point in points)


def _point(name: str, settings: Settings, found: tuple[Finding, ...]) -> Point:
    tick, said = _CHECKS[name](settings, found) if name in _CHECKS else (Tick.PERSON, _HINTS[name])
    return Point(name, TITLES[name], tick, said)


Ticked = tuple[Tick, str]


def _shortcode(settings: Settings, _found: tuple[Finding, ...]) -> Ticked:
    if not settings.daraja_shortcode or settings.daraja_shortcode == SANDBOX_SHORTCODE:
        return Tick.OPEN, f"DARAJA_SHORTCODE is still to be set. {_HINTS['shortcode']}"
    till = settings.daraja_transaction_type == "CustomerBuyGoodsOnline"
    is_what = f"the store number of till {settings.party_b}" if till else "a PayBill"
    return Tick.PERSON, f"{settings.daraja_shortcode} is used as {is_what}. {_HINTS['shortcode']}"


def _organisation(settings: Settings, _found: tuple[Finding, ...]) -> Ticked:
    symbols = "".join(sorted(set(re.findall(r"[^\w ]", settings.school_name))))
    told = f"SCHOOL_NAME has {symbols} in it. " if symbols else ""
    return Tick.PERSON, f"{told}{_HINTS['organisation']}"


def _keys(settings: Settings, found: tuple[Finding, ...]) -> Ticked:
    if settings.sandbox:
        return Tick.OPEN, "DARAJA_ENVIRONMENT is still sandbox. At go-live the app gets a new key and secret."
    return _of_stage(found, "oauth", "M-PESA gives out tokens for this pair.")


def _passkey(settings: Settings, found: tuple[Finding, ...]) -> Ticked:
    if not settings.daraja_passkey or settings.daraja_passkey.get_secret_value() == SANDBOX_PASSKEY:
        return Tick.OPEN, "DARAJA_PASSKEY is still to be set: it comes by mail when the go-live is through."
    if settings.sandbox:
        return Tick.OPEN, "DARAJA_ENVIRONMENT is still sandbox, so production was not asked."
    asked = [each for each in found if (each.stage, each.name) == ("passkey", "query")]
    if (
        asked and asked[0].verdict is Verdict.UNKNOWN
    ):  # M-PESA often answers so that nothing is decided: asking again would change nothing
        return Tick.PERSON, f"{asked[0].said} {asked[0].leaves_open}".rstrip()
    return _of_stage(found, "passkey", "M-PESA takes shortcode and passkey together.")


def _endpoints(settings: Settings, found: tuple[Finding, ...]) -> Ticked:
    if settings.sandbox or settings.daraja_api_url:
        return Tick.OPEN, "Set DARAJA_ENVIRONMENT=production and leave DARAJA_API_URL out."
    return _of_stage(found, "network", "api.safaricom.co.ke answers.")


def _product(settings: Settings, found: tuple[Finding, ...]) -> Ticked:
    if settings.sandbox:
        return Tick.OPEN, "DARAJA_ENVIRONMENT is still sandbox, so the production app was not asked."
    return _of_stage(found, "products", "The app may call M-PESA Express.")


def _callback(settings: Settings, found: tuple[Finding, ...]) -> Ticked:
    if not settings.public_url:
        return Tick.DONE, "PUBLIC_URL is not set: nothing to reach, outcomes are asked for."
    wrong = next(
        (each for each in found if each.name == "public_url" and each.verdict is not Verdict.GOOD), None
    )
    if wrong is not None:
        return Tick.OPEN, f"{wrong.said} {wrong.fix}"
    reach = tuple(each for each in found if each.name != "last_call")
    return _of_stage(reach, "callback", "Karo answers at PUBLIC_URL, asked from this machine.")


def _operator(settings: Settings, found: tuple[Finding, ...]) -> Ticked:
    if not settings.daraja_initiator_name:
        return Tick.PERSON, f"None is set: is none wanted? {_HINTS['operator']}"
    tick, said = _of_stage(found, "credential", "The credential can be made.")
    if tick is Tick.OPEN:
        return tick, said
    return Tick.PERSON, f"{said} {_HINTS['operator']}"


def _of_stage(found: tuple[Finding, ...], stage: str, good: str) -> Ticked:
    """Done when the stage was asked and nothing in it is wrong; else the first thing that is."""
    ours = [each for each in found if each.stage == stage]
    wrong = next((each for each in ours if each.verdict in (Verdict.BAD, Verdict.UNKNOWN)), None)
    if wrong is not None:
        return Tick.OPEN, " ".join(filter(None, (wrong.said, wrong.fix)))
    if any(each.verdict is Verdict.GOOD for each in ours):
        return Tick.DONE, good
    return Tick.OPEN, "This could not be asked yet."


_CHECKS: Final[Mapping[str, Callable[[Settings, tuple[Finding, ...]], Ticked]]] = MappingProxyType(
    {
        "shortcode": _shortcode,
        "organisation": _organisation,
        "keys": _keys,
        "passkey": _passkey,
        "endpoints": _endpoints,
        "product": _product,
        "callback": _callback,
        "operator": _operator,
    }
)
