"""The school's M-PESA line while it is down: look for the reason, try it now and then, and call parents back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Final

import structlog

from bot.dialogue.screens_line import Tried, doctors_words, told_back
from bot.dialogue.state import State
from bot.services.announce import message_body
from bot.services.line_rules import TOLD_WITHIN, gets_through, pause, sign_of
from bot.services.line_watch import LineWatch
from bot.services.school import Clock, School
from daraja import DarajaError
from daraja.doctor import Diagnosis
from storage import chats, held_back, lines, outbox, people
from storage.database import Database
from storage.held_back import HeldBack, Waiting
from storage.lines import Trial
from storage.people import Chat
from storage.unit import Unit

log = structlog.get_logger(__name__)

TRIAL_S: Final = (
    300.0  #: the lease of a trial: longer than a probe or an examination takes, each to its time-outs
)
EXAMINED_WITHIN_S: Final = 240.0
CHATS_AT_ONCE: Final = 25  #: called back at a tick

Probe = Callable[[], Awaitable[object]]
Examine = Callable[[], Awaitable[Diagnosis]]


class Line:
    """Work that any process may do, one at a time: every step is a claimed row, so that a killed one is replaced."""

    def __init__(
        self,
        database: Database,
        school: School,
        clock: Clock,
        *,
        name: str,
        probe: Probe,
        examine: Examine | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """name: this process's own, like no other's. probe: an empty call to the push's address; it raises DarajaError
        when that does not get through. examine: the doctor's diagnosis. chance: from 0 to 1, anew at each call.
        """
        self._database = database
        self._school = school
        self._clock = clock
        self._watch = LineWatch(school)
        self._name = name
        self._probe = probe
        self._examine = examine
        self._chance = chance
        self._began = False

    async def tick(self) -> None:
        """Try the line if it is due, and call back some of those who were held back once it works."""
        if not self._began:
            await self._database.write(self._hurry)
            self._began = True
        trial = await self._claim()
        if trial is not None:
            await self._try(trial)
        await self._call_back()

    def _hurry(self, unit: Unit) -> None:
        """Most repairs end with a restart: the line is tried at once."""
        lines.hurry(unit, self._school.id, now=self._clock(), alone=self._database.alone)

    async def _claim(self) -> Trial | None:
        now = self._clock()
        line = await self._database.read(lambda unit: lines.seen(unit, self._school.id))
        if line is None or not line.is_due(now):
            return None
        return await self._database.write(
            lambda unit: lines.claim_trial(unit, self._school.id, self._name, now=now, lease_s=TRIAL_S)
        )

    async def _try(self, trial: Trial) -> None:
        if trial.down and not trial.examined and self._examine is not None:
            diagnosis = await self._diagnosis(self._examine)
            await self._database.write(lambda unit: self._note_examined(unit, trial, diagnosis))
            return
        sent_at = self._clock()
        refusal = await self._refusal()
        await self._database.write(lambda unit: self._judge(unit, trial, refusal, sent_at))

    async def _diagnosis(self, examine: Examine) -> Diagnosis | None:
        try:
            async with asyncio.timeout(EXAMINED_WITHIN_S):
                return await examine()
        except Exception as error:
            log.warning("line.not_examined", kind=type(error).__name__)
            return None

    async def _refusal(self) -> DarajaError | None:
        """What the probe met; None: it got through."""
        try:
            await self._probe()
        except DarajaError as error:
            return error
        return None

    def _note_examined(self, unit: Unit, trial: Trial, diagnosis: Diagnosis | None) -> None:
        """A line that the doctor finds well is tried at once, but not when it went down again so soon."""
        now = self._clock()
        well = diagnosis is not None and diagnosis.well
        next_at = now if well and trial.in_vain == 0 else now + pause(trial.in_vain, self._chance())
        noted = lines.note_examined(unit, self._school.id, trial.number, next_at=next_at, now=now)
        line = lines.seen(unit, self._school.id)
        if noted and diagnosis is not None and not well and line is not None:
            self._watch.tell_down(unit, line, verdict=doctors_words(diagnosis), now=now)

    def _judge(self, unit: Unit, trial: Trial, refusal: DarajaError | None, sent_at: datetime) -> None:
        now, school_id = self._clock(), self._school.id
        well = refusal is None or gets_through(refusal)
        sign = "" if refusal is None else sign_of(refusal)
        log.info("line.tried", outage=trial.outage, down=trial.down, well=well, sign=sign)
        if trial.down and well:
            self._watch.got_through(unit, now=now, trial=trial.number)
        elif trial.down:
            next_at = now + pause(trial.in_vain + 1, self._chance())
            lines.try_again(unit, school_id, trial.number, at=next_at, in_vain=True)
        elif lines.try_again(unit, school_id, trial.number, at=None, in_vain=False) and sign:
            self._watch.refused(unit, sign, sent_at=sent_at, now=now)

    async def _call_back(self) -> None:
        for chat_id in await self._database.read(self._waiting):
            try:
                await self._database.write(partial(self._tell, chat_id))
            except Exception:
                log.exception("line.not_told_yet", chat=chat_id)

    def _waiting(self, unit: Unit) -> list[int]:
        if lines.down_since(unit, self._school.id) is not None:
            return []
        return held_back.waiting_chats(unit, self._school.id, CHATS_AT_ONCE)

    def _tell(self, chat_id: int, unit: Unit) -> None:
        """One message for all that this chat tried; none for what needs none any more."""
        now = self._clock()
        if lines.steady(unit, self._school.id).down:
            return
        chat = chats.lock_chat(unit, chat_id)
        waiting = held_back.waiting_of(unit, self._school.id, chat_id)
        sorted_out = {held.id: self._fate(unit, chat, held, now) for held in waiting}
        for fate in (Waiting.NOT_NEEDED, Waiting.TOO_LATE):
            held_back.end(unit, [known for known, its in sorted_out.items() if its is fate], fate, now)
        told = [held for held in waiting if sorted_out[held.id] is Waiting.TOLD]
        if not told:
            return
        tried = [
            Tried(held.payment_id, people.get_student(unit, held.student_id).name, held.amount_cents)
            for held in told
        ]
        message = outbox.add(
            unit,
            school_id=self._school.id,
            chat_id=chat_id,
            kind="reminder",
            body=message_body(told_back(self._school.name, tried), State()),
            dedupe_key=f"held:{told[0].id}",
            now=now,
        )
        assert message is not None
        held_back.end(unit, [held.id for held in told], Waiting.TOLD, now, outbox_id=message.id)

    def _fate(self, unit: Unit, chat: Chat, held: HeldBack, now: datetime) -> Waiting:
        if held_back.is_moot(unit, held):
            return Waiting.NOT_NEEDED
        children = people.children_of(unit, chat.guardian_id) if chat.guardian_id else []
        mine = held.student_id in {child.id for child in children}
        too_late = not mine or chat.blocked_at is not None or now - held.at > TOLD_WITHIN
        return Waiting.TOO_LATE if too_late else Waiting.TOLD
