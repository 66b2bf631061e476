"""An admin's /doctor in chat: one examination at a time, whichever process does it; its verdict is its own message."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from bot.dialogue.screen import Say, Screen, say
from bot.dialogue.screens_doctor import verdict_lines
from bot.dialogue.state import State
from bot.services.announce import message_body
from bot.services.school import Clock, School
from daraja.doctor import Diagnosis
from storage import leases, outbox
from storage.database import Database
from storage.leases import Held
from storage.unit import Unit

log = structlog.get_logger(__name__)

LEASE: Final = "doctor"
LEASE_S: Final = 300.0  #: an examination never takes longer; one whose process died blocks the next so long


class DoctorDesk:
    """Examines for a chat. A process that dies meanwhile tells nothing: the admin asks again."""

    def __init__(
        self,
        database: Database,
        school: School,
        clock: Clock,
        examine: Callable[[], Awaitable[Diagnosis]],
        process: str,
    ) -> None:
        """process: this process's own name, like no other's."""
        self._database = database
        self._school = school
        self._clock = clock
        self._examine = examine
        self._process = process

    async def answer(self, chat_id: int) -> None:
        """Examine, and queue the verdict for that chat; or say that somebody examines already."""
        run = f"{self._process}:{secrets.token_hex(4)}"
        held = await self._database.write(lambda unit: self._take(unit, run, chat_id))
        if held is None:
            return
        try:
            lines = verdict_lines(await self._examine())
        except Exception as error:
            log.error("doctor.failed", error=type(error).__name__)
            lines = (say("doctor.failed"),)
        await self._database.write(lambda unit: self._tell_and_release(unit, held, chat_id, lines))

    def _take(self, unit: Unit, run: str, chat_id: int) -> Held | None:
        held = leases.take(unit, self._school.id, LEASE, run, now=self._clock(), lease_s=LEASE_S)
        if held is None:
            self._tell(unit, chat_id, (say("doctor.busy"),))
        return held

    def _tell_and_release(self, unit: Unit, held: Held, chat_id: int, lines: tuple[Say, ...]) -> None:
        self._tell(unit, chat_id, lines)
        leases.release(unit, self._school.id, held.name, held.holder, held.fence, now=self._clock())

    def _tell(self, unit: Unit, chat_id: int, lines: tuple[Say, ...]) -> None:
        outbox.add(
            unit,
            school_id=self._school.id,
            chat_id=chat_id,
            kind="reply",
            body=message_body(Screen(lines, notice=True), State()),
            dedupe_key=None,
            now=self._clock(),
        )
