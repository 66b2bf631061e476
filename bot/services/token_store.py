"""M-PESA's access token in the database: every process uses the same one, and one at a time asks for a new one."""

from __future__ import annotations

from typing import Final

from bot.services.school import Clock
from daraja import Token
from storage import leases, tokens
from storage.database import Database
from storage.leases import Held
from storage.unit import Unit

CLAIM_S: Final = 10.0


class DatabaseTokenStore:
    """Implements daraja's TokenStore. No unit of work is open while M-PESA is asked."""

    def __init__(
        self,
        database: Database,
        school_id: int,
        app: str,
        holder: str,
        clock: Clock,
        *,
        claim_s: float = CLAIM_S,
    ) -> None:
        """app: as `storage.tokens.app_of` names it. holder: this process's own name, like no other's."""
        self._database = database
        self._school_id = school_id
        self._app = app
        self._lease = f"token:{app[:16]}"
        self._holder = holder
        self._clock = clock
        self._claim_s = claim_s
        self._held: Held | None = None

    async def load(self) -> Token | None:
        """The token last saved, if any."""
        found = await self._database.read(lambda unit: tokens.find(unit, self._school_id, self._app))
        return None if found is None else Token(found.value, found.expires_at)

    async def claim(self) -> bool:
        """Whether this process may ask M-PESA now; for ten seconds, and longer when claimed again."""
        self._held = await self._database.write(self._take)
        return self._held is not None

    async def save(self, token: Token) -> None:
        """Keep this one in place of any other, and end the claim; nothing when the claim was lost."""
        if (held := self._held) is not None:
            await self._database.write(lambda unit: self._save(unit, held, token))
            self._held = None

    async def give_up(self) -> None:
        """End the claim without a token: others may try."""
        held, self._held = self._held, None
        if held is not None:
            await self._database.write(lambda unit: self._release(unit, held))

    async def forget(self, value: str) -> None:
        """Drop the token if it is still this one."""
        await self._database.write(lambda unit: tokens.forget(unit, self._school_id, self._app, value))

    def _take(self, unit: Unit) -> Held | None:
        return leases.take(
            unit, self._school_id, self._lease, self._holder, now=self._clock(), lease_s=self._claim_s
        )

    def _save(self, unit: Unit, held: Held, token: Token) -> None:
        now = self._clock()
        if leases.holds(unit, self._school_id, held.name, held.holder, held.fence, now=now):
            tokens.save(unit, self._school_id, self._app, token.value, token.expires_at, now=now)
            self._release(unit, held)

    def _release(self, unit: Unit, held: Held) -> None:
        leases.release(unit, self._school_id, held.name, held.holder, held.fence, now=self._clock())
