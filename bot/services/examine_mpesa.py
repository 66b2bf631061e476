"""M-PESA's stages (`daraja.doctor.examine`), asked through the token that the running bot uses."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

import httpx
from httpx_aiohttp import AiohttpTransport

from bot.services.examine_database import Book, Say
from bot.services.school import Clock
from bot.settings import SANDBOX_SHORTCODE, Settings
from daraja import Credentials, Token
from daraja.doctor import Finding, Operator, Subject, Verdict, examine
from daraja.times import utc_now
from storage.held_back import LINE_DOWN

STAGES: Final = ("network", "oauth", "products", "passkey", "clock", "credential")

#: Without these nothing can be asked at all; with a wrong shortcode or passkey the rest still can.
_NEEDED: Final = frozenset(
    {"daraja_consumer_key", "daraja_consumer_secret", "daraja_api_url", "daraja_environment"}
)
_OF_THE_PASSWORD: Final = frozenset({"daraja_shortcode", "daraja_passkey"})
_NOT_SET: Final = "not-set"  # a passkey that M-PESA is never asked about: that stage is left out
_LATELY: Final = "15m"
_NOT_PUSHED: Final = frozenset({LINE_DOWN, "withdrawn", "waited_too_long", "paid_already"})
_TOKEN_REFUSED: Final = "404.001.03"  # noqa: S105 - an error code


@dataclass(frozen=True, slots=True)
class Access:
    """A way to M-PESA. mint: forced, through the shared store. held: the token in use. base_url: the host called."""

    base_url: str
    mint: Callable[[], Awaitable[Token]]
    held: Callable[[], Awaitable[Token | None]] | None = None


#: A client for these credentials, on the token store of that book (its own, in memory, where there is none).
MpesaAccess = Callable[[Credentials, Book | None], AbstractAsyncContextManager[Access]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probing:
    """How `daraja.doctor` probes. timeout_s: seconds for one probe; pause_s: between two; tls: another trust.

    clock: this machine's own, which goes into every request; it is held against M-PESA's.
    """

    timeout_s: float = 10.0
    pause_s: float = 1.0
    transport: Callable[[], httpx.AsyncBaseTransport] = AiohttpTransport
    tls: ssl.SSLContext | None = None
    clock: Clock = utc_now


def hindering(settings: Settings, problems: Mapping[str, str]) -> frozenset[str]:
    """The settings without which M-PESA cannot be asked at all; empty: it can."""
    empty = {
        name for name in ("daraja_consumer_key", "daraja_consumer_secret") if not getattr(settings, name)
    }
    return frozenset(_NEEDED & set(problems) | empty)


def mpesa_skipped(hindered: frozenset[str]) -> Iterator[Finding]:
    """One finding for each stage that is left out."""
    for stage in STAGES:
        yield Finding(stage, "asked", Verdict.SKIPPED, not_asked(hindered))


def not_asked(settings: Collection[str]) -> str:
    """What is said of a stage that has to wait for these settings."""
    return f"Not asked: first put {' and '.join(sorted(name.upper() for name in settings))} right."


async def mpesa_findings(
    settings: Settings,
    problems: Mapping[str, str],
    book: Book | None,
    access: MpesaAccess,
    probing: Probing,
    say: Say,
) -> None:
    """Every stage of M-PESA's; the one about the passkey only where shortcode and passkey can be right."""
    without = {name for name in _OF_THE_PASSWORD if name in problems or not getattr(settings, name)}

    async with access(credentials_of(settings), book) as way:
        subject = _subject(settings, problems, book, way, probing)
        await examine(subject, on_finding=say, without=("passkey",) if without else ())
    if without:
        say(Finding("passkey", "asked", Verdict.SKIPPED, not_asked(without)))


def credentials_of(settings: Settings) -> Credentials:
    """What can be asked with; stand-ins where shortcode or passkey are missing."""
    return Credentials(
        consumer_key=settings.daraja_consumer_key.get_secret_value(),
        consumer_secret=settings.daraja_consumer_secret.get_secret_value(),
        shortcode=settings.daraja_shortcode or SANDBOX_SHORTCODE,
        passkey=settings.daraja_passkey.get_secret_value() or _NOT_SET,
    )


def _subject(
    settings: Settings, problems: Mapping[str, str], book: Book | None, way: Access, probing: Probing
) -> Subject:
    return Subject(
        credentials=credentials_of(settings),
        base_url=way.base_url,
        environment=settings.daraja_environment,
        mint=way.mint,
        held=way.held,
        transaction_type=settings.daraja_transaction_type,
        party_b=settings.party_b or None,
        operator=_operator(settings, problems),
        last_push_refused_code=_last_refusal(book),
        transport=probing.transport,
        clock=probing.clock,
        timeout_s=probing.timeout_s,
        pause_s=probing.pause_s,
        tls=probing.tls,
    )


def _operator(settings: Settings, problems: Mapping[str, str]) -> Operator | None:
    name, password = settings.daraja_initiator_name, settings.daraja_initiator_password.get_secret_value()
    broken = any(each.startswith(("daraja_initiator", "daraja_certificate")) for each in problems)
    if broken or not (name and password):
        return None
    return Operator(name, password, settings.certificate)


def _last_refusal(book: Book | None) -> str:
    """The code of a refused token when that is all that the pushes of the last minutes came to."""
    if book is None:
        return ""
    lately = {cause for window, _, cause in book.figures.settled if window == _LATELY} - _NOT_PUSHED
    return _TOKEN_REFUSED if lately == {"token_refused"} else ""
