"""The doctor's examiner: on the book and the client of a running process, or on its own from the command line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx

from bot.channels.telegram import look_at_bot, webhook_url
from bot.services.examine import Examiner, Means
from bot.services.examine_database import Book, NoDatabase, OpenBook
from bot.services.examine_mpesa import Access, MpesaAccess, Probing
from bot.services.examine_settings import at_safaricom
from bot.services.examine_telegram import TelegramSeen
from bot.services.school import Clock
from bot.services.spare_store import SpareTokenStore
from bot.settings import Settings
from bot.wiring.parts import daraja_url, make_token_store, open_for, process_name, utc_now
from bot.wiring.webhook import secrets_of
from daraja import Credentials, DarajaClient, MemoryTokenStore, TokenStore
from storage.database import Database

_REACH_WITHIN_S = 10.0
_PAUSE_S = 1.0  # Safaricom's firewall counts calls; a simulator does not


def make_examiner(
    settings: Settings, problems: Mapping[str, str], *, limits_s: Mapping[str, float] | None = None
) -> Examiner:
    """For `karo doctor`: opens the book for the while. problems: from `settings_as_they_are`.

    limits_s: other time limits than the usual ones, by stage.
    """

    @asynccontextmanager
    async def way(credentials: Credentials, book: Book | None) -> AsyncIterator[Access]:
        store: TokenStore = MemoryTokenStore()
        if book is not None:
            store = SpareTokenStore(make_token_store(settings, book.database, book.school_id, process_name()))
        async with DarajaClient(credentials, base_url=daraja_url(settings), token_store=store) as client:
            yield Access(daraja_url(settings), client.renew_token, store.load)

    means = _means(settings, utc_now, lambda: _opened(settings), way)
    return Examiner(
        settings, replace(means, limits_s={**means.limits_s, **(limits_s or {})}), problems=problems
    )


def make_running_examiner(
    settings: Settings,
    database: Database,
    daraja: DarajaClient,
    token_store: TokenStore,
    clock: Clock,
    machine_clock: Clock | None = None,
) -> Examiner:
    """For a running process: its own book, client and token. clock: the one that rows are written by."""

    @asynccontextmanager
    async def book() -> AsyncIterator[Database]:
        yield database

    @asynccontextmanager
    async def way(_credentials: Credentials, _book: Book | None) -> AsyncIterator[Access]:
        yield Access(daraja_url(settings), daraja.renew_token, token_store.load)

    return Examiner(settings, _means(settings, clock, book, way, machine_clock or utc_now))


def _means(
    settings: Settings, clock: Clock, book: OpenBook, way: MpesaAccess, machine_clock: Clock = utc_now
) -> Means:
    async def telegram(database: Database | None) -> TelegramSeen:
        ours = ""
        if database is not None and settings.public_url:
            ours = webhook_url(settings.public_url, secrets_of(settings, database))
        token = settings.telegram_bot_token.get_secret_value()
        return await look_at_bot(token, settings.telegram_api_url, our_webhook=ours)

    return Means(
        open_book=book,
        telegram=telegram,
        mpesa=way,
        http=lambda: httpx.AsyncClient(timeout=_REACH_WITHIN_S, follow_redirects=False, trust_env=False),
        clock=clock,
        probing=Probing(pause_s=_PAUSE_S if at_safaricom(settings) else 0.0, clock=machine_clock),
    )


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Database]:
    """An existing database; looking makes none. Raises NoDatabase or StorageError."""
    database = await asyncio.to_thread(_open, settings)
    try:
        yield database
    finally:
        await asyncio.to_thread(database.close)


def _open(settings: Settings) -> Database:
    path = Path(settings.database_url.removeprefix("sqlite:///"))
    if not settings.on_a_server and not path.exists():
        raise NoDatabase(f"There is no database yet: {path.absolute()} is not there.")
    return open_for(settings)
