"""The webhook that a bot has set: what Telegram was told about it, and the courier that brings updates there.

Only addresses of this machine are called; elsewhere nothing is ever sent.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from ipaddress import ip_address
from itertools import chain, repeat
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.playground.faults import ApiError
from bot.playground.signals import Signal
from bot.playground.updates import UpdateQueue

Json = dict[str, Any]

PAUSES_S = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  #: Telegram's own are longer
_TIMEOUT_S = 10.0
_CONNECTIONS, _MOST_CONNECTIONS = 40, 100
_SECRET = re.compile(r"[A-Za-z0-9_-]{0,256}")
_A_DAY_S = 86_400.0


class Webhook:
    """While one is set, every waiting update is POSTed to it until it is taken: any 2xx.

    Up to `max_connections` at a time, so that their order is nobody's promise.
    """

    def __init__(self, updates: UpdateQueue, signal: Signal) -> None:
        self.held = False  #: True: nothing is brought for now
        self.last_error = ""
        self._updates = updates
        self._signal = signal
        self._secret = ""
        self._connections = _CONNECTIONS
        self._backwards = False
        self._copies = 1
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._courier: asyncio.Task[None] | None = None

    async def set(self, given: Json) -> bool:
        """setWebhook. An empty URL deletes it. Raises ApiError 400 for what Telegram would refuse."""
        url, secret = str(given.get("url") or ""), str(given.get("secret_token") or "")
        if not url:
            return await self.delete(given)
        _check(url, secret)
        await self.close()
        self._secret, self.last_error = secret, ""
        self._connections = max(1, min(int(given.get("max_connections") or _CONNECTIONS), _MOST_CONNECTIONS))
        self._updates.ask_for(given.get("allowed_updates"))
        self._drop_if_told(given)
        self._updates.set_webhook(url)
        self._courier = asyncio.create_task(self._bring(url))
        return True

    async def delete(self, given: Json) -> bool:
        """deleteWebhook: what waits is kept for getUpdates, unless it is to be dropped."""
        await self.close()
        self._updates.set_webhook("")
        self._drop_if_told(given)
        return True

    async def info(self, _given: Json) -> Json:
        """getWebhookInfo. The secret cannot be read back."""
        known: Json = {
            "url": self._updates.webhook,
            "has_custom_certificate": False,
            "pending_update_count": len(self._updates.unconfirmed),
        }
        if self._updates.asked_for:
            known["allowed_updates"] = self._updates.asked_for
        if not self._updates.webhook:
            return known
        known["max_connections"] = self._connections
        return known | ({"last_error_message": self.last_error} if self.last_error else {})

    def bring(self, *, backwards: bool, copies: int) -> None:
        """What waits and whatever comes: the newest first or the oldest, each so often at the same time."""
        self.held, self._backwards, self._copies = False, backwards, copies
        self._signal.ring()

    async def close(self) -> None:
        """Bring nothing any more, and end what is under way."""
        tasks = [task for task in (self._courier, *self._under_way.values()) if task is not None]
        self._courier, self._under_way = None, {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _drop_if_told(self, given: Json) -> None:
        if str(given.get("drop_pending_updates")).lower() == "true":
            self._updates.clear()

    def _next(self) -> Json | None:
        if self.held or len(self._under_way) >= self._connections:
            return None
        waiting = [each for each in self._updates.unconfirmed if each["update_id"] not in self._under_way]
        return waiting[-1 if self._backwards else 0] if waiting else None

    async def _bring(self, url: str) -> None:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(trust_env=False, timeout=_TIMEOUT_S, limits=limits) as client:
            while True:
                with suppress(TimeoutError):
                    await self._signal.until(lambda: self._next() is not None, _A_DAY_S)
                while (update := self._next()) is not None:
                    task = asyncio.create_task(self._deliver(client, url, update))
                    self._under_way[update["update_id"]] = task

    async def _deliver(self, client: httpx.AsyncClient, url: str, update: Json) -> None:
        for pause in chain(PAUSES_S, repeat(PAUSES_S[-1])):
            errors = await asyncio.gather(*(self._post(client, url, update) for _ in range(self._copies)))
            self.last_error = next(filter(None, errors), "")
            if not any(errors):
                break
            self._signal.ring()
            await asyncio.sleep(pause)
        del self._under_way[update["update_id"]]
        self._updates.forget(update["update_id"])

    async def _post(self, client: httpx.AsyncClient, url: str, update: Json) -> str:
        """What went wrong; "" when it was taken."""
        if not _is_this_machine(url):
            return "Connection timed out"
        headers = {"X-Telegram-Bot-Api-Secret-Token": self._secret} if self._secret else {}
        try:
            answer = await client.post(url, json=update, headers=headers)
        except httpx.HTTPError as error:
            return f"{type(error).__name__}: no answer from the webhook"
        if answer.is_success:
            return ""
        return f"Wrong response from the webhook: {answer.status_code} {answer.reason_phrase}"


def _check(url: str, secret: str) -> None:
    plain = urlsplit(url).scheme == "http" and _is_this_machine(url)
    if urlsplit(url).scheme != "https" and not plain:
        raise ApiError(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
    if not _SECRET.fullmatch(secret):
        raise ApiError(400, "Bad Request: secret token contains unallowed characters")


def _is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
