"""The parts that are the same whichever process is built: clock, names, database, Daraja client, school."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from datetime import UTC, datetime

from bot.channels.telegram import username_of
from bot.services.counted import CountedDaraja, Tally
from bot.services.school import School
from bot.services.token_store import DatabaseTokenStore
from bot.settings import Settings
from daraja import PRODUCTION_URL, SANDBOX_URL, Credentials, DarajaClient, Operator, TokenStore
from storage import schools
from storage.database import Database
from storage.opening import migrate_database, open_database
from storage.tokens import app_of
from storage.unit import Unit


def utc_now() -> datetime:
    """The clock of a running process."""
    return datetime.now(UTC)


def new_callback_token() -> str:
    """128 random bits in lower-case hex."""
    return secrets.token_hex(16)


def open_for(settings: Settings, *, exclusive: bool = False) -> Database:
    """The database of these settings. Raises storage's errors in words a person can act on."""
    return open_database(settings.database_url, settings.secret_keys, exclusive=exclusive)


def process_name() -> str:
    """This process's own name, unlike any other's, now or earlier."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


def daraja_url(settings: Settings) -> str:
    """The host that is called."""
    default = PRODUCTION_URL if settings.daraja_environment == "production" else SANDBOX_URL
    return settings.daraja_api_url or default


def make_daraja(
    settings: Settings, tally: Tally, answered: Callable[[], object], token_store: TokenStore
) -> DarajaClient:
    """One client for the process. answered: called at each good answer to a query."""
    credentials = Credentials(
        consumer_key=settings.daraja_consumer_key.get_secret_value(),
        consumer_secret=settings.daraja_consumer_secret.get_secret_value(),
        shortcode=settings.daraja_shortcode,
        passkey=settings.daraja_passkey.get_secret_value(),
    )
    return CountedDaraja(
        credentials, tally, answered=answered, base_url=daraja_url(settings), token_store=token_store
    )


def make_operator(settings: Settings) -> Operator | None:
    """The school's API operator, who asks M-PESA about payments; None when the settings name none.

    Raises BadRequest when they name one without a password.
    """
    if not settings.daraja_initiator_name or not settings.daraja_certificate:
        return None
    password = settings.daraja_initiator_password.get_secret_value()
    return Operator(settings.daraja_initiator_name, password, settings.certificate)


def make_token_store(
    settings: Settings, database: Database, school_id: int, process: str
) -> DatabaseTokenStore:
    """M-PESA's token, shared with whoever works on this database."""
    key = settings.daraja_consumer_key.get_secret_value()
    app = app_of(database.vault, daraja_url(settings), key)
    return DatabaseTokenStore(database, school_id, app, process, utc_now)


def migrate_for(settings: Settings) -> None:
    """Brings the database of these settings to the newest schema. Raises StorageError."""
    migrate_database(settings.database_url, settings.secret_keys)


async def the_school(database: Database, settings: Settings) -> School:
    """The school's row, made or renamed after the settings, and what the verbs need of it."""
    school_id = await database.write(lambda unit: _school_row(unit, settings))
    return School(
        id=school_id,
        name=settings.school_name,
        contact=settings.school_contact,
        shortcode=settings.daraja_shortcode,
        party_b=settings.party_b,
        transaction_type=settings.daraja_transaction_type,
        sandbox=settings.sandbox,
        public_url=settings.public_url.rstrip("/"),
    )


def _school_row(unit: Unit, settings: Settings) -> int:
    """Commands that know no school's name (only `run` must) leave the row as it is."""
    known = schools.first(unit)
    if known is not None and not settings.school_name:
        return known.id
    name = settings.school_name or "My school"
    return schools.ensure(unit, name, settings.school_contact, utc_now())


async def staff_link(settings: Settings, code: str) -> str | None:
    """The one-time Telegram link of an invite; None when Telegram cannot be asked for the bot's name."""
    name = await username_of(settings.telegram_bot_token.get_secret_value(), settings.telegram_api_url)
    return f"https://t.me/{name}?start={code}" if name else None
