"""A token store for the doctor, who must find out about M-PESA also where the database cannot be written to."""

from __future__ import annotations

import structlog

from daraja import MemoryTokenStore, Token, TokenStore

log = structlog.get_logger(__name__)


class SpareTokenStore:
    """The shared store while it works; from its first failure on this process's own memory."""

    def __init__(self, shared: TokenStore) -> None:
        self._store = shared

    async def load(self) -> Token | None:
        """The token last saved, if any."""
        try:
            return await self._store.load()
        except Exception as error:
            return await self._spare(error).load()

    async def claim(self) -> bool:
        """Whether this process may ask M-PESA now."""
        try:
            return await self._store.claim()
        except Exception as error:
            return await self._spare(error).claim()

    async def save(self, token: Token) -> None:
        """Keep this one in place of any other."""
        try:
            await self._store.save(token)
        except Exception as error:
            await self._spare(error).save(token)

    async def give_up(self) -> None:
        """End the claim without a token."""
        try:
            await self._store.give_up()
        except Exception as error:
            await self._spare(error).give_up()

    async def forget(self, value: str) -> None:
        """Drop the token if it is still this one."""
        try:
            await self._store.forget(value)
        except Exception as error:
            await self._spare(error).forget(value)

    def _spare(self, error: Exception) -> TokenStore:
        log.warning("token.not_shared", error=type(error).__name__)
        self._store = MemoryTokenStore()
        return self._store
