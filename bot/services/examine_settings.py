"""What the settings alone show: each problem of their forms, and what cannot be right although its form is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from bot.settings import SANDBOX_PASSKEY, SANDBOX_SHORTCODE, Settings
from daraja.doctor import Evidence, Finding, Verdict
from daraja.fields import FORBIDDEN_WORDS

STAGE: Final = "settings"

_HOSTS: Final = {"sandbox": "sandbox.safaricom.co.ke", "production": "api.safaricom.co.ke"}
_OLDER: Final = (32, 16)  #: characters of consumer key and secret, as older and as newer apps have them
_NEWER: Final = (48, 64)
_OTHER_HOST: Final = (
    "DARAJA_API_URL is not Safaricom's host: what is found holds for that host alone, and payments go there.",
    "For real payments take DARAJA_API_URL out, unless a proxy of your own stands there.",
)
_FILE: Final = "Let this user read that file, as UTF-8 text; then run `karo doctor` again."
_TUNNEL: Final = re.compile(
    r"(?:.*\.)?(?:ngrok(?:-free)?\.(?:io|app|dev)|trycloudflare\.com|loca\.lt|localtunnel\.me|serveo\.net|lhr\.life"
    r"|localhost\.run|requestbin\.(?:com|net)|pipedream\.net|webhook\.site|beeceptor\.com|pagekite\.me|zrok\.io"
    r"|tunnelmole\.(?:com|net)|devtunnels\.ms|hookdeck\.com)"
)


def settings_findings(settings: Settings, problems: Mapping[str, str]) -> Iterator[Finding]:
    """Each problem that was found (`bot.settings.settings_as_they_are`) as BAD, then what the values tell."""
    for name, said in problems.items():
        fix = f"Set {name.upper()} right in .env (or the environment), then run `karo doctor` again."
        yield Finding(
            STAGE, name, Verdict.BAD, f"{said}.", fix=fix if name in Settings.model_fields else _FILE
        )
    if not problems:
        yield Finding(
            STAGE,
            "forms",
            Verdict.GOOD,
            f"All that is needed is there and has the right form. M-PESA's {settings.daraja_environment} is meant.",
            proves="Nothing is missing, masked or left as a placeholder.",
            leaves_open="That the values are the right ones.",
        )
    for check in _CHECKS:
        found = check(settings)
        if found is not None and found.name not in problems:
            yield found


def at_safaricom(settings: Settings) -> bool:
    """Whether Safaricom's own host is called, and not a simulator or a proxy of ours."""
    host = urlsplit(settings.daraja_api_url).hostname or ""
    return not host or host.endswith("safaricom.co.ke")


def _warning(name: str, said: str, fix: str, evidence: Evidence = Evidence.DOCUMENTED) -> Finding:
    return Finding(STAGE, name, Verdict.WARNING, said, fix=fix, evidence=evidence)


def _bad(name: str, said: str, fix: str, evidence: Evidence = Evidence.DOCUMENTED) -> Finding:
    return Finding(STAGE, name, Verdict.BAD, said, fix=fix, evidence=evidence)


def _host(settings: Settings) -> Finding | None:
    called = urlsplit(settings.daraja_api_url).hostname or ""
    other = _HOSTS["sandbox" if settings.daraja_environment == "production" else "production"]
    if called != other:
        return (
            None if settings.sandbox or at_safaricom(settings) else _warning("daraja_api_url", *_OTHER_HOST)
        )
    return _bad(
        "daraja_api_url",
        f"DARAJA_API_URL is not the host of {settings.daraja_environment}, which DARAJA_ENVIRONMENT says.",
        "Take DARAJA_API_URL out: DARAJA_ENVIRONMENT chooses the host by itself.",
    )


def _sandbox_numbers(settings: Settings) -> Finding | None:
    if not (settings.sandbox and at_safaricom(settings) and settings.daraja_shortcode):
        return None
    passkey = settings.daraja_passkey.get_secret_value()
    if settings.daraja_shortcode == SANDBOX_SHORTCODE and passkey in ("", SANDBOX_PASSKEY):
        return None
    what = "passkey is" if settings.daraja_shortcode == SANDBOX_SHORTCODE else "shortcode is"
    return _bad(
        "daraja_environment",
        f"DARAJA_ENVIRONMENT is sandbox, but the {what} not the sandbox's, which takes no other.",
        "If your app has gone live, set DARAJA_ENVIRONMENT=production. To try things, take the sandbox's shortcode "
        f"{SANDBOX_SHORTCODE} and the passkey that the portal shows.",
        Evidence.REPORTED,
    )


