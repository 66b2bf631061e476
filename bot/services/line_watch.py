"""Signs that the school's M-PESA line went down or came back, taken in the unit of work that brought them."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bot.dialogue.outcomes import OF_THE_LINE
from bot.dialogue.screen import Say, Screen
from bot.dialogue.screens_line import line_down, line_works
from bot.dialogue.state import State
from bot.services.announce import message_body
from bot.services.line_rules import BY_PUSH_AFTER, gets_through, sign_of
from bot.services.school import School
from daraja import DarajaError, StkAccepted
from storage import held_back, lines, outbox, people
from storage.lines import Line
from storage.payments import Payment
from storage.unit import Unit

log = structlog.get_logger(__name__)


class LineWatch:
    """Opens and closes the circuit, and tells the school's admins, once each time."""

    def __init__(self, school: School) -> None:
        self._school = school

    def pushed(self, unit: Unit, sent_at: datetime, outcome: StkAccepted | DarajaError, now: datetime) -> str:
        """A push that left at `sent_at` was answered. The sign that it gives, "" for none (see `sign_of`).

        Asked before anything else of that unit: whoever sends a prompt holds the line first.
        """
        sign = sign_of(outcome)
        if sign:
            self.refused(unit, sign, sent_at=sent_at, now=now)
        elif gets_through(outcome):
            self.got_through(unit, now=now, sent_at=sent_at)
        return sign

    def refused(self, unit: Unit, cause: str, *, sent_at: datetime, now: datetime) -> None:
        """A call was refused in a way that every push will be; what left before the line was well again is old news."""
        line = lines.go_down(
            unit, self._school.id, cause, sent_at=sent_at, now=now, by_push_at=now + BY_PUSH_AFTER
        )
        if line is not None:
            log.error("line.down", outage=line.outage, cause=cause)
            self.tell_down(unit, line, now=now)

    def got_through(
        self, unit: Unit, *, now: datetime, sent_at: datetime | None = None, trial: int | None = None
    ) -> bool:
        """M-PESA has read a call: a push that left while the line was down, or a trial. Whether the line came back."""
        before = lines.seen(unit, self._school.id)
        since, in_vain = (None, 0) if before is None else (before.since, before.in_vain)
        line = lines.come_back(unit, self._school.id, now=now, sent_at=sent_at, trial=trial)
        if line is None and in_vain and sent_at is not None:
            lines.bear_out(unit, self._school.id, sent_at=sent_at)
        if line is None or since is None:
            return False
        parents = held_back.chats_of(unit, self._school.id, line.outage)
        log.warning("line.works", outage=line.outage, seconds=_seconds(now - since), parents=parents)
        screen = line_works(_seconds(now - since), parents)
        self._tell(unit, screen, f"line:{line.outage}:works", slot=None, now=now)
        return True

    def tell_down(self, unit: Unit, line: Line, *, verdict: tuple[Say, ...] = (), now: datetime) -> None:
        """What admins hear of this outage; with the doctor's verdict it takes the place of what they heard before."""
        screen = line_down(line.cause, line.since or now, verdict)
        which = "verdict" if verdict else "down"
        self._tell(unit, screen, f"line:{line.outage}:{which}", slot=f"line:{line.outage}", now=now)

    def note(self, unit: Unit, payment: Payment, sign: str, now: datetime) -> None:
        """This payment failed. If that was for the line's sake, its payer is told once it works. sign: of `pushed`."""
        line = lines.seen(unit, self._school.id)
        promised = line is not None and line.down and payment.cause in OF_THE_LINE
        if sign or promised:
            held_back.add(unit, payment, 0 if line is None else line.outage, now)

    def _tell(self, unit: Unit, screen: Screen, key: str, *, slot: str | None, now: datetime) -> None:
        for admin in people.admins(unit, self._school.id):
            if admin.chat_id is not None:
                outbox.add(
                    unit,
                    school_id=self._school.id,
                    chat_id=admin.chat_id,
                    kind="receipt",
                    body=message_body(screen, State()),
                    dedupe_key=f"{key}:{admin.chat_id}",
                    slot=slot,
                    now=now,
                )


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())
