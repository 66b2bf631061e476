"""Whether Telegram knows the bot, and brings or keeps its updates as the settings want it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.settings import Settings
from daraja.doctor import Finding, Verdict

STAGE: Final = "telegram"
MANY_WAITING: Final = 50  #: updates that nobody fetched


@dataclass(frozen=True, slots=True)
class TelegramSeen:
    """What Telegram says of the bot.

    webhook_host: where it brings updates, without the secret path; "" when none is set. as_ours: whether that is
    the very address that these settings make; None when ours is not known. last_error: Telegram's own words.
    """

    username: str
    webhook_host: str = ""
    as_ours: bool | None = None
    waiting: int = 0
    last_error: str = ""
    last_error_at: datetime | None = None


class TelegramTrouble(Exception):
    """Telegram could not be asked, or does not know the bot.

    unknown_bot: it answered, and refuses the token. The text: one plain sentence, without the token.
    """

    def __init__(self, said: str, *, unknown_bot: bool = False) -> None:
        super().__init__(said)
        self.unknown_bot = unknown_bot


#: Asks Telegram. Raises TelegramTrouble.
LookAtTelegram = Callable[[], Awaitable[TelegramSeen]]


async def telegram_findings(look: LookAtTelegram, settings: Settings) -> list[Finding]:
    """Two questions to Telegram, and what their answers mean for these settings."""
    try:
        seen = await look()
    except TelegramTrouble as trouble:
        return [_trouble(trouble)]
    me = Finding(
        STAGE,
        "me",
        Verdict.GOOD,
        f"Telegram knows the bot: @{seen.username}.",
        proves="The token is good, and this machine reaches Telegram.",
    )
    return [me, *_updates(seen, settings)]


def _trouble(trouble: TelegramTrouble) -> Finding:
    if trouble.unknown_bot:
        fix = "Copy TELEGRAM_BOT_TOKEN again from @BotFather (/mybots, API Token)."
        return Finding(STAGE, "me", Verdict.BAD, str(trouble), proves="Telegram is reached.", fix=fix)
    return Finding(
        STAGE,
        "reached",
        Verdict.BAD,
        str(trouble),
        leaves_open="Whether the token is good.",
        fix="Check this machine's internet and TELEGRAM_API_URL; some networks block Telegram.",
    )


def _updates(seen: TelegramSeen, settings: Settings) -> Iterator[Finding]:
    wanted = settings.telegram_updates or (
        "webhook" if settings.on_a_server and settings.public_url else "polling"
    )
    yield _by_webhook(seen) if wanted == "webhook" else _by_polling(seen)
    if seen.last_error and wanted == "webhook":
        when = f" ({seen.last_error_at:%Y-%m-%d %H:%M} UTC)" if seen.last_error_at else ""
        yield Finding(
            STAGE,
            "last_error",
            Verdict.WARNING,
            f"Telegram's last try to bring an update failed{when}: {seen.last_error[:120]}.",
            leaves_open="Whether later ones arrived.",
            fix="See that PUBLIC_URL leads to `karo web`, with a certificate that Telegram accepts.",
        )
    if seen.waiting >= MANY_WAITING:
        yield Finding(
            STAGE,
            "waiting",
            Verdict.WARNING,
            f"{seen.waiting} messages of parents wait at Telegram.",
            fix="Is Karo running? They are kept for a day and come as soon as it is.",
        )


def _by_webhook(seen: TelegramSeen) -> Finding:
    if not seen.webhook_host:
        said = "No webhook is set at Telegram, so no update comes."
        return Finding(STAGE, "webhook", Verdict.BAD, said, fix="Run `karo migrate`: it sets the webhook.")
    if seen.as_ours is False:
        return Finding(
            STAGE,
            "webhook",
            Verdict.BAD,
            f"Telegram brings updates to another address than ours, at {seen.webhook_host}.",
            leaves_open="Whose it is: ours of before, or another program's.",
            fix="Run `karo migrate`: it sets the webhook anew. If it changes again, make a new token at @BotFather.",
        )
    said = f"Telegram brings updates to {seen.webhook_host}."
    return Finding(
        STAGE, "webhook", Verdict.GOOD, said, leaves_open="That its secret is ours: it cannot be read back."
    )


def _by_polling(seen: TelegramSeen) -> Finding:
    if not seen.webhook_host:
        return Finding(
            STAGE, "webhook", Verdict.GOOD, "No webhook is set: updates are asked for, as the settings say."
        )
    return Finding(
        STAGE,
        "webhook",
        Verdict.WARNING,
        f"A webhook is set (at {seen.webhook_host}), although updates are asked for.",
        leaves_open="Whether another program uses this bot.",
        fix="`karo run` takes it away at its start. If it comes back, another program has the token: make a new one.",
    )
