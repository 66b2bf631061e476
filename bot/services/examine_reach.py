"""Whether M-PESA's reports can reach us: our own address called from here, and when M-PESA last called it."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import httpx

from bot.services.examine_database import Book
from bot.services.school import Clock
from bot.settings import Settings
from bot.texts import format_when
from daraja.doctor import Exchange, Finding, Verdict

STAGE: Final = "callback"
#: A door that takes POST alone: no payment can have this token.
DOOR: Final = f"/daraja/stk/{'0' * 32}"
HEALTH: Final = "/healthz"
SOON: Final = timedelta(hours=24)

_FROM_HERE: Final = "It was asked from this machine, not from Safaricom: a firewall may tell the two apart."

Http = Callable[[], httpx.AsyncClient]


async def reach_findings(settings: Settings, book: Book | None, http: Http, clock: Clock) -> list[Finding]:
    """Calls PUBLIC_URL once or twice, and looks up when M-PESA last called."""
    if not settings.public_url:
        return [
            Finding(
                STAGE,
                "address",
                Verdict.SKIPPED,
                "PUBLIC_URL is not set, so M-PESA cannot report outcomes: Karo asks for each, a little slower.",
                leaves_open="Receipt numbers come only with reports; parents have them in their SMS.",
            )
        ]
    found = [await _call(settings.public_url, book, http, clock)]
    if book is not None:
        found.append(_last_call(book))
    return found


async def _call(public_url: str, book: Book | None, http: Http, clock: Clock) -> Finding:
    """/healthz first; a proxy that keeps that inside is asked at the very door that M-PESA calls."""
    exchange = Exchange(f"GET {public_url}{HEALTH}", clock(), None)
    try:
        async with http() as client:
            for path in (HEALTH, DOOR):
                exchange = Exchange(f"GET {public_url}{path}", clock(), None)
                answer = await client.get(f"{public_url}{path}")
                took = answer.elapsed.total_seconds()
                exchange = Exchange(exchange.endpoint, exchange.at, answer.status_code, took_s=took)
                if _is_karo(path, answer):
                    return _reached(path, exchange)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        failed = Exchange(exchange.endpoint, exchange.at, None, trouble=type(error).__name__)
        return _not_reached(_why(error), book, failed)
    return _not_reached(f"what answers there is not Karo (HTTP {exchange.http_status})", book, exchange)


def _is_karo(path: str, answer: httpx.Response) -> bool:
    if path == HEALTH:
        return answer.status_code == 200 and answer.content == b"ok"
    return answer.status_code == 405 and answer.headers.get("allow", "").upper() == "POST"


def _reached(path: str, exchange: Exchange) -> Finding:
    door = "" if path == HEALTH else " at the door that M-PESA calls"
    return Finding(
        STAGE,
        "reach",
        Verdict.GOOD,
        f"Karo answers at PUBLIC_URL{door}.",
        proves="Name, certificate and proxy lead to Karo.",
        leaves_open=_FROM_HERE,
        exchange=exchange,
    )


def _not_reached(why: str, book: Book | None, exchange: Exchange) -> Finding:
    if book is None or not book.alive:
        return Finding(
            STAGE,
            "reach",
            Verdict.UNKNOWN,
            f"PUBLIC_URL does not lead to Karo: {why}. But Karo does not run now, so nobody can answer there.",
            leaves_open="Whether the address is right.",
            fix="Start Karo, then run `karo doctor` again.",
            exchange=exchange,
        )
    return Finding(
        STAGE,
        "reach",
        Verdict.BAD,
        f"PUBLIC_URL does not lead to Karo: {why}.",
        proves="M-PESA's reports do not arrive, unless this network alone cannot call its own public address.",
        leaves_open="Some routers do not let a machine call its own public address: try it from a phone, off the wifi.",
        fix="See that PUBLIC_URL's name, certificate and proxy lead to HOST and PORT of Karo.",
        exchange=exchange,
    )


def _why(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    links: list[BaseException] = [error]
    while (cause := links[-1].__cause__ or links[-1].__context__) is not None and cause not in links:
        links.append(cause)
    if any(isinstance(link, ssl.SSLError) for link in links) or "CERTIFICATE" in str(error):
        return "its certificate is not accepted"
    if isinstance(error, httpx.ConnectError):
        return "no connection, or no such name"
    return f"no answer that can be read ({type(error).__name__})"


def _last_call(book: Book) -> Finding:
    last = book.figures.callback_at
    if last is None:
        said = "M-PESA has never called us yet."
        open_ = "Whether it would: it calls only after a prompt that was answered."
        return Finding(STAGE, "last_call", Verdict.UNKNOWN, said, leaves_open=open_)
    said = f"M-PESA last called us on {format_when(last, 'en')} (Nairobi time)."
    if last > book.figures.at - SOON or not book.figures.pushed.get("24h", 0):
        return Finding(STAGE, "last_call", Verdict.GOOD, said, proves="It could reach us then.")
    return Finding(
        STAGE,
        "last_call",
        Verdict.WARNING,
        f"{said} Prompts were sent since then, and no report came.",
        leaves_open="Whether those prompts were answered.",
        fix="See that PUBLIC_URL leads to Karo from outside; outcomes are asked for meanwhile.",
    )
