"""Reminders: batches of a confirmed campaign into the outbox, the balance looked at again, progress told."""

from __future__ import annotations

from functools import partial

import structlog

from bot.dialogue import reminder
from bot.dialogue.screen import Screen, say
from bot.dialogue.state import State
from bot.services.announce import load_state, message_body
from bot.services.school import Clock, School
from bot.services.snapshot import load_view
from storage import outbox, people, reminders
from storage.database import Database
from storage.reminders import Campaign, CampaignTarget
from storage.unit import Unit

log = structlog.get_logger(__name__)

BATCH = 25


class Remind:
    """At most once for each guardian and child in a campaign; nobody who has paid meanwhile is asked."""

    def __init__(self, database: Database, school: School, clock: Clock) -> None:
        self._database = database
        self._school = school
        self._clock = clock

    async def tick(self) -> bool:
        """One batch of each running campaign; True when something was queued or told."""
        running = await self._database.read(lambda unit: reminders.running(unit, self._school.id))
        told = False
        for campaign_id in running:
            told = await self._database.write(partial(self._batch, campaign_id)) or told
        return told

    def _batch(self, campaign_id: int, unit: Unit) -> bool:
        now = self._clock()
        campaign = reminders.take(unit, campaign_id)
        if campaign is None:
            return False
        for target in reminders.take_targets(unit, campaign_id, BATCH):
            self._queue(unit, target)
        progress = reminders.progress(unit, campaign_id)
        if progress.finished:
            reminders.finish(unit, campaign_id, now)
            log.info("campaign.done", campaign=campaign_id, sent=progress.sent)
        return self._tell(unit, campaign, progress)

    def _queue(self, unit: Unit, target: CampaignTarget) -> None:
        chat = people.get_chat(unit, target.chat_id)
        now = self._clock()
        view = load_view(unit, self._school, chat, load_state(unit, chat, now), None, now)
        child = next((child for child in view.children if child.id == target.student_id), None)
        if child is None or child.balance_cents <= 0 or chat.blocked_at is not None:
            reminders.mark(unit, target.id, "skipped")
            return
        queued = outbox.add(
            unit,
            school_id=self._school.id,
            chat_id=chat.id,
            kind="reminder",
            body=message_body(reminder(view, child), State()),
            dedupe_key=f"reminder:{target.id}",
            now=now,
        )
        reminders.mark(unit, target.id, "queued", queued.id if queued else None)

    def _tell(self, unit: Unit, campaign: Campaign, progress: reminders.Progress) -> bool:
        if not reminders.note_progress(unit, campaign.id, progress):
            return False
        key = "remind.done" if progress.finished else "remind.progress"
        line = say(
            key,
            sent=progress.sent,
            total=progress.total,
            skipped=progress.skipped,
            failed=progress.failed,
        )
        outbox.add(
            unit,
            school_id=self._school.id,
            chat_id=campaign.admin_chat_id,
            kind="reply",
            body=message_body(Screen((line,), notice=True), State()),
            dedupe_key=None,
            slot=f"campaign:{campaign.id}",
            now=self._clock(),
        )
        return True