def _pair(settings: Settings) -> Finding | None:
    lengths = (
        len(settings.daraja_consumer_key.get_secret_value()),
        len(settings.daraja_consumer_secret.get_secret_value()),
    )
    if not all(lengths) or not at_safaricom(settings) or lengths == _NEWER:
        return None
    has = f"The consumer key has {lengths[0]} characters and the secret {lengths[1]}"
    if lengths == _OLDER:
        said = f"{has}, as older apps have. Newer ones have 48 and 64."
        fix = "If your app was made lately, this pair is of another app: copy both again from the right one."
    elif set(lengths) <= {*_OLDER, *_NEWER}:
        said = f"{has}: they are of two different apps (48 and 64, or 32 and 16, go together)."
        fix = "Copy both with the copy button, from one and the same app of the Daraja portal."
    else:
        said = f"{has}. Known apps have 48 and 64, older ones 32 and 16."
        fix = "Copy both again with the copy button of the Daraja portal: something may be cut off."
    return _warning("key_lengths", said, fix, Evidence.DERIVED)


def _till(settings: Settings) -> Finding | None:
    shortcode, party = settings.daraja_shortcode, settings.daraja_party_b
    if not shortcode or not party:
        return None
    if settings.daraja_transaction_type == "CustomerBuyGoodsOnline" and party == shortcode:
        return _warning(
            "daraja_party_b",
            "DARAJA_PARTY_B and DARAJA_SHORTCODE are the same number, although a till is meant.",
            "For a till DARAJA_SHORTCODE is the store number used at go-live, DARAJA_PARTY_B the till number.",
        )
    if settings.daraja_transaction_type == "CustomerPayBillOnline" and party != shortcode:
        return _warning(
            "daraja_party_b",
            "DARAJA_PARTY_B is not DARAJA_SHORTCODE, although a PayBill is meant.",
            "For a PayBill leave DARAJA_PARTY_B out. For a till set DARAJA_TRANSACTION_TYPE=CustomerBuyGoodsOnline.",
        )
    return None


def _address(settings: Settings) -> Finding | None:
    host = urlsplit(settings.public_url).hostname or ""
    if not host:
        return None
    if _TUNNEL.fullmatch(host):
        said = "PUBLIC_URL leads through a public tunnel: M-PESA usually blocks these in production."
        return _warning("public_url", said, "Take a name of your own, behind a proxy with a certificate.")
    if _is_inside(host):
        said = "PUBLIC_URL is an address of this machine or of a private network: M-PESA cannot call it."
        return _warning(
            "public_url",
            said,
            "Set the public https address, or leave PUBLIC_URL empty: outcomes are asked for then.",
        )
    words = [word for word in FORBIDDEN_WORDS if word in host]
    if words:
        said = f"PUBLIC_URL has '{words[0]}' in its host name, a word that M-PESA refuses in addresses of its own."
        return _warning("public_url", said, "Take a host name without it.", Evidence.REPORTED)
    return None


def _is_inside(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".lan", ".internal", ".home.arpa"))


def _operator(settings: Settings) -> Finding | None:
    name, password = settings.daraja_initiator_name, settings.daraja_initiator_password.get_secret_value()
    if name.lower() == "testapi" and not settings.sandbox:
        return _bad(
            "daraja_initiator_name",
            "DARAJA_INITIATOR_NAME is the sandbox's operator, but DARAJA_ENVIRONMENT is production.",
            "Make an API operator in the org portal (https://org.ke.m-pesa.com/) and name that one.",
        )
    if name and re.search(r"[@.]", password):
        return _warning(
            "daraja_initiator_password",
            "DARAJA_INITIATOR_PASSWORD has an @ or a dot in it, which M-PESA advises against.",
            "Give the operator a password without them in the org portal.",
        )
    return None


_CHECKS: Final[tuple[Callable[[Settings], Finding | None], ...]] = (
    _host, _sandbox_numbers, _pair, _till, _address, _operator,
)  # fmt: skip
