"""What Telegram says of the bot: who it is, and where its updates go. For the doctor; nothing is changed."""

from __future__ import annotations

from urllib.parse import urlsplit

from telegram.error import InvalidToken, RetryAfter, TelegramError

from bot.channels.telegram.bot import make_bot
from bot.services.examine_telegram import TelegramSeen, TelegramTrouble


async def look_at_bot(
    token: str, api_url: str, *, our_webhook: str = "", timeout_s: float = 10.0
) -> TelegramSeen:
    """getMe and getWebhookInfo. our_webhook: the address that we would set; "" when it is not known.

    Raises TelegramTrouble, in words that hold neither token nor address.
    """
    try:
        async with make_bot(token, api_url, timeout_s=timeout_s) as bot:
            webhook = await bot.get_webhook_info()
            return TelegramSeen(
                username=bot.username,
                webhook_host=_host(webhook.url),
                as_ours=webhook.url == our_webhook if our_webhook and webhook.url else None,
                waiting=webhook.pending_update_count,
                last_error=webhook.last_error_message or "",
                last_error_at=webhook.last_error_date,
            )
    except InvalidToken as error:
        raise TelegramTrouble(
            "Telegram does not know a bot with this TELEGRAM_BOT_TOKEN.", unknown_bot=True
        ) from error
    except RetryAfter as error:
        raise TelegramTrouble("Telegram asks this bot to wait: it was called too often.") from error
    except (TelegramError, OSError, ValueError) as error:
        raise TelegramTrouble(f"Telegram cannot be reached ({type(error).__name__}).") from error


def _host(url: str) -> str:
    """The host alone: the rest of a webhook's address is a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
