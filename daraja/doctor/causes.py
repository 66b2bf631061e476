"""Every class of cause that a diagnosis can name, each with its meaning, what it does not prove, and the next step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class CauseClass(StrEnum):
    """What is wrong, as far as it can be told apart from outside."""

    WELL = "well"
    SETTINGS = "settings"
    DATABASE = "database"
    TELEGRAM = "telegram"
    NETWORK = "network"
    FIREWALL = "firewall"
    WRONG_KEY_PAIR = "wrong_key_pair"
    WRONG_HOST = "wrong_host"
    PRODUCT_OR_GO_LIVE = "product_or_go_live"
    NO_PRODUCTS = "no_products"
    TOKEN_LEVEL = "token_level"  # noqa: S105 - a word
    STALE_TOKEN = "stale_token"  # noqa: S105 - a word
    MANGLED_HEADER = "mangled_header"
    WRONG_PASSKEY = "wrong_passkey"
    WRONG_SHORTCODE = "wrong_shortcode"
    THROTTLED = "throttled"
    MPESA_DOWN = "mpesa_down"
    CLOCK = "clock"
    CALLBACK = "callback"
    CREDENTIAL = "credential"
    UNCLEAR = "unclear"

    @property
    def meaning(self) -> str:
        """One plain sentence."""
        return _WORDS[self].meaning

    @property
    def next_step(self) -> str:
        """What to do first: the portal's page, the setting's name, or whom to write to."""
        return _WORDS[self].next_step

    @property
    def leaves_open(self) -> str:
        """What naming this class does not prove."""
        return _WORDS[self].leaves_open


@dataclass(frozen=True, slots=True)
class _Words:
    meaning: str
    next_step: str
    leaves_open: str


_SUPPORT: Final = "M-PESA API support (apisupport@safaricom.co.ke, or the incident page of the portal)"
_MY_APPS: Final = "My Apps on developer.safaricom.co.ke"

_WORDS: Final[Mapping[CauseClass, _Words]] = {
    CauseClass.WELL: _Words(
        "Everything that can be checked without moving money is in order.",
        "Nothing to do. To be quite sure, make one payment of KES 1.",
        "That a prompt reaches a phone and is paid: only a real payment shows that.",
    ),
    CauseClass.SETTINGS: _Words(
        "A setting is missing or cannot be right.",
        "Correct the setting that is named above, then run this again.",
        "That the other settings are right: some faults show only when M-PESA is asked.",
    ),
    CauseClass.DATABASE: _Words(
        "The database cannot be used as it is.",
        "Check DATABASE_URL, then run `karo migrate`.",
        "Anything about M-PESA.",
    ),
    CauseClass.TELEGRAM: _Words(
        "Telegram does not accept the bot, so parents cannot reach it.",
        "Check TELEGRAM_BOT_TOKEN with @BotFather, and that this machine may reach api.telegram.org.",
        "Anything about M-PESA.",
    ),
    CauseClass.NETWORK: _Words(
        "This machine cannot make a safe connection to M-PESA at all.",
        "Ask whoever looks after this machine's internet: name service, outgoing port 443, date and certificates.",
        "That key, passkey or products are right: M-PESA was never reached.",
    ),
    CauseClass.FIREWALL: _Words(
        "M-PESA's firewall turns calls from this machine away with a web page, before M-PESA reads them.",
        "Stop calling for some minutes, then run this again. If it stays so, try from another internet line, "
        f"and write to {_SUPPORT} with the times and this machine's public address.",
        "That key, passkey or products are wrong: they were not looked at.",
    ),
    CauseClass.WRONG_KEY_PAIR: _Words(
        "M-PESA does not know this pair of consumer key and consumer secret at this address.",
        f"Copy both again with the copy button in {_MY_APPS} into DARAJA_CONSUMER_KEY and "
        "DARAJA_CONSUMER_SECRET, from the app of the same environment.",
        "Which of the two is wrong, or whether both belong to the other environment.",
    ),
    CauseClass.WRONG_HOST: _Words(
        "What answers at this address is not M-PESA's API.",
        "Check DARAJA_API_URL: https://api.safaricom.co.ke for production, "
        "https://sandbox.safaricom.co.ke for the sandbox; and that no proxy stands in between.",
        "Anything about key, passkey or products.",
    ),
    CauseClass.PRODUCT_OR_GO_LIVE: _Words(
        "The key is good, but this app is not allowed to make this call: either the product is not on the app, "
        "or the go-live is not finished on Safaricom's side.",
        f"Look in {_MY_APPS} whether the product is ticked on the app whose key is used. If it is, write to "
        f"{_SUPPORT}: ask them to finish the go-live of this app and shortcode.",
        "Which of the two it is: both answer with the same words.",
    ),
    CauseClass.NO_PRODUCTS: _Words(
        "The key is good, but its app holds no M-PESA product for this environment.",
        f"In {_MY_APPS}, check that the key is that of the app that went live, and that products are ticked on "
        f"it. If they are, write to {_SUPPORT}.",
        "Whether the wrong app's key is used, or the right app was never given its products.",
    ),
    CauseClass.TOKEN_LEVEL: _Words(
        "M-PESA gives out access tokens and then refuses every one of them, for every product.",
        "Check that the key pair is of the environment that DARAJA_ENVIRONMENT (or DARAJA_API_URL, where it is set) "
        f"chooses, and that no other system uses the same key. If both are so, write to {_SUPPORT}.",
        "Which it is: keys of the other environment, a token spoilt on the way, or a second system with this key.",
    ),
    CauseClass.STALE_TOKEN: _Words(
        "The access token in use was no longer good; a new one works.",
        "Nothing, if it happened once. If it comes back, look for a second system that uses the same consumer "
        "key, and give that one an app of its own.",
        "Why the old token ended early: age, or another system that asked for one.",
    ),
    CauseClass.MANGLED_HEADER: _Words(
        "Token and product are good, yet the real call was refused: its Authorization header does not arrive as sent.",
        "Look for a proxy or another program between the bot and M-PESA that changes headers; restart the bot so "
        "that it takes the token just made; then try one payment of KES 1.",
        "Where the header is spoilt; or whether the refusal is an old one and already cured.",
    ),
    CauseClass.WRONG_PASSKEY: _Words(
        "M-PESA knows the shortcode, and refuses the password made of shortcode, passkey and time.",
        "Copy the passkey from the go-live mail of this very shortcode into DARAJA_PASSKEY, without blanks.",
        "Whether the passkey is mistyped, or that of another shortcode or environment.",
    ),
    CauseClass.WRONG_SHORTCODE: _Words(
        "M-PESA does not know this shortcode for this app.",
        "Set DARAJA_SHORTCODE to the shortcode used at go-live: the PayBill, or for a till its store (head "
        "office) number.",
        "Whether the number is wrong, or the key is that of another app.",
    ),
    CauseClass.THROTTLED: _Words(
        "M-PESA says that too many calls were made in a short time.",
        "Wait a few minutes. If it comes back at school-fee time, set DARAJA_PACE, and ask "
        f"{_SUPPORT} for a higher limit.",
        "How many calls are allowed: Safaricom does not publish it.",
    ),
    CauseClass.MPESA_DOWN: _Words(
        "M-PESA itself is out of order or does not answer in time.",
        f"Wait and run this again in ten minutes. If it lasts, write to {_SUPPORT}.",
        "That anything of ours is right or wrong; calls sent meanwhile may still have been carried out.",
    ),
    CauseClass.CLOCK: _Words(
        "This machine's clock is wrong.",
        "Let the machine set its clock by itself (NTP), then run this again.",
        "That nothing else is wrong: tokens and passwords depend on the clock.",
    ),
    CauseClass.CALLBACK: _Words(
        "M-PESA's reports of payments do not reach this bot.",
        "Check PUBLIC_URL: https, reachable from outside, without words that M-PESA forbids.",
        "That M-PESA itself can reach it: we only tried from here.",
    ),
    CauseClass.CREDENTIAL: _Words(
        "The operator's credential for status queries and reversals cannot be made or is of the wrong environment.",
        "Check DARAJA_CERTIFICATE (M-PESA's certificate for this environment), DARAJA_INITIATOR_NAME and "
        "DARAJA_INITIATOR_PASSWORD.",
        "That the operator's password is right and not older than 90 days: only a real query shows that.",
    ),
    CauseClass.UNCLEAR: _Words(
        "Something is wrong, and the answers do not tell what.",
        f"Run this again in ten minutes. If it stays so, write a letter (--letter) and send it to {_SUPPORT}.",
        "Anything: no class of cause fits what was answered.",
    ),
}
